//! Advice on failed calls, by cause.

use std::borrow::Cow;

use super::{PermissionSetting, is_target_error, permissions_missing, switched_off};
use crate::gitlab::{Error, ErrorKind, TokenProblem};

mod connection;

const UNSEEN_TARGET: &str = "A target can be added only if it still exists and is visible to the \
                             token's user. Check its path or ID, and give the user at least the \
                             Guest role in it.";

const NOT_GITLAB: &str = "The response isn't from GitLab's API. Check that the provider's \
                          `base_url` is the URL of a GitLab instance, for example \
                          `https://gitlab.example.com`, and that no proxy sends this response.";

const ROLE_MISSING: &str = "If the response gives no other reason, the token's user lacks the \
                            Maintainer role in the project, which GitLab requires for job token \
                            settings. Give this role to the user.";

/// The advice in place of [`ROLE_MISSING`] if GitLab has accepted other changes to the project.
const PARTLY_FORBIDDEN: &str = "GitLab accepted other changes to this project, so the token's \
                                user has the required role. If the response gives no reason, try \
                                again, and check whether a proxy in front of GitLab rejects the \
                                request.";

/// As [`advice`], after GitLab has accepted other changes to the project.
pub(super) fn advice_after_changes(
    error: &Error,
    setting: Option<PermissionSetting>,
) -> Option<Cow<'static, str>> {
    advice(error, setting).map(|advice| match advice == ROLE_MISSING {
        true => PARTLY_FORBIDDEN.into(),
        false => advice,
    })
}

/// Returns what to do about an error, unless GitLab's own message says it. `setting` is what a call
/// about permissions is for.
pub(super) fn advice(
    error: &Error,
    setting: Option<PermissionSetting>,
) -> Option<Cow<'static, str>> {
    match error.kind() {
        ErrorKind::FineGrained { needed: Some(needed) } => Some(missing_permissions(needed).into()),
        ErrorKind::FineGrained { needed: None } => {
            Some(classic_token(error.is_over_graphql(), setting).into())
        }
        ErrorKind::Proxy { address, variable, problem } => {
            Some(connection::of_proxy(address, variable, *problem).into())
        }
        ErrorKind::PermissionsDisabled => {
            Some(switched_off(setting.unwrap_or(PermissionSetting::Entry)).into())
        }
        ErrorKind::BadRequest if is_entry_missing(error) => {
            let is_own = setting == Some(PermissionSetting::OwnEntry);
            (!is_own).then_some(Cow::Borrowed(ENTRY_MISSING))
        }
        ErrorKind::Unsupported if error.is_over_graphql() && !error.is_group_request() => {
            Some(permissions_missing(setting.unwrap_or(PermissionSetting::Entry)).into())
        }
        _ => fixed_advice(error).map(Cow::Borrowed),
    }
}

const ENTRY_MISSING: &str = "The entry isn't on the allowlist: it was removed after the state was \
                             refreshed. Plan again, without `-refresh=false`: the next plan adds \
                             it.";

/// Returns the advice if no fine-grained token has access.
fn classic_token(is_over_graphql: bool, setting: Option<PermissionSetting>) -> String {
    let without = match setting {
        Some(setting) => format!(", or {}", setting.without_permissions()),
        None => "; `read_api` is enough for plans and data sources".to_owned(),
    };
    let cause = match is_over_graphql {
        true => {
            "GitLab offers this only over GraphQL, where fine-grained tokens don't support it yet."
        }
        false => {
            "The response doesn't name the missing permission, so GitLab may not support \
             fine-grained tokens here."
        }
    };
    format!("{cause} Use a classic access token with the `api` scope{without}.")
}

fn missing_permissions(needed: &str) -> String {
    let early_check = match needed.contains(READ_USER) {
        true => {
            " Only the check of the token during provider configuration needs this permission: \
             `early_auth_check = false` turns it off."
        }
        false => "",
    };
    format!(
        "Create a fine-grained token with {needed} and all other permissions in the guide \"GitLab \
         versions and tokens\"; the permissions of a token can't be changed. If this token isn't \
         fine-grained, the instance or group accepts only fine-grained tokens.{early_check}"
    )
}

