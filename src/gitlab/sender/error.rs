//! Errors of calls to GitLab, sorted by what can be done about it, with the history of its
//! attempts. Advice to a person belongs to the callers; secrets belong nowhere in here.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;

pub use self::connection::{ProxyProblem, TlsProblem};
use super::fine_grained;
use super::message::Words;
use super::request::RequestLine;
use crate::gitlab::names::{Kind, ProjectId, Target};

mod connection;

/// The address of the token's own user.
const USER: &str = "/user";

/// The part of an address below which a project's job token scope and its allowlists are.
const SCOPE: &str = "job_token_scope";

/// The operations of GraphQL that ask for what is below a group.
const OF_GROUPS: [&str; 3] = ["GroupProjects", "JobTokenScopes", "JobTokenScopesWithEntries"];

/// A failed call. Cheap to clone, since one failed read may answer many callers.
#[derive(Clone)]
pub struct Error(Arc<Report>);

/// The kind of an error, by what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no token, so that nothing was sent.
    NoToken,
    /// 401: GitLab does not accept the token.
    Unauthorized(TokenProblem),
    /// 403: the token's user lacks the role for this.
    Forbidden,
    /// 401 or 403 in a form that isn't one of GitLab's API.
    Blocked {
        /// The software in front of GitLab that answers so, where it can be told.
        by: Option<&'static str>,
    },
    /// 403: the token itself was made without the scope for this.
    InsufficientScope {
        /// The scope that would be enough, when GitLab says so.
        needed: Option<String>,
    },
    /// 403, or a part of GraphQL's answer: a fine-grained token lacks the permission for this, or
    /// the instance or group accepts fine-grained tokens alone.
    FineGrained {
        /// The permissions that are missing, as GitLab lists them, such as `Job Token Scope: Read`;
        /// `None` where no fine-grained token can do this.
        needed: Option<String>,
    },
    /// 404 in GitLab's own words: absent, or not visible to the token. GitLab does not tell the two
    /// apart.
    NotFound,
    /// 400: refused; [`Error::words`] says why.
    BadRequest,
    /// 405: this address can't be written to, as with the old path of a renamed project.
    NotAllowed,
    /// 429: too many requests, even after waiting.
    RateLimited {
        /// The wait that GitLab asks for.
        retry_after: Option<Duration>,
    },
    /// 5xx.
    Server,
    /// The answer points elsewhere, and the token does not go there.
    Redirected {
        /// Scheme, host and port it points to, when it says so.
        to: Option<String>,
        /// People sign in there.
        is_sign_in: bool,
    },
    /// Any other status that is no success, and a 404 that is not from GitLab's API: something in
    /// front of GitLab that lost its way says nothing about what exists.
    UnexpectedStatus,
    /// No connection, or one that broke; [`Error::words`] says how.
    Unreachable,
    /// The proxy on the way makes no connection to the server.
    Proxy {
        /// Its address, without user name and password.
        address: String,
        /// The environment variable that names it.
        variable: &'static str,
        /// The problem.
        problem: ProxyProblem,
    },
    /// TLS failed, so that the server has no request; [`Error::words`] may say more.
    Untrusted(TlsProblem),
    /// No complete answer within the time-out of an attempt.
    TimedOut,
    /// Something answered, but not GitLab's API: no JSON, another shape, another success than the
    /// promised one.
    Unreadable,
    /// 404 for a part of a project that is there.
    PartMissing,
    /// A list of which elements are missing by GitLab's own count.
    Incomplete,
    /// A group with more projects than are kept in memory.
    TooManyProjects,
    /// A group whose projects have more entries on their allowlists than are kept in memory.
    TooManyEntries,
    /// An authentication log with more projects than are kept in memory.
    LogTooLong,
    /// The client was told to stop before the call was done.
    Cancelled,
    /// A removal was refused, and a fresh list still shows the entry: its target keeps its access.
    /// GitLab answers so when the token can't see the target.
    StillAllowed,
    /// An address of REST, or GraphQL or a part of it, that this GitLab does not have: its version
    /// is too old.
    Unsupported,
    /// Permissions of single entries are switched off for the project: GitLab takes them and keeps
    /// the default ones.
    SwitchedOff,
    /// GraphQL's answer where the object is absent, not visible to the token, or not for the token
    /// to change.
    NotAvailable,
    /// A value that GitLab does not know, among those that were sent.
    UnknownValues(Vec<String>),
    /// The target of a write over GraphQL, which goes by path, is not visible to the token, so that
    /// its path is unknown.
    UnseenTarget,
    /// GitLab wrote another entry than was meant: a path has come to name something else in
    /// between.
    Elsewhere {
        /// The project whose list was written.
        project: ProjectId,
        /// The target of the entry that was written.
        target: Target,
    },
}

