//! Mistakes in the provider block, and tokens and servers that will not do: each is one clear
//! message.

use gitlab_simulator::{ADMINISTRATOR, Role, Target, TokenScope, TokenSpec, TokenState};
use insta::assert_snapshot;

use crate::kit::heading;
use crate::provider_block::{NOBODY, with_block};
use crate::worlds::APP_ONLY;

/// Returns the error of planning with such a provider block.
#[track_caller]
fn block_error(block: &str) -> String {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(&with_block(block));
    tf.plan().error()
}

#[test]
fn missing_token() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.remove_env("GITLAB_TOKEN");
    tf.config(&with_block(""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Missing GitLab token
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    Set `token` in the provider block, or the environment variable `GITLAB_TOKEN`,
    to an access token with the scope `api`.
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
      > token = ""
    "#);
}

#[test]
fn token_with_invalid_characters() {
    let error = block_error("token = \"two\\nlines\"");
    assert_snapshot!(error, @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > token = "two\nlines"

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
    the scope `api`, for example from a masked CI/CD variable.
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
    access token with the scope `api` on this instance.
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

    Create a new access token with the scope `api`, and set it as the provider's
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

    PATCH /projects/1/job_token_scope: the token lacks the scope `api` (403).
    Response: The request requires higher privileges than provided by the access
    token.

    Use an access token with the scope `api`. `read_api` is enough for plans.
    "#);
}

#[test]
fn unreachable_server() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(&with_block(&format!("base_url = \"{NOBODY}\"\nretries = 0")));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > base_url = "http://127.0.0.1:PORT"

    GET /user: the server can't be reached: Connection refused (os error N).

    Check the provider's `base_url`, and that this machine can reach it. If it
    needs a proxy, set `HTTPS_PROXY`, or `HTTP_PROXY` if `base_url` starts with
    `http://`.
    "#);
}

#[test]
fn variable_of_an_unreachable_base_url_is_named() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.remove_env("GITLAB_BASE_URL");
    tf.set_env("CI_API_V4_URL", &format!("{NOBODY}/api/v4"));
    tf.config(&with_block("retries = 0"));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: the server can't be reached: Connection refused (os error N).

    Check the provider's `base_url`, and that this machine can reach it. If it
    needs a proxy, set `HTTPS_PROXY`, or `HTTP_PROXY` if `base_url` starts with
    `http://`.

    `base_url` isn't set, so the URL is from the environment variable
    `CI_API_V4_URL`.
    "#);
}

#[test]
fn server_that_is_not_gitlab() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(&with_block(&format!("base_url = \"{}/somewhere/else\"", gitlab.url())));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT/somewhere/else
      provider["aff15f21/gitlab-job-token"]
      > base_url = "http://127.0.0.1:PORT/somewhere/else"

    GET /user: unexpected status (404).
    Response: a web page titled "Not Found"

    The response isn't from GitLab's API. Set the provider's `base_url` to the URL
    of a GitLab instance, for example `https://gitlab.example.com`. If GitLab
    isn't installed under this path, use `http://127.0.0.1:PORT`.
    "#);
}

