//! The error of a call, with its kind and attempt history. Errors never contain secrets; advice for
//! the practitioner is up to the callers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode};

pub use self::connection::{ProxyProblem, TlsProblem};
pub use self::kind::{ErrorKind, TokenProblem};
use super::request::RequestLine;
use crate::gitlab::names::Kind;

mod connection;
mod kind;

/// The path of the token's user.
const USER: &str = "/user";

/// The path segment of a project's job token scope and its allowlists.
const SCOPE: &str = "job_token_scope";

/// The GraphQL operations that read the projects of a group.
const OF_GROUPS: [&str; 3] = ["GroupProjects", "JobTokenScopes", "JobTokenScopesWithEntries"];

/// The error of a call. Cheap to clone, because one failed read may have many callers.
#[derive(Clone)]
pub struct Error(Arc<Report>);

#[derive(Clone)]
struct Report {
    kind: ErrorKind,
    line: RequestLine,
    status: Option<StatusCode>,
    message: Option<String>,
    history: AttemptHistory,
    /// Whether a write may have been carried out, and reading the result failed as well.
    unresolved: bool,
}

/// The attempts of a call so far.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::gitlab) struct AttemptHistory {
    /// Number of completed attempts.
    pub(in crate::gitlab) attempts: u32,
    /// Time since the start of the call.
    pub(in crate::gitlab) elapsed: Duration,
    /// Whether an attempt may have been carried out without a successful response.
    pub(in crate::gitlab) maybe_carried_out: bool,
}

impl Error {
    pub(in crate::gitlab) fn new(
        kind: ErrorKind,
        line: &RequestLine,
        status: Option<StatusCode>,
        message: Option<String>,
        history: AttemptHistory,
    ) -> Self {
        Self(Arc::new(Report {
            kind,
            line: line.clone(),
            status,
            message,
            history,
            unresolved: false,
        }))
    }

    /// Creates an error without a response: the call wasn't sent, or the error results from several
    /// responses.
    pub(in crate::gitlab) fn unsent(
        kind: ErrorKind,
        line: &RequestLine,
        message: Option<&str>,
    ) -> Self {
        Self::new(kind, line, None, message.map(str::to_owned), AttemptHistory::default())
    }

    /// Creates the error of an object that GitLab returned 404 for.
    pub(in crate::gitlab) fn not_shown(kind: ErrorKind, line: &RequestLine) -> Self {
        Self::new(kind, line, Some(StatusCode::NOT_FOUND), None, AttemptHistory::default())
    }