/// GitLab's reason to reject the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProblem {
    /// Unknown, mistyped, or simply refused.
    Invalid,
    /// It has run out.
    Expired,
    /// Someone has revoked it.
    Revoked,
}

#[derive(Clone)]
struct Report {
    kind: ErrorKind,
    line: RequestLine,
    status: Option<StatusCode>,
    words: Option<String>,
    history: AttemptHistory,
    /// Nothing could be read to tell whether it was carried out.
    unresolved: bool,
}

/// The attempts of a call up to now.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::gitlab) struct AttemptHistory {
    /// Attempts whose end is known.
    pub(in crate::gitlab) attempts: u32,
    /// Time since the call began.
    pub(in crate::gitlab) elapsed: Duration,
    /// Some attempt may have been carried out although no answer said so.
    pub(in crate::gitlab) doubtful: bool,
}

impl Error {
    pub(in crate::gitlab) fn new(
        kind: ErrorKind,
        line: &RequestLine,
        status: Option<StatusCode>,
        words: Option<String>,
        history: AttemptHistory,
    ) -> Self {
        Self(Arc::new(Report {
            kind,
            line: line.clone(),
            status,
            words,
            history,
            unresolved: false,
        }))
    }

    /// A failure that is known without sending the call, or that no single answer to it shows.
    pub(in crate::gitlab) fn unsent(
        kind: ErrorKind,
        line: &RequestLine,
        words: Option<&str>,
    ) -> Self {
        Self::new(kind, line, None, words.map(str::to_owned), AttemptHistory::default())
    }

