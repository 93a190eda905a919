//! Answers of what stands in front of GitLab: which of them aren't GitLab's, which software they
//! are from, and what it has against the connection.

use reqwest::header::{CONTENT_TYPE, HeaderMap, SERVER};
use serde_json::{Map, Value};

use super::error::TlsProblem;

/// Names of servers in front of GitLab, as their headers or pages have them. Others may have nginx
/// behind them.
const GATEWAYS: [&str; 6] = ["Cloudflare", "Akamai", "HAProxy", "Traefik", "Apache", "nginx"];

/// The type of errors in JSON that GitLab doesn't use (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// The fields of GitLab's refusals, over REST and GraphQL.
const FIELDS_OF_GITLAB: [&str; 5] = ["message", "error", "error_description", "scope", "errors"];

/// The beginning of the messages of GitLab's refusals: their status.
const STATUS_40X: &str = "40";

/// The whole messages of other refusals, in lower case.
const FOREIGN_MESSAGES: [&str; 6] = [
    "forbidden",
    "unauthorized",
    "access denied",
    "missing authentication token",
    "no api key found in request",
    "invalid authentication credentials",
];

/// The sentences of nginx, Go and Apache about mistakes in TLS, which they answer with 400, in
/// lower case.
const TLS_MISTAKES: [(&str, TlsProblem); 5] = [
    ("no required ssl certificate was sent", TlsProblem::ClientCertificate),
    ("the ssl certificate error", TlsProblem::ClientCertificate),
    ("the plain http request was sent to https port", TlsProblem::TlsWanted),
    ("client sent an http request to an https server", TlsProblem::TlsWanted),
    ("speaking plain http to an ssl-enabled server port", TlsProblem::TlsWanted),
];

/// Returns the name of the software that an answer is from, if it says so.
pub(super) fn name(headers: &HeaderMap, page: &[u8]) -> Option<&'static str> {
    let server = headers.get(SERVER).and_then(|server| server.to_str().ok()).unwrap_or_default();
    let (server, page) =
        (server.to_ascii_lowercase(), String::from_utf8_lossy(page).to_ascii_lowercase());
    GATEWAYS.into_iter().find(|name| {
        let name = name.to_ascii_lowercase();
        server.contains(&name) || page.contains(&name)
    })
}

/// Checks whether a 401 or 403 isn't in a form of GitLab's API.
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

/// Returns what a page or text of status 400 says is wrong with the connection, or `None` if it
/// says something else.
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
    fn refusals_of_gitlab_are_told_from_others() {
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
    fn mistakes_in_tls_are_known_by_their_sentences() {
        use TlsProblem::{ClientCertificate, TlsWanted};
        for (page, problem) in [
            ("<title>400 No required SSL certificate was sent</title>", Some(ClientCertificate)),
            ("<title>400 The SSL certificate error</title>", Some(ClientCertificate)),
            ("<title>400 The plain HTTP request was sent to HTTPS port</title>", Some(TlsWanted)),
            ("Client sent an HTTP request to an HTTPS server.\n", Some(TlsWanted)),
            (
                "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
                Some(TlsWanted),
            ),
            ("<title>400 Bad Request</title>", None),
        ] {
            assert_eq!(tls_problem(page.as_bytes()), problem, "{page}");
        }
    }
}
