//! The configuration of a client. Nothing here reads the environment or files.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::base_url::BaseUrl;
use super::proxy::Proxy;

/// Number of retries after a transient failure: enough for a short deployment.
const DEFAULT_RETRIES: u32 = 5;

/// Maximum time of one attempt, including the response: longer than the slowest usual response.
const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum number of concurrent requests: the default parallelism of Terraform.
const DEFAULT_MAX_CONCURRENT_REQUESTS: usize = 10;

/// Prefix of CI/CD job tokens. None of the endpoints used here accepts them.
const CI_JOB_TOKEN_PREFIX: &str = "glcbt-";

/// The address, credentials and limits of a client. `Debug` doesn't show secrets.
#[derive(Clone)]
pub struct Config {
    /// The URL of the instance.
    pub base_url: BaseUrl,
    /// A personal, project, group or OAuth access token. Without one, all requests fail.
    pub token: Option<SecretString>,
    /// PEM certificates to trust in addition to the system's certificate authorities: of other
    /// authorities, or of the server.
    pub cacert_pem: Option<String>,
    /// The PEM client certificate, optionally with its chain. Requires [`Config::client_key_pem`].
    pub client_cert_pem: Option<String>,
    /// The unencrypted PEM key of [`Config::client_cert_pem`]. Both may be the same text.
    pub client_key_pem: Option<SecretString>,
    /// Whether to accept any server certificate. An attacker on the network can then read the
    /// token.
    pub insecure: bool,
    /// The proxy, if any.
    pub proxy: Option<Proxy>,
    /// Additional headers of each request. The values are secret, because they may contain
    /// credentials of a proxy.
    pub headers: BTreeMap<String, SecretString>,
    /// Maximum time of one attempt.
    pub request_timeout: Duration,
    /// Number of retries after a transient failure; 0 means one attempt.
    pub retries: u32,
    /// Maximum number of concurrent requests; at least 1.
    pub max_concurrent_requests: usize,
    /// The `User-Agent` of each request.
    pub user_agent: String,
}

/// The error for an invalid setting. It never repeats a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The token is empty.
    #[error("the token is empty")]
    TokenEmpty,
    /// The token has characters that a header can't contain.
    #[error("the token contains spaces, line breaks or other characters that tokens can't have")]
    TokenNotSendable,
    /// [`Config::cacert_pem`] contains no certificate.
    #[error("the CA certificate file can't be used: {0}")]
    CaCertificate(&'static str),
    /// Only one of client certificate and key is set.
    #[error("a client certificate and its key must be set together")]
    IncompleteClientCertificate,
    /// [`Config::client_cert_pem`] contains no usable certificate.
    #[error("the client certificate can't be used: {0}")]
    ClientCertificate(String),
    /// [`Config::client_key_pem`] contains no usable key.
    #[error("the client key can't be used: {0}")]
    ClientKey(String),
    /// The key doesn't match the certificate.
    #[error("the client certificate and its key can't be used together: {0}")]
    ClientKeyPair(String),
    /// A header of [`Config::headers`] can't be sent.
    #[error("{}", unsendable(name, reason))]
    Header {
        /// The name of the header, as configured.
        name: String,
        /// The reason.
        reason: &'static str,
    },
    /// [`Config::max_concurrent_requests`] is 0.
    #[error("at least one request must be allowed at a time")]
    NoConcurrency,
    /// [`Config::request_timeout`] is 0.
    #[error("the request timeout must be longer than zero")]
    NoTime,
    /// [`Config::user_agent`] can't be sent.
    #[error("the user agent contains characters that a header can't have")]
    UserAgent,
    /// The system has no CA certificates, and [`Config::cacert_pem`] isn't set.
    #[error(
        "this system doesn't have certificates of authorities, so no server can be trusted; \
         install them (usually the package `ca-certificates`), or set `cacert_file` to the one to \
         trust"
    )]
    NoAuthorities,
    /// The proxy of this environment variable can't be used.
    #[error("the proxy in `{0}` can't be used")]
    Proxy(&'static str),
    /// The TLS library returned an error.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
}

/// Returns the message about a header that can't be sent.
fn unsendable(name: &str, reason: &str) -> String {
    match name {
        "" => "a header with an empty name can't be sent".to_owned(),
        name => format!("the header `{name}` can't be sent: {reason}"),
    }
}

impl Config {
    /// Creates a configuration with the default limits.
    #[must_use]
    pub fn new(base_url: BaseUrl, token: Option<SecretString>, user_agent: String) -> Self {
        Self {
            base_url,
            token,
            cacert_pem: None,
            client_cert_pem: None,
            client_key_pem: None,
            insecure: false,
            proxy: None,
            headers: BTreeMap::new(),
            request_timeout: DEFAULT_REQUEST_TIMEOUT,
            retries: DEFAULT_RETRIES,
            max_concurrent_requests: DEFAULT_MAX_CONCURRENT_REQUESTS,
            user_agent,
        }
    }

    /// Returns whether the token is a CI/CD job token, which no endpoint used here accepts.
    #[must_use]
    pub fn has_job_token(&self) -> bool {
        self.token.as_ref().is_some_and(|token| is_job_token(token.expose_secret()))
    }
}

/// Returns whether a token is a CI/CD job token.
#[must_use]
pub fn is_job_token(token: &str) -> bool {
    token.starts_with(CI_JOB_TOKEN_PREFIX)
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("base_url", &self.base_url)
            .field("insecure", &self.insecure)
            .field("proxy", &self.proxy)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("request_timeout", &self.request_timeout)
            .field("retries", &self.retries)
            .field("max_concurrent_requests", &self.max_concurrent_requests)
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_tokens_are_recognized_by_their_prefix() {
        let base_url = BaseUrl::parse("https://gitlab.com").unwrap();
        assert!(
            Config::new(base_url.clone(), Some("glcbt-64_abc".into()), "tests".into())
                .has_job_token()
        );
        assert!(!Config::new(base_url, Some("glpat-abc".into()), "tests".into()).has_job_token());
    }

    #[test]
    fn debug_shows_no_secret() {
        let mut config = Config::new(
            BaseUrl::parse("https://gitlab.com").unwrap(),
            Some("glpat-hush".into()),
            "tests".into(),
        );
        config.client_key_pem = Some("hush-key".into());
        config.headers.insert("X-Proxy-Auth".to_owned(), "hush-header".into());
        let shown = format!("{config:?}");
        assert!(shown.contains("X-Proxy-Auth") && !shown.contains("hush"), "{shown}");
    }
}
