//! Converts errors of the GitLab client to diagnostics: what was attempted, what GitLab returned,
//! and what to do. The advice is in [`advice`].

use std::borrow::Cow;
use std::fmt::Display;

use self::advice::{advice, advice_after_changes};
use crate::framework::{Diagnostic, without_credentials};
use crate::gitlab::{Error, ErrorKind};

mod advice;

/// The part of a configuration that sets permissions. The advice depends on it if GitLab doesn't
/// have permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PermissionSetting {
    /// An entry for another project or for a group.
    Entry,
    /// The entry of a project for itself.
    OwnEntry,
    /// A map of an exclusive allowlist.
    Map,
}

/// Returns the diagnostic of a failed call. `attempted` is its title, such as "Can't read project
/// 42".
pub(super) fn report(attempted: impl Into<String>, error: &Error) -> Diagnostic {
    diagnostic(Diagnostic::new(attempted, ""), error, None)
}

/// As [`report`], for a call about permissions.
pub(super) fn report_permissions(
    attempted: impl Into<String>,
    setting: PermissionSetting,
    error: &Error,
) -> Diagnostic {
    diagnostic(Diagnostic::new(attempted, ""), error, Some(setting))
}

/// As [`report`], or as [`report_permissions`] for a call about permissions. A sentence in front of
/// the detail names the objects that don't fit the title.
pub(super) fn report_on(
    attempted: impl Into<String>,
    objects: Option<&str>,
    setting: Option<PermissionSetting>,
    error: &Error,
) -> Diagnostic {
    let start = objects.map(|objects| format!("{objects}\n\n")).unwrap_or_default();
    diagnostic(Diagnostic::new(attempted, start), error, setting)
}

fn diagnostic(start: Diagnostic, error: &Error, setting: Option<PermissionSetting>) -> Diagnostic {
    with_advice(start, error, advice(error, setting))
}

fn with_advice(mut start: Diagnostic, error: &Error, advice: Option<Cow<'_, str>>) -> Diagnostic {
    start.detail.push_str(&outcome(error));
    let response = error.response().map(response).unwrap_or_default();
    let advice = advice.map(|advice| format!("\n\n{advice}")).unwrap_or_default();
    match format!("{response}{advice}") {
        cause if cause.is_empty() => start,
        cause => start.with_cause(cause),
    }
}

/// Returns whether the connection to GitLab failed. The apply may make GitLab reachable.
pub(super) fn is_out_of_reach(error: &Error) -> bool {
    use ErrorKind::{Cancelled, Proxy, TimedOut, Unreachable};
    matches!(error.kind(), Unreachable | TimedOut | Cancelled | Proxy { .. })
}

/// Returns the warning of a plan that couldn't read something and goes on without it.
pub(super) fn unread(attempted: impl Into<String>, error: &Error, consequence: &str) -> Diagnostic {
    let diagnostic = report(attempted, error);
    Diagnostic { detail: format!("{}\n\n{consequence}", diagnostic.detail), ..diagnostic }
}

/// Returns how to read what only GraphQL returns, after REST has shown the object itself. `what` is
/// "it" or "them".
pub(super) fn how_to_read(what: &str, error: &Error) -> String {
    match error.kind() {
        ErrorKind::FineGrained { .. } => format!(
            "Fine-grained tokens can't read {what}; a classic token with the `api` scope can."
        ),
        ErrorKind::NotAvailable => format!(
            "Fine-grained tokens can't read {what}. If the token is a classic one, give its user \
             at least the Maintainer role in the project."
        ),
        _ => format!(
            "To read {what}, let requests to `/api/graphql` through any proxy in front of GitLab."
        ),
    }
}

/// Returns the error as a sentence, with GitLab's own words on a separate line.
pub(super) fn sentence(error: &Error) -> String {
    format!("{}{}", outcome(error), error.response().map(response).unwrap_or_default())
}

fn outcome(error: &Error) -> String {
    format!("{}{}.", error.outcome().trim_end_matches('.'), error.attempts_made())
}

fn response(words: &str) -> String {
    format!("\nResponse: {words}")
}

/// Returns the user's text for a message: in quotes, without credentials in a URL, and shortened if
/// it is long.
pub(super) fn quoted(text: &str) -> String {
    const MAX_QUOTED: usize = 200;
    let text = without_credentials(text);
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The failed calls of one operation. Each has its object, such as "add project 7".
pub(super) struct Failures<'a> {
    /// The objects with their errors.
    pub(super) calls: &'a [(String, Error)],
    /// True if GitLab has accepted other calls of the operation.
    pub(super) has_changes: bool,
    /// The part of the configuration that sets permissions.
    pub(super) setting: PermissionSetting,
}

