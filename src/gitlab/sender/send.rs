//! Sends requests: [`Sender::send`] limits concurrency, retries transient failures, checks the
//! status and decodes the response.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::de::IgnoredAny;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::problem::Problem;
use super::base_url::BaseUrl;
use super::config::{Config, ConfigError};
use super::document::SchemaGaps;
use super::error::{AttemptHistory, Error, ErrorKind};
use super::gateway;
use super::message;
use super::pause::Pause;
use super::request::{Call, RequestLine};
use super::retry::{self, Backoff, MAX_WAIT};
use super::transport::{Failure, RawResponse, Transport};

mod problem;

/// Maximum number of resends of a request that the server didn't process. Some servers close each
/// connection after one request.
const MAX_RESENDS: u32 = 100;

/// Maximum time for requests after the stop, so that the state matches the server.
const GRACE_PERIOD: Duration = Duration::from_secs(5);

/// Maximum time for the response to a write after the stop. The rest of [`GRACE_PERIOD`] is for
/// reading its result.
const WRITE_GRACE_PERIOD: Duration = Duration::from_secs(3);

/// Maximum number of bytes of an invalid response that are searched for a message.
const MAX_PAGE_BYTES: usize = 64 * 1024;

/// Sends requests to a GitLab instance with a token. Clones are cheap, and share connections,
/// limits and pauses.
#[derive(Clone)]
pub(in crate::gitlab) struct Sender {
    shared: Arc<Shared>,
    stop: CancellationToken,
    /// Whether requests may continue for [`GRACE_PERIOD`] after the stop.
    has_grace_period: bool,
}

struct Shared {
    transport: Transport,
    permits: Semaphore,
    /// Number of requests in flight.
    in_flight: AtomicUsize,
    pause: Pause,
    retries: u32,
    backoff: Backoff,
    schema_gaps: SchemaGaps,
    /// Cancelled [`GRACE_PERIOD`] after the stop.
    grace_stop: OnceLock<CancellationToken>,
    /// Cancelled [`WRITE_GRACE_PERIOD`] after the stop, for writes in flight.
    write_stop: OnceLock<CancellationToken>,
}

/// Counts a request as in flight until it is dropped.
struct InFlightGuard<'a>(&'a AtomicUsize);

impl<'a> InFlightGuard<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A successful response.
#[derive(Debug)]
pub(in crate::gitlab) struct ApiResponse<T> {
    pub(in crate::gitlab) value: T,
    pub(in crate::gitlab) headers: HeaderMap,
    /// The attempts, in case the caller finds an error in the value.
    pub(in crate::gitlab) history: AttemptHistory,
}

