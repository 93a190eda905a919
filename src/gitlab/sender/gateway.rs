//! Responses of gateways in front of GitLab: recognizes them, their software, and the TLS problems
//! that they report.

use reqwest::header::{CONTENT_TYPE, HeaderMap, SERVER};
use serde_json::{Map, Value};

use super::error::TlsProblem;

/// The names of gateways in their headers or pages. nginx is last, because others may run in front
/// of it.
const GATEWAYS: [&str; 6] = ["Cloudflare", "Akamai", "HAProxy", "Traefik", "Apache", "nginx"];

/// The content type of problem details (RFC 9457), which GitLab doesn't use.
const PROBLEM: &str = "application/problem+json";

/// The fields of GitLab's error responses, of REST and GraphQL.
const FIELDS_OF_GITLAB: [&str; 5] = ["message", "error", "error_description", "scope", "errors"];

/// The prefix of GitLab's messages for 401 and 403.
const STATUS_40X: &str = "40";

/// Messages that GitLab doesn't use, in lower case.
const FOREIGN_MESSAGES: [&str; 6] = [
    "forbidden",
    "unauthorized",
    "access denied",
    "missing authentication token",
    "no api key found in request",
    "invalid authentication credentials",
];

/// The messages of nginx, Go and Apache for TLS problems, with status 400, in lower case.
const TLS_MISTAKES: [(&str, TlsProblem); 5] = [
    ("no required ssl certificate was sent", TlsProblem::ClientCertificate),
    ("the ssl certificate error", TlsProblem::ClientCertificate),
    ("the plain http request was sent to https port", TlsProblem::HttpsRequired),
    ("client sent an http request to an https server", TlsProblem::HttpsRequired),
    ("speaking plain http to an ssl-enabled server port", TlsProblem::HttpsRequired),
];

/// Returns the name of the gateway that sent the response, if it can be recognized.
pub(super) fn name(headers: &HeaderMap, page: &[u8]) -> Option<&'static str> {
    let server = headers.get(SERVER).and_then(|server| server.to_str().ok()).unwrap_or_default();
    let (server, page) =
        (server.to_ascii_lowercase(), String::from_utf8_lossy(page).to_ascii_lowercase());
    GATEWAYS.into_iter().find(|name| {
        let name = name.to_ascii_lowercase();
        server.contains(&name) || page.contains(&name)
    })
}

/// Returns whether a 401 or 403 doesn't have the format of GitLab's API.
pub(super) fn is_foreign(headers: &HeaderMap, body: &[u8]) -> bool {
    let ty = headers.get(CONTENT_TYPE).and_then(|ty| ty.to_str().ok()).unwrap_or_default();
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => ty.starts_with(PROBLEM) || is_foreign_object(&object),
        _ => true,
    }
}

fn is_foreign_object(object: &Map<String, Value>) -> bool {
    let has_other_fields = object.keys().any(|field| !FIELDS_OF_GITLAB.contains(&field.as_str()));
    match object.get("message") {
        Some(Value::String(message)) => {
            let is_foreign = FOREIGN_MESSAGES.contains(&message.trim().to_lowercase().as_str());
            !message.starts_with(STATUS_40X) && (is_foreign || has_other_fields)
        }
        Some(_) => false,
        None => !FIELDS_OF_GITLAB.iter().any(|field| object.contains_key(*field)),
    }
}

/// Returns the TLS problem that a page with status 400 reports, if any.
pub(super) fn tls_problem(page: &[u8]) -> Option<TlsProblem> {
    let page = String::from_utf8_lossy(page).to_ascii_lowercase();
    TLS_MISTAKES
        .into_iter()
        .find_map(|(sentence, problem)| page.contains(sentence).then_some(problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_gitlab_are_distinguished_from_others() {
        let is_foreign = |ty: &'static str, body: &str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, ty.parse().unwrap())]);
            is_foreign(&headers, body.as_bytes())
        };
        for body in [
            r#"{"message":"403 Forbidden"}"#,
            r#"{"message":"403 Forbidden - Your account has been blocked."}"#,
            r#"{"message":"401 Unauthorized"}"#,
            r#"{"message":"You cannot perform write operations on a read-only instance"}"#,
            r#"{"message":{"base":["no"]}}"#,
            r#"{"error":"insufficient_scope","error_description":"More.","scope":"api"}"#,
            r#"{"error":"access_denied"}"#,
            r#"{"errors":[{"message":"Invalid token"}]}"#,
        ] {
            assert!(!is_foreign("application/json", body), "{body}");
        }
        for body in [
            "",
            "Forbidden",
            "\"no\"",
            "{}",
            r#"{"message":"Forbidden"}"#,
            r#"{"message":"Unauthorized by gateway","request_id":"x"}"#,
            r#"{"Message":"User is not authorized"}"#,
            r#"{"title":"Forbidden","status":403}"#,
        ] {
            assert!(is_foreign("application/json", body), "{body}");
        }
        assert!(is_foreign(
            "application/problem+json; charset=utf-8",
            r#"{"message":"403 Forbidden"}"#
        ));
    }

    #[test]
    fn tls_problems_are_recognized_by_their_messages() {
        use TlsProblem::{ClientCertificate, HttpsRequired};
        for (page, problem) in [
            ("<title>400 No required SSL certificate was sent</title>", Some(ClientCertificate)),
            ("<title>400 The SSL certificate error</title>", Some(ClientCertificate)),
            (
                "<title>400 The plain HTTP request was sent to HTTPS port</title>",
                Some(HttpsRequired),
            ),
            ("Client sent an HTTP request to an HTTPS server.\n", Some(HttpsRequired)),
            (
                "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
                Some(HttpsRequired),
            ),
            ("<title>400 Bad Request</title>", None),
        ] {
            assert_eq!(tls_problem(page.as_bytes()), problem, "{page}");
        }
    }
}