#[test]
fn base_url_with_an_unsupported_scheme() {
    let error = block_error("base_url = \"gitlab.example.com\"");
    assert_snapshot!(error, @r#"
    Error: Invalid base URL
      provider["aff15f21/gitlab-job-token"]
      > base_url = "gitlab.example.com"

    `base_url` must start with `https://` or `http://`, for example
    `https://gitlab.example.com`.
    "#);
}

#[test]
fn base_url_with_an_invalid_port() {
    let error = block_error("base_url = \"https://gitlab.example.com:https\"");
    assert_snapshot!(error, @r#"
    Error: Invalid base URL
      provider["aff15f21/gitlab-job-token"]
      > base_url = "https://gitlab.example.com:https"

    `base_url` isn't a valid URL, because its port isn't a number from 0 to 65535.
    It must be the URL of the instance, for example `https://gitlab.example.com`.
    "#);
}

#[test]
fn base_url_with_a_password() {
    let error = block_error("base_url = \"https://me:secret@gitlab.example.com\"");
    assert_snapshot!(error, @r#"
    Error: Invalid base URL
      provider["aff15f21/gitlab-job-token"]
      > base_url = "https://me:secret@gitlab.example.com"

    `base_url` must be a URL without user name and password, for example
    `https://gitlab.example.com`.
    "#);
}

#[test]
fn base_url_of_the_environment_with_an_unsupported_scheme() {
    let (_gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("GITLAB_BASE_URL", "ftp://gitlab.example.com");
    tf.config(&with_block(""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Invalid base URL
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    The environment variable `GITLAB_BASE_URL` must start with `https://` or
    `http://`, for example `https://gitlab.example.com`.
    "#);
}

#[test]
fn client_certificate_without_its_key() {
    let error = block_error("client_cert = \"client.pem\"");
    assert_snapshot!(error, @r#"
    Error: Incomplete client certificate
      provider["aff15f21/gitlab-job-token"]
      > client_cert = "client.pem"

    `client_cert` is set, but `client_key` isn't. Set both or neither.
    "#);
}

#[test]
fn client_key_without_its_certificate() {
    let error = block_error("client_key = \"client.key\"");
    assert_snapshot!(error, @r#"
    Error: Incomplete client certificate
      provider["aff15f21/gitlab-job-token"]
      > client_key = "client.key"

    `client_key` is set, but `client_cert` isn't. Set both or neither.
    "#);
}

#[test]
fn missing_file() {
    let error = block_error("cacert_file = \"ca.pem\"");
    assert_snapshot!(error, @r#"
    Error: Unreadable file
      provider["aff15f21/gitlab-job-token"]
      > cacert_file = "ca.pem"

    `cacert_file` is "ca.pem", which can't be read: No such file or directory (os
    error N).
    "#);
}

#[test]
fn file_without_a_certificate() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.file("ca.pem", "not a certificate");
    tf.config(&with_block("cacert_file = \"ca.pem\""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > cacert_file = "ca.pem"

    `cacert_file` is "ca.pem", which can't be used: it doesn't have a readable PEM
    certificate. Set it to a PEM file with the certificates to trust.
    "#);
}

#[test]
fn client_certificate_and_key_are_named_by_their_files() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.file("client.pem", "not a certificate");
    tf.file("client.key", "not a key");
    tf.config(&with_block("client_cert = \"client.pem\"\nclient_key = \"client.key\""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > client_cert = "client.pem"

    `client_cert` is "client.pem", which can't be used: it doesn't have a
    certificate in PEM form. Set it to a PEM file with the client certificate.
    "#);
}

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

    `retries` must be a whole number.
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
fn invalid_header_name() {
    let error = block_error("headers = { \"X Team\" = \"platform\" }");
    assert_snapshot!(error, @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > headers = { "X Team" = "platform" }

    The header `X Team` can't be sent: it isn't a valid header name.
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

#[test]
fn endless_file_is_not_read() {
    if !std::path::Path::new("/dev/zero").exists() {
        return;
    }
    let error = block_error("cacert_file = \"/dev/zero\"");
    assert_snapshot!(error, @r#"
    Error: Unreadable file
      provider["aff15f21/gitlab-job-token"]
      > cacert_file = "/dev/zero"

    `cacert_file` is "/dev/zero", which can't be read: it isn't a regular file.
    "#);
}

#[test]
fn connection_headers_cannot_be_set() {
    for name in ["Content-Length", "transfer-encoding", "Host", "connection"] {
        let error = block_error(&format!("headers = {{ {name:?} = \"5\" }}"));
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
      > User-Agent = "curl"

    The header `User-Agent` can't be sent: the provider sets it itself.
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

    Set `token` in the provider block, or the environment variable `GITLAB_TOKEN`,
    to an access token with the scope `api`.
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

#[test]
fn base_url_of_a_page() {
    let error = block_error("base_url = \"https://gitlab.com/platform/deploy\"");
    assert_snapshot!(error, @r#"
    Error: Invalid base URL
      provider["aff15f21/gitlab-job-token"]
      > base_url = "https://gitlab.com/platform/deploy"

    `base_url` must be the URL of the instance, not of a page, for example
    `https://gitlab.example.com`.
    "#);
}

/// As if the same configuration created the GitLab instance.
#[test]
fn new_resources_can_be_planned_without_gitlab() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    let entry = r#"
        resource "gitlab_job_token_allowlist_entry" "e" {
          project = 1
          target_project_id = 2
        }
    "#;
    let list = r#"
        resource "gitlab_job_token_allowlist_exclusive" "l" {
          project = 3
          target_project_ids = [2]
        }
    "#;
    let block = r#"
        provider "gitlab" {
          base_url = "http://127.0.0.1:1"
          early_auth_check = false
          retries = 0
        }
    "#;
    tf.config(&format!("{block}{entry}{list}"));
    tf.plan().succeeds();
}
