use super::*;
use crate::gitlab::sender::message;
use crate::gitlab::testing::{
    MockServer, Reply, client, json, project, project_target, refusal, shown, text,
};
use serde_json::json;

/// Returns the error of reading a scope from a server that sends only this response.
async fn error_of(reply: Reply) -> Error {
    let server = MockServer::replying(vec![reply]).await;
    let mut config = server.config();
    config.retries = 1;
    client(&config).scope(&project(1).into()).await.unwrap_err()
}

/// Returns the error's kind and message, without the elapsed time.
async fn reported(reply: Reply) -> (ErrorKind, String) {
    let error = error_of(reply).await;
    let line = shown(&error);
    let history = if error.attempts() > 1 { line.rfind(" [") } else { None };
    let text = &line[..history.unwrap_or(line.len())];
    (error.kind().clone(), text.replace("GET /projects/1/job_token_scope: ", ""))
}

#[tokio::test]
async fn rejections_of_the_token_are_distinguished() {
    let (kind, line) = reported(refusal(401, "401 Unauthorized")).await;
    assert_eq!(kind, ErrorKind::Unauthorized(TokenProblem::Invalid));
    assert_eq!(line, "GitLab doesn't accept the token (401)");

    let body = json!({"error": "invalid_token", "error_description": "Token is expired. You can do \
        this."});
    let (kind, line) = reported(json(401, &body)).await;
    assert_eq!(kind, ErrorKind::Unauthorized(TokenProblem::Expired));
    assert_eq!(line, "the token has expired (401): Token is expired. You can do this.");

    let body = json!({"error": "invalid_token", "error_description": "Token was revoked."});
    let (kind, line) = reported(json(401, &body)).await;
    assert_eq!(kind, ErrorKind::Unauthorized(TokenProblem::Revoked));
    assert_eq!(line, "the token was revoked (401): Token was revoked.");
}

#[test]
fn request_names_its_object() {
    let line = |path: &str, operation| RequestLine {
        method: reqwest::Method::GET,
        path: path.to_owned(),
        operation,
    };
    let about = |path: &str, operation| {
        let error = Error::unsent(ErrorKind::NotFound, &line(path, operation), None);
        (error.is_group_request(), error.is_group_entries_request(), error.is_scope_request())
    };
    for (path, operation, expected) in [
        ("/groups/9", None, (true, false, false)),
        ("/groups/a%2Fb/projects", None, (true, false, false)),
        ("/api/graphql", Some("JobTokenScopes"), (true, false, false)),
        ("/api/graphql", Some("JobTokenPermissions"), (false, false, false)),
        ("/projects/groups", None, (false, false, false)),
        ("/projects/1/job_token_scope", None, (false, false, true)),
        ("/projects/1/job_token_scope/allowlist/2", None, (false, false, true)),
        ("/projects/1/job_token_scope/groups_allowlist", None, (false, true, true)),
        ("/user", None, (false, false, false)),
    ] {
        assert_eq!(about(path, operation), expected, "{path} {operation:?}");
    }
}

#[tokio::test]
async fn read_only_instance_is_not_a_missing_role() {
    let message = "403 Forbidden - You cannot perform write operations on a read-only instance";
    let (kind, line) = reported(refusal(403, message)).await;
    assert_eq!(kind, ErrorKind::ReadOnly);
    let words = "You cannot perform write operations on a read-only instance";
    assert_eq!(line, format!("GitLab is read-only (403): {words}"));
}

#[tokio::test]
async fn missing_role_is_not_a_missing_scope() {
    let (kind, line) = reported(refusal(403, "403 Forbidden")).await;
    assert_eq!(kind, ErrorKind::Forbidden);
    assert_eq!(line, "the token's user isn't allowed to do this (403)");

    let body = json!({"error": "insufficient_scope", "error_description": "More is needed.", "scope": "api"});
    let (kind, line) = reported(json(403, &body)).await;
    assert_eq!(kind, ErrorKind::InsufficientScope { needed: Some("api".to_owned()) });
    assert_eq!(line, "the token lacks the `api` scope (403): More is needed.");

    let body = json!({"error": "insufficient_scope", "error_description": "More.", "scope": "api read_api read_user"});
    let (_, line) = reported(json(403, &body)).await;
    let scopes = "the token needs one of the scopes `api`, `read_api` or `read_user`";
    assert_eq!(line, format!("{scopes} (403): More."));

    let sentence = "Access denied: This operation requires a fine-grained personal access token \
                    with the following project permissions: [Job Token Scope: Read].";
    let body = json!({"error": "insufficient_granular_scope", "error_description": sentence});
    let (kind, line) = reported(json(403, &body)).await;
    assert_eq!(kind, ErrorKind::FineGrained { needed: Some("Job Token Scope: Read".to_owned()) });
    assert_eq!(
        line,
        format!("the token lacks the permission Job Token Scope: Read (403): {sentence}")
    );
}

#[tokio::test]
async fn rejections_of_the_request_keep_gitlabs_message() {
    for (status, kind, start) in [
        (400, ErrorKind::BadRequest, "GitLab rejected the request (400)"),
        (409, ErrorKind::BadRequest, "GitLab rejected the request (409)"),
        (422, ErrorKind::BadRequest, "GitLab rejected the request (422)"),
        (405, ErrorKind::MethodNotAllowed, "GitLab doesn't allow this method (405)"),
        (418, ErrorKind::UnexpectedStatus, "unexpected status (418)"),
        (500, ErrorKind::Server, "the server returned an error (500)"),
        (503, ErrorKind::Server, "the server returned an error (503)"),
    ] {
        assert_eq!(
            reported(refusal(status, "so it is")).await,
            (kind, format!("{start}: so it is"))
        );
    }
}

