//! Invalid resource arguments: each is one error at its attribute, as early as possible.

use gitlab_simulator::Simulator;
use insta::assert_snapshot;

use crate::kit::{bare_workspace, heading, workspace};
use crate::worlds::{APP_AND_LIB, APP_ONLY};

/// Returns the error of planning the body of an entry, with projects 1 `acme/app` and 2 `acme/lib`
/// and group 1 `acme`.
#[track_caller]
fn entry_error(body: &str) -> String {
    planning_error(&format!(
        "resource \"gitlab_job_token_allowlist_entry\" \"this\" {{\n{body}\n}}\n"
    ))
}

/// Returns the error of planning the body of a scope.
#[track_caller]
fn scope_error(body: &str) -> String {
    planning_error(&format!("resource \"gitlab_job_token_scope\" \"this\" {{\n{body}\n}}\n"))
}

/// Returns the error of planning an exclusive allowlist with these targets.
#[track_caller]
fn exclusive_error(targets: &str) -> String {
    planning_error(&format!(
        "resource \"gitlab_job_token_allowlist_exclusive\" \"this\" {{\nproject = 1\n{targets}\n}}\n"
    ))
}

#[track_caller]
fn planning_error(config: &str) -> String {
    let (_gitlab, tf) = APP_AND_LIB.with_workspace();
    tf.config(config);
    tf.plan().error()
}

