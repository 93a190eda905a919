//! `terraform query`: the generated configuration plans clean and imports without a change.
//!
//! Terraform writes `provider = gitlab-job-token`, the type of the provider instead of its local
//! name, into resources and imports. Under another local name, these lines must be removed.

use std::fs;

use gitlab_simulator::{Permissions, Route, Simulator, Target};
use insta::assert_snapshot;
use terraform_cli::{Run, Workspace};

use crate::kit::workspace;
use crate::needs::QUERY;
use crate::worlds::SUBGROUP_AND_OTHER_GROUP;

const GENERATED: &str = "generated.tf";

const SCOPE: &str = "gitlab_job_token_scope";
const ENTRY: &str = "gitlab_job_token_allowlist_entry";
const EXCLUSIVE: &str = "gitlab_job_token_allowlist_exclusive";

/// Starts a GitLab in which `acme/app` is open, and its allowlist has `other/lib` with few
/// permissions and group `other`. Jobs of `acme/tools/lint` can push to it, and its allowlist is
/// empty.
fn open_app_and_lint_with_pushes() -> Simulator {
    let gitlab = SUBGROUP_AND_OTHER_GROUP.start();
    gitlab.allow_with(1, Target::Project(3), Permissions::limited_to(["READ_JOBS"]));
    gitlab.allow(1, Target::Group(3));
    gitlab.allow(2, Target::Project(2));
    gitlab.set_inbound_enabled(1, false);
    gitlab.set_push_repository_for_job_token_allowed(2, true);
    gitlab
}

/// Writes a `list` block of that type.
fn list(tf: &Workspace, type_name: &str, arguments: &str) {
    let provider = "provider = gitlab";
    tf.file(
        "main.tfquery.hcl",
        &format!("list \"{type_name}\" \"all\" {{\n  {provider}\n  {arguments}\n}}\n"),
    );
}

fn query(tf: &Workspace, options: &[&str]) -> Run {
    tf.run(&[&["query", "-no-color"], options].concat())
}