#[tokio::test]
async fn only_a_404_in_gitlabs_format_is_from_gitlab() {
    for message in
        ["404 Project Not Found", "404 target_group_id not found Not Found", "404 Not found"]
    {
        assert_eq!(reported(refusal(404, message)).await.0, ErrorKind::NotFound, "{message}");
    }
    let no_route = json(404, &json!({"error": "404 Not Found"}));
    assert_eq!(reported(no_route).await.0, ErrorKind::Unsupported);
    for body in [
        json!({"message": "no Route matched with those values"}),
        json!({"message": "Not Found"}),
        json!({"error": "Not Found"}),
        json!({"error": "404 Not Found", "status": 404}),
        json!([]),
    ] {
        assert_eq!(reported(json(404, &body)).await.0, ErrorKind::UnexpectedStatus, "{body}");
    }
}

#[tokio::test]
async fn proxy_pages_are_summarized() {
    let page = "<html><head><title>Sign in</title></head><body>secret stuff</body></html>";
    let (kind, line) = reported(text(200, page)).await;
    assert_eq!(kind, ErrorKind::InvalidResponse);
    assert_eq!(line, "the response isn't from GitLab's API (200): a web page titled \"Sign in\"");

    let (kind, line) = reported(text(502, page)).await;
    assert_eq!(kind, ErrorKind::Server);
    assert_eq!(line, "the server returned an error (502): a web page titled \"Sign in\"");

    let (kind, line) = reported(text(429, "Retry later\n")).await;
    assert_eq!(kind, ErrorKind::RateLimited { retry_after: None });
    assert_eq!(line, "rate limit exceeded (429): Retry later");
}

#[tokio::test]
async fn excessive_wait_is_reported_instead() {
    let error = error_of(text(429, "Retry later").with("retry-after", 3600)).await;
    assert_eq!(
        *error.kind(),
        ErrorKind::RateLimited { retry_after: Some(Duration::from_secs(3600)) }
    );
    assert_eq!(error.attempts(), 1);
    assert!(shown(&error).contains("rate limit exceeded, retry after 1 hour (429)"));
}

#[tokio::test]
async fn invalid_response_is_unreadable() {
    for (body, message) in [
        ("[1,", "the response is empty or incomplete"),
        ("", "the response is empty or incomplete"),
        ("[]", "its JSON has another structure"),
        ("true", "its JSON has another structure"),
        ("{\"inbound_enabled\":7}", "its JSON has another structure"),
        ("{}", "it doesn't have `inbound_enabled`"),
        ("hello", "hello"),
    ] {
        let (kind, line) = reported(text(200, body)).await;
        assert_eq!(kind, ErrorKind::InvalidResponse, "{body}");
        assert_eq!(line, format!("the response isn't from GitLab's API (200): {message}"));
    }
    let (kind, _) = reported(text(204, "")).await;
    assert_eq!(
        kind,
        ErrorKind::InvalidResponse,
        "a success other than the expected one proves nothing"
    );
}

#[tokio::test]
async fn failed_connection_has_the_reason() {
    let (kind, line) = reported(Reply::Lost).await;
    assert_eq!(kind, ErrorKind::Unreachable);
    assert!(line.starts_with("the server can't be reached: connection closed"), "{line}");

    let (kind, line) = reported(Reply::CutOff).await;
    assert_eq!(kind, ErrorKind::Unreachable);
    assert!(line.starts_with("the server can't be reached: "), "{line}");

    let server = MockServer::replying(vec![Reply::NoResponse]).await;
    let mut config = server.config();
    (config.retries, config.request_timeout) = (0, Duration::from_millis(50));
    let error = client(&config).scope(&project(1).into()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::TimedOut);
    assert_eq!(
        shown(&error),
        "GET /projects/1/job_token_scope: the request timed out: no response within 0.05 seconds"
    );
}

#[tokio::test]
async fn attempt_history_is_reported() {
    let error = error_of(refusal(503, "down")).await;
    assert_eq!(error.0.line.to_string(), "GET /projects/1/job_token_scope");
    assert_eq!((error.status(), error.message(), error.attempts()), (Some(503), Some("down"), 2));
    assert!(error.maybe_carried_out() && error.0.history.elapsed > Duration::ZERO);
    assert!(shown(&error).contains(" [2 attempts in "));
}

#[tokio::test]
async fn response_with_a_secret_is_not_quoted() {
    use crate::gitlab::testing::{HEADER, TOKEN};
    let echo = format!("who is {TOKEN} with {HEADER}?");
    let (_, line) = reported(refusal(400, &echo)).await;
    assert_eq!(line, "GitLab rejected the request (400): who is [redacted] with [redacted]?");
    let server = MockServer::replying(vec![text(201, &echo)]).await;
    let error = server.client().allow(project(1), project_target(2)).await.unwrap_err();
    assert!(shown(&error).contains("[redacted]"));
}

#[test]
fn each_status_has_one_kind() {
    let message = message::read(b"", |text| text);
    let kind = |status| ErrorKind::of_status(StatusCode::from_u16(status).unwrap(), &message, None);
    for status in (100..1000).filter(|status| ![400, 401, 403, 404, 405, 429].contains(status)) {
        let expected = match status {
            200..300 => ErrorKind::InvalidResponse,
            408 | 500..600 => ErrorKind::Server,
            _ => ErrorKind::UnexpectedStatus,
        };
        assert_eq!(kind(status), expected, "{status}");
    }
}
