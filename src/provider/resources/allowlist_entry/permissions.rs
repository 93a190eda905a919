//! `default_permissions` and `job_token_policies`: checks, plans and reads them. If both are null,
//! permissions aren't managed.

use std::collections::BTreeSet;

use super::EntryModel;
use super::target::target_attribute;
use serde_json::{Map, Value as Json};

use crate::framework::{ApplyError, Attr, Diagnostic, Errors, PlanContext, Set, Warnings};
use crate::gitlab::{
    Client, Confirmation, Error, ErrorKind, GrantError, Permissions, ProjectId, Target,
};
use crate::provider::connection::Connection;
use crate::provider::permissions::{
    DEFAULT, POLICIES, attribute, cannot_read, is_hidden, malformed, still_there,
};
use crate::provider::report::{
    PermissionSetting, how_to_read, is_target_error, of_a_refresh, report_on, report_permissions,
    sentence,
};
use crate::provider::{names, permissions};

/// Returns the permissions of an entry whose values are known, or `None` if they aren't managed.
pub(super) fn of(entry: &EntryModel) -> Option<Permissions> {
    match (&entry.default_permissions, &entry.job_token_policies) {
        (Attr::Known(true), _) => Some(Permissions::Default),
        (_, Attr::Known(policies)) => {
            Some(Permissions::Only(permissions::names(policies).cloned().collect()))
        }
        (Attr::Known(false), _) => Some(Permissions::Only(BTreeSet::new())),
        _ => None,
    }
}

impl EntryModel {
    /// Returns the entry with these permissions, managed.
    pub(in crate::provider) fn with_permissions(self, permissions: &Permissions) -> Self {
        let (default, policies) = match permissions {
            Permissions::Default => (true, Vec::new()),
            Permissions::Only(policies) => {
                (false, policies.iter().cloned().map(Attr::Known).collect())
            }
        };
        Self {
            default_permissions: Attr::Known(default),
            job_token_policies: Attr::Known(Set(policies)),
            ..self
        }
    }

    /// Returns the entry with these permissions if they are restricted. Default permissions are
    /// imported as not managed.
    pub(in crate::provider) fn with_own_permissions(
        self,
        permissions: Option<&Permissions>,
    ) -> Self {
        match permissions {
            Some(own @ Permissions::Only(_)) => self.with_permissions(own),
            Some(Permissions::Default) | None => self,
        }
    }
}

/// Returns all errors of the two attributes, as far as they are known.
pub(super) fn check(config: &EntryModel) -> Vec<Diagnostic> {
    let Some(policies) = config.job_token_policies.known() else { return Vec::new() };
    let conflict = (config.default_permissions == Attr::Known(true)).then(conflicting);
    let malformed = malformed(POLICIES, policies).map(|problem| problem.at(POLICIES));
    conflict.into_iter().chain(malformed).collect()
}

fn conflicting() -> Diagnostic {
    let detail = format!(
        "`{DEFAULT} = true` gives the target's jobs all permissions, and `{POLICIES}` restricts \
         them. Remove one of the two."
    );
    Diagnostic::new("Conflicting permissions", detail).at(POLICIES)
}

/// Returns the planned values of the two attributes.
pub(super) fn plan(config: &EntryModel) -> (Attr<bool>, Attr<Set<String>>) {
    let (default, policies) =
        (config.default_permissions.clone(), config.job_token_policies.clone());
    match (&default, &policies) {
        (Attr::Null, Attr::Known(_)) => (Attr::Known(false), policies),
        (Attr::Known(_), Attr::Null) => (default, Attr::Known(Set::default())),
        // The unknown one decides whether permissions are managed.
        (Attr::Null, Attr::Unknown) | (Attr::Unknown, Attr::Null) => (Attr::Unknown, Attr::Unknown),
        _ => (default, policies),
    }
}

/// The note of a plan whose policies are unknown and may be null in the end.
const MAY_BE_UNMANAGED: &str = "may_be_unmanaged";

