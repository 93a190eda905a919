//! All that a client must be told before its first request. Nothing here reads the environment or a
//! file.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::base_url::BaseUrl;
use super::proxy::Proxy;

/// Number of retries after a transient failure: enough to ride out a short deployment.
const DEFAULT_RETRIES: u32 = 5;

/// Maximum time of one attempt, including the response: longer than GitLab's own slowest ordinary
/// answers.
const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum number of concurrent requests: as many as the usual number of things worked on at once.
const DEFAULT_MAX_CONCURRENT_REQUESTS: usize = 10;

/// Prefix of the token of a CI job. GitLab accepts such a token at none of the endpoints used here.
const CI_JOB_TOKEN_PREFIX: &str = "glcbt-";

/// Address, credentials and limits of a connection to GitLab. `Debug` shows no secret.
#[derive(Clone)]
pub struct Config {
    /// The address of GitLab.
    pub base_url: BaseUrl,
    /// A personal, project, group or OAuth access token; without one, each request is an error.
    pub token: Option<SecretString>,
    /// Certificates (PEM, one or more) to trust besides the system's authorities: those of other
    /// authorities, or the server's own.
    pub cacert_pem: Option<String>,
    /// A client certificate (PEM, chain allowed) to show to the server; needs
    /// [`Config::client_key_pem`].
    pub client_cert_pem: Option<String>,
    /// The private key (PEM, unencrypted) of [`Config::client_cert_pem`]; both may be the same
    /// text.
    pub client_key_pem: Option<SecretString>,
    /// Accept any server certificate. Others on the way can then read the token.
    pub insecure: bool,
    /// The proxy on the way; without one, the server is reached directly.
    pub proxy: Option<Proxy>,
    /// Headers to add to each request; the values are secret, since proxies take credentials this
    /// way.
    pub headers: BTreeMap<String, SecretString>,
    /// Maximum time of one attempt.
    pub request_timeout: Duration,
    /// Number of retries after a transient failure; 0 means one attempt.
    pub retries: u32,
    /// Maximum number of concurrent requests; at least 1.
    pub max_concurrent_requests: usize,
    /// The `User-Agent` of each request: the name of the program that asks.
    pub user_agent: String,
}

/// The setting that a client can't be made from, with the reason. Never repeats a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The token is empty.
    #[error("the token is empty")]
    TokenEmpty,
    /// The token has characters that no header can carry.
    #[error("the token contains spaces, line breaks or other characters that tokens can't have")]
    TokenNotSendable,
    /// [`Config::cacert_pem`] holds no certificate.
    #[error("the CA certificate file can't be used: {0}")]
    CaCertificate(&'static str),
    /// Only one of certificate and key is set.
    #[error("a client certificate and its key must be set together")]
    IncompleteClientCertificate,
    /// [`Config::client_cert_pem`] holds no usable certificate.
    #[error("the client certificate can't be used: {0}")]
    ClientCertificate(String),
    /// [`Config::client_key_pem`] holds no usable key.
    #[error("the client key can't be used: {0}")]
    ClientKey(String),
    /// Certificate and key do not belong together, or are of a kind that TLS does not know.
    #[error("the client certificate and its key can't be used together: {0}")]
    ClientKeyPair(String),
    /// A header of [`Config::headers`] can't be sent.
    #[error("the header `{name}` can't be sent: {reason}")]
    Header {
        /// The header's name, as given.
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
    /// The system has no certificates of authorities, and [`Config::cacert_pem`] is not set.
    #[error(
        "this system doesn't have certificates of authorities, so no server can be trusted; \
         install them (usually the package `ca-certificates`), or set `cacert_file` to the one to \
         trust"
    )]
    NoAuthorities,
    /// The proxy of this variable can't be used.
    #[error("the proxy in `{0}` can't be used")]
    Proxy(&'static str),
    /// The TLS library refused.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
}

impl Config {
    /// Returns a configuration with the defaults named in this module.
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

    /// True when the token is that of a CI job, which GitLab refuses at every endpoint used here.
    #[must_use]
    pub fn token_is_of_a_ci_job(&self) -> bool {
        self.token
            .as_ref()
            .is_some_and(|token| token.expose_secret().starts_with(CI_JOB_TOKEN_PREFIX))
    }
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
    fn the_token_of_a_ci_job_is_known_by_its_prefix() {
        let base_url = BaseUrl::parse("https://gitlab.com").unwrap();
        assert!(
            Config::new(base_url.clone(), Some("glcbt-64_abc".into()), "tests".into())
                .token_is_of_a_ci_job()
        );
        assert!(
            !Config::new(base_url, Some("glpat-abc".into()), "tests".into()).token_is_of_a_ci_job()
        );
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