impl Failures<'_> {
    /// Returns the diagnostic. Failures with the same cause are grouped, followed by their advice.
    pub(super) fn report(&self, attempted: impl Into<String>) -> Diagnostic {
        let mut causes: Vec<(&Error, Vec<&str>)> = Vec::new();
        for (what, error) in self.calls {
            match causes.iter_mut().find(|(first, _)| self.have_one_cause(first, error)) {
                Some((_, whats)) => whats.push(what),
                None => causes.push((error, vec![what])),
            }
        }
        // Hosts don't wrap lines that begin with a space, so it must be short.
        let failed = |whats: &[&str]| {
            let lines: String = whats.iter().map(|what| format!("\n  - {what}")).collect();
            format!("Failed:\n{lines}\n\n")
        };
        if let [(error, whats)] = causes.as_slice() {
            let start = Diagnostic::new(attempted, failed(whats));
            return with_advice(start, error, self.advice(error));
        }
        let paragraphs = causes.into_iter().map(|(error, whats)| {
            let advice = self.advice(error).map(|advice| format!("\n\n{advice}"));
            format!("{}{}{}", failed(&whats), sentence(error), advice.unwrap_or_default())
        });
        Diagnostic::new(attempted, paragraphs.collect::<Vec<_>>().join("\n\n"))
    }

    fn advice(&self, error: &Error) -> Option<Cow<'static, str>> {
        match self.has_changes {
            true => advice_after_changes(error, Some(self.setting)),
            false => advice(error, Some(self.setting)),
        }
    }

    fn have_one_cause(&self, one: &Error, other: &Error) -> bool {
        let are_limited =
            [one, other].iter().all(|error| matches!(error.kind(), ErrorKind::RateLimited { .. }));
        (one.kind() == other.kind() || are_limited)
            && one.is_group_request() == other.is_group_request()
            && one.message() == other.message()
            && self.advice(one) == self.advice(other)
    }
}

/// Returns the error of a plan about something on the server. A destroy first plans everything, and
/// stops at such an error.
pub(super) fn of_a_plan(error: Diagnostic) -> Diagnostic {
    let detail = format!("{}\n\n{DESTROY_ANYWAY}", error.detail);
    Diagnostic { detail, ..error }
}

/// Returns the error of a read of an object in the state. If only GraphQL can't be read, a destroy
/// without refreshing can work.
pub(super) fn of_a_refresh(attempted: impl Into<String>, error: &Error) -> Diagnostic {
    let diagnostic = report(attempted, error);
    if error.is_over_graphql() { of_a_plan(diagnostic) } else { diagnostic }
}

const DESTROY_ANYWAY: &str =
    "If a destroy stops at this error, run it with the option `-refresh=false`.";

/// Returns the warning of a read that removes an object from the state because GitLab returns 404
/// for its project. GitLab returns the same if the token can no longer see the project; creating
/// the object again then fails.
pub(super) fn project_gone(project: impl Display) -> Diagnostic {
    let detail = format!(
        "GitLab returns 404 for project {project}, so its resources will be removed from the \
         state. If the project still exists, don't apply: restore the Maintainer role of the \
         token's user first. If it was deleted, remove its resources from the configuration: the \
         apply can't create them again."
    );
    Diagnostic::new(format!("Project {project} is gone or not visible"), detail)
}

/// Returns the warning of a removal for whose project GitLab returns 404, so that nothing was
/// verified.
pub(super) fn gone_before_removal(project: impl Display) -> Diagnostic {
    let detail = format!(
        "GitLab returns 404 for project {project}, so its resource was removed from the state \
         without changing anything in GitLab. If the project still exists, its settings and \
         allowlist entries may be unchanged: restore the Maintainer role of the token's user, and \
         check them."
    );
    Diagnostic::new(format!("Project {project} is gone or not visible"), detail)
}

/// Returns whether GitLab rejected the target of a write, and not the project. It depends on the
/// wording of the message, because GitLab has no code for this. It only affects the advice and the
/// attribute of the diagnostic.
pub(super) fn is_target_error(error: &Error) -> bool {
    let named = |words: &str| TARGET_NAMES.iter().any(|name| words.contains(name));
    *error.kind() == ErrorKind::TargetNotVisible || error.message().is_some_and(named)
}

/// The names of the target in error messages of REST and GraphQL.
const TARGET_NAMES: [&str; 4] = [
    "target_project",
    "target_group",
    "The target does not exist",
    "The group or project does not exist",
];

/// Returns the advice if permissions of entries are turned off.
pub(super) fn switched_off(setting: PermissionSetting) -> String {
    format!(
        "Permissions of allowlist entries need GitLab 18.3 or later. In 18.0 to 18.2 they are a \
         beta that an administrator can turn on with the `add_policies_to_ci_job_token` \
         feature flag. Upgrade GitLab, have the feature flag turned on, or {}.",
        setting.without_permissions()
    )
}

/// Returns the advice if GitLab doesn't have permissions of entries.
pub(super) fn permissions_missing(setting: PermissionSetting) -> String {
    let needed = match setting {
        PermissionSetting::Entry | PermissionSetting::Map => {
            "Permissions of allowlist entries need GitLab 18.3 or later (beta in 18.0 to 18.2)."
        }
        PermissionSetting::OwnEntry => {
            "An entry for the project itself needs GitLab 18.3 or later."
        }
    };
    format!("{needed} Upgrade GitLab, or {}.", setting.without_permissions())
}

impl PermissionSetting {
    /// Returns the change of the configuration that avoids permissions, to follow "or".
    fn without_permissions(self) -> &'static str {
        match self {
            Self::Entry => {
                "remove `default_permissions` and `job_token_policies` from the configuration: the \
                 entry then has the default permissions"
            }
            Self::OwnEntry => {
                "remove this resource from the configuration: a project always has access to \
                 itself, and its own entry only sets permissions"
            }
            Self::Map => {
                "set `target_projects` and `target_groups` instead of `projects` and `groups`: \
                 these sets don't manage permissions"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_shortened() {
        assert_eq!(quoted("a\"b"), r#""a\"b""#);
        assert_eq!(quoted(&"ä".repeat(1000)), format!("\"{}\"…", "ä".repeat(200)));
    }
}
