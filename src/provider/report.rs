//! From a failed call to what the practitioner reads: what was attempted, what GitLab answered, what to do now.
//! The one place where advice on GitLab's refusals stands.

use std::borrow::Cow;
use std::fmt::Display;

use crate::framework::Diagnostic;
use crate::gitlab::{Error, ErrorKind, ProxyProblem, TlsProblem, TokenProblem};

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

/// What happened, with one full stop: GitLab's own words may end with theirs.
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
/// token has just lost sight of the project, and then creating the object anew will fail.
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

/// Whether GitLab found fault with the target of a write, and not with the project whose list it is. The words only
/// choose the advice and the attribute that is pointed at: GitLab has no code for this.
pub(super) fn is_about_the_target(error: &Error) -> bool {
    let named = |words: &str| TARGET_NAMES.iter().any(|name| words.contains(name));
    *error.kind() == ErrorKind::UnseenTarget || error.words().is_some_and(named)
}

/// How GitLab calls the target in its refusals, over REST and over GraphQL.
const TARGET_NAMES: [&str; 4] =
    ["target_project", "target_group", "The target does not exist", "The group or project does not exist"];

const UNSEEN_TARGET: &str = "To add a target, the token's user must be able to see it: give the user at least the Guest \
                             role there, or use a token whose user sees both.";

/// What to do where permissions of single entries are switched off.
pub(super) const SWITCHED_OFF: &str = "Permissions of single allowlist entries need GitLab 18.3 or later; in 18.0 to 18.2 they are a beta that an \
     administrator can switch on (feature flag `add_policies_to_ci_job_token`). Upgrade GitLab or have them switched on, or \
     remove `default_permissions` and `job_token_policies` from the configuration: the entry then has the default \
     permissions.";

/// What to do about it, where more can be said than GitLab said itself.
fn advice(error: &Error) -> Option<Cow<'static, str>> {
    if let ErrorKind::FineGrained { needed } = error.kind() {
        return Some(match needed {
            Some(needed) => Cow::Owned(missing_permissions(needed)),
            None => Cow::Borrowed(CLASSIC_TOKEN),
        });
    }
    if let ErrorKind::Proxy { address, variable, problem } = error.kind() {
        return Some(Cow::Owned(of_proxy(address, variable, *problem)));
    }
    fixed_advice(error).map(Cow::Borrowed)
}

fn of_proxy(address: &str, variable: &str, problem: ProxyProblem) -> String {
    let remedy = match problem {
        ProxyProblem::Unreachable => "Check its address there, and that it runs.".to_owned(),
        ProxyProblem::Untrusted => {
            "If its certificate comes from a certificate authority of your own, name that authority's certificate with \
             `cacert_file`."
                .to_owned()
        }
        ProxyProblem::Credentials => {
            let (scheme, host) = address.split_once("://").unwrap_or(("http", address));
            format!(
                "Set a user name and password there that it accepts, percent-encoded: \
                 `{scheme}://USER:PASSWORD@{host}`."
            )
        }
        ProxyProblem::Refused => {
            "Check that it may connect to the host of the provider's `base_url`.".to_owned()
        }
    };
    format!(
        "The environment variable `{variable}` names the proxy. {remedy} If GitLab can be reached without it, add the \
         host of `base_url` to `NO_PROXY`."
    )
}

const CLASSIC_TOKEN: &str = "GitLab offers this over GraphQL alone, and to no fine-grained token yet: use a classic access token with \
     the scope `api`, or do without permissions of single entries and cross-project push.";

fn missing_permissions(needed: &str) -> String {
    let early_check = match needed.contains(READ_USER) {
        true => {
            " Only the check of the token at the start needs this permission: `early_auth_check = false` does without it."
        }
        false => "",
    };
    format!(
        "Create a fine-grained token with {needed} and all other permissions that the guide \"GitLab versions and tokens\" \
         lists; the permissions of a token can't be changed. If this token isn't fine-grained, the instance or the group \
         accepts fine-grained tokens alone.{early_check}"
    )
}

/// The permission of the early check.
const READ_USER: &str = "User: Read";

