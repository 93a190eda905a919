//! The one way to GitLab: every call goes through [`Client::send`], which waits its turn, repeats what is worth
//! repeating, reads the status and decodes the answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::IgnoredAny;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::base_url::BaseUrl;
use super::config::{Config, ConfigError};
use super::error::{Error, ErrorKind, Story};
use super::gate::Gate;
use super::lookup::Lookups;
use super::message;
use super::request::{Call, RequestLine};
use super::retry::{self, Backoff, LONGEST_WAIT};
use super::snapshots::Lists;
use super::transport::{Failure, Reply, Transport};

/// A connection to one GitLab with one token. Clones are cheap and share everything: connections, limits on
/// requests, and what is already known.
#[derive(Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
    stop: CancellationToken,
}

pub(super) struct Shared {
    transport: Transport,
    turns: Semaphore,
    gate: Gate,
    retries: u32,
    backoff: Backoff,
    pub(super) lists: Lists,
    pub(super) lookups: Lookups,
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub(super) value: T,
    pub(super) headers: HeaderMap,
    /// How the call went, for an error that the value may turn out to be.
    pub(super) story: Story,
}

/// What is wrong with one attempt.
struct Problem {
    kind: ErrorKind,
    status: Option<StatusCode>,
    words: Option<String>,
    /// A later attempt may fare better.
    transient: bool,
    /// The server may have done what was asked.
    doubtful: bool,
    /// How long the server asks to wait.
    asked_wait: Option<Duration>,
}

impl Client {
    /// A client that sends nothing yet. When `stop` is cancelled, calls that wait for their turn or for another
    /// attempt end with [`ErrorKind::Cancelled`]; what is on the wire is let finish, since its effect is known only
    /// then.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn new(config: &Config, stop: CancellationToken) -> Result<Self, ConfigError> {
        Self::with_backoff(config, stop, Backoff::default())
    }

    pub(super) fn with_backoff(
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
            gate: Gate::open(),
            retries: config.retries,
            backoff,
            lists: Lists::default(),
            lookups: Lookups::default(),
        };
        Ok(Self { shared: Arc::new(shared), stop })
    }

    /// The same client, but deaf to the order to stop: for finding out how far a half-done change came.
    #[must_use]
    pub fn despite_stop(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), stop: CancellationToken::new() }
    }

    /// The GitLab that this client speaks to.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        self.shared.transport.base_url()
    }

    /// Makes a call and reads its answer.
    pub(super) async fn send<T>(&self, call: &Call<T>) -> Result<Answer<T>, Error> {
        let began = Instant::now();
        let mut story = Story::default();
        let mut last: Option<Problem> = None;
        loop {
            let Some(turn) = self.turn().await else {
                return Err(stopped(call.line(), last, Story { elapsed: began.elapsed(), ..story }));
            };
            let outcome = self.attempt(call, story.attempts + 1).await;
            drop(turn);
            story.attempts += 1;
            story.elapsed = began.elapsed();
            let problem = match outcome {
                Ok((value, headers)) => return Ok(Answer { value, headers, story }),
                Err(problem) => problem,
            };
            story.doubtful |= problem.doubtful;
            match self.wait_after(&problem, story.attempts) {
                Some(wait) => self.pause(call.line(), &problem, wait).await,
                None => return Err(problem.into_error(call.line(), story)),
            }
            last = Some(problem);
        }
    }

    /// Waits until this call may use the wire. Nothing when told to stop.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let Shared { gate, turns, .. } = &*self.shared;
        let next = async {
            loop {
                gate.pass().await;
                let turn = turns.acquire().await.ok()?;
                if gate.is_open() {
                    return Some(turn);
                }
            }
        };
        if self.stop.is_cancelled() {
            return None;
        }
        self.stop.run_until_cancelled(next).await?
    }

    async fn attempt<T>(&self, call: &Call<T>, number: u32) -> Result<(T, HeaderMap), Problem> {
        let began = Instant::now();
        let outcome = self.shared.transport.attempt(call).await;
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
        let reply = outcome.map_err(Problem::of_failure)?;
        if let Some(wait) = retry::used_up_wait(&reply.headers) {
            self.shared.gate.close_for(wait);
        }
        self.judge(call, reply)
    }

    fn judge<T>(&self, call: &Call<T>, reply: Reply) -> Result<(T, HeaderMap), Problem> {
        if reply.status != call.success() {
            let refusal = self.refusal(call.is_read(), &reply);
            // A GitLab without GraphQL answers with its page for what does not exist.
            let unknown = call.is_graphql() && reply.status == StatusCode::NOT_FOUND;
            return Err(if unknown { Problem { kind: ErrorKind::Unsupported, ..refusal } } else { refusal });
        }
        match call.decode(&reply.body) {
            Ok(value) => Ok((value, reply.headers)),
            Err(error) => Err(self.unreadable(&reply, &error)),
        }
    }

    /// What the other side said, as one line of so many characters at most that may be passed on.
    pub(super) fn presentable(&self, text: String, longest: usize) -> Option<String> {
        message::line_within(&self.shared.transport.without_secrets(text), longest)
    }

    fn refusal(&self, is_read: bool, reply: &Reply) -> Problem {
        let words = message::read(&reply.body, |text| self.shared.transport.without_secrets(text));
        let asked_wait = retry::asked_wait(reply.status, &reply.headers);
        Problem {
            kind: ErrorKind::of_status(reply.status, &words, asked_wait),
            status: Some(reply.status),
            words: words.text.and_then(|text| message::beyond_status(&text, reply.status).map(str::to_owned)),
            transient: retry::is_transient(reply.status, is_read),
            doubtful: reply.status.is_server_error() || reply.status.is_success(),
            asked_wait,
        }
    }

    fn unreadable(&self, reply: &Reply, error: &serde_json::Error) -> Problem {
        let hide = |text| self.shared.transport.without_secrets(text);
        let words = match serde_json::from_slice::<IgnoredAny>(&reply.body) {
            Ok(_) => message::line(&hide(error.to_string())),
            Err(broken) if broken.is_eof() => None,
            Err(_) => message::read(&reply.body, hide).text,
        };
        let words = words.unwrap_or_else(|| "the answer is empty or cut off".to_owned());
        Problem {
            kind: ErrorKind::Unreadable,
            status: Some(reply.status),
            words: Some(words),
            transient: false,
            doubtful: true,
            asked_wait: None,
        }
    }

    /// How long to wait before the next attempt; nothing when there is to be none.
    fn wait_after(&self, problem: &Problem, attempts: u32) -> Option<Duration> {
        if !problem.transient || attempts > self.shared.retries {
            return None;
        }
        let asked = problem.asked_wait.unwrap_or_default();
        (asked <= LONGEST_WAIT).then(|| self.shared.backoff.after(attempts).max(asked))
    }

    /// Waits alone, or closes the gate for all when the server asks for calm.
    async fn pause(&self, line: &RequestLine, problem: &Problem, wait: Duration) {
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
            self.shared.gate.close_for(wait);
        } else {
            self.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
    }
}

