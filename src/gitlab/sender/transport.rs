//! Sends a request once: TLS, headers, redirects, the timeout, and the size limit of the response.
//! It doesn't retry, and doesn't interpret responses.

use std::error::Error as _;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use tokio_rustls::rustls;

use self::body::{Body, Buffers};
use super::base_url::BaseUrl;
use super::config::{Config, ConfigError};
use super::error::{ProxyProblem, TlsProblem};
use super::headers;
use super::message;
use super::proxy::Proxy;
use super::request::Call;
use super::secrets::Secrets;
use super::tls;

mod body;
mod proxies;
mod redirect;

/// Maximum size of a response in bytes. A page of the longest list has about 200 KiB, or just over
/// 1 MiB if every description has the maximum length.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// Maximum number of bytes that are read of an error response, of which only the status and a line
/// are used.
const MAX_REFUSAL: usize = 64 * 1024;

/// Maximum number of redirects: one for a renamed path, one for a trailing slash, one in reserve.
const MAX_REDIRECTS: usize = 3;

/// The HTTP clients for a GitLab instance.
pub(super) struct Transport {
    clients: Clients,
    /// Clients without proxy credentials, if the proxy doesn't accept any.
    without_credentials: OnceLock<Clients>,
    config: Config,
    tls: rustls::ClientConfig,
    /// Whether the server has closed a connection without a response.
    loses_connections: AtomicBool,
    /// Whether the server has responded to a request.
    has_responded: AtomicBool,
    /// Whether the server or a proxy has requested a client certificate.
    certificate_requested: Arc<AtomicBool>,
    base_url: BaseUrl,
    proxy: Option<Proxy>,
    timeout: Duration,
    secrets: Secrets,
    has_token: bool,
    buffers: Arc<Buffers>,
}

/// A response with its body.
#[derive(Debug)]
pub(super) struct RawResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
}

/// Why an attempt has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// No token is configured. The request wasn't sent.
    NoToken,
    /// The connection failed. The request wasn't sent.
    NotConnected(String),
    /// The server reported that it didn't process the request.
    NotProcessed(String),
    /// The proxy doesn't connect to the server. The request wasn't sent.
    Proxy { address: String, variable: &'static str, problem: ProxyProblem, cause: Option<String> },
    /// The TLS handshake failed. The request wasn't sent.
    Tls(TlsProblem, Option<String>),
    /// The connection broke. The request may have been carried out.
    Broken(String),
    /// The connection broke before a response. The request may have been carried out.
    NoResponse(String),
    /// Like [`Self::NoResponse`], from a server that requests a client certificate and never
    /// responded.
    NoResponseWithoutCertificate(String),
    /// The attempt timed out. The request may have been carried out.
    TimedOut(Duration),
    /// A redirect that isn't followed. `to` is the scheme, host and port of its target.
    Redirected { status: StatusCode, to: Option<String>, is_sign_in: bool, message: Option<String> },
    /// The response is larger than [`MAX_BODY`].
    TooLarge,
}

/// HTTP clients with and without a connection pool.
struct Clients {
    pooled: reqwest::Client,
    /// Opens a new connection for each request.
    unpooled: reqwest::Client,
}

impl Clients {
    fn new(
        config: &Config,
        tls: &rustls::ClientConfig,
        proxy: Option<&Proxy>,
    ) -> Result<Self, ConfigError> {
        let user_agent =
            HeaderValue::from_str(&config.user_agent).map_err(|_| ConfigError::UserAgent)?;
        let client = |idle_connections: usize| {
            let builder = reqwest::Client::builder()
                .default_headers(headers::default_headers(config)?)
                .user_agent(user_agent.clone())
                .redirect(reqwest::redirect::Policy::none())
                .pool_max_idle_per_host(idle_connections)
                .tls_backend_preconfigured(tls.clone());
            // The HTTP client must not use the environment or system settings.
            let builder = match proxy {
                Some(proxy) => builder.proxy(proxies::for_client(proxy)?),
                None => builder.no_proxy(),
            };
            builder.build().map_err(|error| ConfigError::Tls(root_cause(&error)))
        };
        Ok(Self { pooled: client(usize::MAX)?, unpooled: client(0)? })
    }
}

