//! Projects are identified by ID: a different path or ID, a rename or a transfer changes nothing.

use serde_json::json;
use terraform_cli::Action;

use super::{LIST, exclusive, exclusive_of, listed};
use crate::worlds::{ACME, APP, FOUR_PROJECTS, LIB, OPS, WEB};

/// Applies the one, then plans and applies the other, which must change only paths and IDs in the
/// state.
fn assert_writes_nothing(before: &str, after: &str) {
    let (gitlab, tf) = FOUR_PROJECTS.applied(before);
    tf.config(after);
    gitlab.clear_requests();

    let change = tf.plan().change(LIST);
    assert_eq!(change.action, Action::Update);
    for numbers in ["project_id", "id", "target_project_ids", "target_group_ids"] {
        assert_eq!(change.before[numbers], change.after[numbers], "{numbers}");
    }
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn paths_instead_of_ids_write_nothing() {
    assert_writes_nothing(
        &exclusive("target_projects = [2, 3]\n  target_groups = [2]"),
        &exclusive("target_projects = [\"acme/lib\", \"acme/web\"]\n  target_groups = [\"ops\"]"),
    );
}

#[test]
fn ids_instead_of_paths_write_nothing() {
    assert_writes_nothing(
        &exclusive("target_projects = [\"acme/lib\", \"acme/web\"]\n  target_groups = [\"ops\"]"),
        &exclusive("target_project_ids = [2, 3]\n  target_group_ids = [2]"),
    );
}

#[test]
fn id_of_the_project_instead_of_its_path_writes_nothing() {
    assert_writes_nothing(
        &exclusive("target_project_ids = [2]"),
        &exclusive_of("1", "target_project_ids = [2]"),
    );
}

#[test]
fn renamed_projects_plan_clean() {
    let (gitlab, tf) =
        FOUR_PROJECTS.applied(&exclusive("target_projects = [\"acme/lib\", \"acme/web\"]"));
    gitlab.rename_project(APP, "acme/application");
    gitlab.rename_project(LIB, "ops/library");

    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn renamed_groups_plan_clean_by_their_former_paths() {
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive(
        "target_projects = [\"acme/web\"]\n  target_groups = [\"ops\", \"ops/prod\"]",
    ));
    tf.apply().succeeds();
    gitlab.rename_group(OPS, "operations");

    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn renamed_parent_group_of_project_and_targets_plans_clean() {
    let (gitlab, tf) = FOUR_PROJECTS
        .applied(&exclusive("target_projects = [\"acme/lib\"]\n  target_groups = [\"ops\"]"));
    gitlab.rename_group(ACME, "umbrella");

    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn target_is_added_beside_a_group_whose_path_is_gone() {
    let (gitlab, tf) = FOUR_PROJECTS.applied(&exclusive("target_groups = [\"ops\"]"));
    gitlab.rename_group(OPS, "operations");

    tf.config(&exclusive("target_groups = [\"ops\", \"acme\"]"));
    tf.apply().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[], &[ACME, OPS]));
    tf.plan().changes_nothing();
    tf.config(&exclusive("target_groups = [\"operations\", \"acme\"]"));
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP), listed(&[], &[ACME, OPS]));
}

#[test]
fn new_path_of_a_renamed_target_writes_nothing() {
    let (gitlab, tf) =
        FOUR_PROJECTS.applied(&exclusive("target_projects = [\"acme/lib\", \"acme/web\"]"));
    gitlab.rename_project(WEB, "acme/site");
    tf.config(&exclusive("target_projects = [\"acme/lib\", \"acme/site\"]"));
    gitlab.clear_requests();

    let change = tf.plan().change(LIST);
    assert_eq!(
        (change.action, &change.after["target_project_ids"]),
        (Action::Update, &json!([2, 3]))
    );
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.plan().changes_nothing();
}