impl Sender {
    /// Creates a sender.
    ///
    /// When `stop` is cancelled, waiting calls and reads in flight fail with
    /// [`ErrorKind::Cancelled`]. Writes in flight may finish within [`WRITE_GRACE_PERIOD`], so that
    /// their result is known.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub(in crate::gitlab) fn new(
        config: &Config,
        stop: CancellationToken,
    ) -> Result<Self, ConfigError> {
        Self::with_backoff(config, stop, Backoff::default())
    }

    pub(in crate::gitlab) fn with_backoff(
        config: &Config,
        stop: CancellationToken,
        backoff: Backoff,
    ) -> Result<Self, ConfigError> {
        if config.max_concurrent_requests == 0 {
            return Err(ConfigError::NoConcurrency);
        }
        let shared = Shared {
            transport: Transport::new(config)?,
            permits: Semaphore::new(config.max_concurrent_requests.min(Semaphore::MAX_PERMITS)),
            in_flight: AtomicUsize::new(0),
            pause: Pause::inactive(),
            retries: config.retries,
            backoff,
            schema_gaps: SchemaGaps::default(),
            grace_stop: OnceLock::new(),
            write_stop: OnceLock::new(),
        };
        Ok(Self { shared: Arc::new(shared), stop, has_grace_period: false })
    }

    /// Returns a sender whose requests may continue for [`GRACE_PERIOD`] after the stop.
    pub(in crate::gitlab) fn with_grace_period(&self) -> Self {
        if self.has_grace_period {
            return self.clone();
        }
        let grace_stop =
            self.shared.grace_stop.get_or_init(|| cancelled_after(&self.stop, GRACE_PERIOD));
        Self { shared: Arc::clone(&self.shared), stop: grace_stop.clone(), has_grace_period: true }
    }

    /// Makes an attempt. Returns `None` if it is stopped.
    async fn attempt_until_stop<T>(
        &self,
        call: &Call<T>,
        is_repeated: bool,
    ) -> Option<Result<RawResponse, Failure>> {
        let attempt = Box::pin(self.shared.transport.attempt(call, is_repeated));
        if call.is_read() || self.has_grace_period {
            return self.stop.run_until_cancelled(attempt).await;
        }
        let stop =
            self.shared.write_stop.get_or_init(|| cancelled_after(&self.stop, WRITE_GRACE_PERIOD));
        stop.run_until_cancelled(attempt).await
    }

    /// Returns the URL of the instance.
    pub(in crate::gitlab) fn base_url(&self) -> &BaseUrl {
        self.shared.transport.base_url()
    }

    /// Returns whether no request is in flight.
    pub(in crate::gitlab) fn is_idle(&self) -> bool {
        self.shared.in_flight.load(Ordering::Relaxed) == 0
    }

    /// Returns the parts that the GraphQL schema is known to lack.
    pub(super) fn schema_gaps(&self) -> &SchemaGaps {
        &self.shared.schema_gaps
    }

    /// Sends a request, with retries, and decodes its response.
    ///
    /// # Errors
    ///
    /// Returns the error of the last attempt, or [`ErrorKind::Cancelled`] if it is stopped.
    pub(in crate::gitlab) async fn send<T>(&self, call: &Call<T>) -> Result<ApiResponse<T>, Error> {
        let began = Instant::now();
        let mut history = AttemptHistory::default();
        let mut last: Option<Problem> = None;
        let (mut not_processed, mut is_repeated) = (0, false);
        loop {
            let Some(permit) = self.permit().await else {
                history.elapsed = began.elapsed();
                return Err(stopped(call.line(), last, history));
            };
            let number = history.attempts + u32::from(is_repeated) + 1;
            let in_flight = InFlightGuard::begin(&self.shared.in_flight);
            let outcome = self.attempt(call, number, is_repeated).await;
            drop((in_flight, permit));
            history.elapsed = began.elapsed();
            let Some(outcome) = outcome else {
                history.maybe_carried_out |= !call.is_read();
                return Err(stopped(call.line(), last, history));
            };
            if outcome.as_ref().is_err_and(|problem| problem.not_processed)
                && not_processed < MAX_RESENDS
            {
                // The connection was closing; send the request over another one.
                not_processed += 1;
                continue;
            }
            let is_broken = outcome.as_ref().is_err_and(|problem| problem.is_broken);
            if is_broken && call.is_repeatable() && !is_repeated {
                // The server may have closed an idle connection just when the request was sent.
                is_repeated = true;
                history.maybe_carried_out |= !call.is_read();
                continue;
            }
            history.attempts += 1;
            let problem = match outcome {
                Ok((value, headers)) => return Ok(ApiResponse { value, headers, history }),
                Err(problem) => problem,
            };
            history.maybe_carried_out |= problem.maybe_carried_out;
            match self.wait_after(&problem, history.attempts) {
                Some(wait) => self.wait(call.line(), &problem, wait).await,
                None => return Err(problem.into_error(call.line(), history)),
            }
            last = Some(problem);
        }
    }

    /// Waits until the request may be sent. Returns `None` if it is stopped.
    async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        let Shared { pause, permits, .. } = &*self.shared;
        let next = async {
            loop {
                pause.wait().await;
                let permit = permits.acquire().await.ok()?;
                if pause.is_over() {
                    return Some(permit);
                }
            }
        };
        if self.stop.is_cancelled() {
            return None;
        }
        self.stop.run_until_cancelled(next).await?
    }

    /// Makes an attempt, and logs it. Returns `None` if it is stopped.
    async fn attempt<T>(
        &self,
        call: &Call<T>,
        number: u32,
        is_repeated: bool,
    ) -> Option<Result<(T, HeaderMap), Problem>> {
        let began = Instant::now();
        let outcome = self.attempt_until_stop(call, is_repeated).await?;
        let status = outcome.as_ref().ok().map(|reply| reply.status.as_u16());
        tracing::debug!(
            method = call.line().method.as_str(),
            path = call.line().path,
            operation = call.line().operation,
            status,
            attempt = number,
            elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "request to GitLab"
        );
        let judged = outcome.map_err(|failure| self.problem(failure)).and_then(|reply| {
            if let Some(wait) = retry::used_up_wait(&reply.headers) {
                self.shared.pause.extend(wait);
            }
            self.decode(call, reply)
        });
        Some(judged)
    }

    /// Converts a failure. Adds the proxy to its message if the connection uses one.
    fn problem(&self, failure: Failure) -> Problem {
        let mut problem = Problem::of_failure(failure);
        problem.message = problem.message.and_then(|message| {
            // Redact before truncation, because a truncated secret can't be recognized.
            message::line(&self.shared.transport.without_secrets(message))
        });
        let is_of_connection = matches!(
            problem.kind,
            ErrorKind::Unreachable | ErrorKind::Tls(_) | ErrorKind::TimedOut
        );
        if let Some(proxy) = self.shared.transport.proxy().filter(|_| is_of_connection) {
            problem.message =
                problem.message.map(|message| format!("{message}, through the proxy {proxy}"));
        }
        problem
    }

    /// Checks the status of a response and decodes it.
    fn decode<T>(&self, call: &Call<T>, reply: RawResponse) -> Result<(T, HeaderMap), Problem> {
        if reply.status != call.success() {
            let refusal = self.error_response(call.is_read(), &reply);
            // The GraphQL API doesn't use 404 for missing objects.
            let is_of_a_gateway = call.is_graphql() && refusal.kind == ErrorKind::NotFound;
            return Err(match is_of_a_gateway {
                true => Problem {
                    kind: ErrorKind::UnexpectedStatus,
                    maybe_carried_out: true,
                    ..refusal
                },
                false => refusal,
            });
        }
        match call.decode(&reply.body) {
            Ok(value) => Ok((value, reply.headers)),
            Err(error) => Err(self.invalid_response(&reply, &error)),
        }
    }

    /// Turns a text of the server into a line without secrets, of at most `longest` characters.
    pub(super) fn sanitized(&self, text: String, longest: usize) -> Option<String> {
        message::line_within(&self.shared.transport.without_secrets(text), longest)
    }

    fn error_response(&self, is_read: bool, reply: &RawResponse) -> Problem {
        let message =
            message::read(&reply.body, |text| self.shared.transport.without_secrets(text));
        let retry_after = retry::retry_after(reply.status, &reply.headers);
        let kind = match ErrorKind::of_status(reply.status, &message, retry_after) {
            ErrorKind::Unauthorized(_) | ErrorKind::Forbidden
                if gateway::is_foreign(&reply.headers, &reply.body) =>
            {
                ErrorKind::Blocked { by: gateway::name(&reply.headers, &reply.body) }
            }
            ErrorKind::BadRequest if message.is_not_json => {
                gateway::tls_problem(&reply.body).map_or(ErrorKind::BadRequest, ErrorKind::Tls)
            }
            kind => kind,
        };
        // A gateway may have forwarded the request.
        let is_of_a_gateway = (kind == ErrorKind::UnexpectedStatus || message.is_not_json)
            && !matches!(kind, ErrorKind::Tls(_));
        let maybe_carried_out =
            is_of_a_gateway || kind == ErrorKind::Server || reply.status.is_success();
        Problem {
            kind,
            status: Some(reply.status),
            message: message
                .text
                .and_then(|text| message::beyond_status(&text, reply.status).map(str::to_owned)),
            transient: retry::is_transient(reply.status, is_read),
            maybe_carried_out,
            retry_after,
            not_processed: false,
            is_broken: false,
        }
    }

    fn invalid_response(&self, reply: &RawResponse, error: &serde_json::Error) -> Problem {
        let hide = |text| self.shared.transport.without_secrets(text);
        let message = match serde_json::from_slice::<IgnoredAny>(&reply.body) {
            Ok(_) => message::line(&hide(message::of_structure(error))),
            Err(broken) if broken.is_eof() => None,
            Err(_) => {
                message::read(reply.body.get(..MAX_PAGE_BYTES).unwrap_or(&reply.body), hide).text
            }
        };
        let message = message.unwrap_or_else(|| "the response is empty or incomplete".to_owned());
        Problem {
            kind: ErrorKind::InvalidResponse,
            status: Some(reply.status),
            message: Some(message),
            transient: false,
            maybe_carried_out: true,
            retry_after: None,
            not_processed: false,
            is_broken: false,
        }
    }

    /// Returns the delay before a retry, or `None` if there is no retry.
    fn wait_after(&self, problem: &Problem, attempts: u32) -> Option<Duration> {
        if !problem.transient || attempts > self.shared.retries {
            return None;
        }
        let requested = problem.retry_after.unwrap_or_default();
        (requested <= MAX_WAIT).then(|| self.shared.backoff.after(attempts).max(requested))
    }

    /// Delays this call, or pauses all calls if the server requests it.
    async fn wait(&self, line: &RequestLine, problem: &Problem, wait: Duration) {
        tracing::warn!(
            method = line.method.as_str(),
            path = line.path,
            operation = line.operation,
            reason = problem.message.as_deref().unwrap_or_default(),
            status = problem.status.map(|status| status.as_u16()),
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "request to GitLab failed and will be retried"
        );
        let limited = matches!(problem.kind, ErrorKind::RateLimited { .. });
        if limited || problem.retry_after.is_some() {
            self.shared.pause.extend(wait);
        } else {
            self.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
    }
}

/// Returns a token that is cancelled some time after `stop`.
fn cancelled_after(stop: &CancellationToken, time: Duration) -> CancellationToken {
    let (stop, late) = (stop.clone(), CancellationToken::new());
    tokio::spawn({
        let late = late.clone();
        async move {
            stop.cancelled().await;
            tokio::time::sleep(time).await;
            late.cancel();
        }
    });
    late
}

/// Returns the error of a stopped call, with the message of its last attempt.
fn stopped(line: &RequestLine, last: Option<Problem>, history: AttemptHistory) -> Error {
    let (status, message) =
        last.map(|problem| (problem.status, problem.message)).unwrap_or_default();
    Error::new(ErrorKind::Cancelled, line, status, message, history)
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("base_url", self.base_url()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
