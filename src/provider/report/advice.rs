//! Advice on a failed call, by its cause.

use std::borrow::Cow;

use super::{SWITCHED_OFF, is_about_the_target};
use crate::gitlab::{Error, ErrorKind, TokenProblem};

mod connection;

const UNSEEN_TARGET: &str = "To add a target, the token's user must be able to see it: give the user at least the Guest \
                             role there, or use a token whose user sees both.";

/// Returns what to do about it, where more can be said than GitLab said itself.
pub(super) fn advice(error: &Error) -> Option<Cow<'static, str>> {
    if let ErrorKind::FineGrained { needed } = error.kind() {
        return Some(match needed {
            Some(needed) => Cow::Owned(missing_permissions(needed)),
            None => Cow::Borrowed(CLASSIC_TOKEN),
        });
    }
    if let ErrorKind::Proxy { address, variable, problem } = error.kind() {
        return Some(Cow::Owned(connection::of_proxy(address, variable, *problem)));
    }
    fixed_advice(error).map(Cow::Borrowed)
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
        ErrorKind::Unauthorized(TokenProblem::Expired | TokenProblem::Revoked) => {
            "Make a new access token with the scope `api` and set it as the provider's `token` (or `GITLAB_TOKEN`)."
        }
        ErrorKind::Unauthorized(TokenProblem::Invalid) | ErrorKind::Forbidden
            if is_about_the_address(error) =>
        {
            "GitLab accepts requests only from some IP addresses: ask the administrator of the instance or group to add that of \
             this machine."
        }
        ErrorKind::Forbidden | ErrorKind::Server if is_in_maintenance(error) => {
            "GitLab is in maintenance mode or read-only, and accepts no changes. Try again when it does."
        }
        ErrorKind::Unauthorized(TokenProblem::Invalid) | ErrorKind::Forbidden if is_impersonation(error) => {
            "An administrator has disabled impersonation tokens on this instance: use a personal, project or group access token."
        }
        ErrorKind::Unauthorized(TokenProblem::Invalid) => {
            "GitLab does not know the token: check the provider's `token` (or `GITLAB_TOKEN`), and that it was made on \
             this GitLab instance."
        }
        ErrorKind::Forbidden if must_sign_in(error) => {
            "Sign in to GitLab in a browser as the token's user, and do what GitLab asks for there; a service account or bot \
             can't, so use another user's token in its place."
        }
        ErrorKind::Blocked { .. } => {
            "GitLab's API answers in another form, so this isn't from GitLab. If what is in front of it takes credentials or a special \
             header, set them in the provider's `headers`; if it goes by address, let this machine's through. GitLab itself \
             answers with a plain \"Forbidden\" while it bans an address for failed logins."
        }
        ErrorKind::Forbidden if error.is_about_the_user() => {
            "No role decides about this request: GitLab refuses the token or its user altogether. If the message gives no reason, \
             ask an administrator of the instance."
        }
        ErrorKind::Forbidden => {
            "The job token settings of a project can be read and changed only with at least the Maintainer role in \
             that project: give it to the user that the token belongs to."
        }
        ErrorKind::InsufficientScope { .. } => {
            "Use an access token with the scope `api`; `read_api` is enough only for reading."
        }
        ErrorKind::NotFound if is_about_the_target(error) => {
            "There is no target with this ID: check it, and whether it is the ID of a project or of a group."
        }
        ErrorKind::NotFound => {
            "GitLab gives the same answer for what doesn't exist and for what the token can't see. Check the path or ID, \
             and that the token's user has at least the Maintainer role in the project."
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
        ErrorKind::Redirected { is_sign_in: true, .. } => {
            "GitLab's API never asks anybody to sign in, so a single sign-on or something else in front of GitLab does. Set the \
             credentials that let programs through in the provider's `headers`, or use an address that doesn't pass it. If the \
             page is GitLab's own, `base_url` isn't the address of the instance."
        }
        ErrorKind::Redirected { .. } => {
            "The token is never sent to another address. If GitLab has moved, set the provider's `base_url` to where it is now."
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
             (`HTTPS_PROXY`, or `HTTP_PROXY` where `base_url` starts with `http://`)."
        }
        ErrorKind::Untrusted(problem) => connection::of_tls(*problem),
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
        ErrorKind::LogTooLong => {
            "A log of up to 20,000 projects is read. Look at it in GitLab: Settings, CI/CD, Job token permissions."
        }
        ErrorKind::TooManyEntries => {
            "Some 50,000 entries are read at once. Read the group's subgroups, each with a data source."
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

/// The words only choose the advice: GitLab has no codes for accounts that it lets do nothing.
fn is_blocked(error: &Error) -> bool {
    says_one_of(error, &["blocked", "deactivated", "pending approval", "banned"])
}

/// The words only choose the advice, as above.
fn must_sign_in(error: &Error) -> bool {
    says_one_of(error, &["Terms of Service", "terms of service", "password expired", "not confirmed"])
}

/// The words only choose the advice, as above.
fn is_about_the_address(error: &Error) -> bool {
    says_one_of(error, &["IP address", "ip address"])
}

/// The words only choose the advice, as above.
fn is_in_maintenance(error: &Error) -> bool {
    says_one_of(error, &["maintenance mode", "undergoing maintenance", "read-only instance"])
}

/// The words only choose the advice, as above.
fn is_impersonation(error: &Error) -> bool {
    says_one_of(error, &["mpersonation"])
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