/// Warns of unknown policies: if they turn out to be null, the entry has full permissions, which no
/// plan showed. Returns the notes for the plan during apply; hosts before Terraform 1.16 don't pass
/// them on.
pub(super) fn plan_unknown(
    context: &PlanContext<'_, Connection>,
    planned: &EntryModel,
) -> Map<String, Json> {
    let EntryModel { default_permissions: default, job_token_policies: policies, .. } = planned;
    if default.is_unknown() && policies.is_unknown() {
        context.warnings.add(may_be_unmanaged(planned));
        return Map::from_iter([(MAY_BE_UNMANAGED.to_owned(), true.into())]);
    }
    let was_unknown =
        context.first_plan.is_some_and(|first| first.note(MAY_BE_UNMANAGED).is_some());
    if default.is_null() && policies.is_null() && was_unknown {
        context.warnings.add(turned_out_unmanaged(planned));
    }
    Map::new()
}

fn may_be_unmanaged(planned: &EntryModel) -> Diagnostic {
    let detail = format!(
        "`{DEFAULT}` or `{POLICIES}` of {} is known only after apply. If it is null then, \
         permissions aren't managed, and a new entry has the default permissions, which are all \
         that a job token can have. To give no permissions in that case, set `{DEFAULT} = false` \
         in addition to `{POLICIES}`.",
        names::entry(planned)
    );
    Diagnostic::new(format!("Permissions unknown: {}", names::short_entry(planned)), detail)
}

fn turned_out_unmanaged(planned: &EntryModel) -> Diagnostic {
    let detail = format!(
        "The permissions of {} were unknown in the plan and are null now, so they aren't managed. \
         A new entry has the default permissions, which are all that a job token can have.",
        names::entry(planned)
    );
    Diagnostic::new(format!("Permissions not set: {}", names::short_entry(planned)), detail)
}

/// The entry whose permissions a plan keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// The entry in the state.
    Prior,
    /// The entry that replaces it, which exists already.
    Existing,
    /// None: the plan replaces the entry with a new one.
    Nothing,
}

/// Warns if the plan stops managing permissions.
pub(super) fn warn_if_unmanaged(
    prior: &EntryModel,
    planned: &EntryModel,
    kept: Kept,
    warnings: &Warnings,
) {
    let is_unmanaged =
        planned.default_permissions.is_null() && planned.job_token_policies.is_null();
    let (Some(held), true) = (of(prior), is_unmanaged) else { return };
    let entry = if kept == Kept::Prior { prior } else { planned };
    let consequence = match held {
        _ if kept == Kept::Nothing => {
            "The new entry has the default permissions, which are all that a job token can have."
                .to_owned()
        }
        _ if kept == Kept::Existing => {
            "The entry exists already, and keeps its permissions".to_owned() + UNTRACKED
        }
        Permissions::Default => "It keeps the default permissions".to_owned() + UNTRACKED,
        Permissions::Only(policies) if policies.is_empty() => {
            "It still has no permissions".to_owned() + UNTRACKED
        }
        Permissions::Only(policies) => {
            format!("It keeps {}{UNTRACKED}", Vec::from_iter(policies).join(", "))
        }
    };
    let detail = format!(
        "The configuration no longer sets `{DEFAULT}` or `{POLICIES}` of {}. {consequence} To \
         manage its permissions, set `{DEFAULT}` or `{POLICIES}`.",
        names::entry(entry)
    );
    let title = format!("Permissions not set: {}", names::short_entry(entry));
    warnings.add(Diagnostic::new(title, detail));
}

const UNTRACKED: &str = ", and plans no longer show changes.";

/// Returns the state with the entry's current permissions if they are managed, or `None` if the
/// entry is gone. If GitLab doesn't have permissions, for example after a downgrade, they become
/// unmanaged, so that the entry can still be removed. If the token can't see them, the state stays
/// the same.
pub(super) async fn refresh(
    client: &Client,
    project_id: ProjectId,
    target: Target,
    state: EntryModel,
    warnings: &Warnings,
) -> Result<Option<EntryModel>, Errors> {
    if of(&state).is_none() {
        return Ok(Some(state));
    }
    let project = names::project(&state.project, project_id);
    let error = match client.permissions_of(project_id, target).await {
        Ok(Some(permissions)) => return Ok(Some(state.with_permissions(&permissions))),
        Ok(None) => match is_hidden(client, project_id, target).await {
            Ok(false) => return Ok(None),
            Ok(true) => {
                warnings.add(hidden(&state, None));
                return Ok(Some(state));
            }
            Err(error) => error,
        },
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::Unsupported => {
            warnings.add(report_permissions(
                cannot_read(&project),
                permission_setting(&state),
                &error,
            ));
            Ok(Some(EntryModel {
                default_permissions: Attr::Null,
                job_token_policies: Attr::Null,
                ..state
            }))
        }
        // The allowlist could be read, so the role isn't the problem.
        ErrorKind::FineGrained { .. } | ErrorKind::NotAvailable => {
            warnings.add(hidden(&state, Some(&error)));
            Ok(Some(state))
        }
        _ => Err(of_a_refresh(cannot_read(&project), &error).into()),
    }
}