impl Problem {
    fn of_failure(failure: Failure) -> Self {
        let (kind, words, transient, doubtful) = match failure {
            Failure::NotConnected(cause) => (ErrorKind::Unreachable, Some(cause), true, false),
            Failure::Untrusted(cause) => (ErrorKind::Untrusted, Some(cause), false, false),
            Failure::Broken(cause) => (ErrorKind::Unreachable, Some(cause), true, true),
            Failure::TimedOut(after) => {
                (ErrorKind::TimedOut, Some(format!("nothing within {} s", after.as_secs_f32())), true, true)
            }
            Failure::TooLarge => {
                (ErrorKind::Unreadable, Some("the answer is too large".to_owned()), false, true)
            }
            Failure::Redirected { status, origin } => {
                let kind = ErrorKind::Redirected { to: origin };
                return Self { status: Some(status), ..Self::plain(kind) };
            }
            Failure::RedirectedInCircles(status) => {
                let words = Some("one redirect leads to the next".to_owned());
                return Self {
                    status: Some(status),
                    words,
                    ..Self::plain(ErrorKind::Redirected { to: None })
                };
            }
        };
        Self { words, transient, doubtful, ..Self::plain(kind) }
    }

    fn plain(kind: ErrorKind) -> Self {
        Self { kind, status: None, words: None, transient: false, doubtful: false, asked_wait: None }
    }

    fn into_error(self, line: &RequestLine, story: Story) -> Error {
        Error::new(self.kind, line, self.status, self.words, story)
    }
}

/// The end of a call that was told to stop, with what was wrong before.
fn stopped(line: &RequestLine, last: Option<Problem>, story: Story) -> Error {
    let (status, words) = last.map(|problem| (problem.status, problem.words)).unwrap_or_default();
    Error::new(ErrorKind::Cancelled, line, status, words, story)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", self.base_url()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
