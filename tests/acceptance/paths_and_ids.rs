//! A different path or ID for the same project or group, and paths that another one takes over.

use gitlab_simulator::Simulator;
use insta::assert_snapshot;
use terraform_cli::{Action, Workspace};

use crate::kit::heading;
use crate::worlds::{APP, LIB, THREE_PROJECTS};

const ENTRY: &str = "gitlab_job_token_allowlist_entry.this";

const TEAM: u64 = 3;

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

/// Applies one path or ID, then another one for the same object in place, which must write nothing.
#[track_caller]
fn updates_without_a_write(gitlab: &Simulator, tf: &Workspace, before: &str, after: &str) {
    tf.config(before);
    tf.apply().succeeds();
    tf.config(after);
    gitlab.clear_requests();
    assert_eq!(tf.plan().actions(), [(ENTRY.to_owned(), Action::Update)]);
    tf.apply_saved().succeeds().has_no_warnings();
    tf.plan().changes_nothing();
    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn path_instead_of_an_id_writes_nothing() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    let (ids, paths) =
        (entry("1", "target_project = \"2\""), entry("acme/app", "target_project = \"acme/lib\""));

    updates_without_a_write(&gitlab, &tf, &ids, &paths);

    assert_eq!(tf.state().of(ENTRY)["target_project"], "acme/lib");
}

#[test]
fn id_instead_of_a_path_writes_nothing() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    let (paths, ids) =
        (entry("acme/app", "target_group = \"partners/team\""), entry("1", "target_group_id = 3"));

    updates_without_a_write(&gitlab, &tf, &paths, &ids);

    assert_eq!(tf.state().of(ENTRY)["target_group"], serde_json::Value::Null);
}

#[test]
fn letter_case_writes_nothing() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    let lower = entry("acme/app", "target_group = \"partners/team\"");
    let mixed = entry("Acme/App", "target_group = \"Partners/TEAM\"");

    updates_without_a_write(&gitlab, &tf, &lower, &mixed);
}

#[test]
fn scope_keeps_its_project_by_id_instead_of_path() {
    let (gitlab, tf) = THREE_PROJECTS
        .applied(r#"resource "gitlab_job_token_scope" "app" { project = "acme/app" }"#);
    tf.config(r#"resource "gitlab_job_token_scope" "app" { project = 1 }"#);
    gitlab.clear_requests();

    assert_eq!(tf.plan().actions(), [("gitlab_job_token_scope.app".to_owned(), Action::Update)]);
    tf.apply_saved().succeeds();

    tf.plan().changes_nothing();
    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn renamed_projects_plan_clean_by_their_old_paths() {
    let (gitlab, tf) = THREE_PROJECTS.applied(&entry("acme/app", "target_project = \"acme/lib\""));
    gitlab.rename_project(APP, "acme/application");
    gitlab.rename_project(LIB, "umbrella/libs/lib");

    tf.plan().changes_nothing();
}

#[test]
fn new_paths_of_renamed_projects_replace_nothing() {
    let (gitlab, tf) = THREE_PROJECTS.applied(&entry("acme/app", "target_project = \"acme/lib\""));
    gitlab.rename_project(APP, "acme/application");
    gitlab.rename_project(LIB, "umbrella/libs/lib");
    tf.config(&entry("acme/application", "target_project = \"umbrella/libs/lib\""));
    gitlab.clear_requests();

    assert_eq!(tf.plan().actions(), [(ENTRY.to_owned(), Action::Update)]);
    tf.apply_saved().succeeds();

    tf.plan().changes_nothing();
    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn entry_of_renamed_project_and_target_is_destroyed() {
    let (gitlab, tf) = THREE_PROJECTS.applied(&entry("acme/app", "target_project = \"acme/lib\""));
    gitlab.rename_project(APP, "acme/application");
    gitlab.rename_project(LIB, "umbrella/libs/lib");

    tf.destroy().succeeds();

    assert!(gitlab.allowlist(APP).projects.is_empty());
}

#[test]
fn transferred_group_plans_clean_by_its_old_path() {
    let (gitlab, tf) =
        THREE_PROJECTS.applied(&entry("acme/app", "target_group = \"partners/team\""));
    gitlab.rename_group(TEAM, "umbrella/crew");

    tf.plan().changes_nothing();
    tf.config(&entry("acme/app", "target_group = \"umbrella/crew\""));
    assert_eq!(tf.plan().actions(), [(ENTRY.to_owned(), Action::Update)]);
}

#[test]
fn scope_of_a_renamed_project_plans_clean() {
    let (gitlab, tf) = THREE_PROJECTS
        .applied(r#"resource "gitlab_job_token_scope" "app" { project = "acme/app" }"#);
    gitlab.rename_project(APP, "acme/application");

    tf.plan().changes_nothing();
    tf.config(r#"resource "gitlab_job_token_scope" "app" { project = "acme/application" }"#);
    assert_eq!(tf.plan().actions(), [("gitlab_job_token_scope.app".to_owned(), Action::Update)]);
}

#[test]
fn path_taken_by_another_project_forces_a_replacement() {
    let (gitlab, tf) = THREE_PROJECTS.applied(&entry("acme/app", "target_project = \"acme/lib\""));
    gitlab.rename_project(LIB, "acme/former-lib");
    let successor = gitlab.add_project("acme/lib");

    let change = tf.plan().change(ENTRY);
    assert_eq!(
        (change.action, change.replaced_by),
        (Action::Replace, vec!["target_project_id".to_owned()])
    );
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP).projects, [successor].into());
}

#[test]
fn path_taken_by_another_group_forces_a_replacement() {
    let (gitlab, tf) =
        THREE_PROJECTS.applied(&entry("acme/app", "target_group = \"partners/team\""));
    gitlab.rename_group(TEAM, "partners/former-team");
    let successor = gitlab.add_group("partners/team");

    assert_eq!(tf.plan().change(ENTRY).action, Action::Replace);
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP).groups, [successor].into());
}

#[test]
fn project_created_after_the_plan_is_found() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry("acme/app", "target_project = \"acme/new\""));
    let unknown = tf.plan().change(ENTRY).unknown;
    assert_eq!((&unknown["target_project_id"], &unknown["id"]), (&true.into(), &true.into()));

    let new = gitlab.add_project("acme/new");
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP).projects, [new].into());
    tf.plan().changes_nothing();
}