/// The permission that verifying the token needs.
const READ_USER: &str = "User: Read";

fn fixed_advice(error: &Error) -> Option<&'static str> {
    let advice = match error.kind() {
        ErrorKind::FineGrained { .. }
        | ErrorKind::Proxy { .. }
        | ErrorKind::PermissionsDisabled => {
            return None;
        }
        ErrorKind::NoToken => {
            "Set `token` in the provider block, or the `GITLAB_TOKEN` environment variable, to an \
             access token with the `api` scope."
        }
        ErrorKind::Unauthorized(TokenProblem::Invalid) | ErrorKind::Forbidden
            if is_blocked(error) =>
        {
            "The token's user can't use GitLab. Ask an administrator of the instance to unblock, \
             activate or approve the user, or use another user's token."
        }
        ErrorKind::Unauthorized(TokenProblem::Expired | TokenProblem::Revoked) => {
            "Create a new access token with the `api` scope, and set it as the provider's `token` \
             or as `GITLAB_TOKEN`."
        }
        ErrorKind::Unauthorized(TokenProblem::Invalid) | ErrorKind::Forbidden
            if is_ip_address_error(error) =>
        {
            "GitLab accepts requests only from some IP addresses. Ask an administrator of the \
             instance or an owner of the group to add this machine's address."
        }
        ErrorKind::ReadOnly => "GitLab may be in maintenance mode. Try again later.",
        ErrorKind::Server if is_in_maintenance(error) => {
            "GitLab is in maintenance mode. Try again later."
        }
        ErrorKind::Unauthorized(TokenProblem::Invalid) | ErrorKind::Forbidden
            if is_impersonation(error) =>
        {
            "An administrator has disabled impersonation tokens on this instance: use a personal, \
             project or group access token."
        }
        ErrorKind::Unauthorized(TokenProblem::Invalid) => {
            "The token may be mistyped, expired or revoked, or belong to another GitLab \
             instance. Check the provider's `token` (or `GITLAB_TOKEN`), or create a new access \
             token with the `api` scope on this instance."
        }
        ErrorKind::Forbidden if must_sign_in(error) => {
            "Sign in to GitLab in a browser as the token's user, and follow GitLab's instructions. \
             A service account or bot user can't sign in: use another user's token instead."
        }
        ErrorKind::Blocked { .. } => {
            "The response doesn't have the form of GitLab's API, so a proxy, firewall or gateway \
             sent it. If that expects credentials or a header, set them in the provider's \
             `headers`; if it filters by IP address, allow this machine's. GitLab itself \
             responds with a plain \"Forbidden\" while it bans an IP address after failed logins."
        }
        ErrorKind::Forbidden if error.is_over_graphql() => {
            "GitLab doesn't respond this way over GraphQL if a role is missing: a proxy in front \
             of it, or a restriction of the token or its user, rejects requests to \
             `/api/graphql`. If the response gives no reason, ask an administrator of the instance."
        }
        ErrorKind::Forbidden if error.is_user_request() => {
            "This request doesn't need a role, so GitLab rejects the token or its user for all \
             requests. If the response gives no reason, ask an administrator of the instance."
        }
        ErrorKind::Forbidden if error.is_group_request() => {
            "Give the token's user at least the Guest role in the group. If the user has it, the \
             group may have restrictions, such as on IP addresses or single sign-on: ask an owner \
             of the group."
        }
        ErrorKind::Forbidden => ROLE_MISSING,
        ErrorKind::InsufficientScope { .. } => {
            "Use an access token with the `api` scope. `read_api` is enough for plans."
        }
        ErrorKind::NotFound if is_target_error(error) => {
            "GitLab has no target with this ID. Check the ID, and whether it belongs to a project \
             or a group."
        }
        ErrorKind::NotFound if error.is_group_request() => {
            "GitLab returns 404 both for groups that don't exist and for groups that aren't \
             visible to the token. Check the path or ID, and that the token's user is a member of \
             the group."
        }
        ErrorKind::NotFound => {
            "GitLab returns 404 both for projects that don't exist and for projects that aren't \
             visible to the token. Check the path or ID, and that the token's user has at least \
             the Maintainer role in the project."
        }
        ErrorKind::BadRequest if exceeds_the_limit(error) => {
            "An allowlist can have at most 200 projects and 200 groups. Add a group instead of its \
             projects, or remove entries that are no longer needed."
        }
        ErrorKind::BadRequest if is_target_error(error) => UNSEEN_TARGET,
        ErrorKind::BadRequest if may_not_change(error) => {
            "GitLab also gives this response if the entry's target isn't visible to the token. \
             Give the token's user at least the Guest role in the target."
        }
        ErrorKind::BadRequest => return None,
        ErrorKind::MethodNotAllowed if error.is_of_get() => NOT_GITLAB,
        ErrorKind::MethodNotAllowed => {
            "GitLab gives this response to a change by the former path of a project or group. Use \
             its current path or its ID."
        }
        ErrorKind::RateLimited { .. } => {
            "Try again later, or set a smaller `max_concurrent_requests` in the provider block."
        }
        ErrorKind::Server if error.is_of_get() => {
            "GitLab or a proxy in front of it failed. Try again."
        }
        ErrorKind::Server => {
            "GitLab or a proxy in front of it failed. Try again: an apply makes only the \
             remaining changes."
        }
        ErrorKind::Redirected { is_sign_in: true, .. } => {
            "GitLab's API doesn't redirect to sign-in pages, so this is from a single sign-on \
             proxy or the like. Set its credentials for programs in the provider's `headers`, or \
             use an address that bypasses it. If the page is GitLab's own, `base_url` isn't the \
             URL of the instance."
        }
        ErrorKind::Redirected { .. } => {
            "Redirects aren't followed, so that the token isn't sent to another address. If GitLab \
             has moved, set the provider's `base_url` to its new URL."
        }
        ErrorKind::UnexpectedStatus if error.is_over_graphql() => {
            "The REST API isn't affected. Permissions of entries, cross-project push and the \
             `gitlab_job_token_scopes` data source need GraphQL: let requests to `/api/graphql` \
             through the proxy in front of GitLab."
        }
        ErrorKind::UnexpectedStatus if error.is_proxy_authentication_required() => {
            "A proxy requires credentials. Set its user name and password in the URL in \
             `HTTPS_PROXY`, or in `HTTP_PROXY` if `base_url` starts with `http://`."
        }
        ErrorKind::UnexpectedStatus => NOT_GITLAB,
        ErrorKind::Unreachable => {
            "Check the provider's `base_url`, and that this machine can reach it. If it needs a \
             proxy, set `HTTPS_PROXY`, or `HTTP_PROXY` if `base_url` starts with `http://`."
        }
        ErrorKind::Tls(problem) => connection::of_tls(*problem),
        ErrorKind::TimedOut => {
            "If the server is slow, increase `request_timeout` in the provider block."
        }
        ErrorKind::InvalidResponse if error.is_over_graphql() => {
            "A login page, a proxy or another server may have sent the response. Check the \
             provider's `base_url`, and let requests to `/api/graphql` through any proxy in front \
             of GitLab."
        }
        ErrorKind::InvalidResponse => {
            "A login page, a proxy or another server may have sent the response. Check the \
             provider's `base_url`."
        }
        ErrorKind::PartMissing => {
            "GitLab shows the project, so this response was ignored. Try again. If the error \
             persists, a proxy may be changing GitLab's responses."
        }
        ErrorKind::Incomplete => {
            "The list was ignored, because elements are missing. Try again. If the error persists, \
             a proxy may be changing GitLab's responses."
        }
        ErrorKind::TooManyProjects => {
            "At most 20,000 projects can be read. Use one data source for each subgroup."
        }
        ErrorKind::TooManyLogProjects => {
            "At most 20,000 projects can be read. See the log in GitLab: Settings > CI/CD > Job \
             token permissions."
        }
        ErrorKind::TooManyEntries => {
            "At most about 50,000 entries can be read. Use one data source for each subgroup."
        }
        ErrorKind::Cancelled => {
            "The run was interrupted. The next plan shows the remaining changes."
        }
        ErrorKind::StillAllowed if error.is_group_entries_request() => {
            "The group's projects keep access. Check that the token's user has at least the \
             Maintainer role in the project that the allowlist belongs to, and try again."
        }
        ErrorKind::StillAllowed => {
            "GitLab doesn't remove a project that isn't visible to the token, so its jobs keep \
             access. Give the token's user at least the Guest role in that project."
        }
        ErrorKind::Unsupported if error.is_over_graphql() => {
            "The `gitlab_job_token_scopes` data source needs GitLab 18.3 or later (beta in 18.0 to \
             18.2). Upgrade GitLab, or read each project with `gitlab_job_token_scope` and \
             `gitlab_job_token_allowlist` instead, which older versions support."
        }
        ErrorKind::Unsupported if error.is_group_entries_request() => {
            "Allowlist entries for groups need GitLab 17.0 or later. Upgrade GitLab, or manage \
             only projects. If this GitLab is newer, check that the provider's `base_url` is the \
             URL of a GitLab instance."
        }
        ErrorKind::Unsupported if error.is_scope_request() => {
            "Allowlists and changes of the setting need GitLab 16.1 or later. Upgrade GitLab. If \
             this GitLab is newer, check that the provider's `base_url` is the URL of a GitLab \
             instance."
        }
        ErrorKind::Unsupported => NOT_GITLAB,
        ErrorKind::NotAvailable if error.is_group_request() => {
            "GitLab gives the same response if the group doesn't exist, and if the token isn't \
             allowed to read it. The token needs the `read_api` or `api` scope, and its user at \
             least the Maintainer role in the group."
        }
        ErrorKind::NotAvailable => {
            "GitLab gives the same response if the object doesn't exist, and if the token isn't \
             allowed to read or change it. The token needs the `api` scope (`read_api` is enough \
             for plans), and its user at least the Maintainer role in the project."
        }
        ErrorKind::UnknownValues(_) => {
            "Correct the name, or remove it. If it is right, it belongs to a newer version: \
             upgrade GitLab."
        }
        ErrorKind::TargetNotVisible => UNSEEN_TARGET,
        ErrorKind::WrongEntry { .. } => {
            "GitLab identifies the entry by paths here, and one of them was reassigned during the \
             run, as when a project or group is renamed and another takes its path. Apply again, \
             and restore the permissions of the entry that was changed instead."
        }
    };
    Some(advice)
}

