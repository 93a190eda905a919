//! Every request goes through [`Sender::send`], which waits for its turn, retries what is worth it,
//! reads the status and decodes the answer.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::IgnoredAny;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::base_url::BaseUrl;
use super::config::{Config, ConfigError};
use super::document::SchemaGaps;
use super::error::{AttemptHistory, Error, ErrorKind, ProxyProblem, TlsProblem};
use super::gateway;
use super::message;
use super::pause::Pause;
use super::request::{Call, RequestLine};
use super::retry::{self, Backoff, LONGEST_WAIT};
use super::transport::{Failure, Reply, Transport};

/// Maximum number of connections for one request that servers close before they take it. Some close
/// each after one request.
const MOST_NOT_TAKEN: u32 = 100;

/// Maximum time to wait for answers after the order to stop, so that the state says what the server
/// holds.
const GRACE: Duration = Duration::from_secs(5);

/// Maximum time to wait for the answer to a write after the order to stop. The rest of [`GRACE`] is
/// for reading what became of it.
const WRITE_GRACE: Duration = Duration::from_secs(3);

/// The most bytes of a page in place of an answer that are looked at.
const LONGEST_PAGE: usize = 64 * 1024;

/// A connection to one GitLab with one token. Clones are cheap and share connections, turns and
/// pauses.
#[derive(Clone)]
pub(in crate::gitlab) struct Sender {
    shared: Arc<Shared>,
    stop: CancellationToken,
    /// True if it goes on for a while after the order to stop.
    is_late: bool,
}

struct Shared {
    transport: Transport,
    turns: Semaphore,
    /// The number of requests on the wire.
    on_the_wire: AtomicUsize,
    pause: Pause,
    retries: u32,
    backoff: Backoff,
    schema_gaps: SchemaGaps,
    /// Cancelled some seconds after the order to stop, for what must be found out all the same.
    late_stop: OnceLock<CancellationToken>,
    /// Cancelled before that, for writes that wait for their answers.
    write_stop: OnceLock<CancellationToken>,
}

/// A request on the wire, as long as somebody waits for it.
struct OnTheWire<'a>(&'a AtomicUsize);

impl<'a> OnTheWire<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for OnTheWire<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A successful answer.
#[derive(Debug)]
pub(in crate::gitlab) struct Answer<T> {
    pub(in crate::gitlab) value: T,
    pub(in crate::gitlab) headers: HeaderMap,
    /// The attempts so far, for an error that the value may turn out to be.
    pub(in crate::gitlab) history: AttemptHistory,
}

/// A problem with one attempt.
struct Problem {
    kind: ErrorKind,
    status: Option<StatusCode>,
    words: Option<String>,
    /// A later attempt may succeed.
    transient: bool,
    /// The server may have done what was asked.
    doubtful: bool,
    /// The wait that the server asks for.
    asked_wait: Option<Duration>,
    /// The server has not even taken the request.
    not_taken: bool,
    /// The connection broke before any answer.
    is_broken: bool,
}