#[test]
fn target_path_still_missing_at_apply_is_an_error() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry("acme/app", "target_project = \"acme/new\""));

    assert_snapshot!(heading(&tf.apply().error()), @r#"
    Error: Unknown project: acme/new
      gitlab_job_token_allowlist_entry.this
      > target_project = "acme/new"
    "#);

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn unknown_project_path_is_an_error_at_its_attribute() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry("acme/missing", "target_project = \"acme/lib\""));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Unknown project: acme/missing
      gitlab_job_token_allowlist_entry.this
      > project = "acme/missing"

    There is no project `acme/missing`, or it isn't visible to the token. Check
    the full path, and that the token's user is a member of the project.
    "#);
}

#[test]
fn path_of_a_page_is_corrected() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry("acme/app", "target_project = \"acme/lib/tree/main\""));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Unknown project: acme/lib/tree/main
      gitlab_job_token_allowlist_entry.this
      > target_project = "acme/lib/tree/main"

    `acme/lib` is a project: write only this path. The apply fails unless this is
    corrected.
    "#);
    assert_snapshot!(tf.apply().error(), @r#"
    Error: Unknown project: acme/lib/tree/main
      gitlab_job_token_allowlist_entry.this
      > target_project = "acme/lib/tree/main"

    `acme/lib` is a project: write only this path.
    "#);
}

#[test]
fn path_with_a_host_may_be_a_group() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry("acme/app", "target_project = \"host.com/acme/lib\""));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Unknown project: host.com/acme/lib
      gitlab_job_token_allowlist_entry.this
      > target_project = "host.com/acme/lib"

    There is no project `host.com/acme/lib`, or it isn't visible to the token. Did
    you mean `acme/lib`? If this apply creates the project, ignore this warning:
    its ID is resolved during the apply.
    "#);
    assert_snapshot!(tf.apply().error(), @r#"
    Error: Unknown project: host.com/acme/lib
      gitlab_job_token_allowlist_entry.this
      > target_project = "host.com/acme/lib"

    There is no project `host.com/acme/lib`, or it isn't visible to the token. Did
    you mean `acme/lib`? Check the full path, and that the token's user is a
    member of the project.
    "#);
}

#[test]
fn unknown_group_path_is_an_error_at_its_attribute() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry("acme/app", "target_group = \"acme/lib\""));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Unknown group: acme/lib
      gitlab_job_token_allowlist_entry.this
      > target_group = "acme/lib"

    `acme/lib` is a project: use `target_project`.
    "#);
}

#[test]
fn path_of_many_resources_is_explained_once() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    let all = "for_each = toset([\"acme/lib\", \"acme/other\", \"acme/app\"])";
    let targets = format!("{all}\n  target_project = each.key");
    tf.config(&entry("acme/missing", &targets));

    let run = tf.apply();

    let errors = run.fails().errors();
    let titles: Vec<_> = errors.iter().map(|error| error.summary.as_str()).collect();
    assert_eq!(titles, ["Unknown project: acme/missing"; 3]);
    let mut details: Vec<_> = errors.iter().map(|error| error.detail.as_str()).collect();
    details.sort_unstable();
    assert_snapshot!(details.join("\n"), @r"
    Another message of this run has the details.
    Another message of this run has the details.
    There is no project `acme/missing`, or it isn't visible to the token. Check the full path, and that the token's user is a member of the project.
    ");
}

#[test]
fn advice_on_unknown_paths_is_given_once() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    let each = "for_each = toset([\"acme/a\", \"acme/b\"])\n  target_project = each.key";
    tf.config(&entry("acme/app", each));

    let plan = tf.plan();

    let warnings = plan.succeeds().run().warnings();
    let in_full = |text: &str| text.contains("If this apply creates the project");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_eq!(warnings.iter().filter(|warning| in_full(&warning.detail)).count(), 1);
}