fn hidden(state: &EntryModel, error: Option<&Error>) -> Diagnostic {
    let (response, advice) = match error {
        Some(error) => (sentence(error), how_to_read("them", error)),
        None => (
            "GitLab shows this entry over REST, but not over GraphQL.".to_owned(),
            "Fine-grained tokens can't read permissions; a classic token with the `api` scope can."
                .to_owned(),
        ),
    };
    let detail = format!(
        "{response}\n\nThe permissions of {} aren't visible to the token.",
        names::entry(state)
    );
    let title = format!("Permissions hidden: {}", names::short_entry(state));
    Diagnostic::new(title, detail)
        .with_cause(format!(" The state keeps them, and plans don't show drift. {advice}"))
}

/// Warns of a write that GitLab accepted and that couldn't be verified.
pub(super) fn warn_if_unverified(
    confirmation: Confirmation,
    entry: &EntryModel,
    warnings: &Warnings,
) {
    if confirmation == Confirmation::Hidden {
        let detail = format!(
            "GitLab accepted the permissions of {} without an error, but doesn't show them to the \
             token, so they couldn't be verified.",
            names::entry(entry)
        );
        let title = format!("Change not verified: {}", names::short_entry(entry));
        let cause = " Fine-grained tokens can't read permissions; a classic token with the \
            `api` scope can.";
        warnings.add(Diagnostic::new(title, detail).with_cause(cause));
    }
}

/// Returns the permissions of an imported entry, as far as the token can see them.
///
/// # Errors
///
/// As [`as_found`].
pub(super) fn imported(
    project: &str,
    asked: Result<Option<Permissions>, Error>,
    entry: &EntryModel,
    warnings: &Warnings,
) -> Result<Option<Permissions>, Errors> {
    let found = permissions::as_found(project, asked, permissions::NOT_IMPORTED, warnings)?;
    if found == Some(None) {
        warnings.add(hidden(entry, None));
    }
    Ok(found.flatten())
}

/// Returns the failure of a write, with the state that it left. The title names the target;
/// `objects` is a sentence that also names the allowlist.
pub(super) fn failure(
    attempted: impl Into<String>,
    objects: Option<&str>,
    failed: GrantError,
    entry: EntryModel,
) -> ApplyError<EntryModel> {
    let GrantError { error, left, rollback } = failed;
    let (target, project) = (names::target(&entry), names::project_of(&entry));
    let mut diagnostic = report_on(attempted, objects, Some(permission_setting(&entry)), &error);
    match &rollback {
        Some(Ok(())) => diagnostic.detail.push_str(
            "\n\nGitLab added the entry without its permissions, so it was removed again.",
        ),
        Some(Err(left)) => diagnostic.detail.push_str(&still_there(left, &target, &project)),
        None => {}
    }
    let diagnostic = match attribute_at_fault(&entry, &error) {
        Some(attribute) => diagnostic.at(attribute),
        None => diagnostic,
    };
    ApplyError {
        new_state: left.map(|permissions| entry.with_permissions(&permissions)),
        errors: diagnostic.into(),
    }
}

/// Returns the failure of a change of permissions, and says if the change may have been made.
pub(super) fn failed_change(
    attempted: impl Into<String>,
    objects: Option<&str>,
    failed: GrantError,
    entry: EntryModel,
) -> ApplyError<EntryModel> {
    let is_unresolved = failed.error.is_unresolved();
    let failed = failure(attempted, objects, failed, entry);
    let errors =
        if is_unresolved { failed.errors.with_suffix(MAY_BE_CHANGED) } else { failed.errors };
    ApplyError { errors, ..failed }
}

const MAY_BE_CHANGED: &str = "\n\nThe permissions may have been changed, but this couldn't be \
    verified. The next plan reads them.";

/// Returns the part of the configuration that sets permissions, for advice. IDs must be known.
pub(super) fn permission_setting(entry: &EntryModel) -> PermissionSetting {
    let EntryModel { project_id, target_project_id, .. } = entry;
    match project_id.known().is_some() && project_id == target_project_id {
        true => PermissionSetting::OwnEntry,
        false => PermissionSetting::Entry,
    }
}