impl Transport {
    pub(super) fn new(config: &Config) -> Result<Self, ConfigError> {
        if config.request_timeout.is_zero() {
            return Err(ConfigError::NoTime);
        }
        let tls = tls::settings(config)?;
        Ok(Self {
            clients: Clients::new(config, &tls.config, config.proxy.as_ref())?,
            without_credentials: OnceLock::new(),
            tls: tls.config,
            loses_connections: AtomicBool::new(false),
            has_responded: AtomicBool::new(false),
            certificate_requested: tls.certificate_requested,
            base_url: config.base_url.clone(),
            proxy: config.proxy.clone(),
            timeout: config.request_timeout,
            secrets: Secrets::of(config),
            has_token: config.token.is_some(),
            config: config.clone(),
            buffers: Buffers::new(),
        })
    }

    pub(super) fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    pub(super) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Sends a request once and reads the whole response, within the timeout.
    ///
    /// A `repeated` request uses a new connection. So does an addition after the server has closed
    /// an idle connection, because its result would be unknown until a list is read.
    pub(super) async fn attempt<T>(
        &self,
        call: &Call<T>,
        repeated: bool,
    ) -> Result<RawResponse, Failure> {
        let loses_connections = self.loses_connections.load(Ordering::Relaxed);
        let is_alone = repeated || (loses_connections && !call.is_repeatable());
        let outcome = tokio::time::timeout(self.timeout, self.exchange(call, is_alone)).await;
        let outcome = outcome.unwrap_or(Err(Failure::TimedOut(self.timeout)));
        let is_lost = match &outcome {
            Err(failure) => matches!(failure, Failure::NoResponse(_)),
            Ok(reply) => reply.status == StatusCode::REQUEST_TIMEOUT,
        };
        self.loses_connections.fetch_or(is_lost, Ordering::Relaxed);
        self.has_responded.fetch_or(outcome.is_ok(), Ordering::Relaxed);
        outcome.map_err(|failure| self.unless_certificate_is_wanted(failure))
    }

    /// Changes a failure whose cause may be a missing client certificate. In TLS 1.3 the server
    /// reports it after the client has finished its handshake, and HTTP/2 may lose the alert.
    fn unless_certificate_is_wanted(&self, failure: Failure) -> Failure {
        let is_wanted = self.certificate_requested.load(Ordering::Relaxed)
            && !self.has_responded.load(Ordering::Relaxed);
        match failure {
            Failure::NoResponse(cause) if is_wanted => Failure::NoResponseWithoutCertificate(cause),
            Failure::Tls(TlsProblem::Other, message)
                if is_wanted
                    && message
                        .as_deref()
                        .is_some_and(|message| tls::problem_of_text(message).is_some()) =>
            {
                Failure::Tls(TlsProblem::ClientCertificate, message)
            }
            other => other,
        }
    }

    /// Redacts secrets in a text of the server.
    pub(super) fn without_secrets(&self, text: String) -> String {
        self.secrets.redact(text)
    }

    /// Sends a request, and handles failures of the proxy: retries without credentials if a SOCKS
    /// proxy doesn't accept any, and adds the response of an HTTP proxy, which the HTTP client
    /// drops.
    async fn exchange<T>(&self, call: &Call<T>, is_alone: bool) -> Result<RawResponse, Failure> {
        if !self.has_token {
            return Err(Failure::NoToken);
        }
        let clients = self.without_credentials.get().unwrap_or(&self.clients);
        let failure = match self.exchange_over(clients, call, is_alone).await {
            Err(failure @ Failure::Proxy { .. }) => failure,
            outcome => return outcome,
        };
        let Some(proxy) = self.proxy() else { return Err(failure) };
        if proxies::takes_no_credentials(&failure) && self.without_credentials.get().is_none() {
            let bare = proxy.without_credentials();
            let Ok(clients) = Clients::new(&self.config, &self.tls, Some(&bare)) else {
                return Err(failure);
            };
            let outcome = self.exchange_over(&clients, call, is_alone).await;
            if matches!(outcome, Err(Failure::Proxy { problem: ProxyProblem::Credentials, .. })) {
                return Err(failure);
            }
            // Another request may have set it already.
            drop(self.without_credentials.set(clients));
            return outcome;
        }
        Err(proxies::with_response(failure, proxy, &self.base_url, &self.secrets).await)
    }

