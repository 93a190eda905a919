//! `terraform import` with IDs in every form.

use gitlab_simulator::Simulator;
use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::Action;

use crate::kit::workspace;
use crate::worlds::THREE_PROJECTS;

const ENTRY: &str = "gitlab_job_token_allowlist_entry.this";
const SCOPE: &str = "gitlab_job_token_scope.app";

/// Starts a GitLab in which `acme/lib` and group `partners` are on the allowlist of `acme/app`, but
/// `acme/other` isn't.
fn lib_and_partners_allowed() -> Simulator {
    THREE_PROJECTS.allowing(&[2], &[2])
}

fn entry(project: &str, target: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "this" {{
          project = "{project}"
          {target}
        }}
        "#
    )
}

const APP_SCOPE: &str = r#"resource "gitlab_job_token_scope" "app" { project = "acme/app" }"#;

/// Imports an entry, then expects the plan to change nothing.
#[track_caller]
fn imports_clean(config: &str, id: &str) {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(config);

    tf.import(ENTRY, id).succeeds();

    tf.plan().changes_nothing();
    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn entry_is_imported_by_its_id() {
    imports_clean(&entry("1", "target_project_id = 2"), "1:project:2");
}

#[test]
fn group_entry_is_imported_by_its_id() {
    imports_clean(&entry("1", "target_group_id = 2"), "1:group:2");
}

#[test]
fn entry_is_imported_by_the_official_providers_two_ids() {
    imports_clean(&entry("1", "target_project_id = 2"), "1:2");
}

#[test]
fn entry_imported_by_paths_gets_the_id_of_its_target() {
    imports_clean(&entry("acme/app", "target_project_id = 2"), "acme/app:project:acme/lib");
    imports_clean(&entry("acme/app", "target_group_id = 2"), "acme/app:group:partners");
}

/// Only the ID is imported, because a generated configuration that named the target twice would not
/// be valid.
#[test]
fn path_for_an_imported_entry_updates_in_place_without_a_write() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(&entry("acme/app", "target_project = \"acme/lib\""));
    tf.import(ENTRY, "acme/app:project:acme/lib").succeeds();

    assert_eq!(tf.plan().actions(), [(ENTRY.to_owned(), Action::Update)]);
    tf.apply_saved().succeeds();

    tf.plan().changes_nothing();
    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn scope_is_imported_by_id() {
    let gitlab = lib_and_partners_allowed();
    gitlab.set_inbound_enabled(1, false);
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_scope" "app" {
          project = 1
          inbound_enabled = false
        }
        "#,
    );

    tf.import(SCOPE, "1").succeeds();

    tf.plan().changes_nothing();
}

#[test]
fn scope_imported_by_path_gets_its_id() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(APP_SCOPE);

    tf.import(SCOPE, "acme/app").succeeds();

    tf.plan().changes_nothing();
    let expected = json!({
        "project": "acme/app", "project_id": 1, "id": "1", "inbound_enabled": true, "outbound_enabled": false,
        "push_repository_for_job_token_allowed": null, "cross_project_push_for_job_token_allowed": null,
    });
    assert_eq!(*tf.state().of(SCOPE), expected);
}

#[test]
fn wrong_kind_of_a_listed_id_is_corrected() {
    let gitlab = THREE_PROJECTS.allowing(&[2], &[]);
    let tf = workspace(&gitlab);
    tf.config(&entry("1", "target_group_id = 2"));

    let error = tf.import(ENTRY, "1:group:2").error().replace('\n', " ");

    assert!(error.contains("has project 2: its import ID is `1:project:2`."), "{error}");
}