impl Sender {
    /// Creates a sender without sending anything. Once `stop` is cancelled, calls that wait for
    /// their turn or for a retry end with [`ErrorKind::Cancelled`], and so do reads on the wire.
    /// Writes may finish within [`WRITE_GRACE`], since only then their effect is known.
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
            turns: Semaphore::new(config.max_concurrent_requests.min(Semaphore::MAX_PERMITS)),
            on_the_wire: AtomicUsize::new(0),
            pause: Pause::over(),
            retries: config.retries,
            backoff,
            schema_gaps: SchemaGaps::default(),
            late_stop: OnceLock::new(),
            write_stop: OnceLock::new(),
        };
        Ok(Self { shared: Arc::new(shared), stop, is_late: false })
    }

    /// Returns the same sender, but one that goes on for [`GRACE`] after the order to stop.
    pub(in crate::gitlab) fn despite_stop(&self) -> Self {
        if self.is_late {
            return self.clone();
        }
        let late_stop = self.shared.late_stop.get_or_init(|| later(&self.stop, GRACE));
        Self { shared: Arc::clone(&self.shared), stop: late_stop.clone(), is_late: true }
    }

    /// Makes an attempt, unless the order to stop comes first. Returns nothing then.
    async fn until_stop<T>(
        &self,
        call: &Call<T>,
        is_repeated: bool,
    ) -> Option<Result<Reply, Failure>> {
        let attempt = Box::pin(self.shared.transport.attempt(call, is_repeated));
        if call.is_read() || self.is_late {
            return self.stop.run_until_cancelled(attempt).await;
        }
        let stop = self.shared.write_stop.get_or_init(|| later(&self.stop, WRITE_GRACE));
        stop.run_until_cancelled(attempt).await
    }

    /// Returns the address of the GitLab that this sender speaks to.
    pub(in crate::gitlab) fn base_url(&self) -> &BaseUrl {
        self.shared.transport.base_url()
    }

    /// Checks whether no request is on the wire.
    pub(in crate::gitlab) fn is_idle(&self) -> bool {
        self.shared.on_the_wire.load(Ordering::Relaxed) == 0
    }

    /// Returns what GitLab's GraphQL schema is known to lack.
    pub(super) fn schema_gaps(&self) -> &SchemaGaps {
        &self.shared.schema_gaps
    }

    /// Makes a call and reads its answer.
    pub(in crate::gitlab) async fn send<T>(&self, call: &Call<T>) -> Result<Answer<T>, Error> {
        let began = Instant::now();
        let mut history = AttemptHistory::default();
        let mut last: Option<Problem> = None;
        let (mut not_taken, mut is_repeated) = (0, false);
        loop {
            let Some(turn) = self.turn().await else {
                history.elapsed = began.elapsed();
                return Err(stopped(call.line(), last, history));
            };
            let number = history.attempts + u32::from(is_repeated) + 1;
            let on_the_wire = OnTheWire::begin(&self.shared.on_the_wire);
            let outcome = self.attempt(call, number, is_repeated).await;
            drop((on_the_wire, turn));
            history.elapsed = began.elapsed();
            let Some(outcome) = outcome else {
                history.doubtful |= !call.is_read();
                return Err(stopped(call.line(), last, history));
            };
            if outcome.as_ref().is_err_and(|problem| problem.not_taken)
                && not_taken < MOST_NOT_TAKEN
            {
                // A connection that closes has taken other requests; this one goes over the next.
                not_taken += 1;
                continue;
            }
            let is_broken = outcome.as_ref().is_err_and(|problem| problem.is_broken);
            if is_broken && call.is_repeatable() && !is_repeated {
                // A server may close a connection that it has kept open just when the next request
                // is sent.
                is_repeated = true;
                history.doubtful |= !call.is_read();
                continue;
            }
            history.attempts += 1;
            let problem = match outcome {
                Ok((value, headers)) => return Ok(Answer { value, headers, history }),
                Err(problem) => problem,
            };
            history.doubtful |= problem.doubtful;
            match self.wait_after(&problem, history.attempts) {
                Some(wait) => self.wait(call.line(), &problem, wait).await,
                None => return Err(problem.into_error(call.line(), history)),
            }
            last = Some(problem);
        }
    }

    /// Waits until this call may use the wire. Returns nothing when told to stop.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let Shared { pause, turns, .. } = &*self.shared;
        let next = async {
            loop {
                pause.end().await;
                let turn = turns.acquire().await.ok()?;
                if pause.is_over() {
                    return Some(turn);
                }
            }
        };
        if self.stop.is_cancelled() {
            return None;
        }
        self.stop.run_until_cancelled(next).await?
    }

    /// Makes an attempt, and returns nothing if the order to stop comes first.
    async fn attempt<T>(
        &self,
        call: &Call<T>,
        number: u32,
        is_repeated: bool,
    ) -> Option<Result<(T, HeaderMap), Problem>> {
        let began = Instant::now();
        let outcome = self.until_stop(call, is_repeated).await?;
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
            self.judge(call, reply)
        });
        Some(judged)
    }

    /// Returns what is wrong, with the proxy where the server's connection goes through one.
    fn problem(&self, failure: Failure) -> Problem {
        let mut problem = Problem::of_failure(failure);
        problem.words = problem.words.and_then(|words| {
            // Before it is cut, since a part of a secret wouldn't be recognized.
            message::line(&self.shared.transport.without_secrets(words))
        });
        let is_of_connection = matches!(
            problem.kind,
            ErrorKind::Unreachable | ErrorKind::Untrusted(_) | ErrorKind::TimedOut
        );
        if let Some(proxy) = self.shared.transport.proxy().filter(|_| is_of_connection) {
            problem.words =
                problem.words.map(|words| format!("{words}, through the proxy {proxy}"));
        }
        problem
    }

    fn judge<T>(&self, call: &Call<T>, reply: Reply) -> Result<(T, HeaderMap), Problem> {
        if reply.status != call.success() {
            let refusal = self.refusal(call.is_read(), &reply);
            // Nothing that GraphQL tells of is found by the status.
            let is_of_a_gateway = call.is_graphql() && refusal.kind == ErrorKind::NotFound;
            return Err(match is_of_a_gateway {
                true => Problem { kind: ErrorKind::UnexpectedStatus, doubtful: true, ..refusal },
                false => refusal,
            });
        }
        match call.decode(&reply.body) {
            Ok(value) => Ok((value, reply.headers)),
            Err(error) => Err(self.unreadable(&reply, &error)),
        }
    }

    /// Returns what the other side said as one line without secrets, of at most that many
    /// characters.
    pub(super) fn presentable(&self, text: String, longest: usize) -> Option<String> {
        message::line_within(&self.shared.transport.without_secrets(text), longest)
    }

    fn refusal(&self, is_read: bool, reply: &Reply) -> Problem {
        let words = message::read(&reply.body, |text| self.shared.transport.without_secrets(text));
        let asked_wait = retry::asked_wait(reply.status, &reply.headers);
        let kind = match ErrorKind::of_status(reply.status, &words, asked_wait) {
            ErrorKind::Unauthorized(_) | ErrorKind::Forbidden
                if gateway::is_foreign(&reply.headers, &reply.body) =>
            {
                ErrorKind::Blocked { by: gateway::name(&reply.headers, &reply.body) }
            }
            ErrorKind::BadRequest if words.is_no_json => gateway::tls_problem(&reply.body)
                .map_or(ErrorKind::BadRequest, ErrorKind::Untrusted),
            kind => kind,
        };
        // A gateway says so of a request that it may have handed on.
        let is_of_a_gateway = (kind == ErrorKind::UnexpectedStatus || words.is_no_json)
            && !matches!(kind, ErrorKind::Untrusted(_));
        let doubtful = is_of_a_gateway || kind == ErrorKind::Server || reply.status.is_success();
        Problem {
            kind,
            status: Some(reply.status),
            words: words
                .text
                .and_then(|text| message::beyond_status(&text, reply.status).map(str::to_owned)),
            transient: retry::is_transient(reply.status, is_read),
            doubtful,
            asked_wait,
            not_taken: false,
            is_broken: false,
        }
    }

    fn unreadable(&self, reply: &Reply, error: &serde_json::Error) -> Problem {
        let hide = |text| self.shared.transport.without_secrets(text);
        let words = match serde_json::from_slice::<IgnoredAny>(&reply.body) {
            Ok(_) => message::line(&hide(error.to_string())),
            Err(broken) if broken.is_eof() => None,
            Err(_) => {
                message::read(reply.body.get(..LONGEST_PAGE).unwrap_or(&reply.body), hide).text
            }
        };
        let words = words.unwrap_or_else(|| "the response is empty or incomplete".to_owned());
        Problem {
            kind: ErrorKind::Unreadable,
            status: Some(reply.status),
            words: Some(words),
            transient: false,
            doubtful: true,
            asked_wait: None,
            not_taken: false,
            is_broken: false,
        }
    }

    /// Returns how long to wait before the next attempt, or nothing when there is none.
    fn wait_after(&self, problem: &Problem, attempts: u32) -> Option<Duration> {
        if !problem.transient || attempts > self.shared.retries {
            return None;
        }
        let asked = problem.asked_wait.unwrap_or_default();
        (asked <= LONGEST_WAIT).then(|| self.shared.backoff.after(attempts).max(asked))
    }

    /// Waits alone, or pauses all calls when the server asks for it.
    async fn wait(&self, line: &RequestLine, problem: &Problem, wait: Duration) {
        tracing::warn!(
            method = line.method.as_str(),
            path = line.path,
            operation = line.operation,
            reason = problem.words.as_deref().unwrap_or_default(),
            status = problem.status.map(|status| status.as_u16()),
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "request to GitLab failed and will be repeated"
        );
        let limited = matches!(problem.kind, ErrorKind::RateLimited { .. });
        if limited || problem.asked_wait.is_some() {
            self.shared.pause.extend(wait);
        } else {
            self.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
    }
}

