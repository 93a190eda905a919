//! Drift is shown as a difference of sets, with the paths or IDs of the configuration, and
//! corrected in place.

use gitlab_simulator::Target;
use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::Action;

use super::{LIST, exclusive, listed};
use crate::worlds::{APP, FOUR_PROJECTS, LIB, OLD, OPS, PROD, WEB};

#[test]
fn target_added_outside_terraform_is_removed() {
    let (gitlab, tf) = FOUR_PROJECTS.applied(&exclusive("target_projects = [\"acme/lib\", \"3\"]"));
    gitlab.allow(APP, Target::Project(OLD));
    gitlab.clear_requests();

    let plan = tf.plan();
    let change = plan.has_no_warnings().change(LIST);
    assert_eq!(change.action, Action::Update);
    assert_eq!(change.before["target_projects"], json!(["3", "acme/lib", "acme/old"]));
    assert_eq!(change.after["target_projects"], json!(["3", "acme/lib"]));
    assert_eq!(change.unknown, json!({}));
    tf.apply_saved().succeeds();

    assert_snapshot!(gitlab.requests().writes(), @r"
    DELETE /api/v4/projects/1/job_token_scope/allowlist/4 → 204
    ");
    tf.plan().changes_nothing();
}

#[test]
fn target_removed_outside_terraform_is_added_again() {
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive(
        "target_projects = [\"ACME/Lib\", \"acme/web\"]\n  target_groups = [\"ops\", 3]",
    ));
    tf.apply().succeeds();
    gitlab.revoke(APP, Target::Project(WEB));
    gitlab.revoke(APP, Target::Group(PROD));
    gitlab.clear_requests();

    let plan = tf.plan();
    let change = plan.change(LIST);
    assert_eq!(change.action, Action::Update);
    assert_eq!(change.before["target_projects"], json!(["ACME/Lib"]));
    assert_eq!(change.after["target_projects"], json!(["ACME/Lib", "acme/web"]));
    assert_eq!(change.before["target_groups"], json!(["ops"]));
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[LIB, WEB], &[OPS, PROD]));
    assert_eq!(gitlab.requests().writes().len(), 2);
    tf.plan().changes_nothing();
}

#[test]
fn drift_of_a_list_by_ids_is_shown_in_ids() {
    let (gitlab, tf) = FOUR_PROJECTS.applied(&exclusive("target_project_ids = [2, 3]"));
    gitlab.revoke(APP, Target::Project(WEB));
    gitlab.allow(APP, Target::Project(OLD));

    let change = tf.plan().change(LIST);

    assert_eq!(change.action, Action::Update);
    assert_eq!(change.before["target_project_ids"], json!([2, 4]));
    assert_eq!(change.before["target_projects"], json!(null));
}

#[test]
fn deleted_target_is_drift() {
    let (gitlab, tf) = FOUR_PROJECTS.applied(&exclusive("target_project_ids = [2, 3]"));
    gitlab.delete_project(WEB);

    let change = tf.plan().change(LIST);

    assert_eq!(
        (change.action, &change.before["target_project_ids"]),
        (Action::Update, &json!([2]))
    );
}

#[test]
fn deleted_project_is_removed_from_the_state() {
    let (gitlab, tf) = FOUR_PROJECTS.applied(&exclusive("target_project_ids = [2]"));
    gitlab.delete_project(APP);

    tf.apply_with(&["-refresh-only"]).succeeds();

    assert!(tf.state().addresses().is_empty());
}
