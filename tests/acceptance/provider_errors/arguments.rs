//! Numbers, headers and the early authentication check.

use insta::assert_snapshot;

use super::block_error;
use crate::provider_block::with_block;
use crate::worlds::APP_ONLY;

#[test]
fn too_many_retries() {
    let error = block_error("retries = 101");
    assert_snapshot!(error, @r#"
    Error: Invalid attribute value
      provider["aff15f21/gitlab-job-token"]
      > retries = 101

    `retries` must be between 0 and 100, but is 101.
    "#);
}

#[test]
fn fractional_retries() {
    let error = block_error("retries = 0.5");
    assert_snapshot!(error, @r#"
    Error: Invalid attribute value
      provider["aff15f21/gitlab-job-token"]
      > retries = 0.5

    `retries` must be a whole number, but is 0.5.
    "#);
}

#[test]
fn zero_request_timeout() {
    let error = block_error("request_timeout = 0");
    assert_snapshot!(error, @r#"
    Error: Invalid attribute value
      provider["aff15f21/gitlab-job-token"]
      > request_timeout = 0

    `request_timeout` must be between 1 and 3600, but is 0.
    "#);
}

#[test]
fn zero_concurrent_requests() {
    let error = block_error("max_concurrent_requests = 0");
    assert_snapshot!(error, @r#"
    Error: Invalid attribute value
      provider["aff15f21/gitlab-job-token"]
      > max_concurrent_requests = 0

    `max_concurrent_requests` must be between 1 and 1000, but is 0.
    "#);
}

#[test]
fn header_without_a_value() {
    let error = block_error("headers = { \"X-B\" = null }");
    assert_snapshot!(error, @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    The header `X-B` can't be sent: its value is null. Set a value, or remove the
    header.
    "#);
}

#[test]
fn header_that_carries_a_token() {
    let error = block_error("headers = { \"PRIVATE-TOKEN\" = \"x\" }");
    assert_snapshot!(error, @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    The header `PRIVATE-TOKEN` can't be sent: it carries a token. Set the
    provider's `token` instead.
    "#);
}

#[test]
fn invalid_header_name() {
    let error = block_error("headers = { \"X Team\" = \"platform\" }");
    assert_snapshot!(error, @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    The header `X Team` can't be sent: it isn't a valid header name.
    "#);
}

#[test]
fn connection_headers_cannot_be_set() {
    for name in ["Content-Length", "transfer-encoding", "Host", "connection"] {
        let error = block_error(&format!("headers = {{ {name:?} = \"5\" }}")).replace('\n', " ");
        assert!(error.contains(name) && error.contains("controls the connection"), "{error}");
    }
}

#[test]
fn headers_set_by_the_provider_fail_validation() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(&with_block("headers = {\n    User-Agent = \"curl\"\n  }"));
    assert_snapshot!(tf.run(&["validate", "-no-color"]).error(), @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    The header `User-Agent` can't be sent: the provider sets it itself.
    "#);
}

#[test]
fn invalid_early_auth_check() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("GITLAB_EARLY_AUTH_CHECK", "perhaps");
    tf.config(&with_block(""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Invalid environment variable
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    `GITLAB_EARLY_AUTH_CHECK` must be `true` or `false`, but is "perhaps".
    "#);
}
