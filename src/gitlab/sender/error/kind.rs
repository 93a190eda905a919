//! The kinds of errors, how a status maps to them, and their descriptions.

use std::time::Duration;

use reqwest::StatusCode;

use super::connection::{ProxyProblem, TlsProblem};
use crate::gitlab::names::{ProjectId, Target};
use crate::gitlab::sender::duration::in_words;
use crate::gitlab::sender::fine_grained;
use crate::gitlab::sender::message::ErrorMessage;

/// The kind of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No token is configured, so the request wasn't sent.
    NoToken,
    /// 401: GitLab doesn't accept the token.
    Unauthorized(TokenProblem),
    /// 403: the token's user lacks the required role.
    Forbidden,
    /// 403: GitLab rejects all changes, for example during maintenance.
    ReadOnly,
    /// 401 or 403 without the format of GitLab's API.
    Blocked {
        /// The gateway that sent the response, if it can be recognized.
        by: Option<&'static str>,
    },
    /// 403: the token lacks a scope.
    InsufficientScope {
        /// The required scope, if GitLab names it.
        needed: Option<String>,
    },
    /// 403, or an error of GraphQL: a fine-grained token lacks a permission, or the instance or
    /// group accepts only fine-grained tokens.
    FineGrained {
        /// The missing permissions as GitLab lists them, such as `Job Token Scope: Read`. `None` if
        /// fine-grained tokens can't be used for the call.
        needed: Option<String>,
    },
    /// 404 in GitLab's format: the object doesn't exist or isn't visible to the token.
    NotFound,
    /// 400: [`Error::message`](super::Error::message) has the reason.
    BadRequest,
    /// 405: the path can't be written to, such as the old path of a renamed project.
    MethodNotAllowed,
    /// 429: the rate limit is exceeded, even after retries.
    RateLimited {
        /// The wait that GitLab requests.
        retry_after: Option<Duration>,
    },
    /// 5xx.
    Server,
    /// A redirect that isn't followed, so that the token isn't sent to another server.
    Redirected {
        /// The scheme, host and port of the target, if the response has a valid one.
        to: Option<String>,
        /// Whether the target is a sign-in page.
        is_sign_in: bool,
    },
    /// Another unsuccessful status, or a 404 that isn't in GitLab's format: a misconfigured gateway
    /// doesn't show what exists.
    UnexpectedStatus,
    /// There is no connection, or it broke; [`Error::message`](super::Error::message) has the
    /// reason.
    Unreachable,
    /// The proxy doesn't connect to the server.
    Proxy {
        /// The address of the proxy, without credentials.
        address: String,
        /// The environment variable that sets the proxy.
        variable: &'static str,
        /// The problem.
        problem: ProxyProblem,
    },
    /// The TLS connection failed, so the request wasn't sent.
    /// [`Error::message`](super::Error::message) may have details.
    Tls(TlsProblem),
    /// There was no complete response within the timeout of an attempt.
    TimedOut,
    /// The response isn't one of GitLab's API: not JSON, another structure, or another successful
    /// status than expected.
    InvalidResponse,
    /// 404 for a part of an existing project.
    PartMissing,
    /// A list with fewer elements than its total.
    Incomplete,
    /// The group has more projects than the client keeps in memory.
    TooManyProjects,
    /// The projects of the group have more allowlist entries than the client keeps in memory.
    TooManyEntries,
    /// The authentication log has more projects than the client keeps in memory.
    TooManyLogProjects,
    /// The client was stopped before the call completed.
    Cancelled,
    /// A removal failed, and the entry is still on the allowlist. GitLab responds this way if the
    /// target isn't visible to the token.
    StillAllowed,
    /// The version of GitLab lacks the REST endpoint, GraphQL or a part of its schema.
    Unsupported,
    /// Permissions of entries are turned off for the project: GitLab ignores them and keeps the
    /// default permissions.
    PermissionsDisabled,
    /// The error of GraphQL for an object that doesn't exist, or that the token isn't allowed to
    /// read or change.
    NotAvailable,
    /// Values of the request that GitLab doesn't recognize.
    UnknownValues(Vec<String>),
    /// The target isn't visible to the token, so its path, which GraphQL needs, is unknown.
    TargetNotVisible,
    /// GitLab changed another entry, because a path was reassigned in the meantime.
    WrongEntry {
        /// The project whose allowlist was changed.
        project: ProjectId,
        /// The target of the entry that was changed.
        target: Target,
    },
}

/// Why GitLab rejects a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProblem {
    /// The token is unknown, mistyped, or rejected for another reason.
    Invalid,
    /// The token has expired.
    Expired,
    /// The token was revoked.
    Revoked,
}