#[test]
fn entry_without_a_target() {
    let error = entry_error("project = \"acme/app\"");
    assert_snapshot!(error, @r#"
    Error: No target
      gitlab_job_token_allowlist_entry.this
      > resource "gitlab_job_token_allowlist_entry" "this" {

    Set exactly one of `target_project`, `target_project_id`, `target_group` and
    `target_group_id` to the project or group whose jobs get access.
    "#);
}

#[test]
fn entry_with_two_targets() {
    let two = "project = \"acme/app\"\ntarget_project = \"acme/lib\"\ntarget_group = \"acme\"";
    let error = entry_error(two);
    assert_snapshot!(error, @r#"
    Error: More than one target
      gitlab_job_token_allowlist_entry.this
      > target_group = "acme"

    An entry has one target, but `target_project` and `target_group` are set. Set
    exactly one of `target_project`, `target_project_id`, `target_group` and
    `target_group_id`. Use one resource for each target.
    "#);
}

#[test]
fn entry_with_one_target_by_path_and_id() {
    let two = "project = \"acme/app\"\ntarget_project = \"acme/lib\"\ntarget_project_id = 2";
    let error = entry_error(two);
    assert_snapshot!(error, @r"
    Error: More than one target
      gitlab_job_token_allowlist_entry.this
      > target_project_id = 2

    An entry has one target, but `target_project` and `target_project_id` are set.
    Set exactly one of `target_project`, `target_project_id`, `target_group` and
    `target_group_id`. Use one resource for each target.
    ");
}

#[test]
fn entry_with_all_four_targets() {
    let all = "project = \"acme/app\"\ntarget_project = \"acme/lib\"\ntarget_project_id = 2\n\
               target_group = \"acme\"\ntarget_group_id = 1";
    let error = entry_error(all);
    assert_snapshot!(error, @r"
    Error: More than one target
      gitlab_job_token_allowlist_entry.this
      > target_project_id = 2

    An entry has one target, but `target_project`, `target_project_id`,
    `target_group` and `target_group_id` are set. Set exactly one of
    `target_project`, `target_project_id`, `target_group` and `target_group_id`.
    Use one resource for each target.
    ");
}

#[test]
fn target_with_the_same_text_as_the_project() {
    let own = "project = \"acme/app\"\ntarget_project = \"acme/app\"";
    let error = entry_error(own);
    assert_snapshot!(error, @r#"
    Error: Target is the project itself
      gitlab_job_token_allowlist_entry.this
      > target_project = "acme/app"

    Project acme/app always has access to itself, so an entry for it can only set
    the permissions of its own jobs. Set `default_permissions` or
    `job_token_policies`, or name another target.
    "#);
}

#[test]
fn target_that_is_the_project_by_id() {
    let error = entry_error("project = \"acme/app\"\ntarget_project_id = 1");
    assert_snapshot!(heading(&error), @r"
    Error: Target is the project itself
      gitlab_job_token_allowlist_entry.this
      > target_project_id = 1
    ");
}

#[test]
fn target_that_is_the_project_by_path() {
    let error = entry_error("project = 1\ntarget_project = \"acme/app\"");
    assert_snapshot!(error, @r#"
    Error: Target is the project itself
      gitlab_job_token_allowlist_entry.this
      > target_project = "acme/app"

    Project acme/app (1) always has access to itself, so an entry for it can only
    set the permissions of its own jobs. Set `default_permissions` or
    `job_token_policies`, or name another target.
    "#);
}

#[test]
fn target_id_of_zero() {
    let error = entry_error("project = \"acme/app\"\ntarget_project_id = 0");
    assert_snapshot!(error, @r"
    Error: Invalid project ID
      gitlab_job_token_allowlist_entry.this
      > target_project_id = 0

    `target_project_id` is 0, but the ID of a project is 1 or more.
    ");
}

/// A mocked resource can have such an ID, so validation accepts it.
#[test]
fn invalid_target_fails_before_any_request() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    for target in ["target_project_id = 0", "target_group_id = 0", "target_project = \"a1b2c3d4\""]
    {
        tf.config(&format!(
            r#"
            provider "gitlab" {{
              early_auth_check = false
            }}
            resource "gitlab_job_token_allowlist_entry" "this" {{
              project = "acme/app"
              {target}
            }}
            "#
        ));
        tf.run(&["validate", "-no-color"]).succeeds();
        assert!(tf.plan().error().starts_with("Error: Invalid "), "{target}");
    }
    assert_eq!(gitlab.requests().to_string(), "");
}

#[test]
fn negative_target_id() {
    let error = entry_error("project = \"acme/app\"\ntarget_group_id = -3");
    assert_snapshot!(error, @r"
    Error: Invalid group ID
      gitlab_job_token_allowlist_entry.this
      > target_group_id = -3

    `target_group_id` is -3, but the ID of a group is 1 or more.
    ");
}

#[test]
fn fractional_target_id() {
    let error = entry_error("project = \"acme/app\"\ntarget_project_id = 1.5");
    assert_snapshot!(error, @"
    Error: Invalid attribute value
      gitlab_job_token_allowlist_entry.this
      > target_project_id = 1.5

    `target_project_id` must be a whole number, but is 1.5.
    ");
}

#[test]
fn all_fractional_target_ids_are_named() {
    let error = exclusive_error("target_group_ids = [1.5, 2, 4.25]");
    assert_snapshot!(error, @"
    Error: Invalid attribute value
      gitlab_job_token_allowlist_exclusive.this
      > target_group_ids = [1.5, 2, 4.25]

    `target_group_ids` must have only whole numbers, but has 1.5 and 4.25.
    ");
}

#[test]
fn all_invalid_target_ids_are_named() {
    let error = exclusive_error("target_project_ids = [0, -1, 2]");
    assert_snapshot!(error, @"
    Error: Invalid project ID
      gitlab_job_token_allowlist_exclusive.this
      > target_project_ids = [0, -1, 2]

    `target_project_ids` has -1 and 0, but the ID of a project is 1 or more.
    ");
}

#[test]
fn target_id_out_of_range() {
    let error = entry_error("project = \"acme/app\"\ntarget_group_id = 1e30");
    assert_snapshot!(error, @"
    Error: Invalid attribute value
      gitlab_job_token_allowlist_entry.this
      > target_group_id = 1e30

    `target_group_id` must be a whole number of at most 18 digits, but is
    1000000000000000000000000000000.
    ");
}

#[test]
fn project_id_of_zero() {
    let error = scope_error("project = 0");
    assert_snapshot!(error, @r#"
    Error: Invalid project
      gitlab_job_token_scope.this
      > project = 0

    `project` is "0", which is neither the ID nor the full path of a project: an
    ID is a positive whole number of at most 18 digits.
    "#);
}

#[test]
fn empty_project() {
    let error = scope_error("project = \"\"");
    assert_snapshot!(error, @r#"
    Error: Invalid project
      gitlab_job_token_scope.this
      > project = ""

    `project` is "", which is neither the ID nor the full path of a project: it is
    empty.
    "#);
}

#[test]
fn project_without_its_group() {
    let error = scope_error("project = \"app\"");
    assert_snapshot!(error, @r#"
    Error: Invalid project
      gitlab_job_token_scope.this
      > project = "app"

    `project` is "app", which is neither the ID nor the full path of a project:
    the full path of a project starts with its group or user, for example
    `group/project`.
    "#);
}

#[test]
fn project_url_instead_of_a_path() {
    let address = "project = \"acme/app\"\ntarget_project = \"https://gitlab.com/acme/lib\"";
    let error = entry_error(address);
    assert_snapshot!(error, @r#"
    Error: Invalid project
      gitlab_job_token_allowlist_entry.this
      > target_project = "https://gitlab.com/acme/lib"

    `target_project` is "https://gitlab.com/acme/lib", which is neither the ID nor
    the full path of a project: it is a URL. Write "acme/lib".
    "#);
}

#[test]
fn repository_url_instead_of_a_path() {
    let address = "project = \"git@gitlab.example.com:acme/app.git\"";
    let error = scope_error(address);
    assert_snapshot!(error, @r#"
    Error: Invalid project
      gitlab_job_token_scope.this
      > project = "git@gitlab.example.com:acme/app.git"

    `project` is "git@gitlab.example.com:acme/app.git", which is neither the ID
    nor the full path of a project: it is the address of a Git repository. Write
    "acme/app".
    "#);
}

#[test]
fn encoded_path() {
    let error = scope_error("project = \"acme%2Fapp\"");
    assert_snapshot!(error, @r#"
    Error: Invalid project
      gitlab_job_token_scope.this
      > project = "acme%2Fapp"

    `project` is "acme%2Fapp", which is neither the ID nor the full path of a
    project: a full path isn't percent-encoded. Write "acme/app".
    "#);
}

#[test]
fn group_with_a_leading_slash() {
    let error = entry_error("project = \"acme/app\"\ntarget_group = \"/acme\"");
    assert_snapshot!(error, @r#"
    Error: Invalid group
      gitlab_job_token_allowlist_entry.this
      > target_group = "/acme"

    `target_group` is "/acme", which is neither the ID nor the full path of a
    group: a full path doesn't start or end with a slash. Write "acme".
    "#);
}

#[test]
fn scope_of_an_unknown_path_fails_only_at_apply() {
    let gitlab = Simulator::start();
    let tf = workspace(&gitlab);
    tf.config("resource \"gitlab_job_token_scope\" \"this\" {\n  project = \"acme/app\"\n}\n");
    tf.plan().succeeds();

    assert_snapshot!(heading(&tf.apply_saved().error()), @r#"
    Error: Unknown project: acme/app
      gitlab_job_token_scope.this
      > project = "acme/app"
    "#);

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn scope_of_an_unknown_id() {
    let gitlab = Simulator::start();
    let tf = workspace(&gitlab);
    tf.config("resource \"gitlab_job_token_scope\" \"this\" {\n  project = 4711\n}\n");

    assert_snapshot!(tf.plan().warning(), @"
    Warning: Unknown project: 4711
      gitlab_job_token_scope.this
      > project = 4711

    GitLab returns 404 for project 4711: it doesn't exist, or it isn't visible to
    the token. Correct the ID, or give the token's user the Maintainer role. If
    the same apply gives access, ignore this warning.
    ");
    assert_snapshot!(tf.apply_saved().error(), @r"
    Error: Can't read job token scope: project 4711
      gitlab_job_token_scope.this
      > project = 4711

    GET /projects/4711/job_token_scope: not found, or not visible to the token
    (404).
    Response: Project Not Found

    GitLab returns 404 both for projects that don't exist and for projects that
    aren't visible to the token. Check the path or ID, and that the token's user
    has at least the Maintainer role in the project.
    ");

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn open_scope_of_an_unknown_id_warns() {
    let gitlab = Simulator::start();
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_scope" "this" {
          project = 4711
          inbound_enabled = false
        }
        "#,
    );

    let warnings = tf.plan().succeeds().run().warnings();

    assert!(
        warnings.iter().any(|warning| warning.summary == "Unknown project: 4711"),
        "{warnings:?}"
    );
}

#[test]
fn exclusive_allowlist_of_an_unknown_id() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_entry" "this" {
          project = 4711
          target_project = 1
        }
        "#,
    );

    let warning = tf.plan().warning();
    let start = "Warning: Unknown project: 4711\n  gitlab_job_token_allowlist_entry.this\n  > project = 4711\n";
    assert!(warning.starts_with(start), "{warning}");
    assert_snapshot!(tf.apply_saved().error(), @r"
    Error: Can't add entry: project 1
      gitlab_job_token_allowlist_entry.this
      > project = 4711

    Adding project 1 to the allowlist of project 4711 failed.

    POST /projects/4711/job_token_scope/allowlist: not found, or not visible to
    the token (404).
    Response: Project Not Found

    GitLab returns 404 both for projects that don't exist and for projects that
    aren't visible to the token. Check the path or ID, and that the token's user
    has at least the Maintainer role in the project.
    ");

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn invalid_config_is_found_without_a_token_or_a_server() {
    let tf = bare_workspace();
    tf.config("resource \"gitlab_job_token_scope\" \"this\" {\n  project = \"acme/app\"\n}\n");
    tf.run(&["validate", "-no-color"]).succeeds();
    tf.config("resource \"gitlab_job_token_scope\" \"this\" {\n  project = \"acme app\"\n}\n");

    assert_snapshot!(tf.run(&["validate", "-no-color"]).error(), @r#"
    Error: Invalid project
      gitlab_job_token_scope.this
      > project = "acme app"

    `project` is "acme app", which is neither the ID nor the full path of a
    project: a full path doesn't contain spaces or control characters.
    "#);
}

#[test]
fn read_only_attributes_fail_validation() {
    let entry = "gitlab_job_token_allowlist_entry\" \"this\" {\nproject = 1\ntarget_project = 2";
    let scope = "gitlab_job_token_scope\" \"this\" {\nproject = 1";
    for (block, line) in [
        (format!("resource \"{entry}"), "target_type = \"group\""),
        (format!("resource \"{entry}"), "id = \"1:project:2\""),
        (format!("resource \"{scope}"), "project_id = 1"),
        (format!("data \"{scope}"), "inbound_enabled = true"),
        ("data \"gitlab_job_token_policies\" \"this\" {".to_owned(), "names = [\"READ_JOBS\"]"),
    ] {
        let (_gitlab, tf) = APP_AND_LIB.with_workspace();
        tf.config(&format!("{block}\n{line}\n}}\n"));

        let error = tf.run(&["validate", "-no-color"]).error();

        assert!(error.starts_with("Error: Read-only attribute"), "{error}");
        assert!(error.contains(line), "{error}");
        assert!(error.ends_with("can't be set: the provider sets it. Remove it."), "{error}");
    }
}

#[test]
fn job_token_fails_validation() {
    let tf = bare_workspace();
    tf.config(
        "provider \"gitlab\" {\n  token = \"glcbt-64_secret\"\n}\n\
         data \"gitlab_job_token_policies\" \"all\" {}\n",
    );

    let error = tf.run(&["validate", "-no-color"]).error();

    assert!(error.starts_with("Error: CI/CD job token can't be used"), "{error}");
}