fn fixed_advice(error: &Error) -> Option<&'static str> {
    let advice = match error.kind() {
        ErrorKind::FineGrained { .. } | ErrorKind::Proxy { .. } => return None,
        ErrorKind::NoToken => {
            "Set `token` in the provider block, or the environment variable `GITLAB_TOKEN`, to an access token with the scope \
             `api`."
        }
        ErrorKind::Unauthorized(TokenProblem::Invalid) | ErrorKind::Forbidden if is_blocked(error) => {
            "The token's user can't use GitLab. Ask an administrator of the instance to unblock, activate or approve the user, \
             or use another user's token."
        }
        ErrorKind::Unauthorized(TokenProblem::Invalid) => {
            "GitLab does not know the token: check the provider's `token` (or `GITLAB_TOKEN`), and that it was made on \
             this GitLab instance."
        }
        ErrorKind::Unauthorized(TokenProblem::Expired | TokenProblem::Revoked) => {
            "Make a new access token with the scope `api` and set it as the provider's `token` (or `GITLAB_TOKEN`)."
        }
        ErrorKind::Forbidden if must_sign_in(error) => {
            "Sign in to GitLab in a browser as the token's user, and do what GitLab asks for there; a service account or bot \
             can't, so use another user's token in its place."
        }
        ErrorKind::Blocked { .. } => {
            "GitLab's API answers in JSON, so this isn't from GitLab. If what is in front of it takes credentials or a special \
             header, set them in the provider's `headers`; if it goes by address, let this machine's through. GitLab itself \
             answers with a plain \"Forbidden\" while it bans an address for failed logins."
        }
        ErrorKind::Forbidden => {
            "The job token settings of a project can be read and changed only with at least the Maintainer role in \
             that project: give it to the user that the token belongs to."
        }
        ErrorKind::InsufficientScope { .. } => {
            "Use an access token with the scope `api`; `read_api` is enough only for reading."
        }
        ErrorKind::NotFound if is_about_the_target(error) => {
            "There is no target with this number: check it, and whether it is the number of a project or of a group."
        }
        ErrorKind::NotFound => {
            "GitLab gives the same answer for what does not exist and for what the token can't see: check the spelling \
             or number, and that the token's user is at least a Maintainer of the project."
        }
        ErrorKind::BadRequest if exceeds_the_limit(error) => {
            "A project's allowlist holds at most 200 projects and 200 groups: allow a group in place of its projects, \
             or remove entries that are no longer needed."
        }
        ErrorKind::BadRequest if is_about_the_target(error) => UNSEEN_TARGET,
        ErrorKind::BadRequest if may_not_change(error) => {
            "GitLab answers so too where the token can't see the entry's target: give the token's user at least the Guest \
             role there, or use a token whose user sees both."
        }
        ErrorKind::BadRequest => return None,
        ErrorKind::NotAllowed => {
            "This is how GitLab answers a write to the former path of a project or group: use its present path or its \
             number."
        }
        ErrorKind::RateLimited { .. } => {
            "GitLab limits how fast it is asked. Try again later, with a smaller `max_concurrent_requests` in the \
             provider block."
        }
        ErrorKind::Server => {
            "GitLab, or a proxy in front of it, is in trouble. Try again: the next apply does what is left."
        }
        ErrorKind::Redirected { .. } => {
            "The token is never sent to another address. If GitLab has moved, set the provider's `base_url` to where it is \
             now. If that is a page for signing in, as of a single sign-on in front of GitLab, set the credentials that let \
             programs through in the provider's `headers`, or use an address that doesn't pass it."
        }
        ErrorKind::UnexpectedStatus if error.is_over_graphql() => {
            "The REST API isn't affected. Permissions of single entries, cross-project push and the data source \
             `gitlab_job_token_scopes` need GraphQL: what is in front of GitLab must let requests to `/api/graphql` through."
        }
        ErrorKind::UnexpectedStatus => {
            "This isn't an answer of GitLab's API. Set the provider's `base_url` to the address of a GitLab instance, such as \
             `https://gitlab.example.com`."
        }
        ErrorKind::Unreachable => {
            "Check the provider's `base_url`, and that this machine reaches that address, through a proxy if need be \
             (`HTTPS_PROXY`)."
        }
        ErrorKind::Untrusted(problem) => of_tls(*problem),
        ErrorKind::TimedOut => "If the server is just slow, raise `request_timeout` in the provider block.",
        ErrorKind::Unreadable => {
            "Something answered that does not speak GitLab's API, such as a proxy's or login page: check the \
             provider's `base_url`."
        }
        ErrorKind::PartMissing => {
            "GitLab shows the project, so nothing was decided from this answer. Try again; if it stays so, something between here \
             and GitLab changes its answers."
        }
        ErrorKind::Incomplete => {
            "A list that lacks elements proves nothing, so nothing was decided from it. Try again; if it stays so, something \
             between here and GitLab changes its answers."
        }
        ErrorKind::TooManyProjects => {
            "Up to 20,000 projects are read. Read the group's subgroups, each with a data source."
        }
        ErrorKind::Cancelled => "The run was interrupted. The next plan shows what is left to do.",
        ErrorKind::StillAllowed => {
            "GitLab refuses to remove a project that the token can't see, so its jobs keep their access. Give the \
             token's user at least the Guest role in that project, or remove the entry with a token that sees both."
        }
        ErrorKind::Unsupported if !error.is_over_graphql() => {
            "This GitLab doesn't have that address. GitLab has allowlists, and lets the setting be changed, from version 16.1 on, \
             and group entries from 17.0 on. If it is newer, is the provider's `base_url` that of a GitLab instance?"
        }
        ErrorKind::Unsupported => {
            "Permissions of single allowlist entries, and the data source `gitlab_job_token_scopes`, need GitLab 18.3 or later \
             (18.0 to 18.2 have them as a beta). Upgrade GitLab, or do without them: remove `default_permissions` and \
             `job_token_policies` from the configuration. Everything else works."
        }
        ErrorKind::SwitchedOff => SWITCHED_OFF,
        ErrorKind::NotAvailable => {
            "GitLab gives the same answer for what does not exist and for what the token may not see or change: the token \
             needs the scope `api` (`read_api` is enough only for reading), and its user at least the Maintainer role in \
             the project."
        }
        ErrorKind::UnknownValues(_) => {
            "The names are GitLab's own, and newer versions know more of them: correct the name, or upgrade GitLab."
        }
        ErrorKind::UnseenTarget => UNSEEN_TARGET,
        ErrorKind::Elsewhere { .. } => {
            "GitLab takes paths for this, and one of them has come to name something else during the run, as when a \
             project or group is renamed and another takes its place. Apply again; where the permissions of another \
             entry were changed so, set those right."
        }
    };
    Some(advice)
}

