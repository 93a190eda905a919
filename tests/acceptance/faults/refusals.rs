//! Permissions that are lost in the middle of an apply.

use gitlab_simulator::{
    ADMINISTRATOR, Fault, Injection, Role, Route, Target, TokenSpec, TokenState,
};
use insta::assert_snapshot;

use super::{APP, allow_all, assert_state_matches, entries, exclusive, with_targets};
use crate::kit::{json_with, workspace};

#[test]
fn token_revoked_mid_list_is_one_error_with_true_state() {
    let gitlab = with_targets(6);
    let tf = workspace(&gitlab);
    tf.config(&exclusive([2]));
    tf.apply().succeeds();
    gitlab.clear_requests();
    tf.config(&format!(
        "provider \"gitlab\" {{\n  max_concurrent_requests = 1\n}}\n{}",
        exclusive([2, 3, 4, 5, 6])
    ));
    gitlab.inject(Injection::from(Fault::RejectsTheToken).writes_only().after(2));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't update allowlist: project 1
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Failed:

      - add project 5
      - add project 6

    POST /projects/1/job_token_scope/allowlist: the token was revoked (401).
    Response: Token was revoked. You have to re-authorize from the user.

    Create a new access token with the `api` scope, and set it as the provider's
    `token` or as `GITLAB_TOKEN`.

    Added:

      - project 3
      - project 4
    "#);

    assert_eq!(gitlab.allowlist(APP).projects.len(), 3);
    assert_state_matches(&gitlab, &tf);
    gitlab.clear_faults();
    tf.apply().succeeds().has_no_warnings();
    assert_eq!(gitlab.allowlist(APP).projects, (2..7).collect());
    // Two before and two after, and none of them twice.
    let added = gitlab
        .requests()
        .to(Route::AllowlistProjectPost)
        .filter(|request| request.status == Some(201));
    assert_eq!(added.len(), 4);
}

#[test]
fn token_revoked_mid_run_leaves_exactly_added_entries_in_state() {
    let gitlab = with_targets(10);
    let tf = workspace(&gitlab);
    tf.config(&entries(2..12));
    gitlab.inject(Injection::from(Fault::RejectsTheToken).writes_only().after(4));

    let run = tf.apply();

    assert_eq!(run.fails().errors().len(), 6);
    assert_eq!(gitlab.allowlist(APP).projects.len(), 4);
    assert_state_matches(&gitlab, &tf);
    gitlab.clear_faults();
    tf.apply().succeeds().has_no_warnings();
    assert_state_matches(&gitlab, &tf);
    assert_eq!(gitlab.allowlist(APP).projects, (2..12).collect());
}

#[test]
fn token_without_role_or_scope_fails_once_and_removes_nothing() {
    let gitlab = with_targets(3);
    let mut tf = workspace(&gitlab);
    tf.config(&exclusive([2, 3]));
    tf.apply().succeeds();
    tf.config(&exclusive([2]));

    gitlab
        .inject(json_with(403, r#"{"message":"403 Forbidden"}"#).on(Route::AllowlistProjectDelete));
    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't update allowlist: project 1
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Failed:

      - remove project targets/p1 (3)

    DELETE /projects/1/job_token_scope/allowlist/3: the token's user isn't allowed
    to do this (403).

    If the response gives no other reason, the token's user lacks the Maintainer
    role in the project, which GitLab requires for job token settings. Give this
    role to the user.

    Nothing was changed on the allowlist of project 1.
    "#);
    gitlab.clear_faults();

    let reader = TokenSpec::new("reader").scopes([gitlab_simulator::TokenScope::ReadApi]);
    tf.set_env(
        "GITLAB_TOKEN",
        &gitlab.add_token(reader.role(Target::Project(APP), Role::Maintainer)),
    );
    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't update allowlist: project 1
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Failed:

      - remove project targets/p1 (3)

    DELETE /projects/1/job_token_scope/allowlist/3: the token lacks the `api`
    scope (403).
    Response: The request requires higher privileges than provided by the access
    token.

    Use an access token with the `api` scope. `read_api` is enough for plans.

    Nothing was changed on the allowlist of project 1.
    "#);

    assert_eq!(gitlab.allowlist(APP).projects, [2, 3].into());
    assert_state_matches(&gitlab, &tf);
    tf.set_env("GITLAB_TOKEN", gitlab.token());
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP).projects, [2].into());
}

#[test]
fn hidden_target_that_a_list_should_remove_stays_in_state() {
    let gitlab = with_targets(3);
    let tf = workspace(&gitlab);
    tf.config(&exclusive([2, 3, 4]));
    tf.apply().succeeds();
    gitlab.hide_from(ADMINISTRATOR, Target::Project(3));
    tf.config(&exclusive([2]));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't update allowlist: project 1
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Failed:

      - remove project targets/p1 (3)

    DELETE /projects/1/job_token_scope/allowlist/3: the entry is still on the
    allowlist (404).
    Response: Project Not Found

    GitLab doesn't remove a project that isn't visible to the token, so its jobs
    keep access. Give the token's user at least the Guest role in that project.

    Removed:

      - project targets/p2 (4)
    "#);

    assert_eq!(gitlab.allowlist(APP).projects, [2, 3].into());
    assert_state_matches(&gitlab, &tf);
    gitlab.show_to(ADMINISTRATOR, Target::Project(3));
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP).projects, [2].into());
}

#[test]
fn token_that_expires_after_the_plan_changes_nothing() {
    let gitlab = with_targets(2);
    let tf = workspace(&gitlab);
    // With a provider block, Terraform adds no message about a missing one.
    tf.config(&format!("provider \"gitlab\" {{\n}}\n{}", exclusive([2])));
    allow_all(&gitlab, [3]);
    tf.plan().succeeds();
    gitlab.set_token_state(ADMINISTRATOR, TokenState::Expired);

    let error = tf.apply_saved().error();

    assert!(error.contains("the token has expired (401)"), "{error}");
    assert_eq!(gitlab.allowlist(APP).projects, [3].into());
}
