//! Tokens that are missing, invalid or lack permissions.

use gitlab_simulator::{ADMINISTRATOR, Role, Route, Target, TokenScope, TokenSpec, TokenState};
use insta::assert_snapshot;

use super::block_error;
use crate::kit::{heading, json_with};
use crate::provider_block::with_block;
use crate::worlds::APP_ONLY;

#[test]
fn missing_token() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.remove_env("GITLAB_TOKEN");
    tf.config(&with_block(""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Missing GitLab token
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    Set `token` in the provider block, or the `GITLAB_TOKEN` environment variable,
    to an access token with the `api` scope.
    "#);
}

#[test]
fn fine_grained_token_without_a_named_permission() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    let body = r#"{"error":"insufficient_granular_scope","error_description":"Access denied."}"#;
    let denied = json_with(403, body);
    gitlab.inject(denied.on(Route::UserGet));
    tf.config(&with_block(""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: fine-grained tokens can't do this (403).
    Response: Access denied.

    The response doesn't name the missing permission, so GitLab may not support
    fine-grained tokens here. Use a classic access token with the `api` scope;
    `read_api` is enough for plans and data sources.
    "#);
}

#[test]
fn empty_token() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("GITLAB_TOKEN", "");
    tf.config(&with_block("token = \"\""));

    assert_snapshot!(heading(&tf.plan().error()), @r#"
    Error: Missing GitLab token
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {
    "#);
}

#[test]
fn token_with_invalid_characters() {
    let error = block_error("token = \"two\\nlines\"");
    assert_snapshot!(error, @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    The token contains spaces, line breaks or other characters that tokens can't
    have.
    "#);
}

#[test]
fn ci_job_token() {
    let (gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("GITLAB_TOKEN", &gitlab.add_token(TokenSpec::ci_job("job")));
    tf.config(&with_block(""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: CI/CD job token can't be used
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    The token is a CI/CD job token (`glcbt-…`), and GitLab doesn't accept job
    tokens for these settings. Use a personal, project or group access token with
    the `api` scope, for example from a masked CI/CD variable.
    "#);
}

#[test]
fn invalid_token_is_one_error_for_many_resources() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("GITLAB_TOKEN", "glpat-of-another-instance");
    tf.config(
        r#"
        provider "gitlab" {
        }
        resource "gitlab_job_token_scope" "each" {
          count   = 5
          project = "acme/app-${count.index}"
        }
        "#,
    );

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: GitLab doesn't accept the token (401).

    The token may be mistyped, expired or revoked, or belong to another GitLab
    instance. Check the provider's `token` (or `GITLAB_TOKEN`), or create a new
    access token with the `api` scope on this instance.
    "#);
}

#[test]
fn expired_token() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    gitlab.set_token_state(ADMINISTRATOR, TokenState::Expired);
    tf.config(&with_block(""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: the token has expired (401).
    Response: Token is expired. You can either do re-authorization or token
    refresh.

    Create a new access token with the `api` scope, and set it as the provider's
    `token` or as `GITLAB_TOKEN`.
    "#);
}

#[test]
fn read_only_token_can_plan_but_not_apply() {
    let (gitlab, mut tf) = APP_ONLY.with_workspace();
    let reader = TokenSpec::new("reader")
        .scopes([TokenScope::ReadApi])
        .role(Target::Project(1), Role::Owner);
    tf.set_env("GITLAB_TOKEN", &gitlab.add_token(reader));
    gitlab.set_inbound_enabled(1, false);
    tf.config(&with_block(""));

    tf.plan().succeeds();
    assert_snapshot!(tf.apply_saved().error(), @r#"
    Error: Can't restrict project acme/app (1)
      gitlab_job_token_scope.app
      > resource "gitlab_job_token_scope" "app" {

    PATCH /projects/1/job_token_scope: the token lacks the `api` scope (403).
    Response: The request requires higher privileges than provided by the access
    token.

    Use an access token with the `api` scope. `read_api` is enough for plans.
    "#);
}

#[test]
fn missing_token_fails_the_first_request() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.remove_env("GITLAB_TOKEN");
    tf.set_env("GITLAB_EARLY_AUTH_CHECK", "False");
    tf.config(&with_block(""));
    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't look up project acme/app
      gitlab_job_token_scope.app
      > project = "acme/app"

    GET /projects/acme%2Fapp: no token is set.

    Set `token` in the provider block, or the `GITLAB_TOKEN` environment variable,
    to an access token with the `api` scope.
    "#);

    tf.config("provider \"gitlab\" {}\n");
    tf.plan().changes_nothing();
}

#[test]
fn token_can_end_with_a_line_break() {
    let (gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("GITLAB_TOKEN", &format!("{}\n", gitlab.token()));
    tf.config(&with_block(""));
    tf.plan().succeeds();
}
