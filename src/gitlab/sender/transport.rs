//! One attempt at one request: TLS, headers, redirects, time-out and size of the answer. Decides
//! nothing about retries, and does not read what an answer means.

use std::error::Error as _;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use tokio::sync::Semaphore;
use tokio_rustls::rustls;

use super::base_url::BaseUrl;
use super::config::{Config, ConfigError};
use super::error::{ProxyProblem, TlsProblem};
use super::headers;
use super::message;
use super::proxy::Proxy;
use super::request::Call;
use super::secrets::Secrets;
use super::tls;

mod proxies;
mod redirect;

/// The largest answer that is read. A page of the longest list has about 200 KiB, and not much over
/// 1 MiB where every description is as long as GitLab lets it be.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// Up to this size, answers are read at the same time.
const SMALL_BODY: usize = 256 * 1024;

/// Answers that are larger than [`SMALL_BODY`] and read at the same time, so that the memory for
/// all of them has a bound.
const LARGE_BODIES: usize = 2;

/// Maximum number of bytes that are read of an error response: its status says what matters, and
/// one line is passed on.
const LARGEST_REFUSAL: usize = 64 * 1024;

/// Maximum number of redirects: a renamed path needs one, a trailing slash another.
const MOST_REDIRECTS: usize = 3;

/// The connections to one GitLab.
pub(super) struct Transport {
    clients: Clients,
    /// The same without the credentials for the proxy, once it has turned out to take none.
    without_credentials: OnceLock<Clients>,
    config: Config,
    tls: rustls::ClientConfig,
    /// The server has closed a connection instead of answering.
    loses_connections: AtomicBool,
    /// The server has answered some request.
    has_answered: AtomicBool,
    /// Something on the way has asked for a client certificate.
    asked_for_certificate: Arc<AtomicBool>,
    base_url: BaseUrl,
    proxy: Option<Proxy>,
    timeout: Duration,
    secrets: Secrets,
    has_token: bool,
    large_bodies: Semaphore,
}

/// An answer with its whole body.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The reason why an attempt has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is no token: the request was not sent.
    NoToken,
    /// No connection: the request was not sent.
    NotConnected(String),
    /// The server closes the connection, and says that it hasn't taken the request.
    NotTaken(String),
    /// The proxy makes no connection to the server: the request was not sent.
    Proxy { address: String, variable: &'static str, problem: ProxyProblem, cause: Option<String> },
    /// TLS failed: the request was not sent.
    Untrusted(TlsProblem, Option<String>),
    /// The connection broke; the request may have been carried out.
    Broken(String),
    /// The connection broke before any answer; the request may have been carried out.
    NoAnswer(String),
    /// The same, where the server has asked for a client certificate and has never answered.
    NoAnswerWithoutCertificate(String),
    /// Time ran out; the request may have been carried out.
    TimedOut(Duration),
    /// The answer points to where we do not go. `to` is its scheme, host and port.
    Redirected { status: StatusCode, to: Option<String>, is_sign_in: bool, words: Option<String> },
    /// The answer is larger than [`LARGEST_BODY`].
    TooLarge,
}

