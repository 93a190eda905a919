//! Base URLs that are invalid, or don't lead to GitLab.

use gitlab_simulator::{Fault, Route};
use insta::assert_snapshot;

use super::block_error;
use crate::provider_block::{UNREACHABLE, with_block};
use crate::worlds::APP_ONLY;

#[test]
fn unreachable_server() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(&with_block(&format!("base_url = \"{UNREACHABLE}\"\nretries = 0")));

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
    tf.set_env("CI_API_V4_URL", &format!("{UNREACHABLE}/api/v4"));
    tf.config(&with_block("retries = 0"));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: the server can't be reached: Connection refused (os error N).

    Check the provider's `base_url`, and that this machine can reach it. If it
    needs a proxy, set `HTTPS_PROXY`, or `HTTP_PROXY` if `base_url` starts with
    `http://`.

    `base_url` isn't set, so the URL is from the `CI_API_V4_URL` environment
    variable.
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

    The response isn't from GitLab's API. Check that the provider's `base_url` is
    the URL of a GitLab instance, for example `https://gitlab.example.com`, and
    that no proxy sends this response. If GitLab isn't installed under this path,
    use `http://127.0.0.1:PORT`.
    "#);
}

/// Runs a plan whose check of the token gets this response.
fn rejected_check(status: u16, content_type: &str, body: &str) -> String {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(&with_block(""));
    let response =
        Fault::Responds { status, content_type: content_type.to_owned(), body: body.to_owned() };
    gitlab.inject(response.on(Route::UserGet));
    tf.plan().error()
}

#[test]
fn url_without_an_api() {
    let error = rejected_check(404, "application/json", r#"{"error":"404 Not Found"}"#);
    assert_snapshot!(error, @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    `GET /user` returned 404, so GitLab's API isn't at this URL. Set the
    provider's `base_url` to the URL of a GitLab instance, for example
    `https://gitlab.example.com`.

    `base_url` isn't set, so the URL is from the `GITLAB_BASE_URL` environment
    variable.
    "#);
}

#[test]
fn proxy_that_requires_credentials_by_a_response() {
    let page = "<html><head><title>Proxy auth</title></head></html>";
    assert_snapshot!(rejected_check(407, "text/html", page), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: unexpected status (407).
    Response: a web page titled "Proxy auth"

    A proxy requires credentials. Set its user name and password in the URL in
    `HTTPS_PROXY`, or in `HTTP_PROXY` if `base_url` starts with `http://`.

    `base_url` isn't set, so the URL is from the `GITLAB_BASE_URL` environment
    variable.
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
      > provider "gitlab" {

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

    The `GITLAB_BASE_URL` environment variable must start with `https://` or
    `http://`, for example `https://gitlab.example.com`.
    "#);
}

#[test]
fn base_url_of_a_page() {
    let error = block_error("base_url = \"https://gitlab.com/platform/deploy\"");
    assert_snapshot!(error, @r#"
    Error: Invalid base URL
      provider["aff15f21/gitlab-job-token"]
      > base_url = "https://gitlab.com/platform/deploy"

    `base_url` must be the URL of the instance, not of a page, for example
    `https://gitlab.com`.
    "#);
}

#[test]
fn base_url_of_an_endpoint() {
    let error = block_error("base_url = \"https://example.com/git/api/v4/projects\"");
    assert_snapshot!(error, @r#"
    Error: Invalid base URL
      provider["aff15f21/gitlab-job-token"]
      > base_url = "https://example.com/git/api/v4/projects"

    `base_url` must be the URL of the instance or its API, not of an endpoint, for
    example `https://example.com/git`.
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
