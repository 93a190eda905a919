//! Tokens that may not do it.

use gitlab_simulator::{ADMINISTRATOR, Fault, Role, TokenScope, TokenSpec};
use insta::assert_snapshot;
use serde_json::json;

use super::*;

/// A token with Maintainer in `acme`, and the workspace that uses it.
fn maintainer(gitlab: &Simulator) -> Option<Workspace> {
    let acme = Target::Group(gitlab.group_id("acme").expect("the group"));
    let token = gitlab.add_token(TokenSpec::new("maintainer").maintainer_of(acme));
    let mut tf = workspace(gitlab)?;
    tf.set_env("GITLAB_TOKEN", &token);
    Some(tf)
}

#[test]
fn a_token_that_may_only_read_is_told_so() {
    let gitlab = acme();
    let acme = Target::Group(gitlab.group_id("acme").expect("the group"));
    let token = gitlab.add_token(TokenSpec::new("reader").maintainer_of(acme).scopes([TokenScope::ReadApi]));
    let Some(mut tf) = workspace(&gitlab) else { return };
    tf.set_env("GITLAB_TOKEN", &token);
    tf.config(&entry(JOBS));

    assert_snapshot!(tf.apply().error(), @"");

    assert_eq!(held(&gitlab), None);
}

#[test]
fn a_role_that_was_lost_between_plan_and_apply_is_told() {
    let gitlab = acme();
    let Some(tf) = maintainer(&gitlab) else { return };
    tf.config(&entry(JOBS));
    tf.plan().succeeds();
    let acme = Target::Group(gitlab.group_id("acme").expect("the group"));
    gitlab.set_role("maintainer", acme, Some(Role::Developer));

    assert_snapshot!(tf.apply_saved().error(), @"");

    assert_eq!(held(&gitlab), None);
}

#[test]
fn a_token_that_is_refused_in_the_middle_leaves_the_state_true() {
    let gitlab = acme();
    let Some(tf) = applied(&gitlab, JOBS_AND_PACKAGES) else { return };
    tf.config(&entry(JOBS));
    gitlab.inject(Fault::RejectsTheToken.on(Route::GraphqlMutation));

    assert_snapshot!(tf.apply().error(), @"");

    gitlab.clear_faults();
    assert_eq!(tf.state().of(ENTRY)["job_token_policies"], json!(["READ_JOBS", "READ_PACKAGES"]));
    tf.apply().succeeds();
    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
}

#[test]
fn a_target_that_the_token_can_not_see_can_not_be_added() {
    let gitlab = acme();
    let Some(tf) = maintainer(&gitlab) else { return };
    gitlab.hide_from("maintainer", TARGET);
    tf.config(&entry(JOBS).replace("target_project = \"acme/lib\"", "target_project_id = 2"));

    assert_snapshot!(tf.apply().error(), @"");

    assert_eq!(held(&gitlab), None);
}

#[test]
fn the_permissions_of_a_target_that_the_token_can_not_see_are_read_but_not_changed() {
    let gitlab = acme();
    let Some(tf) = applied(&gitlab, JOBS_AND_PACKAGES) else { return };
    gitlab.hide_from(ADMINISTRATOR, TARGET);
    tf.plan().changes_nothing();
    tf.config(&entry(JOBS));

    assert_snapshot!(tf.apply().error(), @"");

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS", "READ_PACKAGES"])));
}

#[test]
fn permissions_that_can_not_be_read_are_an_error_and_never_gone() {
    let gitlab = acme();
    let Some(tf) = applied(&gitlab, JOBS) else { return };
    gitlab.inject(Fault::RejectsTheToken.on(Route::GraphqlQuery));

    assert_snapshot!(tf.plan().error(), @"");

    gitlab.clear_faults();
    tf.plan().changes_nothing();
}