    /// Returns the same failure with another meaning, once more is known.
    pub(in crate::gitlab) fn with_kind(self, kind: ErrorKind) -> Self {
        Self(Arc::new(Report { kind, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// Returns the same failure of a write, after what it has done couldn't be read either.
    pub(in crate::gitlab) fn unresolved(self) -> Self {
        let unresolved = self.maybe_carried_out();
        Self(Arc::new(Report { unresolved, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// True when a write may have been carried out, and nothing could be read to tell.
    #[must_use]
    pub fn is_unresolved(&self) -> bool {
        self.0.unresolved
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the words of GitLab, of what answered in its place or of the network, as one short
    /// line.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        self.0.words.as_deref()
    }

    /// Returns the request and what came of it, without what the other side said and without a full
    /// stop.
    #[must_use]
    pub fn outcome(&self) -> String {
        let Report { kind, line, status, words, .. } = &*self.0;
        // GraphQL's errors come with 200, which would only look like a success.
        let is_told = |status: &StatusCode| {
            !status.is_success() || line.operation.is_none() || *kind == ErrorKind::Unreadable
        };
        let status = status.filter(is_told);
        let status = status.map(|status| format!(" ({})", status.as_u16())).unwrap_or_default();
        let reason = words.as_ref().filter(|_| self.response().is_none());
        let reason = reason.map(|words| format!(": {words}")).unwrap_or_default();
        format!("{line}: {}{status}{reason}", kind.describe())
    }

    /// Returns the words of the other side's response, if there was one with words.
    #[must_use]
    pub fn response(&self) -> Option<&str> {
        let is_told = self.0.status.is_some() && *self.kind() != ErrorKind::Unreadable;
        self.words().filter(|_| is_told)
    }

    /// Returns the number of attempts and the time that they took, in brackets, if there were
    /// several.
    #[must_use]
    pub fn attempts_made(&self) -> String {
        let AttemptHistory { attempts, elapsed, .. } = self.0.history;
        if attempts > 1 {
            format!(" [{attempts} attempts in {:.1} s]", elapsed.as_secs_f64())
        } else {
            String::new()
        }
    }

    /// True when some attempt may have been carried out although no answer said so.
    #[must_use]
    pub fn maybe_carried_out(&self) -> bool {
        self.0.history.doubtful
    }

    /// True for [`ErrorKind::NotFound`].
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        *self.kind() == ErrorKind::NotFound
    }

    /// True for [`ErrorKind::BadRequest`].
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        *self.kind() == ErrorKind::BadRequest
    }

    /// True when the server has closed the connection instead of answering, or has answered that no
    /// request came.
    #[must_use]
    pub fn is_about_the_connection(&self) -> bool {
        *self.kind() == ErrorKind::Unreachable || self.0.status == Some(StatusCode::REQUEST_TIMEOUT)
    }

    /// True for [`ErrorKind::Cancelled`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.kind() == ErrorKind::Cancelled
    }

    /// True when GraphQL, or the way to it, doesn't show this token the object, which REST may well
    /// do, or a fine-grained token lacks the permission to look it up. Never a passing trouble.
    #[must_use]
    pub fn is_of_graphql(&self) -> bool {
        use ErrorKind::{
            FineGrained, Forbidden, NotAvailable, Redirected, UnexpectedStatus, Unsupported,
        };
        let kept_back = matches!(
            self.kind(),
            FineGrained { .. }
                | Forbidden
                | NotAvailable
                | Redirected { .. }
                | UnexpectedStatus
                | Unsupported
        );
        self.is_about_fine_grained_token() || kept_back && self.is_over_graphql()
    }

    /// True when the call asks for the token's own user, which takes no role.
    #[must_use]
    pub fn is_about_the_user(&self) -> bool {
        self.0.line.path == USER
    }

    /// True when the call asks for a group, or for what is below it, and not for a project.
    #[must_use]
    pub fn is_about_a_group(&self) -> bool {
        let RequestLine { path, operation, .. } = &self.0.line;
        path.split('/').nth(1) == Some(Kind::Group.collection())
            || operation.is_some_and(|operation| OF_GROUPS.contains(&operation))
    }

    /// True when the call is about the entries for groups on an allowlist.
    #[must_use]
    pub fn is_about_group_entries(&self) -> bool {
        self.0.line.path.split('/').any(|part| part == Kind::Group.allowlist())
    }

    /// True when the call is about a project's job token scope or its allowlist, over REST.
    #[must_use]
    pub fn is_about_the_scope(&self) -> bool {
        self.0.line.path.split('/').any(|part| part == SCOPE)
    }

    /// True for a call of GraphQL, and not of REST.
    #[must_use]
    pub fn is_over_graphql(&self) -> bool {
        self.0.line.operation.is_some()
    }

    /// False for [`ErrorKind::Unsupported`].
    #[must_use]
    pub fn is_supported(&self) -> bool {
        *self.kind() != ErrorKind::Unsupported
    }

    /// True for [`ErrorKind::FineGrained`].
    #[must_use]
    pub fn is_about_fine_grained_token(&self) -> bool {
        matches!(self.kind(), ErrorKind::FineGrained { .. })
    }

    /// True for [`ErrorKind::Proxy`].
    #[must_use]
    pub fn is_about_the_proxy(&self) -> bool {
        matches!(self.kind(), ErrorKind::Proxy { .. })
    }

    /// True when the token, its scope or its user's role is to blame: 401 and 403.
    #[must_use]
    pub fn is_about_the_token(&self) -> bool {
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

impl ErrorKind {
    /// Returns the kind of error that an unsuccessful status means.
    pub(super) fn of_status(
        status: StatusCode,
        words: &Words,
        retry_after: Option<Duration>,
    ) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::BadRequest,
            StatusCode::UNAUTHORIZED => Self::Unauthorized(TokenProblem::read(words)),
            StatusCode::FORBIDDEN if words.code.as_deref() == Some("insufficient_scope") => {
                Self::InsufficientScope { needed: words.scope.clone() }
            }
            StatusCode::FORBIDDEN
                if words.code.as_deref() == Some("insufficient_granular_scope") =>
            {
                Self::FineGrained {
                    needed: fine_grained::needed(words.text.as_deref().unwrap_or_default()),
                }
            }
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND if words.is_not_found => Self::NotFound,
            StatusCode::NOT_FOUND if words.is_no_route => Self::Unsupported,
            StatusCode::METHOD_NOT_ALLOWED => Self::NotAllowed,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited { retry_after },
            _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Self::Server,
            _ if status.is_success() => Self::Unreadable,
            _ => Self::UnexpectedStatus,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::NoToken => "no token is set".to_owned(),
            Self::Unauthorized(TokenProblem::Invalid) => {
                "GitLab doesn't accept the token".to_owned()
            }
            Self::Unauthorized(TokenProblem::Expired) => "the token has expired".to_owned(),
            Self::Unauthorized(TokenProblem::Revoked) => "the token was revoked".to_owned(),
            Self::Forbidden => "the token's user isn't allowed to do this".to_owned(),
            Self::Blocked { by: Some(by) } => {
                format!("{by} in front of GitLab rejected the request")
            }
            Self::Blocked { by: None } => {
                "something in front of GitLab rejected the request".to_owned()
            }
            Self::InsufficientScope { needed: Some(scope) } => lacks_scope(scope),
            Self::InsufficientScope { needed: None } => "the token lacks a scope".to_owned(),
            Self::FineGrained { needed: Some(needed) } => {
                format!("the token lacks the permission {needed}")
            }
            Self::FineGrained { needed: None } => "fine-grained tokens can't do this".to_owned(),
            Self::NotFound => "not found, or not visible to the token".to_owned(),
            Self::BadRequest => "GitLab rejected the request".to_owned(),
            Self::NotAllowed => "GitLab doesn't allow this method".to_owned(),
            Self::RateLimited { retry_after: Some(wait) } => {
                format!("rate limit exceeded, retry after {} s", wait.as_secs())
            }
            Self::RateLimited { retry_after: None } => "rate limit exceeded".to_owned(),
            Self::Server => "the server returned an error".to_owned(),
            Self::Redirected { to: Some(origin), is_sign_in: true } => {
                format!("redirected to a sign-in page at {origin}")
            }
            Self::Redirected { to: Some(origin), .. } => {
                format!("redirected to {origin}")
            }
            Self::Redirected { to: None, .. } => "redirected without a valid address".to_owned(),
            Self::UnexpectedStatus => "unexpected status".to_owned(),
            Self::Unreachable => "the server can't be reached".to_owned(),
            Self::Untrusted(problem) => problem.describe().to_owned(),
            Self::Proxy { address, problem, .. } => {
                format!("the proxy {address} {}", problem.describe())
            }
            Self::TimedOut => "the request timed out".to_owned(),
            Self::Unreadable => "the response isn't from GitLab's API".to_owned(),
            Self::PartMissing => "not found, although the project exists".to_owned(),
            Self::Incomplete => "the list is incomplete".to_owned(),
            Self::TooManyProjects => "the group has too many projects".to_owned(),
            Self::LogTooLong => "the log has too many projects".to_owned(),
            Self::TooManyEntries => {
                "the group's projects have too many allowlist entries".to_owned()
            }
            Self::Cancelled => "interrupted before it was complete".to_owned(),
            Self::StillAllowed => "the entry is still on the allowlist".to_owned(),
            Self::Unsupported => "not supported by this version of GitLab".to_owned(),
            Self::SwitchedOff => {
                "permissions of entries are turned off for this project".to_owned()
            }
            Self::NotAvailable => {
                "not found, or the token isn't allowed to read or change it".to_owned()
            }
            Self::UnknownValues(values) => {
                format!("GitLab doesn't recognize {}", values.join(", "))
            }
            Self::UnseenTarget => "the target isn't visible to the token".to_owned(),
            Self::Elsewhere { project, target } => {
                format!(
                    "GitLab changed the entry for {target} on the allowlist of project {project} \
                     instead"
                )
            }
        }
    }
}

/// Says which scope a token lacks. GitLab lists all of which one is enough, between blanks.
fn lacks_scope(listed: &str) -> String {
    let scopes: Vec<String> = listed.split_whitespace().map(|scope| format!("`{scope}`")).collect();
    match scopes.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("the token needs one of the scopes {} or {last}", rest.join(", "))
        }
        _ => format!("the token lacks the scope `{listed}`"),
    }
}

impl TokenProblem {
    /// GitLab has no codes for these, so its words decide.
    fn read(words: &Words) -> Self {
        let text = words.text.as_deref().unwrap_or_default().to_ascii_lowercase();
        match (text.contains("expired"), text.contains("revoked")) {
            (true, _) => Self::Expired,
            (_, true) => Self::Revoked,
            _ => Self::Invalid,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.outcome())?;
        if let Some(words) = self.response() {
            write!(f, ": {words}")?;
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