/// Generates configuration for all that is found, takes the `provider` lines out, and imports it,
/// which may change nothing.
fn imports_clean(type_name: &str, config: &str, count: usize) -> String {
    QUERY.require();
    let gitlab = open_app_and_lint_with_pushes();
    let tf = workspace(&gitlab);
    list(&tf, type_name, &format!("config {{\n {config}\n}}"));

    query(&tf, &[&format!("-generate-config-out={GENERATED}")]).succeeds();
    let generated = fs::read_to_string(tf.directory().join(GENERATED)).expect("a generated file");
    let names_provider = |line: &&str| !line.trim().starts_with("provider ");
    let code: String =
        generated.lines().filter(names_provider).map(|line| format!("{line}\n")).collect();
    tf.file(GENERATED, &code);

    let plan = tf.plan();
    assert_eq!(plan.has_no_warnings().actions(), [], "{code}");
    tf.apply_saved().succeeds();
    assert_eq!(gitlab.requests().writes().to_string(), "");
    assert_eq!(tf.state().addresses().len(), count);
    tf.plan().changes_nothing().has_no_warnings();
    let lines = code.lines().filter(|line| !line.starts_with('#') && !line.ends_with("= null"));
    lines.filter(|line| !line.is_empty()).map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn generated_scopes_of_a_group_import_clean() {
    let generated = imports_clean(SCOPE, "group = \"acme\"", 2);
    assert_snapshot!(generated, @r#"
    resource "gitlab_job_token_scope" "all_0" {
      inbound_enabled                       = true
      project                               = "acme/tools/lint"
      push_repository_for_job_token_allowed = true
    }
    import {
      to       = gitlab_job_token_scope.all_0
      identity = {
        project_id = 2
      }
    }
    resource "gitlab_job_token_scope" "all_1" {
      inbound_enabled = false
      project         = "acme/app"
    }
    import {
      to       = gitlab_job_token_scope.all_1
      identity = {
        project_id = 1
      }
    }
    "#);
}

#[test]
fn generated_entries_of_a_group_import_clean() {
    let generated = imports_clean(ENTRY, "group = \"acme\"", 3);
    assert_snapshot!(generated, @r#"
    resource "gitlab_job_token_allowlist_entry" "all_0" {
      default_permissions = true
      project             = "acme/tools/lint"
      target_project_id   = 2
    }
    import {
      to       = gitlab_job_token_allowlist_entry.all_0
      identity = {
        project_id        = 2
        target_project_id = 2
      }
    }
    resource "gitlab_job_token_allowlist_entry" "all_1" {
      default_permissions = false
      job_token_policies  = ["READ_JOBS"]
      project             = "acme/app"
      target_project_id   = 3
    }
    import {
      to       = gitlab_job_token_allowlist_entry.all_1
      identity = {
        project_id        = 1
        target_project_id = 3
      }
    }
    resource "gitlab_job_token_allowlist_entry" "all_2" {
      project         = "acme/app"
      target_group_id = 3
    }
    import {
      to       = gitlab_job_token_allowlist_entry.all_2
      identity = {
        project_id        = 1
        target_group_id   = 3
      }
    }
    "#);
}

#[test]
fn generated_allowlists_of_a_group_import_clean() {
    let generated = imports_clean(EXCLUSIVE, "group = \"acme\"", 2);
    assert_snapshot!(generated, @r#"
    resource "gitlab_job_token_allowlist_exclusive" "all_0" {
      groups = {
      }
      project = "acme/tools/lint"
      projects = {
      }
    }
    import {
      to       = gitlab_job_token_allowlist_exclusive.all_0
      identity = {
        project_id = 2
      }
    }
    resource "gitlab_job_token_allowlist_exclusive" "all_1" {
      groups = {
        "3" = {
          default_permissions = true
        }
      }
      project = "acme/app"
      projects = {
        "3" = {
          job_token_policies  = ["READ_JOBS"]
        }
      }
    }
    import {
      to       = gitlab_job_token_allowlist_exclusive.all_1
      identity = {
        project_id = 1
      }
    }
    "#);
}

#[test]
fn generated_objects_of_a_project_import_clean() {
    for (type_name, count) in [(SCOPE, 1), (ENTRY, 2), (EXCLUSIVE, 1)] {
        for project in ["1", "\"acme/app\""] {
            imports_clean(type_name, &format!("project = {project}"), count);
        }
    }
}

#[test]
fn query_shows_identities_and_names() {
    QUERY.require();
    let gitlab = open_app_and_lint_with_pushes();
    let tf = workspace(&gitlab);
    list(&tf, ENTRY, "config {\n group = \"acme\"\n}");

    let run = query(&tf, &[]);
    let mut lines: Vec<&str> =
        run.succeeds().stdout().lines().filter(|line| line.starts_with("list.")).collect();
    lines.sort_unstable();
    assert_snapshot!(lines.join("\n"), @r#"
    list.gitlab_job_token_allowlist_entry.all   project_id=1,target_group_id=3,target_project_id=<null>   other on the allowlist of acme/app
    list.gitlab_job_token_allowlist_entry.all   project_id=1,target_group_id=<null>,target_project_id=3   other/lib on the allowlist of acme/app
    list.gitlab_job_token_allowlist_entry.all   project_id=2,target_group_id=<null>,target_project_id=2   acme/tools/lint on the allowlist of acme/tools/lint
    "#);
}

#[test]
fn query_sends_no_requests_beyond_its_limit() {
    QUERY.require();
    let gitlab = Simulator::start();
    for number in 0..250 {
        gitlab.add_project(&format!("acme/p{number}"));
    }
    let tf = workspace(&gitlab);
    for (limit, pages) in [("", 1), ("limit = 150", 2), ("limit = 1000", 3)] {
        gitlab.clear_requests();
        list(&tf, SCOPE, &format!("{limit}\n config {{\n group = \"acme\"\n}}"));
        query(&tf, &[]).succeeds();
        // One query is repeated, since this version lacks a setting.
        assert_eq!(gitlab.requests().to(Route::GraphqlQuery).len(), pages + 1, "{limit}");
        assert_eq!(gitlab.requests().to(Route::ScopeGet).len(), 0);
    }
}

#[test]
fn objects_are_read_only_if_the_query_includes_them() {
    QUERY.require();
    let gitlab = open_app_and_lint_with_pushes();
    let tf = workspace(&gitlab);
    for (include, lists) in [(false, 0), (true, 2)] {
        gitlab.clear_requests();
        list(
            &tf,
            EXCLUSIVE,
            &format!("include_resource = {include}\n config {{\n group = \"acme\"\n}}"),
        );
        query(&tf, &[]).succeeds();
        assert_eq!(gitlab.requests().to(Route::AllowlistProjectsGet).len(), lists, "{include}");
    }
}

#[test]
fn group_that_is_not_visible_is_an_error() {
    QUERY.require();
    let gitlab = open_app_and_lint_with_pushes();
    let tf = workspace(&gitlab);
    list(&tf, SCOPE, "config {\n group = \"acme/none\"\n}");

    let error = query(&tf, &[]).error();
    // Terraform before 1.16 shows the first line of the block, and later versions the attribute.
    let is_no_place = |line: &&str| !line.starts_with("  > ");
    let error: Vec<&str> = error.lines().filter(is_no_place).collect();
    assert_snapshot!(error.join("\n"), @r"
    Error: Unknown group: acme/none
      list.gitlab_job_token_scope.all

    There is no group `acme/none`, or it isn't visible to the token. Check the
    full path, and that the token's user is a member of the group.
    ");
}

#[test]
fn block_with_project_and_group_is_an_error() {
    QUERY.require();
    let gitlab = open_app_and_lint_with_pushes();
    let tf = workspace(&gitlab);
    list(&tf, SCOPE, "config {\n project = \"acme/app\"\n group = \"acme\"\n}");
    assert_snapshot!(tf.run(&["validate", "-query", "-no-color"]).error(), @r#"
    Error: Both a project and a group to search
      list.gitlab_job_token_scope.all
      > list "gitlab_job_token_scope" "all" {

    `project` and `group` are both set. Set only one of them. To search both, use
    one `list` block for each.
    "#);
    list(&tf, SCOPE, "config {}");
    assert_snapshot!(tf.run(&["validate", "-query", "-no-color"]).error(), @r#"
    Error: No project or group to search
      list.gitlab_job_token_scope.all
      > list "gitlab_job_token_scope" "all" {

    Set `project` to search one project, or `group` to search the projects of a
    group.
    "#);
    list(&tf, SCOPE, "config {\n project = \"acme/app\"\n include_subgroups = true\n}");
    assert_snapshot!(tf.run(&["validate", "-query", "-no-color"]).error(), @r#"
    Error: Option without a group
      list.gitlab_job_token_scope.all
      > list "gitlab_job_token_scope" "all" {

    `include_subgroups` is set, but it applies only to the projects of a group.
    Remove it, or set `group` instead of `project`.
    "#);
    assert!(gitlab.requests().is_empty());
}
