//! `default_permissions` and `job_token_policies`: what a configuration may say of an entry's
//! permissions, what it is planned as, and how it is held against GitLab. Both null means that
//! permissions are not managed.

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
    DEFAULT, POLICIES, attribute, cannot_read, is_hidden, misspelled, still_there,
};
use crate::provider::report::{
    Asking, is_about_the_target, report, report_asking, report_on, sentence,
};
use crate::provider::{names, permissions};

/// The permissions that a wholly known entry has or is to have; none where they are not managed.
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
    /// The same entry with these permissions, managed.
    pub(in crate::provider) fn with_permissions(self, permissions: &Permissions) -> EntryModel {
        let (default, policies) = match permissions {
            Permissions::Default => (true, Vec::new()),
            Permissions::Only(policies) => {
                (false, policies.iter().cloned().map(Attr::Known).collect())
            }
        };
        EntryModel {
            default_permissions: Attr::Known(default),
            job_token_policies: Attr::Known(Set(policies)),
            ..self
        }
    }

    /// The same entry with these permissions, where they are not the default ones: an entry that
    /// has those is taken for one whose permissions nobody manages.
    pub(in crate::provider) fn with_own_permissions(
        self,
        permissions: Option<&Permissions>,
    ) -> EntryModel {
        match permissions {
            Some(own @ Permissions::Only(_)) => self.with_permissions(own),
            Some(Permissions::Default) | None => self,
        }
    }
}

/// All that is wrong with the two attributes, as far as they are known.
pub(super) fn check(config: &EntryModel) -> Vec<Diagnostic> {
    let Some(policies) = config.job_token_policies.known() else { return Vec::new() };
    let contradiction = (config.default_permissions == Attr::Known(true)).then(contradiction);
    let misspelled = misspelled(policies).map(|problem| problem.at(POLICIES));
    contradiction.into_iter().chain(misspelled).collect()
}

fn contradiction() -> Diagnostic {
    let detail = format!(
        "`{DEFAULT} = true` gives the target's jobs all permissions, and `{POLICIES}` restricts \
         them. Remove one of the two."
    );
    Diagnostic::new("Conflicting permissions", detail).at(POLICIES)
}

/// Returns the plan for a configuration of the two attributes.
pub(super) fn plan(config: &EntryModel) -> (Attr<bool>, Attr<Set<String>>) {
    let (default, policies) =
        (config.default_permissions.clone(), config.job_token_policies.clone());
    match (&default, &policies) {
        (Attr::Null, Attr::Known(_)) => (Attr::Known(false), policies),
        (Attr::Known(_), Attr::Null) => (default, Attr::Known(Set::default())),
        // Whether anything is managed is not known before the unknown one is.
        (Attr::Null, Attr::Unknown) | (Attr::Unknown, Attr::Null) => (Attr::Unknown, Attr::Unknown),
        _ => (default, policies),
    }
}

/// The note of a plan whose policies aren't known yet and may turn out to be null.
const MAY_BE_UNMANAGED: &str = "may_be_unmanaged";

/// Warns of policies that aren't known while planning: if they turn out to be null, the entry has
/// full permissions, which nobody was told. Returns what the plan of the apply must know; hosts
/// before Terraform 1.16 don't hand it on.
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
    Diagnostic::new(format!("Permissions unknown: {}", names::target(planned)), detail)
}

fn turned_out_unmanaged(planned: &EntryModel) -> Diagnostic {
    let detail = format!(
        "The permissions of {} were unknown in the plan and are null now, so they aren't managed. \
         A new entry has the default permissions, which are all that a job token can have.",
        names::entry(planned)
    );
    Diagnostic::new(format!("Permissions not managed: {}", names::target(planned)), detail)
}

/// Warns where permissions were managed and are to be no more.
pub(super) fn tell_if_abandoned(prior: &EntryModel, planned: &EntryModel, warnings: &Warnings) {
    let abandoned = planned.default_permissions.is_null() && planned.job_token_policies.is_null();
    let (Some(held), true) = (of(prior), abandoned) else { return };
    let held = match held {
        Permissions::Default => "the default permissions".to_owned(),
        Permissions::Only(policies) if policies.is_empty() => "no permissions".to_owned(),
        Permissions::Only(policies) => Vec::from_iter(policies).join(", "),
    };
    let detail = format!(
        "The configuration no longer sets `{DEFAULT}` or `{POLICIES}` of {}. An entry that stays \
         keeps {held}, and plans no longer show changes; an entry that is replaced gets the \
         default permissions. To manage them, set `{DEFAULT}` or `{POLICIES}`.",
        names::entry(prior)
    );
    warnings
        .add(Diagnostic::new(format!("Permissions not managed: {}", names::target(prior)), detail));
}

