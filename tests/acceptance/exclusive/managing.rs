//! Managed and unmanaged kinds of targets.

use gitlab_simulator::Target;
use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::Action;

use super::{LIST, exclusive, listed};
use crate::kit::workspace;
use crate::worlds::{ACME, APP, FOUR_PROJECTS, LIB, OLD, OPS, PROD, WEB};

#[test]
fn allowlist_matches_the_config_and_plans_clean() {
    let gitlab = FOUR_PROJECTS.allowing(&[OLD], &[OPS]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive(
        "target_projects = [\"acme/lib\", \"acme/web\"]\n  target_groups = [\"ops/prod\"]",
    ));

    tf.apply().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[LIB, WEB], &[PROD]));
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn state_has_ids_beside_configured_paths() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive(r#"target_projects = ["acme/web", "acme/lib"]"#));

    tf.apply().succeeds();

    let expected = json!({
        "project": "acme/app", "project_id": 1, "id": "1",
        "projects": null, "target_projects": ["acme/lib", "acme/web"], "target_project_ids": [2, 3],
        "groups": null, "target_groups": null, "target_group_ids": null,
    });
    assert_eq!(*tf.state().of(LIST), expected);
}

#[test]
fn omitted_kind_is_not_managed() {
    let gitlab = FOUR_PROJECTS.allowing(&[OLD], &[OPS]);
    let tf = workspace(&gitlab);

    tf.config(&exclusive(r#"target_projects = ["acme/lib"]"#));
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP), listed(&[LIB], &[OPS]));

    gitlab.allow(APP, Target::Group(ACME));
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn empty_set_removes_all_of_its_kind() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB, OLD], &[OPS]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_projects = []"));

    tf.apply().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[], &[OPS]));
    assert_eq!(tf.state().of(LIST)["target_project_ids"], json!([]));
    tf.plan().changes_nothing();
}

#[test]
fn empty_set_of_ids_removes_all_of_its_kind() {
    let gitlab = FOUR_PROJECTS.allowing(&[OLD], &[OPS]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_project_ids = []\n  target_group_ids = []"));

    tf.apply().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[], &[]));
    tf.plan().changes_nothing();
}

#[test]
fn targets_can_be_given_by_id_path_or_both() {
    for arguments in [
        "target_project_ids = [2, 3]\n  target_group_ids = [3]",
        "target_projects = [2, 3]\n  target_groups = [3]",
        "target_projects = [2, \"acme/web\"]\n  target_group_ids = [3]",
        "target_projects = [\"ACME/lib\", \"3\", \"acme/web\"]\n  target_groups = [\"Ops/Prod\"]",
    ] {
        let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
        tf.config(&exclusive(arguments));

        tf.apply().succeeds();

        assert_eq!(gitlab.allowlist(APP), listed(&[LIB, WEB], &[PROD]), "{arguments}");
        tf.plan().changes_nothing().has_no_warnings();
    }
}

#[test]
fn matching_allowlist_is_not_written() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[OPS]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_project_ids = [2]\n  target_groups = [\"ops\"]"));

    tf.apply().succeeds().has_no_warnings();

    assert_snapshot!(gitlab.requests().writes(), @"");
}

#[test]
fn kind_removed_from_the_config_is_not_managed() {
    let (gitlab, tf) =
        FOUR_PROJECTS.applied(&exclusive("target_project_ids = [2]\n  target_group_ids = [2]"));
    tf.config(&exclusive("target_project_ids = [2]"));
    gitlab.clear_requests();

    let plan = tf.plan();
    assert_eq!(plan.change(LIST).action, Action::Update);
    tf.apply_saved().succeeds();

    assert_snapshot!(gitlab.requests().writes(), @"");
    assert_eq!(gitlab.allowlist(APP), listed(&[LIB], &[OPS]));
    assert_eq!(tf.state().of(LIST)["target_group_ids"], json!(null));
    tf.plan().changes_nothing();
}

#[test]
fn only_a_changed_project_replaces_the_list() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_project_ids = [2]"));
    tf.apply().succeeds();
    tf.config(&exclusive("target_project_ids = [2]").replace("acme/app", "acme/web"));

    let change = tf.plan().change(LIST);
    assert_eq!(
        (change.action, change.replaced_by),
        (Action::Replace, vec!["project_id".to_owned()])
    );
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[], &[]));
    assert_eq!(gitlab.allowlist(WEB), listed(&[LIB], &[]));
    tf.plan().changes_nothing();
}