    async fn exchange_over<T>(
        &self,
        clients: &Clients,
        call: &Call<T>,
        is_alone: bool,
    ) -> Result<RawResponse, Failure> {
        let http = if is_alone { &clients.unpooled } else { &clients.pooled };
        let mut url = self.address(call)?;
        let mut hops = 0;
        loop {
            let mut request = http.request(call.line().method.clone(), url.clone());
            if let Some(body) = call.body() {
                request = request.json(body);
            }
            let response = request.send().await.map_err(|error| match self.failure(error) {
                Failure::Broken(cause) => Failure::NoResponse(cause),
                other => other,
            })?;
            if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
                && let Some(proxy) = self.proxy().filter(|proxy| proxy.forwards(&self.base_url))
            {
                return Err(proxies::wants_credentials(proxy));
            }
            if !redirect::is_redirect(response.status()) {
                return match response.status() == call.success() {
                    true => self.read(response).await,
                    false => read_start(response).await,
                };
            }
            url = redirect::next_hop(&url, &response, &call.line().method)?;
            hops += 1;
            if hops > MAX_REDIRECTS {
                return Err(redirect::too_many(&url, &response));
            }
        }
    }

    /// Reads a whole response.
    async fn read(&self, mut response: Response) -> Result<RawResponse, Failure> {
        if response.content_length().is_some_and(|length| length > MAX_BODY as u64) {
            return Err(Failure::TooLarge);
        }
        let mut body = Body::default();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Failure::TooLarge);
            }
            body.append(&chunk, &self.buffers).await;
        }
        Ok(RawResponse {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }

    fn failure(&self, error: reqwest::Error) -> Failure {
        let at_proxy =
            self.proxy().and_then(|proxy| proxies::failure(&error, proxy, &self.base_url));
        at_proxy.unwrap_or_else(|| failure(error))
    }

    fn address<T>(&self, call: &Call<T>) -> Result<Url, Failure> {
        let address = match call.is_graphql() {
            true => self.base_url.graphql(),
            false => self.base_url.rest(&call.line().path),
        };
        let mut url = address.map_err(|error| Failure::NotConnected(error.to_string()))?;
        if !call.query_parameters().is_empty() {
            url.query_pairs_mut().extend_pairs(call.query_parameters());
        }
        Ok(url)
    }
}

/// Reads at most [`MAX_REFUSAL`] bytes of the body.
async fn read_start(mut response: Response) -> Result<RawResponse, Failure> {
    let mut body = Body::default();
    while body.len() < MAX_REFUSAL
        && let Some(chunk) = response.chunk().await.map_err(failure)?
    {
        let rest = MAX_REFUSAL - body.len();
        body.append_small(&chunk[..chunk.len().min(rest)]);
    }
    Ok(RawResponse {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}

fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let cause = root_cause(&error);
    if let Some(error) = tls_error(&error) {
        let (problem, message) = tls::problem_of(error);
        Failure::Tls(problem, message)
    } else if let Some((problem, message)) = tls::problem_of_text(&cause) {
        Failure::Tls(problem, message)
    } else if is_not_processed(&error) {
        Failure::NotProcessed(cause)
    } else if error.is_connect() {
        Failure::NotConnected(cause)
    } else {
        Failure::Broken(cause)
    }
}

/// Returns whether the server didn't process an HTTP/2 request, which RFC 9113 (8.7) guarantees for
/// a stream above the last one of a graceful GOAWAY, and for a refused stream.
fn is_not_processed(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<h2::Error>() {
            let is_graceful = found.is_go_away() && found.reason() == Some(h2::Reason::NO_ERROR);
            let is_refused = found.is_reset() && found.reason() == Some(h2::Reason::REFUSED_STREAM);
            return found.is_remote() && (is_graceful || is_refused);
        }
        cause = current.source();
    }
    false
}

/// Returns the message of the innermost cause, which is the most specific.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    message::line(&cause.to_string()).unwrap_or_else(|| "no reason given".to_owned())
}

/// Returns the TLS error among the causes.
fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        cause = match current.downcast_ref().and_then(io::Error::get_ref) {
            // The source of an I/O error is that of the error it wraps, so it skips the wrapped
            // one.
            Some(wrapped) => Some(wrapped),
            None => current.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