/// Returns the attribute that caused the failure of a write, if any.
fn attribute_at_fault(entry: &EntryModel, error: &Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::UnknownValues(_) => Some(POLICIES),
        ErrorKind::Unsupported | ErrorKind::PermissionsDisabled => {
            of(entry).as_ref().map(attribute)
        }
        _ if is_target_error(error) => Some(target_attribute(entry)),
        ErrorKind::NotFound => Some("project"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::AttributePath;

    fn set(names: &[&str]) -> Attr<Set<String>> {
        Attr::Known(Set(names.iter().map(|name| Attr::Known((*name).to_owned())).collect()))
    }

    fn entry(default_permissions: Attr<bool>, job_token_policies: Attr<Set<String>>) -> EntryModel {
        EntryModel { default_permissions, job_token_policies, ..EntryModel::default() }
    }

    #[test]
    fn one_attribute_decides_the_plan_of_the_other() {
        use Attr::{Known, Null, Unknown};
        let cases = [
            ((Null, Null), (Null, Null)),
            ((Null, set(&["READ_JOBS"])), (Known(false), set(&["READ_JOBS"]))),
            ((Null, set(&[])), (Known(false), set(&[]))),
            ((Known(false), Null), (Known(false), set(&[]))),
            ((Known(true), Null), (Known(true), set(&[]))),
            ((Known(false), set(&["READ_JOBS"])), (Known(false), set(&["READ_JOBS"]))),
            ((Unknown, Null), (Unknown, Unknown)),
            ((Null, Unknown), (Unknown, Unknown)),
            ((Unknown, Unknown), (Unknown, Unknown)),
            ((Known(true), Unknown), (Known(true), Unknown)),
            ((Unknown, set(&["READ_JOBS"])), (Unknown, set(&["READ_JOBS"]))),
        ];
        for ((default, policies), expected) in cases {
            let config = entry(default, policies);
            assert_eq!(plan(&config), expected, "{config:?}");
        }
    }

    #[test]
    fn permissions_round_trip_through_an_entry() {
        let only = |names: &[&str]| {
            Permissions::Only(names.iter().map(|name| (*name).to_owned()).collect())
        };
        for permissions in [Permissions::Default, only(&[]), only(&["ADMIN_JOBS", "READ_JOBS"])] {
            assert_eq!(
                of(&EntryModel::default().with_permissions(&permissions)),
                Some(permissions)
            );
        }
        assert_eq!(of(&EntryModel::default()), None);
        assert_eq!(of(&entry(Attr::Unknown, Attr::Unknown)), None);
        let imported = |permissions: Option<Permissions>| {
            of(&EntryModel::default().with_own_permissions(permissions.as_ref()))
        };
        assert_eq!(imported(Some(Permissions::Default)), None);
        assert_eq!(imported(Some(only(&[]))), Some(only(&[])));
        assert_eq!(imported(None), None);
    }

    #[test]
    fn unknown_values_are_valid() {
        assert_eq!(check(&entry(Attr::Unknown, Attr::Unknown)), []);
        assert_eq!(check(&entry(Attr::Unknown, set(&["READ_JOBS"]))), []);
        assert_eq!(check(&entry(Attr::Known(true), Attr::Unknown)), []);
        assert_eq!(
            check(&entry(Attr::Null, Attr::Known(Set(vec![Attr::Unknown, Attr::Unknown])))),
            []
        );
        assert_eq!(check(&entry(Attr::Known(false), set(&[]))), []);
    }

    #[test]
    fn errors_point_at_the_policies() {
        let summaries = |config: &EntryModel| {
            let errors = check(config);
            assert!(
                errors
                    .iter()
                    .all(|error| error.attribute == Some(AttributePath::attribute(POLICIES)))
            );
            errors.into_iter().map(|error| error.summary).collect::<Vec<_>>()
        };
        assert_eq!(summaries(&entry(Attr::Known(true), set(&[]))), ["Conflicting permissions"]);
        let both = entry(
            Attr::Known(true),
            Attr::Known(Set(vec![Attr::Null, Attr::Known("x".to_owned())])),
        );
        let invalid = "Invalid job token policy";
        assert_eq!(summaries(&both), ["Conflicting permissions", invalid, invalid]);
    }
}
