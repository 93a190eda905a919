//! The headers of each request: those of the client, and those of the configuration.

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::config::{Config, ConfigError};

// The reasons why a header can't be configured.
const CONNECTION: &str = "the provider controls the connection itself";
const TOKEN: &str = "it carries a token. Set the provider's `token` instead";
const CONTENT: &str = "the provider sets it itself";
const CHANGES_SEMANTICS: &str = "it changes the meaning of requests";

/// The headers that can't be configured, in lower case.
const FORBIDDEN: [(&str, &str); 28] = [
    ("authorization", "it carries a token. Set the provider's `token` instead"),
    ("private-token", TOKEN),
    ("job-token", TOKEN),
    ("deploy-token", TOKEN),
    ("connection", CONNECTION),
    ("content-encoding", CONNECTION),
    ("content-length", CONNECTION),
    ("expect", CONNECTION),
    ("host", CONNECTION),
    ("keep-alive", CONNECTION),
    ("proxy-connection", CONNECTION),
    ("te", CONNECTION),
    ("trailer", CONNECTION),
    ("transfer-encoding", CONNECTION),
    ("upgrade", CONNECTION),
    ("http2-settings", CONNECTION),
    ("user-agent", CONTENT),
    ("accept", CONTENT),
    ("accept-encoding", CONTENT),
    ("content-type", CONTENT),
    ("range", CHANGES_SEMANTICS),
    ("if-match", CHANGES_SEMANTICS),
    ("if-none-match", CHANGES_SEMANTICS),
    ("if-modified-since", CHANGES_SEMANTICS),
    ("if-unmodified-since", CHANGES_SEMANTICS),
    ("if-range", CHANGES_SEMANTICS),
    ("x-http-method-override", CHANGES_SEMANTICS),
    ("sudo", "requests are made as the token's user"),
];

/// Returns why a header can't be configured, or `None` if it can.
#[must_use]
pub fn forbidden_header(name: &str) -> Option<&'static str> {
    let Ok(name) = name.parse::<HeaderName>() else { return Some("it isn't a valid header name") };
    FORBIDDEN
        .into_iter()
        .find_map(|(forbidden, reason)| (forbidden == name.as_str()).then_some(reason))
}

/// The reason for a duplicate header.
pub const DUPLICATE: &str = "another header has the same name (names are case-insensitive)";

/// The reason for an invalid value.
const UNSENDABLE: &str = "its value contains line breaks or control characters";

/// Returns why a header value is invalid, or `None` if it is valid.
#[must_use]
pub fn invalid_value(value: &str) -> Option<&'static str> {
    secret_value(value).is_none().then_some(UNSENDABLE)
}

/// Returns the headers of each request.
///
/// # Errors
///
/// Returns [`ConfigError::Header`] for an invalid header, or an error for an invalid token.
pub(super) fn default_headers(config: &Config) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let refuse = |reason| ConfigError::Header { name: name.clone(), reason };
        if let Some(reason) = forbidden_header(name) {
            return Err(refuse(reason));
        }
        let key = name.parse::<HeaderName>().map_err(|_| refuse("it isn't a valid header name"))?;
        let value = secret_value(value.expose_secret());
        if headers.contains_key(&key) {
            return Err(refuse(DUPLICATE));
        }
        headers.insert(key, value.ok_or_else(|| refuse(UNSENDABLE))?);
    }
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(token) = &config.token {
        headers.insert(AUTHORIZATION, authorization(token)?);
    }
    Ok(headers)
}

/// Returns the `Authorization` header. GitLab accepts access tokens and OAuth tokens as `Bearer`.
fn authorization(token: &SecretString) -> Result<HeaderValue, ConfigError> {
    let token = token.expose_secret();
    if token.is_empty() {
        return Err(ConfigError::TokenEmpty);
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::TokenNotSendable);
    }
    secret_value(&format!("Bearer {token}")).ok_or(ConfigError::TokenNotSendable)
}

fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_headers_cannot_be_configured() {
        for name in
            ["User-Agent", "content-type", "PRIVATE-TOKEN", "Content-Length", "Sudo", "a b", ""]
        {
            assert!(forbidden_header(name).is_some(), "{name:?}");
        }
        for name in ["X-Forwarded-For", "Cookie", "CF-Access-Client-Id", "Proxy-Authorization"] {
            assert_eq!(forbidden_header(name), None, "{name}");
        }
    }
}