/// The HTTP clients for one way to the server.
struct Clients {
    pooled: reqwest::Client,
    /// Opens a connection for each request.
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
                .default_headers(headers::of(config)?)
                .user_agent(user_agent.clone())
                .redirect(reqwest::redirect::Policy::none())
                .pool_max_idle_per_host(idle_connections)
                .tls_backend_preconfigured(tls.clone());
            // Never those of the process's environment or the system's settings.
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
            has_answered: AtomicBool::new(false),
            asked_for_certificate: tls.asked_for_certificate,
            base_url: config.base_url.clone(),
            proxy: config.proxy.clone(),
            timeout: config.request_timeout,
            secrets: Secrets::of(config),
            has_token: config.token.is_some(),
            config: config.clone(),
            large_bodies: Semaphore::new(LARGE_BODIES),
        })
    }

    pub(super) fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    pub(super) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Sends the request once and reads the whole answer, within the time-out. A `repeated` request
    /// has a connection of its own, and so has an addition once the server has closed a connection
    /// between requests: if that happens to an addition, a list must be read to tell what became of
    /// it.
    pub(super) async fn attempt<T>(
        &self,
        call: &Call<T>,
        repeated: bool,
    ) -> Result<Reply, Failure> {
        let loses_connections = self.loses_connections.load(Ordering::Relaxed);
        let is_alone = repeated || (loses_connections && !call.is_repeatable());
        let outcome = tokio::time::timeout(self.timeout, self.exchange(call, is_alone)).await;
        let outcome = outcome.unwrap_or(Err(Failure::TimedOut(self.timeout)));
        let is_lost = match &outcome {
            Err(failure) => matches!(failure, Failure::NoAnswer(_)),
            Ok(reply) => reply.status == StatusCode::REQUEST_TIMEOUT,
        };
        self.loses_connections.fetch_or(is_lost, Ordering::Relaxed);
        self.has_answered.fetch_or(outcome.is_ok(), Ordering::Relaxed);
        outcome.map_err(|failure| self.unless_certificate_is_wanted(failure))
    }

    /// Returns the failure with its cause where the server demands a client certificate. In TLS 1.3
    /// it says so after our part of the handshake, and HTTP/2 may lose what it says.
    fn unless_certificate_is_wanted(&self, failure: Failure) -> Failure {
        let is_wanted = self.asked_for_certificate.load(Ordering::Relaxed)
            && !self.has_answered.load(Ordering::Relaxed);
        match failure {
            Failure::NoAnswer(cause) if is_wanted => Failure::NoAnswerWithoutCertificate(cause),
            Failure::Untrusted(TlsProblem::Other, words)
                if is_wanted
                    && words
                        .as_deref()
                        .is_some_and(|words| tls::problem_of_text(words).is_some()) =>
            {
                Failure::Untrusted(TlsProblem::ClientCertificate, words)
            }
            other => other,
        }
    }

    /// Returns what the other side said, without any secret of ours that it may have repeated.
    pub(super) fn without_secrets(&self, text: String) -> String {
        self.secrets.hidden_in(text)
    }

    /// Makes the exchange, over another way if need be: a proxy of SOCKS that needs no credentials
    /// may refuse to be offered any, and an HTTP proxy's answer isn't known to the HTTP client.
    async fn exchange<T>(&self, call: &Call<T>, is_alone: bool) -> Result<Reply, Failure> {
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
            // Another request may have been faster.
            drop(self.without_credentials.set(clients));
            return outcome;
        }
        Err(proxies::with_answer(failure, proxy, &self.base_url, &self.secrets).await)
    }

    async fn exchange_over<T>(
        &self,
        clients: &Clients,
        call: &Call<T>,
        is_alone: bool,
    ) -> Result<Reply, Failure> {
        let http = if is_alone { &clients.unpooled } else { &clients.pooled };
        let mut url = self.address(call)?;
        let mut hops = 0;
        loop {
            let mut request = http.request(call.line().method.clone(), url.clone());
            if let Some(body) = call.body() {
                request = request.json(body);
            }
            let response = request.send().await.map_err(|error| match self.failure(error) {
                Failure::Broken(cause) => Failure::NoAnswer(cause),
                other => other,
            })?;
            if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
                && let Some(proxy) = self.proxy().filter(|proxy| proxy.forwards(&self.base_url))
            {
                return Err(proxies::wants_credentials(proxy));
            }
            if !redirect::is_one(response.status()) {
                return match response.status() == call.success() {
                    true => self.read(response).await,
                    false => read_start(response).await,
                };
            }
            url = redirect::next_hop(&url, &response, &call.line().method)?;
            hops += 1;
            if hops > MOST_REDIRECTS {
                return Err(redirect::in_circles(&url, &response));
            }
        }
    }

    /// Reads a whole answer. Beyond [`SMALL_BODY`], it waits for its turn among the large ones.
    async fn read(&self, mut response: Response) -> Result<Reply, Failure> {
        if response.content_length().is_some_and(|length| length > LARGEST_BODY as u64) {
            return Err(Failure::TooLarge);
        }
        let (mut body, mut turn) = (Vec::new(), None);
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            let length = body.len() + chunk.len();
            if length > LARGEST_BODY {
                return Err(Failure::TooLarge);
            }
            if length > SMALL_BODY && turn.is_none() {
                turn = self.large_bodies.acquire().await.ok();
            }
            if length > body.capacity() {
                // In steps of the same size, where a vector doubles.
                body.reserve_exact(chunk.len().max(SMALL_BODY));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply {
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
        if !call.query().is_empty() {
            url.query_pairs_mut().extend_pairs(call.query());
        }
        Ok(url)
    }
}

/// Reads as much of the body as [`LARGEST_REFUSAL`] allows and gives up the rest.
async fn read_start(mut response: Response) -> Result<Reply, Failure> {
    let mut body = Vec::new();
    while body.len() < LARGEST_REFUSAL
        && let Some(chunk) = response.chunk().await.map_err(failure)?
    {
        body.extend_from_slice(&chunk[..chunk.len().min(LARGEST_REFUSAL - body.len())]);
    }
    Ok(Reply { status: response.status(), headers: std::mem::take(response.headers_mut()), body })
}

fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let cause = root_cause(&error);
    if let Some(error) = tls_error(&error) {
        let (problem, words) = tls::problem_of(error);
        Failure::Untrusted(problem, words)
    } else if let Some((problem, words)) = tls::problem_of_text(&cause) {
        Failure::Untrusted(problem, words)
    } else if is_not_taken(&error) {
        Failure::NotTaken(cause)
    } else if error.is_connect() {
        Failure::NotConnected(cause)
    } else {
        Failure::Broken(cause)
    }
}

/// Checks whether a server has refused a stream of HTTP/2: by its ID above the last that a graceful
/// GOAWAY takes, or by itself. RFC 9113 (8.7) guarantees that such a request wasn't processed.
fn is_not_taken(error: &reqwest::Error) -> bool {
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

/// The innermost cause says what happened; the outer ones only where.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    message::line(&cause.to_string()).unwrap_or_else(|| "no reason given".to_owned())
}

/// Returns the error of TLS, wherever in the causes it is wrapped.
fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        cause = match current.downcast_ref().and_then(io::Error::get_ref) {
            // An I/O error names the source of what it wraps as its own, and so leaves out the
            // wrapped one.
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