    /// Replaces the kind.
    pub(in crate::gitlab) fn with_kind(self, kind: ErrorKind) -> Self {
        Self(Arc::new(Report { kind, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// Marks the error of a write as unresolved, after reading its result failed as well.
    pub(in crate::gitlab) fn unresolved(self) -> Self {
        let unresolved = self.maybe_carried_out();
        Self(Arc::new(Report { unresolved, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// Returns whether a write may have been carried out, and reading its result failed as well.
    #[must_use]
    pub fn is_unresolved(&self) -> bool {
        self.0.unresolved
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the message of GitLab, a gateway or the network, as a short line.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// Describes the request and its error, without the message of a response and without a period.
    #[must_use]
    pub fn outcome(&self) -> String {
        let Report { kind, line, status, message, .. } = &*self.0;
        // GraphQL errors have status 200, which would be confusing.
        let is_shown = |status: &StatusCode| {
            !status.is_success() || line.operation.is_none() || *kind == ErrorKind::InvalidResponse
        };
        let status = status.filter(is_shown);
        let status = status.map(|status| format!(" ({})", status.as_u16())).unwrap_or_default();
        let reason = message.as_ref().filter(|_| self.response().is_none());
        let reason = reason.map(|message| format!(": {message}")).unwrap_or_default();
        format!("{line}: {}{status}{reason}", kind.describe())
    }

    /// Returns the message of the response, if it had one.
    #[must_use]
    pub fn response(&self) -> Option<&str> {
        let is_response = self.0.status.is_some() && *self.kind() != ErrorKind::InvalidResponse;
        self.message().filter(|_| is_response)
    }

    /// Describes the number of attempts and their time, in brackets, if there were several.
    #[must_use]
    pub fn attempts_made(&self) -> String {
        let AttemptHistory { attempts, elapsed, .. } = self.0.history;
        if attempts > 1 {
            format!(" [{attempts} attempts in {:.1} s]", elapsed.as_secs_f64())
        } else {
            String::new()
        }
    }

    /// Returns whether an attempt may have been carried out without a successful response.
    #[must_use]
    pub fn maybe_carried_out(&self) -> bool {
        self.0.history.maybe_carried_out
    }

    /// Returns whether the kind is [`ErrorKind::NotFound`].
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        *self.kind() == ErrorKind::NotFound
    }

    /// Returns whether the kind is [`ErrorKind::BadRequest`].
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        *self.kind() == ErrorKind::BadRequest
    }

    /// Returns whether the connection failed, or the server responded that it received no request.
    #[must_use]
    pub fn is_connection_error(&self) -> bool {
        *self.kind() == ErrorKind::Unreachable || self.0.status == Some(StatusCode::REQUEST_TIMEOUT)
    }

    /// Returns whether the kind is [`ErrorKind::Cancelled`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.kind() == ErrorKind::Cancelled
    }

    /// Returns whether only the GraphQL API, or a gateway in front of it, denies access to the
    /// object, or a fine-grained token lacks the permission. REST may still work. Never true for a
    /// transient error.
    #[must_use]
    pub fn is_denied_by_graphql(&self) -> bool {
        use ErrorKind::{
            FineGrained, Forbidden, NotAvailable, Redirected, UnexpectedStatus, Unsupported,
        };
        let is_denied = matches!(
            self.kind(),
            FineGrained { .. }
                | Forbidden
                | NotAvailable
                | Redirected { .. }
                | UnexpectedStatus
                | Unsupported
        );
        self.is_fine_grained_token_error() || is_denied && self.is_over_graphql()
    }

    /// Returns whether the call reads the token's user, which requires no role.
    #[must_use]
    pub fn is_user_request(&self) -> bool {
        self.0.line.path == USER
    }

    /// Returns whether the call has the method of a read over REST.
    #[must_use]
    pub fn is_of_get(&self) -> bool {
        self.0.line.method == Method::GET
    }

    /// Returns whether the call reads a group or its projects, and not a single project.
    #[must_use]
    pub fn is_group_request(&self) -> bool {
        let RequestLine { path, operation, .. } = &self.0.line;
        path.split('/').nth(1) == Some(Kind::Group.collection())
            || operation.is_some_and(|operation| OF_GROUPS.contains(&operation))
    }

    /// Returns whether the call is about the group entries of an allowlist.
    #[must_use]
    pub fn is_group_entries_request(&self) -> bool {
        self.0.line.path.split('/').any(|part| part == Kind::Group.allowlist())
    }

    /// Returns whether the call is about a project's job token scope or allowlist, over REST.
    #[must_use]
    pub fn is_scope_request(&self) -> bool {
        self.0.line.path.split('/').any(|part| part == SCOPE)
    }

    /// Returns whether a proxy requires credentials, with status 407.
    #[must_use]
    pub fn is_proxy_authentication_required(&self) -> bool {
        self.0.status == Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED)
    }

    /// Returns whether the call used GraphQL.
    #[must_use]
    pub fn is_over_graphql(&self) -> bool {
        self.0.line.operation.is_some()
    }

    /// Returns whether the GraphQL API processed the request: its own errors have status 200,
    /// and those of a gateway in front of it don't.
    #[must_use]
    pub fn is_of_graphql(&self) -> bool {
        self.is_over_graphql() && self.0.status.is_some_and(|status| status.is_success())
    }

    /// Returns whether the kind isn't [`ErrorKind::Unsupported`].
    #[must_use]
    pub fn is_supported(&self) -> bool {
        *self.kind() != ErrorKind::Unsupported
    }

    /// Returns whether the kind is [`ErrorKind::FineGrained`].
    #[must_use]
    pub fn is_fine_grained_token_error(&self) -> bool {
        matches!(self.kind(), ErrorKind::FineGrained { .. })
    }

    /// Returns whether the kind is [`ErrorKind::Proxy`].
    #[must_use]
    pub fn is_proxy_error(&self) -> bool {
        matches!(self.kind(), ErrorKind::Proxy { .. })
    }

    /// Returns whether the cause is the token, its scopes or permissions, or the role of its user.
    #[must_use]
    pub fn is_token_error(&self) -> bool {
        use ErrorKind::{FineGrained, Forbidden, InsufficientScope, Unauthorized};
        matches!(
            self.kind(),
            Unauthorized(_) | Forbidden | InsufficientScope { .. } | FineGrained { .. }
        )
    }
}

#[cfg(test)]
impl Error {
    pub(super) fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    pub(super) fn attempts(&self) -> u32 {
        self.0.history.attempts
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.outcome())?;
        if let Some(message) = self.response() {
            write!(f, ": {message}")?;
        }
        f.write_str(&self.attempts_made())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.kind())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests;
