//! Some writes fail: the others are made, the error names all failures, and the state matches the
//! server.

use gitlab_simulator::{ADMINISTRATOR, Fault, Route, Target};
use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::Action;

use super::{LIST, exclusive, listed};
use crate::kit::{json_with, workspace};
use crate::worlds::{ACME, APP, FOUR_PROJECTS, LIB, OLD, WEB};

#[test]
fn failed_update_keeps_state_true_and_next_apply_converges() {
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    let secret = gitlab.add_project("acme/secret");
    tf.config(&exclusive("target_project_ids = [2, 3]"));
    tf.apply().succeeds();
    gitlab.hide_from(ADMINISTRATOR, Target::Project(WEB));
    gitlab.hide_from(ADMINISTRATOR, Target::Project(secret));
    tf.config(&exclusive(&format!("target_project_ids = [4, {secret}]")));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't update allowlist: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Failed:

      - add project 5

    POST /projects/1/job_token_scope/allowlist: GitLab rejected the request (400).
    Response: The target_project that you are attempting to access does not exist
    or you don't have permission to perform this action

    A target can be added only if it still exists and is visible to the token's
    user. Check its path or ID, and give the user at least the Guest role in it.

    Failed:

      - remove project acme/web (3)

    DELETE /projects/1/job_token_scope/allowlist/3: the entry is still on the
    allowlist (404).
    Response: Project Not Found

    GitLab doesn't remove a project that isn't visible to the token, so its jobs
    keep access. Give the token's user at least the Guest role in that project.

    Added:

      - project 4

    Removed:

      - project acme/lib (2)
    "#);

    assert_eq!(gitlab.allowlist(APP), listed(&[WEB, OLD], &[]));
    assert_eq!(tf.state().of(LIST)["target_project_ids"], json!([3, 4]));

    gitlab.show_to(ADMINISTRATOR, Target::Project(WEB));
    gitlab.show_to(ADMINISTRATOR, Target::Project(secret));
    assert_eq!(tf.plan().change(LIST).action, Action::Update);
    tf.apply_saved().succeeds();
    assert_eq!(gitlab.allowlist(APP), listed(&[OLD, secret], &[]));
    tf.plan().changes_nothing();
}

#[test]
fn failed_update_keeps_the_paths_of_what_was_done() {
    let (gitlab, tf) = FOUR_PROJECTS.applied(&exclusive("target_projects = [\"ACME/lib\"]"));
    gitlab
        .inject(Fault::InternalError.on(Route::AllowlistProjectPost).target(Target::Project(OLD)));
    tf.config(&exclusive("target_projects = [\"ACME/lib\", \"acme/WEB\", \"acme/old\"]"));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't update allowlist: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Failed:

      - add project acme/old (4)

    POST /projects/1/job_token_scope/allowlist: the server returned an error
    (500).

    GitLab or a proxy in front of it failed. Try again: an apply makes only the
    remaining changes.

    Added:

      - project acme/WEB (3)
    "#);

    assert_eq!(tf.state().of(LIST)["target_projects"], json!(["ACME/lib", "acme/WEB"]));
    assert_eq!(tf.state().of(LIST)["target_project_ids"], json!([2, 3]));
}

#[test]
fn failed_create_leaves_no_state_and_the_next_apply_converges() {
    let gitlab = FOUR_PROJECTS.allowing(&[WEB], &[]);
    gitlab.inject(Fault::InternalError.on(Route::AllowlistGroupPost).once());
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_project_ids = [2]\n  target_groups = [\"acme\"]"));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't update allowlist: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Failed:

      - add group acme (1)

    POST /projects/1/job_token_scope/groups_allowlist: the server returned an
    error (500).

    GitLab or a proxy in front of it failed. Try again: an apply makes only the
    remaining changes.

    Added:

      - project 2

    Removed:

      - project acme/web (3)

    The resource isn't in the state, so destroying doesn't remove the entries that
    were added. The next apply adopts them.
    "#);
    assert!(tf.state().addresses().is_empty());
    assert_eq!(gitlab.allowlist(APP), listed(&[LIB], &[]));

    assert_eq!(tf.plan().change(LIST).action, Action::Create);
    tf.apply_saved().succeeds();
    assert_eq!(gitlab.allowlist(APP), listed(&[LIB], &[ACME]));
    tf.plan().changes_nothing();
}

#[test]
fn failed_destroy_keeps_what_is_left_in_state() {
    let (gitlab, tf) =
        FOUR_PROJECTS.applied(&exclusive("target_projects = [\"acme/lib\", \"acme/web\"]"));
    gitlab.hide_from(ADMINISTRATOR, Target::Project(WEB));

    assert_snapshot!(tf.destroy().error(), @"
    Error: Can't update allowlist: project acme/app (1)

    Failed:

      - remove project 3

    DELETE /projects/1/job_token_scope/allowlist/3: the entry is still on the
    allowlist (404).
    Response: Project Not Found

    GitLab doesn't remove a project that isn't visible to the token, so its jobs
    keep access. Give the token's user at least the Guest role in that project.

    Removed:

      - project 2
    ");
    assert_eq!(tf.state().of(LIST)["target_projects"], json!(["acme/web"]));

    gitlab.show_to(ADMINISTRATOR, Target::Project(WEB));
    tf.destroy().succeeds();
    assert_eq!(gitlab.allowlist(APP), listed(&[], &[]));
}

#[test]
fn allowlist_filled_since_the_plan_is_an_error() {
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    gitlab.inject(
        json_with(400, r#"{"message":"400 Bad request - Source project exceeds the allowable number of project links in this direction"}"#)
        .on(Route::AllowlistProjectPost),
    );
    tf.config(&exclusive("target_project_ids = [2, 3]"));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't update allowlist: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Failed:

      - add project 2
      - add project 3

    POST /projects/1/job_token_scope/allowlist: GitLab rejected the request (400).
    Response: Source project exceeds the allowable number of project links in this
    direction

    An allowlist can have at most 200 projects and 200 groups. Add a group instead
    of its projects, or remove entries that are no longer needed.

    Nothing was changed on the allowlist of project acme/app (1).
    "#);
}

#[test]
fn role_is_not_to_blame_after_other_changes() {
    let (gitlab, tf) = FOUR_PROJECTS.applied(&exclusive("target_project_ids = [2, 3]"));
    gitlab.inject(
        json_with(403, r#"{"message":"403 Forbidden"}"#).on(Route::AllowlistProjectDelete).once(),
    );

    let error = tf.destroy().error();

    assert!(error.contains("so the token's user has the\nrequired role"), "{error}");
    assert!(!error.contains("Maintainer"), "{error}");
}