#[test]
fn entry_missing_from_the_allowlist_cannot_be_imported() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(&entry("1", "target_project_id = 3"));

    assert_snapshot!(tf.import(ENTRY, "1:project:3").error(), @r#"
    Error: Allowlist entry not found: project 3

    "1:project:3" can't be imported.

    Project 3 isn't on the allowlist of project 1, so there is nothing to import.
    Check the IDs or paths. To add the entry, apply the resource without importing
    it.
    "#);

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn entry_of_an_unknown_project_cannot_be_imported() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(&entry("9", "target_project_id = 3"));

    assert_snapshot!(tf.import(ENTRY, "9:project:3").error(), @r#"
    Error: Can't read allowlist: project 9

    "9:project:3" can't be imported.

    GET /projects/9/job_token_scope/allowlist: not found, or not visible to the
    token (404).
    Response: Project Not Found

    GitLab returns 404 both for projects that don't exist and for projects that
    aren't visible to the token. Check the path or ID, and that the token's user
    has at least the Maintainer role in the project.
    "#);
}

#[test]
fn entry_of_an_unknown_path_cannot_be_imported() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(&entry("1", "target_project_id = 3"));

    assert_snapshot!(tf.import(ENTRY, "acme/app:group:acme/missing").error(), @r#"
    Error: Unknown group: acme/missing

    "acme/app:group:acme/missing" can't be imported.

    There is no group `acme/missing`, or it isn't visible to the token. Check the
    full path, and that the token's user is a member of the group.
    "#);
}

#[test]
fn malformed_id_of_an_entry_shows_the_format() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(&entry("1", "target_project_id = 2"));

    assert_snapshot!(tf.import(ENTRY, "1/2").error(), @r#"
    Error: Malformed import ID

    "1/2" can't be imported.

    The import ID of an allowlist entry also names the target. Write
    `1/2:project:<target project>` or `1/2:group:<target group>`, with the ID or
    full path of the target, for example `1/2:project:42`.
    "#);
}

#[test]
fn project_alone_is_not_an_id_of_an_entry() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(&entry("1", "target_project_id = 2"));

    assert_snapshot!(tf.import(ENTRY, "1").error(), @r#"
    Error: Malformed import ID

    "1" can't be imported.

    The import ID of an allowlist entry also names the target. Write
    `1:project:<target project>` or `1:group:<target group>`, with the ID or full
    path of the target, for example `1:project:42`.
    "#);
}

#[test]
fn id_of_an_entry_is_not_an_id_of_a_scope() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(APP_SCOPE);

    assert_snapshot!(tf.import(SCOPE, "acme/app:project:acme/lib").error(), @r#"
    Error: Malformed import ID

    "acme/app:project:acme/lib" can't be imported.

    This is the import ID of a `gitlab_job_token_allowlist_entry`. The import ID
    of this resource is the ID or full path of the project: "acme/app".
    "#);
    for id in ["1:group:2", "1:2"] {
        let error = tf.import(SCOPE, id).error();
        assert!(error.contains("full path of the project: \"1\"."), "{error}");
    }
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn import_id_without_a_kind_is_suggested_for_a_project() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(APP_SCOPE);

    assert_snapshot!(tf.import(SCOPE, "project:1").error(), @r#"
    Error: Malformed import ID

    "project:1" can't be imported.

    The import ID of this resource is the ID or full path of the project, without
    its kind. Did you mean "1"?
    "#);
    assert_snapshot!(tf.import(SCOPE, "group:partners").error(), @r#"
    Error: Malformed import ID

    "group:partners" can't be imported.

    This names a group, but the import ID of this resource is the ID or full path
    of a project, for example "platform/deploy".
    "#);
}

#[test]
fn import_id_of_the_other_kind_is_suggested() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(&entry("1", "target_project_id = 2"));

    assert_snapshot!(tf.import(ENTRY, "1:project:partners/team").error(), @r#"
    Error: Unknown project: partners/team

    "1:project:partners/team" can't be imported.

    `partners/team` is a group, not a project. Did you mean
    "1:group:partners/team"?
    "#);
    assert_snapshot!(tf.import(ENTRY, "1:group:acme/lib").error(), @r#"
    Error: Unknown group: acme/lib

    "1:group:acme/lib" can't be imported.

    `acme/lib` is a project, not a group. Did you mean "1:project:acme/lib"?
    "#);
}

#[test]
fn import_id_with_colons_is_suggested() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(&entry("1", "target_project_id = 2"));

    assert_snapshot!(tf.import(ENTRY, "1/project/2").error(), @r#"
    Error: Malformed import ID

    "1/project/2" can't be imported.

    The import ID of an allowlist entry is `<project>:project:<target project>` or
    `<project>:group:<target group>`, with an ID or full path for each, for
    example `99:project:42` or `platform/deploy:group:platform/apps`. Did you mean
    "1:project:2"?
    "#);
    for (id, suggestion) in
        [(" 1:project:2", "Write \"1\"."), ("1: project: 2", "Did you mean \"1:project:2\"?")]
    {
        let error = tf.import(ENTRY, id).error().replace('\n', " ");
        assert!(error.contains(suggestion), "{id}: {error}");
    }
}

#[test]
fn missing_own_entry_cannot_be_imported() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(&entry("1", "target_project_id = 1"));

    assert_snapshot!(tf.import(ENTRY, "1:project:1").error(), @r#"
    Error: Allowlist entry not found: project 1

    "1:project:1" can't be imported.

    Project 1 doesn't have an entry for itself, so there is nothing to import.
    Check the IDs or paths. To add the entry, apply the resource without importing
    it.
    "#);
}

#[test]
fn import_id_with_neither_id_nor_path_is_an_error() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(&entry("1", "target_project_id = 2"));

    assert_snapshot!(tf.import(ENTRY, "1:project:").error(), @r#"
    Error: Malformed import ID

    "1:project:" can't be imported.

    The import ID of an allowlist entry is `<project>:project:<target project>` or
    `<project>:group:<target group>`, with an ID or full path for each, for
    example `99:project:42` or `platform/deploy:group:platform/apps`.
    "#);
}

#[test]
fn malformed_id_of_a_scope_shows_the_format() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(APP_SCOPE);

    assert_snapshot!(tf.import(SCOPE, "app").error(), @r#"
    Error: Invalid project

    "app" can't be imported.

    "app" is neither the ID nor the full path of a project: the full path of a
    project starts with its group or user, for example `group/project`.
    "#);
}

#[test]
fn scope_of_an_unknown_id_cannot_be_imported() {
    let gitlab = lib_and_partners_allowed();
    let tf = workspace(&gitlab);
    tf.config(APP_SCOPE);

    assert_snapshot!(tf.import(SCOPE, "4711").error(), @r#"
    Error: Can't read job token scope: project 4711

    "4711" can't be imported.

    GET /projects/4711/job_token_scope: not found, or not visible to the token
    (404).
    Response: Project Not Found

    GitLab returns 404 both for projects that don't exist and for projects that
    aren't visible to the token. Check the path or ID, and that the token's user
    has at least the Maintainer role in the project.
    "#);
}