impl Problem {
    fn of_failure(failure: Failure) -> Self {
        let (kind, words, transient, doubtful) = match failure {
            Failure::NoToken => (ErrorKind::NoToken, None, false, false),
            Failure::NotConnected(cause) => (ErrorKind::Unreachable, Some(cause), true, false),
            Failure::NotTaken(cause) => {
                let kind = Self::plain(ErrorKind::Unreachable);
                return Self { words: Some(cause), transient: true, not_taken: true, ..kind };
            }
            Failure::Proxy { address, variable, problem, cause } => {
                let transient = matches!(
                    problem,
                    ProxyProblem::Unreachable | ProxyProblem::Refused | ProxyProblem::NoWay
                );
                (ErrorKind::Proxy { address, variable, problem }, cause, transient, false)
            }
            Failure::Untrusted(problem, cause) => {
                (ErrorKind::Untrusted(problem), cause, false, false)
            }
            Failure::Broken(cause) => (ErrorKind::Unreachable, Some(cause), true, true),
            Failure::NoAnswer(cause) => return Self::unanswered(ErrorKind::Unreachable, cause),
            Failure::NoAnswerWithoutCertificate(cause) => {
                let kind = ErrorKind::Untrusted(TlsProblem::ClientCertificate);
                return Self::unanswered(kind, cause);
            }
            Failure::TimedOut(after) => (
                ErrorKind::TimedOut,
                Some(format!("no response within {} s", after.as_secs_f32())),
                true,
                true,
            ),
            Failure::TooLarge => {
                (ErrorKind::Unreadable, Some("the response is too large".to_owned()), false, true)
            }
            Failure::Redirected { status, to, is_sign_in, words } => {
                let kind = ErrorKind::Redirected { to, is_sign_in };
                return Self { status: Some(status), words, ..Self::plain(kind) };
            }
        };
        Self { words, transient, doubtful, ..Self::plain(kind) }
    }

    /// Returns the problem of a connection that ended before an answer came.
    fn unanswered(kind: ErrorKind, cause: String) -> Self {
        Self {
            words: Some(cause),
            transient: true,
            doubtful: true,
            is_broken: true,
            ..Self::plain(kind)
        }
    }

    fn plain(kind: ErrorKind) -> Self {
        Self {
            kind,
            status: None,
            words: None,
            transient: false,
            doubtful: false,
            asked_wait: None,
            not_taken: false,
            is_broken: false,
        }
    }

    fn into_error(self, line: &RequestLine, history: AttemptHistory) -> Error {
        Error::new(self.kind, line, self.status, self.words, history)
    }
}

/// Returns what is cancelled some time after the order to stop.
fn later(stop: &CancellationToken, time: Duration) -> CancellationToken {
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

/// Returns the error of a call that was told to stop, with what was wrong before.
fn stopped(line: &RequestLine, last: Option<Problem>, history: AttemptHistory) -> Error {
    let (status, words) = last.map(|problem| (problem.status, problem.words)).unwrap_or_default();
    Error::new(ErrorKind::Cancelled, line, status, words, history)
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("base_url", self.base_url()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