fn of_tls(problem: TlsProblem) -> &'static str {
    match problem {
        TlsProblem::NotTls => {
            "The provider's `base_url` starts with `https://`, but what answers speaks plain text. Use the port for HTTPS; a port \
             for HTTP needs `http://`, which sends the token unencrypted."
        }
        TlsProblem::Expired => {
            "The server's administrator must renew the certificate. If it has been renewed, is this machine's clock right?"
        }
        TlsProblem::NotYetValid => "Is this machine's clock right?",
        TlsProblem::WrongName => {
            "Set the provider's `base_url` to a name that the certificate is for, or have a certificate made for this name."
        }
        TlsProblem::UnknownIssuer => {
            "If the certificate comes from a certificate authority of your own, name that authority's certificate with \
             `cacert_file`; for a self-signed certificate, name the certificate itself."
        }
        TlsProblem::Authority => {
            "Have a certificate issued that is for servers (CA:FALSE). To trust this one all the same, name it itself with \
             `cacert_file`."
        }
        TlsProblem::Unusable => {
            "The server's administrator must have another certificate issued. `cacert_file` doesn't help here."
        }
        TlsProblem::OldVersion => {
            "TLS 1.2 or later is needed: have it enabled on the server, or on what answers in its place."
        }
        TlsProblem::ClientCertificate => {
            "Set `client_cert` and `client_key` in the provider block to a certificate that the server accepts."
        }
        TlsProblem::Other => {
            "If the server's certificate comes from a certificate authority of your own, name that authority's certificate with \
             `cacert_file`; if the server asks for a certificate, set `client_cert` and `client_key`."
        }
    }
}

/// The words only choose the advice: GitLab has no codes for accounts that it lets do nothing.
fn is_blocked(error: &Error) -> bool {
    says_one_of(error, &["blocked", "deactivated", "pending approval", "banned"])
}

/// The words only choose the advice, as above.
fn must_sign_in(error: &Error) -> bool {
    says_one_of(error, &["Terms of Service", "terms of service", "password expired", "not confirmed"])
}

fn says_one_of(error: &Error, parts: &[&str]) -> bool {
    error.words().is_some_and(|words| parts.iter().any(|part| words.contains(part)))
}

/// The words only choose the advice: GitLab has no code for this refusal.
fn exceeds_the_limit(error: &Error) -> bool {
    error.words().is_some_and(|words| words.contains("exceeds the allowable number"))
}

/// The words only choose the advice, as above.
fn may_not_change(error: &Error) -> bool {
    error.words().is_some_and(|words| words.contains("insufficient permission to update"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_end_is_cut() {
        assert_eq!(quoted("a\"b"), r#""a\"b""#);
        assert_eq!(quoted(&"ä".repeat(1000)), format!("\"{}\"…", "ä".repeat(200)));
    }
}
