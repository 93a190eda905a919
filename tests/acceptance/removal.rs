//! Removing entries: it succeeds only if the target really loses access.

use gitlab_simulator::{ADMINISTRATOR, Fault, Route, Simulator, Target, TokenSpec, TokenState};
use insta::assert_snapshot;
use terraform_cli::Workspace;

use crate::kit::{json_with, workspace};
use crate::worlds::{APP_AND_LIB, APP_ONLY};

const ENTRY: &str = "gitlab_job_token_allowlist_entry.lib";

/// Applies an entry for project 2 `acme/lib` to project 1 `acme/app`.
fn applied() -> (Simulator, Workspace) {
    let (gitlab, tf) = APP_AND_LIB.with_workspace();
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_entry" "lib" {
          project        = "acme/app"
          target_project = "acme/lib"
        }
        "#,
    );
    tf.apply().succeeds();
    (gitlab, tf)
}

const APP: u64 = 1;
const LIB: u64 = 2;

/// Destroys the objects in the state without a refresh.
const UNREFRESHED: [&str; 2] = ["-destroy", "-refresh=false"];

#[test]
fn destroy_removes_the_entry() {
    let (gitlab, tf) = applied();

    tf.destroy().succeeds().has_no_warnings();

    assert!(gitlab.allowlist(APP).projects.is_empty());
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn missing_entry_is_destroyed_without_a_warning() {
    let (gitlab, tf) = applied();
    gitlab.revoke(APP, Target::Project(LIB));

    tf.apply_with(&UNREFRESHED).succeeds().has_no_warnings();

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn entry_of_a_deleted_target_is_destroyed_silently() {
    let (gitlab, tf) = applied();
    gitlab.delete_project(LIB);

    tf.apply_with(&UNREFRESHED).succeeds().has_no_warnings();

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn entry_of_a_missing_project_is_destroyed_with_a_warning() {
    let (gitlab, tf) = applied();
    gitlab.delete_project(APP);

    assert_snapshot!(tf.apply_with(&UNREFRESHED).succeeds().warning(), @"
    Warning: Project acme/app (1) is gone or not visible

    GitLab returns 404 for project acme/app (1), so its resource was removed from
    the state without changing anything in GitLab. If the project still exists,
    its settings and allowlist entries may be unchanged: restore the Maintainer
    role of the token's user, and check them.
    ");

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn target_hidden_from_the_token_keeps_access_and_stays_in_state() {
    let (gitlab, tf) = applied();
    gitlab.hide_from(ADMINISTRATOR, Target::Project(LIB));

    assert_snapshot!(tf.destroy().error(), @"
    Error: Can't remove entry: project acme/lib (2)

    Removing project acme/lib (2) from the allowlist of project acme/app (1)
    failed.

    DELETE /projects/1/job_token_scope/allowlist/2: the entry is still on the
    allowlist (404).
    Response: Project Not Found

    GitLab doesn't remove a project that isn't visible to the token, so its jobs
    keep access. Give the token's user at least the Guest role in that project.
    ");

    assert_eq!(gitlab.allowlist(APP).projects, [LIB].into());
    assert_eq!(tf.state().addresses(), [ENTRY]);
}

#[test]
fn deleted_project_leaves_the_state_on_refresh() {
    let (gitlab, tf) = applied();
    gitlab.delete_project(APP);

    tf.apply_with(&["-refresh-only"]).succeeds();

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn rejected_token_removes_nothing_from_state() {
    let (gitlab, mut tf) = applied();
    tf.set_env("GITLAB_EARLY_AUTH_CHECK", "false");
    gitlab.set_token_state(ADMINISTRATOR, TokenState::Revoked);

    assert_snapshot!(tf.apply_with(&["-refresh-only"]).error(), @r#"
    Error: Can't read allowlist: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    GET /projects/1/job_token_scope/allowlist: the token was revoked (401).
    Response: Token was revoked. You have to re-authorize from the user.

    Create a new access token with the `api` scope, and set it as the provider's
    `token` or as `GITLAB_TOKEN`.
    "#);

    assert_eq!(tf.state().addresses(), [ENTRY]);
}

#[test]
fn insufficient_role_removes_nothing_from_state() {
    let (gitlab, mut tf) = applied();
    let place = Target::Project(APP);
    tf.set_env("GITLAB_TOKEN", &gitlab.add_token(TokenSpec::new("demoted").developer_of(place)));

    assert_snapshot!(tf.apply_with(&["-refresh-only"]).error(), @r#"
    Error: Can't read allowlist: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    GET /projects/1/job_token_scope/allowlist: the token's user isn't allowed to
    do this (403).

    If the response gives no other reason, the token's user lacks the Maintainer
    role in the project, which GitLab requires for job token settings. Give this
    role to the user.
    "#);

    assert_eq!(tf.state().addresses(), [ENTRY]);
}

#[test]
fn any_other_403_keeps_the_entry_in_state() {
    let (gitlab, tf) = applied();
    gitlab.inject(Fault::InternalError.on(Route::AllowlistProjectDelete));

    assert_snapshot!(tf.destroy().error(), @"
    Error: Can't remove entry: project acme/lib (2)

    Removing project acme/lib (2) from the allowlist of project acme/app (1)
    failed.

    DELETE /projects/1/job_token_scope/allowlist/2: the server returned an error
    (500).

    GitLab or a proxy in front of it failed. Try again: an apply makes only the
    remaining changes.
    ");

    assert_eq!(gitlab.allowlist(APP).projects, [LIB].into());
    assert_eq!(tf.state().addresses(), [ENTRY]);
}

#[test]
fn hidden_group_can_be_removed() {
    let gitlab = APP_ONLY.start();
    let partners = gitlab.add_group("partners");
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_entry" "partners" {
          project      = "acme/app"
          target_group = "partners"
        }
        "#,
    );
    tf.apply().succeeds();
    gitlab.hide_from(ADMINISTRATOR, Target::Group(partners));

    tf.destroy().succeeds();

    assert!(gitlab.allowlist(APP).groups.is_empty());
}

/// GitLab removes groups that aren't visible, so a 404 is about something else than the target.
#[test]
fn group_that_stays_is_an_error_about_the_project() {
    let (gitlab, tf) = APP_AND_LIB.with_workspace();
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_entry" "group" {
          project      = "acme/app"
          target_group = "acme"
        }
        "#,
    );
    tf.apply().succeeds();
    let missing = json_with(404, r#"{"message":"404 Project Not Found"}"#);
    gitlab.inject(missing.on(Route::AllowlistGroupDelete));

    assert_snapshot!(tf.destroy().error(), @"
    Error: Can't remove entry: group acme (1)

    Removing group acme (1) from the allowlist of project acme/app (1) failed.

    DELETE /projects/1/job_token_scope/groups_allowlist/1: the entry is still on
    the allowlist (404).
    Response: Project Not Found

    The group's projects keep access. Check that the token's user has at least the
    Maintainer role in the project that the allowlist belongs to, and try again.
    ");
}