/// Returns whether the account is blocked. Like the functions below, it depends on the wording,
/// because GitLab has no code for this; it only affects the advice.
fn is_blocked(error: &Error) -> bool {
    message_contains(error, &["blocked", "deactivated", "pending approval", "banned"])
}

/// Returns whether the user must sign in to accept terms, set a password or confirm the account.
fn must_sign_in(error: &Error) -> bool {
    message_contains(
        error,
        &["Terms of Service", "terms of service", "password expired", "not confirmed"],
    )
}

/// Returns whether GitLab rejected the IP address.
fn is_ip_address_error(error: &Error) -> bool {
    message_contains(error, &["IP address", "ip address"])
}

/// Returns whether GitLab is in maintenance mode.
fn is_in_maintenance(error: &Error) -> bool {
    message_contains(error, &["maintenance mode", "undergoing maintenance"])
}

/// Returns whether the error is about an impersonation token.
fn is_impersonation(error: &Error) -> bool {
    message_contains(error, &["mpersonation"])
}

fn message_contains(error: &Error, parts: &[&str]) -> bool {
    error.message().is_some_and(|words| parts.iter().any(|part| words.contains(part)))
}

/// The words only affect the advice: GitLab has no code for this error.
fn exceeds_the_limit(error: &Error) -> bool {
    error.message().is_some_and(|words| words.contains("exceeds the allowable number"))
}

/// Returns whether permissions were set for an entry that isn't on the allowlist.
fn is_entry_missing(error: &Error) -> bool {
    message_contains(error, &["Unable to find a job token scope"])
}

/// Returns whether the user lacks the permission to change a setting.
fn may_not_change(error: &Error) -> bool {
    error.message().is_some_and(|words| words.contains("insufficient permission to update"))
}
