//! `push_repository_for_job_token_allowed` of `gitlab_job_token_scope`, which is managed only if it
//! is configured.

use gitlab_simulator::{Fault, Route, Simulator};
use insta::assert_snapshot;
use serde_json::{Value, json};
use terraform_cli::{Action, Workspace};

use crate::kit::{json as json_of, workspace};
use crate::worlds::{APP, APP_ONLY};

const SCOPE: &str = "gitlab_job_token_scope.app";
const PUSH: &str = "push_repository_for_job_token_allowed";

/// Returns a scope of `acme/app` with these arguments.
pub(crate) fn scope(arguments: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_scope" "app" {{
          project = "acme/app"
          {arguments}
        }}
        "#
    )
}

fn push(allowed: bool) -> String {
    scope(&format!("{PUSH} = {allowed}"))
}

#[track_caller]
fn applied(gitlab: &Simulator, config: &str) -> Workspace {
    let tf = workspace(gitlab);
    tf.config(config);
    tf.apply().succeeds();
    gitlab.clear_requests();
    tf
}

#[test]
fn pushes_change_in_place_and_destroy_restores_the_default() {
    let gitlab = APP_ONLY.start();
    let tf = applied(&gitlab, &push(true));
    assert!(gitlab.push_repository_for_job_token_allowed(APP));
    assert_eq!(tf.state().of(SCOPE)[PUSH], true);
    tf.plan().changes_nothing();

    tf.config(&push(false));
    assert_eq!(tf.plan().change(SCOPE).action, Action::Update);
    gitlab.clear_requests();
    tf.apply_saved().succeeds();
    assert!(!gitlab.push_repository_for_job_token_allowed(APP));
    assert_snapshot!(gitlab.requests().writes().to_string(), @"PUT /api/v4/projects/1 → 200");

    tf.config(&push(true));
    tf.apply().succeeds();
    tf.destroy().succeeds();
    assert!(!gitlab.push_repository_for_job_token_allowed(APP));
}

#[test]
fn unset_push_setting_costs_no_request_and_is_not_changed() {
    let gitlab = APP_ONLY.start();
    gitlab.set_push_repository_for_job_token_allowed(APP, true);
    let tf = applied(&gitlab, &scope(""));
    assert_eq!(tf.state().of(SCOPE)[PUSH], Value::Null);

    tf.plan().changes_nothing();
    tf.destroy().succeeds();

    // A destroy looks up no ID: it is in the state.
    assert!(gitlab.requests().filter(|request| request.route == Route::ProjectPut).is_empty());
    assert!(gitlab.push_repository_for_job_token_allowed(APP));
}