/// Returns a state with the permissions that the entry has now, where it manages them, or nothing
/// if the entry turns out to be gone. A GitLab that has come to know none, as a restored backup of
/// an older version, leaves nothing to manage, and must not stand in the way of a removal. A token
/// that can't see them leaves the state as it is.
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
            warnings.add(report_asking(cannot_read(&project), asking(&state), &error));
            Ok(Some(EntryModel {
                default_permissions: Attr::Null,
                job_token_policies: Attr::Null,
                ..state
            }))
        }
        // The allowlist itself could be read, so it isn't the role that is missing.
        ErrorKind::FineGrained { .. } | ErrorKind::NotAvailable => {
            warnings.add(hidden(&state, Some(&error)));
            Ok(Some(state))
        }
        _ => Err(report(cannot_read(&project), &error).into()),
    }
}

fn hidden(state: &EntryModel, error: Option<&Error>) -> Diagnostic {
    let answer = error.map_or_else(
        || "GitLab shows this entry over REST, but not over GraphQL.".to_owned(),
        sentence,
    );
    let detail = format!(
        "{answer}\n\nThe permissions of {} aren't visible to the token.",
        names::entry(state)
    );
    let title = format!("Permissions not visible: {}", names::target(state));
    Diagnostic::new(title, detail).with_cause(
        " The state keeps them, and plans don't show drift. Most fine-grained tokens can't read \
         permissions; a classic token with the scope `api` can.",
    )
}

/// Warns of a write that GitLab has carried out and that couldn't be checked.
pub(super) fn tell_if_hidden(confirmation: Confirmation, entry: &EntryModel, warnings: &Warnings) {
    if confirmation == Confirmation::Hidden {
        let detail = format!(
            "GitLab accepted the permissions of {} without an error, but doesn't show them to the \
             token, so they couldn't be verified.",
            names::entry(entry)
        );
        let title = format!("Permissions not verified: {}", names::target(entry));
        let cause = " Most fine-grained tokens can't read permissions; a classic token with the \
            scope `api` can.";
        warnings.add(Diagnostic::new(title, detail).with_cause(cause));
    }
}

/// Returns the permissions of an entry that is imported, as far as the token can see them.
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
    let found = permissions::as_found(project, asked, warnings)?;
    if found == Some(None) {
        warnings.add(hidden(entry, None));
    }
    Ok(found.flatten())
}

/// Returns the failure of a write, with what it left of the entry. The title names the target; a
/// sentence about the `objects` may name the allowlist, too.
pub(super) fn failure(
    attempted: impl Into<String>,
    objects: Option<&str>,
    failed: GrantError,
    entry: EntryModel,
) -> ApplyError<EntryModel> {
    let GrantError { error, left, rollback } = failed;
    let (target, project) = (names::target(&entry), names::project_of(&entry));
    let mut diagnostic = report_on(attempted, objects, Some(asking(&entry)), &error);
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

/// Returns the failure of a change of permissions, which says if the change may have been carried
/// out.
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

const MAY_BE_CHANGED: &str = "\n\nThe permissions may have been changed: GitLab couldn't be asked. \
    The next plan reads them.";

/// Returns what asks for the permissions of an entry whose IDs are known.
pub(super) fn asking(entry: &EntryModel) -> Asking {
    let EntryModel { project_id, target_project_id, .. } = entry;
    match project_id.known().is_some() && project_id == target_project_id {
        true => Asking::OwnEntry,
        false => Asking::Entry,
    }
}

/// The attribute that a failed write is about, where it is about one.
fn attribute_at_fault(entry: &EntryModel, error: &Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::UnknownValues(_) => Some(POLICIES),
        ErrorKind::Unsupported | ErrorKind::PermissionsDisabled => {
            of(entry).as_ref().map(attribute)
        }
        _ if is_about_the_target(error) => Some(target_attribute(entry)),
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
    fn what_is_set_says_what_the_other_is_planned_as() {
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
    fn permissions_survive_the_way_into_an_entry_and_back() {
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
    fn what_is_not_known_yet_is_never_at_fault() {
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
    fn each_fault_is_told_at_the_policies() {
        let summaries = |config: &EntryModel| {
            let told = check(config);
            assert!(
                told.iter().all(|told| told.attribute == Some(AttributePath::attribute(POLICIES)))
            );
            told.into_iter().map(|told| told.summary).collect::<Vec<_>>()
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
