//! Tokens without the required role or scope.

use gitlab_simulator::{ADMINISTRATOR, Fault, Role, TokenScope, TokenSpec};
use insta::assert_snapshot;
use serde_json::json;

use super::*;

/// Makes a workspace that uses a token with the Maintainer role in `acme`.
fn maintainer(gitlab: &Simulator) -> Workspace {
    let acme = Target::Group(gitlab.group_id("acme").expect("the group"));
    let token = gitlab.add_token(TokenSpec::new("maintainer").maintainer_of(acme));
    let mut tf = workspace(gitlab);
    tf.set_env("GITLAB_TOKEN", &token);
    tf
}

#[test]
fn read_only_token_is_an_error() {
    let gitlab = THREE_PROJECTS.start();
    let acme = Target::Group(gitlab.group_id("acme").expect("the group"));
    let token = gitlab
        .add_token(TokenSpec::new("reader").maintainer_of(acme).scopes([TokenScope::ReadApi]));
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);
    tf.config(&entry(JOBS));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add entry: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    Adding project acme/lib (2) to the allowlist of project acme/app (1) failed.

    POST /api/graphql (AllowWithPermissions): not found, or the token isn't
    allowed to read or change it.
    Response: The resource that you are attempting to access does not exist or you
    don't have permission to perform this action

    GitLab gives the same response if the object doesn't exist, and if the token
    isn't allowed to read or change it. The token needs the `api` scope
    (`read_api` is enough for plans), and its user at least the Maintainer role in
    the project.
    "#);

    assert_eq!(held(&gitlab), None);
}

#[test]
fn role_lost_after_the_plan_is_an_error() {
    let gitlab = THREE_PROJECTS.start();
    let tf = maintainer(&gitlab);
    tf.config(&entry(JOBS));
    tf.plan().succeeds();
    let acme = Target::Group(gitlab.group_id("acme").expect("the group"));
    gitlab.set_role("maintainer", acme, Some(Role::Developer));

    assert_snapshot!(tf.apply_saved().error(), @r#"
    Error: Can't add entry: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    Adding project acme/lib (2) to the allowlist of project acme/app (1) failed.

    POST /api/graphql (AllowWithPermissions): not found, or the token isn't
    allowed to read or change it.
    Response: The resource that you are attempting to access does not exist or you
    don't have permission to perform this action

    GitLab gives the same response if the object doesn't exist, and if the token
    isn't allowed to read or change it. The token needs the `api` scope
    (`read_api` is enough for plans), and its user at least the Maintainer role in
    the project.
    "#);

    assert_eq!(held(&gitlab), None);
}

#[test]
fn token_rejected_mid_run_keeps_the_state_true() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS_AND_PACKAGES);
    tf.config(&entry(JOBS));
    gitlab.inject(Fault::RejectsTheToken.on(Route::GraphqlMutation));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't set permissions: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    Setting the permissions of project acme/lib (2) on the allowlist of project
    acme/app (1) failed.

    POST /api/graphql (ChangePermissions): the token was revoked (401).
    Response: Token was revoked. You have to re-authorize from the user.

    Create a new access token with the `api` scope, and set it as the provider's
    `token` or as `GITLAB_TOKEN`.
    "#);

    gitlab.clear_faults();
    assert_eq!(tf.state().of(ENTRY)["job_token_policies"], json!(["READ_JOBS", "READ_PACKAGES"]));
    tf.apply().succeeds();
    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
}

#[test]
fn hidden_target_cannot_be_added() {
    let gitlab = THREE_PROJECTS.start();
    let tf = maintainer(&gitlab);
    gitlab.hide_from("maintainer", TARGET);
    tf.config(&entry(JOBS).replace("target_project = \"acme/lib\"", "target_project_id = 2"));

    assert_snapshot!(tf.apply().error(), @"
    Error: Can't add entry: project 2
      gitlab_job_token_allowlist_entry.lib
      > target_project_id = 2

    Adding project 2 to the allowlist of project acme/app (1) failed.

    GET /projects/2: the target isn't visible to the token (404).

    A target can be added only if it still exists and is visible to the token's
    user. Check its path or ID, and give the user at least the Guest role in it.
    ");

    assert_eq!(held(&gitlab), None);
}

#[test]
fn permissions_of_a_hidden_target_are_read_but_not_changed() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS_AND_PACKAGES);
    gitlab.hide_from(ADMINISTRATOR, TARGET);
    tf.plan().changes_nothing();
    tf.config(&entry(JOBS));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't set permissions: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    Setting the permissions of project acme/lib (2) on the allowlist of project
    acme/app (1) failed.

    POST /api/graphql (ChangePermissions): GitLab rejected the request.
    Response: You have insufficient permission to update this job token scope

    GitLab also gives this response if the entry's target isn't visible to the
    token. Give the token's user at least the Guest role in the target.
    "#);

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS", "READ_PACKAGES"])));
}

#[test]
fn unreadable_permissions_are_an_error_but_not_gone() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    gitlab.inject(Fault::RejectsTheToken.on(Route::GraphqlQuery));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read permissions: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    POST /api/graphql (JobTokenPermissions): the token was revoked (401).
    Response: Token was revoked. You have to re-authorize from the user.

    Create a new access token with the `api` scope, and set it as the provider's
    `token` or as `GITLAB_TOKEN`.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    "#);

    gitlab.clear_faults();
    tf.plan().changes_nothing();
}

#[test]
fn entry_removed_after_the_plan_takes_a_new_plan() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    tf.config(&entry(JOBS_AND_PACKAGES));
    tf.plan().succeeds();
    gitlab.revoke(APP, TARGET);

    assert_snapshot!(tf.apply_saved().error(), @r#"
    Error: Can't set permissions: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    Setting the permissions of project acme/lib (2) on the allowlist of project
    acme/app (1) failed.

    POST /api/graphql (ChangePermissions): GitLab rejected the request.
    Response: Unable to find a job token scope for the given project & target

    The entry isn't on the allowlist: it was removed after the state was
    refreshed. Plan again, without `-refresh=false`: the next plan adds it.
    "#);

    tf.apply().succeeds();
    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS", "READ_PACKAGES"])));
}