#[test]
fn matching_setting_is_not_written() {
    let gitlab = APP_ONLY.start();
    gitlab.set_push_repository_for_job_token_allowed(APP, true);
    let tf = workspace(&gitlab);
    tf.config(&push(true));

    tf.apply().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn drift_is_shown_and_corrected() {
    let gitlab = APP_ONLY.start();
    let tf = applied(&gitlab, &push(false));
    gitlab.set_push_repository_for_job_token_allowed(APP, true);

    let change = tf.plan().change(SCOPE);
    assert_eq!(
        (change.action, &change.before[PUSH], &change.after[PUSH]),
        (Action::Update, &json!(true), &json!(false))
    );
    tf.apply_saved().succeeds();

    assert!(!gitlab.push_repository_for_job_token_allowed(APP));
}

#[test]
fn setting_removed_from_the_config_stays_open_and_warns() {
    let gitlab = APP_ONLY.start();
    let tf = applied(&gitlab, &push(true));
    tf.config(&scope(""));

    let plan = tf.plan();
    assert_snapshot!(plan.warning(), @r#"
    Warning: Push setting not managed: project acme/app (1)
      gitlab_job_token_scope.app
      > resource "gitlab_job_token_scope" "app" {

    The configuration no longer sets `push_repository_for_job_token_allowed` for
    project acme/app (1). GitLab keeps `true`, and plans no longer show changes.
    To disallow pushes, set it to `false` first.
    "#);
    tf.apply_saved().succeeds();

    assert!(gitlab.push_repository_for_job_token_allowed(APP));
    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.plan().changes_nothing().has_no_warnings();

    let tf = applied(&gitlab, &push(false));
    tf.config(&scope(""));
    tf.plan().has_no_warnings();
}

#[test]
fn import_includes_the_setting_where_pushes_are_allowed() {
    for (allowed, expected) in [(true, json!(true)), (false, Value::Null)] {
        let gitlab = APP_ONLY.start();
        gitlab.set_push_repository_for_job_token_allowed(APP, allowed);
        let tf = workspace(&gitlab);
        tf.config(&if allowed { push(true) } else { scope("") });

        tf.import(SCOPE, "acme/app").succeeds();

        assert_eq!(tf.state().of(SCOPE)[PUSH], expected);
        tf.plan().changes_nothing().has_no_warnings();
    }
}

#[test]
fn old_gitlab_is_an_error_for_the_push_setting_only() {
    let gitlab = APP_ONLY.start_version("17.1.8-ee");
    let tf = workspace(&gitlab);
    tf.config(&push(true));

    assert_snapshot!(tf.apply().error(), @"
    Error: Can't read push setting: project acme/app (1)
      gitlab_job_token_scope.app
      > push_repository_for_job_token_allowed = true

    GitLab's response doesn't have `push_repository_for_job_token_allowed`. It
    needs GitLab 17.2 or later, and at least the Maintainer role in the project.
    Upgrade GitLab, give the token's user this role, or remove the attribute from
    the configuration. Everything else works without it.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    ");

    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.config(&scope(""));
    tf.apply().succeeds();
    tf.run(&["state", "rm", SCOPE]).succeeds();
    tf.import(SCOPE, "acme/app").succeeds();
    tf.plan().changes_nothing();
}

#[test]
fn downgraded_gitlab_is_an_error_but_allows_removal() {
    let gitlab = APP_ONLY.start();
    let tf = applied(&gitlab, &push(true));
    let old = r#"{"id":1,"name":"app","path_with_namespace":"acme/app","web_url":"http://gitlab/acme/app"}"#;
    gitlab.inject(json_of(old).on(Route::ProjectGet));
    tf.config(&scope(""));

    let plan = tf.plan();
    assert_snapshot!(plan.warning(), @r#"
    Warning: Can't read push setting: project acme/app (1)
      gitlab_job_token_scope.app
      > resource "gitlab_job_token_scope" "app" {

    GitLab's response doesn't have `push_repository_for_job_token_allowed`. It
    needs GitLab 17.2 or later, and at least the Maintainer role in the project.
    Upgrade GitLab, give the token's user this role, or remove the attribute from
    the configuration. Everything else works without it.
    "#);
    assert_eq!(plan.actions(), []);
    tf.destroy().succeeds();

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn change_with_a_lost_response_is_found() {
    for fault in [
        Fault::DropsTheResponse.on(Route::ProjectPut).once(),
        Fault::InternalError.on(Route::ProjectPut).carried_out().once(),
    ] {
        let (gitlab, tf) = APP_ONLY.with_workspace();
        tf.config(&push(true));
        gitlab.inject(fault);

        tf.apply().succeeds();

        assert!(gitlab.push_repository_for_job_token_allowed(APP));
        tf.plan().changes_nothing();
    }
}

#[test]
fn failed_second_change_keeps_the_state_true() {
    let gitlab = APP_ONLY.start();
    let tf = applied(&gitlab, &push(false));
    tf.config(&scope(&format!("inbound_enabled = false\n{PUSH} = true")));
    gitlab.inject(Fault::InternalError.on(Route::ProjectPut));

    assert_snapshot!(tf.apply().error(), @"
    Error: Can't set push setting: project acme/app (1)
      gitlab_job_token_scope.app
      > push_repository_for_job_token_allowed = true

    PUT /projects/1: the server returned an error (500).

    GitLab or a proxy in front of it failed. Try again: an apply makes only the
    remaining changes.

    This apply has set `inbound_enabled = false`.
    ");

    gitlab.clear_faults();
    let state = tf.state();
    assert_eq!(
        (&state.of(SCOPE)["inbound_enabled"], &state.of(SCOPE)[PUSH]),
        (&json!(false), &json!(false))
    );
    assert_eq!(
        (gitlab.inbound_enabled(APP), gitlab.push_repository_for_job_token_allowed(APP)),
        (false, false)
    );
    tf.apply().succeeds();
    assert!(gitlab.push_repository_for_job_token_allowed(APP));
}

#[test]
fn failed_restore_of_the_default_keeps_the_scope_in_state() {
    let gitlab = APP_ONLY.start();
    let tf = applied(&gitlab, &push(true));
    gitlab.inject(Fault::InternalError.on(Route::ProjectPut));

    assert_snapshot!(tf.destroy().error(), @"
    Error: Can't set push setting: project acme/app (1)

    PUT /projects/1: the server returned an error (500).

    GitLab or a proxy in front of it failed. Try again: an apply makes only the
    remaining changes.
    ");

    assert_eq!(tf.state().of(SCOPE)[PUSH], true);
    gitlab.clear_faults();
    tf.destroy().succeeds();
    assert!(!gitlab.push_repository_for_job_token_allowed(APP));
}
