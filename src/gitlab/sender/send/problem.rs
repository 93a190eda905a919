//! The error of an attempt, before its call has failed.

use std::time::Duration;

use reqwest::StatusCode;

use crate::gitlab::sender::duration::in_words;
use crate::gitlab::sender::error::{AttemptHistory, Error, ErrorKind, ProxyProblem, TlsProblem};
use crate::gitlab::sender::request::RequestLine;
use crate::gitlab::sender::transport::Failure;

/// The error of an attempt.
pub(super) struct Problem {
    pub(super) kind: ErrorKind,
    pub(super) status: Option<StatusCode>,
    pub(super) message: Option<String>,
    /// Whether a retry may succeed.
    pub(super) transient: bool,
    /// Whether the server may have carried out the request.
    pub(super) maybe_carried_out: bool,
    /// The wait that the server requests.
    pub(super) retry_after: Option<Duration>,
    /// Whether the server didn't process the request.
    pub(super) not_processed: bool,
    /// Whether the connection broke before a response.
    pub(super) is_broken: bool,
}

impl Problem {
    pub(super) fn of_failure(failure: Failure) -> Self {
        let (kind, message, transient, maybe_carried_out) = match failure {
            Failure::NoToken => (ErrorKind::NoToken, None, false, false),
            Failure::NotConnected(cause) => (ErrorKind::Unreachable, Some(cause), true, false),
            Failure::NotProcessed(cause) => {
                let kind = Self::plain(ErrorKind::Unreachable);
                return Self { message: Some(cause), transient: true, not_processed: true, ..kind };
            }
            Failure::Proxy { address, variable, problem, cause } => {
                let transient = matches!(
                    problem,
                    ProxyProblem::Unreachable
                        | ProxyProblem::Refused
                        | ProxyProblem::ServerUnreachable
                );
                (ErrorKind::Proxy { address, variable, problem }, cause, transient, false)
            }
            Failure::Tls(problem, cause) => (ErrorKind::Tls(problem), cause, false, false),
            Failure::Broken(cause) => (ErrorKind::Unreachable, Some(cause), true, true),
            Failure::NoResponse(cause) => {
                return Self::without_response(ErrorKind::Unreachable, cause);
            }
            Failure::NoResponseWithoutCertificate(cause) => {
                let kind = ErrorKind::Tls(TlsProblem::ClientCertificate);
                return Self::without_response(kind, cause);
            }
            Failure::TimedOut(after) => (
                ErrorKind::TimedOut,
                Some(format!("no response within {}", in_words(after))),
                true,
                true,
            ),
            Failure::TooLarge => (
                ErrorKind::InvalidResponse,
                Some("the response is too large".to_owned()),
                false,
                true,
            ),
            Failure::Redirected { status, to, is_sign_in, message } => {
                let kind = ErrorKind::Redirected { to, is_sign_in };
                return Self { status: Some(status), message, ..Self::plain(kind) };
            }
        };
        Self { message, transient, maybe_carried_out, ..Self::plain(kind) }
    }

    /// Creates the error of a connection that broke before a response.
    pub(super) fn without_response(kind: ErrorKind, cause: String) -> Self {
        Self {
            message: Some(cause),
            transient: true,
            maybe_carried_out: true,
            is_broken: true,
            ..Self::plain(kind)
        }
    }

    pub(super) fn plain(kind: ErrorKind) -> Self {
        Self {
            kind,
            status: None,
            message: None,
            transient: false,
            maybe_carried_out: false,
            retry_after: None,
            not_processed: false,
            is_broken: false,
        }
    }

    pub(super) fn into_error(self, line: &RequestLine, history: AttemptHistory) -> Error {
        Error::new(self.kind, line, self.status, self.message, history)
    }
}
