//! Redirects: which of them are followed, and which lead to a sign-in page.

use reqwest::header::LOCATION;
use reqwest::{Method, Response, StatusCode, Url};

use super::Failure;

/// The domains of single sign-on services.
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

/// The path segments of sign-in pages, GitLab's first.
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

/// The path of GitLab's API, which has no sign-in pages.
const API: &str = "/api/";

/// Returns whether the status is a redirect.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Returns the target of a redirect to follow. Only GET requests follow redirects, and only to the
/// same origin, so that the token isn't sent to another server.
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
            message: None,
        }),
    }
}

/// Returns the failure of too many redirects.
pub(super) fn too_many(next: &Url, response: &Response) -> Failure {
    let message = format!("one redirect leads to the next, the last one to {}", next.path());
    Failure::Redirected {
        status: response.status(),
        to: Some(origin(next)),
        is_sign_in: false,
        message: Some(message),
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
    fn sign_in_pages_are_recognized() {
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
