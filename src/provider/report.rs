//! From a failed call to what the practitioner reads: what was attempted, what GitLab answered, what to do now.
//! The one place where advice on GitLab's refusals stands is [`advice`].

use std::borrow::Cow;
use std::fmt::Display;

use self::advice::advice;
use crate::framework::Diagnostic;
use crate::gitlab::{Error, ErrorKind};

mod advice;

/// The diagnostic for a call that failed while `attempted` was going on, such as "Can't read project 42".
pub(super) fn report(attempted: impl Into<String>, error: &Error) -> Diagnostic {
    let detail = match advice(error) {
        Some(advice) => format!("{}\n\n{advice}", sentence(error)),
        None => sentence(error),
    };
    Diagnostic::new(attempted, detail)
}

/// Checks whether GitLab can't be reached. It may come to be by the same apply whose plan asks for it.
pub(super) fn is_out_of_reach(error: &Error) -> bool {
    use ErrorKind::{Cancelled, Proxy, TimedOut, Unreachable};
    matches!(error.kind(), Unreachable | TimedOut | Cancelled | Proxy { .. })
}

/// Returns the warning of a plan that has to do without what it couldn't read.
pub(super) fn unread(attempted: impl Into<String>, error: &Error, consequence: &str) -> Diagnostic {
    let told = report(attempted, error);
    Diagnostic { detail: format!("{}\n\n{consequence}", told.detail), ..told }
}

/// Returns what happened, with one full stop: GitLab's own words may end with theirs.
pub(super) fn sentence(error: &Error) -> String {
    format!("{}.", error.to_string().trim_end_matches('.'))
}

/// The practitioner's own text as a message repeats it: quoted, and cut where nobody would read on.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The diagnostic for several calls that failed in one undertaking. `done` says what was done all the same; each
/// failure is told with what it was about, such as "add project 7".
pub(super) fn report_all(
    attempted: impl Into<String>,
    done: &str,
    failures: &[(String, Error)],
) -> Diagnostic {
    let mut detail = format!("{done}\n\nFailed:\n");
    let mut advices: Vec<Cow<'_, str>> = Vec::new();
    for (what, error) in failures {
        // A line that begins with a blank is not wrapped, so each failure stays findable.
        detail.push_str(&format!("  - {what}: {error}\n"));
        if let Some(advice) = advice(error).filter(|advice| !advices.contains(advice)) {
            advices.push(advice);
        }
    }
    for advice in advices {
        detail.push_str(&format!("\n{advice}\n"));
    }
    let detail = detail.trim_end();
    Diagnostic::new(attempted, detail)
}

/// The error of a plan about something on the server. A destroy plans everything once before, and stops at such an error.
pub(super) fn of_a_plan(error: Diagnostic) -> Diagnostic {
    let detail = format!("{}\n\n{DESTROY_ALL_THE_SAME}", error.detail);
    Diagnostic { detail, ..error }
}

const DESTROY_ALL_THE_SAME: &str =
    "If `terraform destroy` stops at this error, run it with the option `-refresh=false`.";

/// The warning that goes with taking an object for gone because its project is: GitLab answers the same where the
/// token can no longer see the project, and then creating the object anew will fail.
pub(super) fn project_gone(owner: impl Display) -> Diagnostic {
    let detail = format!(
        "GitLab answers that there is no project {owner} that the token can see, so what is managed of it counts as gone. \
         If the project still exists, do not apply: give the token's user the Maintainer role in it again."
    );
    Diagnostic::new(format!("Project {owner} is gone"), detail)
}

/// The warning that a removal found no project to remove anything from, and so proves nothing.
pub(super) fn gone_before_removal(owner: impl Display) -> Diagnostic {
    let detail = format!(
        "GitLab answers that there is no project {owner} that the token can see, so what was managed of it counts as \
         gone, though nothing proves it. If the project still exists, its settings and entries may be as they were: give \
         the token's user the Maintainer role in it again, and look."
    );
    Diagnostic::new(format!("Project {owner} is gone"), detail)
}

/// Returns whether GitLab found fault with the target of a write, and not with the project whose list it is.
/// The words only choose the advice and the attribute that is pointed at: GitLab has no code for this.
pub(super) fn is_about_the_target(error: &Error) -> bool {
    let named = |words: &str| TARGET_NAMES.iter().any(|name| words.contains(name));
    *error.kind() == ErrorKind::UnseenTarget || error.words().is_some_and(named)
}

/// GitLab's words for the target in its errors, over REST and over GraphQL.
const TARGET_NAMES: [&str; 4] =
    ["target_project", "target_group", "The target does not exist", "The group or project does not exist"];

/// Advice where permissions of single entries are switched off.
pub(super) const SWITCHED_OFF: &str = "Permissions of single allowlist entries need GitLab 18.3 or later; in 18.0 to 18.2 they are a beta that an \
     administrator can switch on (feature flag `add_policies_to_ci_job_token`). Upgrade GitLab or have them switched on, or \
     remove `default_permissions` and `job_token_policies` from the configuration: the entry then has the default \
     permissions.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_end_is_cut() {
        assert_eq!(quoted("a\"b"), r#""a\"b""#);
        assert_eq!(quoted(&"ä".repeat(1000)), format!("\"{}\"…", "ä".repeat(200)));
    }
}