impl ErrorKind {
    /// Returns the kind of error for a status other than the expected one.
    pub(in crate::gitlab::sender) fn of_status(
        status: StatusCode,
        message: &ErrorMessage,
        retry_after: Option<Duration>,
    ) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::BadRequest,
            StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY
                if message.text.is_some() && !message.is_not_json =>
            {
                Self::BadRequest
            }
            StatusCode::UNAUTHORIZED => Self::Unauthorized(TokenProblem::read(message)),
            StatusCode::FORBIDDEN if message.code.as_deref() == Some("insufficient_scope") => {
                Self::InsufficientScope { needed: message.scope.clone() }
            }
            StatusCode::FORBIDDEN
                if message.code.as_deref() == Some("insufficient_granular_scope") =>
            {
                Self::FineGrained {
                    needed: fine_grained::missing_permissions(
                        message.text.as_deref().unwrap_or_default(),
                    ),
                }
            }
            StatusCode::FORBIDDEN if is_read_only(message) => Self::ReadOnly,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND if message.is_not_found => Self::NotFound,
            StatusCode::NOT_FOUND if message.is_unknown_route => Self::Unsupported,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited { retry_after },
            _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Self::Server,
            _ if status.is_success() => Self::InvalidResponse,
            _ => Self::UnexpectedStatus,
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::NoToken => "no token is set".to_owned(),
            Self::Unauthorized(TokenProblem::Invalid) => {
                "GitLab doesn't accept the token".to_owned()
            }
            Self::Unauthorized(TokenProblem::Expired) => "the token has expired".to_owned(),
            Self::Unauthorized(TokenProblem::Revoked) => "the token was revoked".to_owned(),
            Self::Forbidden => "the token's user isn't allowed to do this".to_owned(),
            Self::ReadOnly => "GitLab is read-only".to_owned(),
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
            Self::MethodNotAllowed => "GitLab doesn't allow this method".to_owned(),
            Self::RateLimited { retry_after: Some(wait) } => {
                format!("rate limit exceeded, retry after {}", in_words(*wait))
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
            Self::Tls(problem) => problem.describe().to_owned(),
            Self::Proxy { address, problem, .. } => {
                format!("the proxy {address} {}", problem.describe())
            }
            Self::TimedOut => "the request timed out".to_owned(),
            Self::InvalidResponse => "the response isn't from GitLab's API".to_owned(),
            Self::PartMissing => "not found, although the project exists".to_owned(),
            Self::Incomplete => "the list is incomplete".to_owned(),
            Self::TooManyProjects => "the group has too many projects".to_owned(),
            Self::TooManyLogProjects => "the log has too many projects".to_owned(),
            Self::TooManyEntries => {
                "the group's projects have too many allowlist entries".to_owned()
            }
            Self::Cancelled => "interrupted before it was complete".to_owned(),
            Self::StillAllowed => "the entry is still on the allowlist".to_owned(),
            Self::Unsupported => "not supported by this version of GitLab".to_owned(),
            Self::PermissionsDisabled => {
                "permissions of entries are turned off for this project".to_owned()
            }
            Self::NotAvailable => {
                "not found, or the token isn't allowed to read or change it".to_owned()
            }
            Self::UnknownValues(values) => {
                format!("GitLab doesn't recognize {}", values.join(", "))
            }
            Self::TargetNotVisible => "the target isn't visible to the token".to_owned(),
            Self::WrongEntry { project, target } => {
                format!(
                    "GitLab changed the entry for {target} on the allowlist of project {project} \
                     instead"
                )
            }
        }
    }
}

/// Recognizes a read-only instance by GitLab's message, because there is no code for it.
fn is_read_only(message: &ErrorMessage) -> bool {
    const PARTS: [&str; 3] = ["read-only instance", "maintenance mode", "undergoing maintenance"];
    message.text.as_ref().is_some_and(|text| PARTS.iter().any(|part| text.contains(part)))
}

/// Describes the missing scope. GitLab lists several, separated by spaces, if any of them suffices.
fn lacks_scope(listed: &str) -> String {
    let scopes: Vec<String> = listed.split_whitespace().map(|scope| format!("`{scope}`")).collect();
    match scopes.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("the token needs one of the scopes {} or {last}", rest.join(", "))
        }
        _ => format!("the token lacks the `{listed}` scope"),
    }
}

impl TokenProblem {
    /// Recognizes the problem by GitLab's message, because there is no code for it.
    fn read(message: &ErrorMessage) -> Self {
        let text = message.text.as_deref().unwrap_or_default().to_ascii_lowercase();
        match (text.contains("expired"), text.contains("revoked")) {
            (true, _) => Self::Expired,
            (_, true) => Self::Revoked,
            _ => Self::Invalid,
        }
    }
}
