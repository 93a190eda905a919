//! Errors of the early authentication check, from GitLab or from a proxy in front of it.

use insta::assert_snapshot;

use crate::provider_block::with_block;
use crate::worlds::APP_ONLY;

#[test]
fn error_of_a_proxy_names_the_proxy() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    let body = "<html><head><title>403 \
        Forbidden</title></head><body><hr><center>nginx/1.25.3</center></body></html>";
    gitlab.inject(gitlab_simulator::Fault::Responds {
        status: 403,
        content_type: "text/html".to_owned(),
        body: body.to_owned(),
    });
    tf.config(&with_block(""));
    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: nginx in front of GitLab rejected the request (403).
    Response: a web page titled "403 Forbidden"

    The response doesn't have the form of GitLab's API, so a proxy, firewall or
    gateway sent it. If that expects credentials or a header, set them in the
    provider's `headers`; if it filters by IP address, allow this machine's.
    GitLab itself responds with a plain "Forbidden" while it bans an IP address
    after failed logins.

    `base_url` isn't set, so the URL is from the `GITLAB_BASE_URL` environment
    variable.
    "#);
}

/// Returns the error of a plan where GitLab responds so to the first request.
fn error_of_response(status: u16, content_type: &str, body: &str) -> String {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    gitlab.inject(gitlab_simulator::Fault::Responds {
        status,
        content_type: content_type.to_owned(),
        body: body.to_owned(),
    });
    tf.config(&with_block(""));
    tf.plan().error()
}

#[test]
fn json_error_of_a_proxy_is_recognized() {
    for (content_type, body) in [
        ("application/json", r#"{"message":"Forbidden"}"#),
        ("application/problem+json", r#"{"title":"Forbidden","status":403}"#),
        ("text/plain", ""),
    ] {
        let error = error_of_response(403, content_type, body);
        assert!(
            error.contains("something in front of GitLab rejected the request (403)"),
            "{error}"
        );
    }
}

#[test]
fn role_is_not_suggested_where_none_is_needed() {
    let cases = [
        (r#"{"message":"403 Forbidden"}"#, "This request doesn't need a role"),
        (
            r#"{"message":"403 Forbidden - Your IP address is not allowed."}"#,
            "only from some IP addresses",
        ),
        (
            r#"{"message":"403 Forbidden - GitLab is in maintenance mode"}"#,
            "GitLab may be in maintenance mode",
        ),
        (
            r#"{"message":"403 Forbidden - Token Impersonation is disabled"}"#,
            "has disabled impersonation tokens",
        ),
    ];
    for (body, advice) in cases {
        let error = error_of_response(403, "application/json", body);
        assert!(error.contains(advice) && !error.contains("Maintainer"), "{error}");
    }
}

#[test]
fn tls_alerts_of_the_server_get_advice() {
    let page = |title| format!("<html><head><title>400 {title}</title></head></html>");
    for (title, advice) in [
        ("No required SSL certificate was sent", "Set `client_cert` and `client_key`"),
        ("The plain HTTP request was sent to HTTPS port", "Use `https://`"),
    ] {
        let error = error_of_response(400, "text/html", &page(title));
        assert!(error.contains(advice), "{error}");
    }
}

#[test]
fn blocked_user_is_not_reported_as_a_missing_role() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    gitlab.inject(crate::kit::json_with(
        403,
        r#"{"message":"403 Forbidden - Your account has been blocked."}"#,
    ));
    tf.config(&with_block(""));
    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: the token's user isn't allowed to do this (403).
    Response: Your account has been blocked.

    The token's user can't use GitLab. Ask an administrator of the instance to
    unblock, activate or approve the user, or use another user's token.
    "#);
}

#[test]
fn unaccepted_terms_of_service_are_named() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    let message = "403 Forbidden - You must accept the Terms of Service in order to perform this \
                   action. To accept these terms, please access GitLab from a web browser.";
    gitlab.inject(gitlab_simulator::Fault::Responds {
        status: 403,
        content_type: "application/json".to_owned(),
        body: serde_json::json!({ "message": message }).to_string(),
    });
    tf.config(&with_block(""));
    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    GET /user: the token's user isn't allowed to do this (403).
    Response: You must accept the Terms of Service in order to perform this
    action. To accept these terms, please access GitLab from a web browser.

    Sign in to GitLab in a browser as the token's user, and follow GitLab's
    instructions. A service account or bot user can't sign in: use another user's
    token instead.
    "#);
}
