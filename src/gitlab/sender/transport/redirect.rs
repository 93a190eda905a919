//! Answers that point elsewhere: which of them are followed, and which lead to a page where people
//! sign in.

use reqwest::header::LOCATION;
use reqwest::{Method, Response, StatusCode, Url};

use super::Failure;

/// The ends of the hosts where single sign-on services have people sign in.
const SIGN_ON_HOSTS: [&str; 11] = [
    "cloudflareaccess.com",
    "login.microsoftonline.com",
    "login.windows.net",
    "accounts.google.com",
    "okta.com",
    "oktapreview.com",
    "auth0.com",
    "onelogin.com",
    "pingone.com",
    "duosecurity.com",
    "amazoncognito.com",
];

/// The parts of paths where people sign in, GitLab's own first.
const SIGN_IN_PARTS: [&str; 12] = [
    "sign_in",
    "signin",
    "sign-in",
    "login",
    "sso",
    "saml",
    "saml2",
    "oauth2",
    "authorize",
    "openid-connect",
    "adfs",
    "cas",
];

/// The path of GitLab's API, which has no pages.
const API: &str = "/api/";

/// Checks whether an answer of this status points elsewhere.
pub(super) fn is_one(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Returns where a read goes next. A write is not sent elsewhere, and the token does not leave its
/// origin.
pub(super) fn next_hop(from: &Url, response: &Response, method: &Method) -> Result<Url, Failure> {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let next = location.and_then(|location| from.join(location).ok());
    let next = next.filter(|next| matches!(next.scheme(), "http" | "https"));
    match next {
        Some(next)
            if *method == Method::GET && next.origin() == from.origin() && !is_sign_in(&next) =>
        {
            Ok(next)
        }
        next => Err(Failure::Redirected {
            status: response.status(),
            is_sign_in: next.as_ref().is_some_and(is_sign_in),
            to: next.as_ref().map(origin),
            words: None,
        }),
    }
}

/// Returns the failure of answers that lead from one to the next.
pub(super) fn in_circles(next: &Url, response: &Response) -> Failure {
    let words = format!("one redirect leads to the next, the last one to {}", next.path());
    Failure::Redirected {
        status: response.status(),
        to: Some(origin(next)),
        is_sign_in: false,
        words: Some(words),
    }
}

fn is_sign_in(url: &Url) -> bool {
    let is_host = |host: &str| {
        SIGN_ON_HOSTS.iter().any(|end| {
            host.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    };
    let mut parts = url.path().split('/');
    url.host_str().is_some_and(is_host)
        || !url.path().contains(API)
            && parts.any(|part| SIGN_IN_PARTS.contains(&part.to_ascii_lowercase().as_str()))
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_for_signing_in_are_known() {
        for (url, expected) in [
            ("https://gitlab.example.com/users/sign_in", true),
            ("https://acme.cloudflareaccess.com/cdn-cgi/access/x", true),
            ("https://login.microsoftonline.com/tenant", true),
            ("https://sso.example.com/realms/acme/protocol/openid-connect/auth?state=x", true),
            ("https://notokta.com/", false),
            ("https://gitlab.example.com/api/v4/projects/acme%2Flogin", false),
            ("https://gitlab.example.com/api/v4/projects/login", false),
            ("https://gitlab.example.com/", false),
        ] {
            assert_eq!(is_sign_in(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
