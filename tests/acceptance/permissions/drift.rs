//! Permissions that were changed outside Terraform.

use serde_json::json;
use terraform_cli::Action;

use super::*;

#[test]
fn changed_permissions_are_restored_in_place() {
    for drifted in [only(&["READ_JOBS", "ADMIN_JOBS"]), only(&[]), Permissions::default()] {
        let gitlab = THREE_PROJECTS.start();
        let tf = applied(&gitlab, JOBS);
        gitlab.set_permissions(APP, TARGET, drifted.clone());

        let plan = tf.plan();
        assert_eq!(plan.drift()[0].after["default_permissions"], drifted.default_permissions);
        let change = plan.change(ENTRY);
        assert_eq!(
            (change.action, &change.after["job_token_policies"]),
            (Action::Update, &json!(["READ_JOBS"]))
        );
        tf.apply_saved().succeeds();

        assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
        assert_eq!(gitlab.requests().writes().named(UPDATE).len(), 1);
        tf.plan().changes_nothing();
    }
}

#[test]
fn removed_default_permissions_are_restored() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, "default_permissions = true");
    gitlab.set_permissions(APP, TARGET, only(&["READ_JOBS"]));

    assert_eq!(tf.plan().change(ENTRY).action, Action::Update);
    tf.apply_saved().succeeds();

    assert_eq!(held(&gitlab), Some(Permissions::default()));
}

/// GitLab keeps policies beside the default permissions, where they have no effect.
#[test]
fn policies_without_effect_are_not_drift() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, "default_permissions = true");
    gitlab.set_permissions(
        APP,
        TARGET,
        Permissions { default_permissions: true, ..only(&["READ_JOBS"]) },
    );

    tf.plan().changes_nothing();
}

#[test]
fn removed_entry_is_created_again_with_its_permissions() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    gitlab.revoke(APP, TARGET);

    assert_eq!(tf.plan().change(ENTRY).action, Action::Create);
    tf.apply_saved().succeeds().has_no_warnings();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    assert!(gitlab.requests().to(Route::AllowlistProjectPost).is_empty());
}

#[test]
fn entry_recreated_by_others_is_restricted_again() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    gitlab.revoke(APP, TARGET);
    gitlab.allow(APP, TARGET);

    assert_eq!(tf.plan().change(ENTRY).action, Action::Update);
    tf.apply_saved().succeeds();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
}
