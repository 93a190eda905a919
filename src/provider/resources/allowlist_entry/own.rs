//! The entry of a project for itself, which GitLab's documentation calls "Current project". It sets
//! the permissions of the project's own jobs if group entries restrict them. REST doesn't
//! distinguish it from the project itself, which every allowlist contains. The GraphQL mutation for
//! updates creates it, and it can't be removed, so destroying the resource restores the default
//! permissions.

use super::adoption::IMPORT;
use super::permissions;
use super::target::target_attribute;
use super::{EntryModel, entry_id, ids, import};
use crate::framework::{ApplyError, Context, Diagnostic, Errors, Warnings};
use crate::gitlab::{Client, ErrorKind, Freshness, Kind, Permissions, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::names::{self, capital};
use crate::provider::permissions::{cannot_read, is_hidden};
use crate::provider::report::{
    PermissionSetting, gone_before_removal, permissions_missing, report, report_permissions,
};

/// Returns whether the target of an entry is the project itself.
pub(super) fn is_own(project_id: ProjectId, target: Target) -> bool {
    target == Target::Project(project_id)
}

/// Checks that an entry of a project for itself sets permissions, which is its only effect.
///
/// # Errors
///
/// Fails if it sets none.
pub(super) fn check(entry: &EntryModel) -> Result<(), Diagnostic> {
    let has_no_permissions =
        entry.default_permissions.is_null() && entry.job_token_policies.is_null();
    if has_no_permissions {
        Err(without_permissions(&names::own(entry)).at(target_attribute(entry)))
    } else {
        Ok(())
    }
}

/// Returns the error of an entry for the project itself without permissions. `project` is its
/// display name.
pub(super) fn without_permissions(project: &str) -> Diagnostic {
    let detail = format!(
        "{} always has access to itself, so an entry for it can only set the permissions of its \
         own jobs. Set `default_permissions` or `job_token_policies`, or name another target.",
        capital(project)
    );
    Diagnostic::new("Target is the project itself", detail)
}

/// Returns the permissions of the project's own entry, or `None` if it has none that GraphQL shows.
///
/// # Errors
///
/// As [`Client::permissions`].
pub(super) async fn find(
    client: &Client,
    project_id: ProjectId,
) -> Result<Option<Permissions>, crate::gitlab::Error> {
    let list = client.permissions(project_id, Freshness::Shared).await?;
    Ok(list.get(project_id.into()).map(|entry| entry.permissions.clone()))
}

/// Warns if the own entry exists and is restricted when a plan creates it. An entry with the
/// default permissions may remain from an earlier resource.
pub(super) async fn warn_if_adopted(
    connection: &Connection,
    project_id: ProjectId,
    planned: &EntryModel,
    warnings: &Warnings,
) {
    if let Ok(Some(Permissions::Only(_))) = find(&connection.gitlab, project_id).await {
        let project = names::project(&planned.project, project_id);
        let detail = format!(
            "Project {project} has an entry for itself already, which restricts the project's own \
             jobs. Its import ID is `{}`.\n\nApplying this adopts the entry and sets its \
             permissions. Destroying the resource restores the default permissions. {IMPORT}",
            entry_id(project_id, project_id.into())
        );
        warnings
            .add(Diagnostic::new(format!("Own entry already exists: project {project}"), detail));
    }
}

/// Sets the permissions of the own entry, and creates it if it doesn't exist.
pub(super) async fn write(
    context: &Context<'_, Connection>,
    project_id: ProjectId,
    entry: &EntryModel,
) -> Result<(), ApplyError<EntryModel>> {
    let Some(wanted) = permissions::of(entry) else { return Ok(()) };
    let written =
        context.client.gitlab.set_permissions(project_id, project_id.into(), &wanted).await;
    match written {
        Ok(confirmation) => {
            permissions::warn_if_unverified(confirmation, entry, context.warnings);
            Ok(())
        }
        Err(failed) => {
            let project = names::project(&entry.project, project_id);
            let attempted = format!("Can't set own entry: project {project}");
            let is_unknown = *failed.error.kind() == ErrorKind::BadRequest;
            let mut failed =
                permissions::failed_change(attempted, Some(SETTING), failed, entry.clone());
            if is_unknown {
                let needed = permissions_missing(PermissionSetting::OwnEntry);
                failed.errors = failed.errors.with_suffix(&format!("\n\n{needed}"));
            }
            Err(failed)
        }
    }
}

const SETTING: &str = "Setting the permissions of the project's own jobs failed.";
const RESETTING: &str = "Destroying this resource restores the default permissions of the \
                         project's own jobs, and that failed.";

/// Returns the state with the current permissions, or `None` if the entry or its project is gone.
pub(super) async fn read(
    connection: &Connection,
    project_id: ProjectId,
    state: EntryModel,
    warnings: &Warnings,
) -> Result<Option<EntryModel>, Errors> {
    let project = names::project(&state.project, project_id);
    let client = &connection.gitlab;
    match client.allowlist(project_id, Kind::Project, Freshness::Shared).await {
        Ok(_) => permissions::refresh(client, project_id, project_id.into(), state, warnings).await,
        Err(error) if error.is_not_found() => {
            connection.warn_project_gone(&state.project, &project, warnings);
            Ok(None)
        }
        Err(error) => Err(report(super::cannot_read(&project), &error).into()),
    }
}

/// Returns the imported entry with its permissions, as far as the token can see them. `named` is
/// the entry as the import names it.
///
/// # Errors
///
/// Fails if the entry doesn't exist, or if GitLab can't be queried.
pub(super) async fn import(
    client: &Client,
    project_id: ProjectId,
    (entry, named): (EntryModel, &EntryModel),
    warnings: &Warnings,
) -> Result<EntryModel, Errors> {
    let found = find(client, project_id).await;
    let project = names::project_of(named);
    if let Ok(Some(held)) = &found {
        return Ok(entry.with_permissions(held));
    }
    match is_hidden(client, project_id, project_id.into()).await {
        Ok(true) => {
            permissions::imported(&project, found, named, warnings)?;
            Ok(entry)
        }
        Ok(false) => Err(match found {
            Ok(_) => import::not_on_the_list(named).into(),
            Err(error) => {
                report_permissions(cannot_read(&project), PermissionSetting::OwnEntry, &error)
                    .into()
            }
        }),
        Err(error) => Err(report(super::cannot_read(&project), &error).into()),
    }
}

/// Restores the default permissions of the project's own jobs.
pub(super) async fn restore(
    context: &Context<'_, Connection>,
    project_id: ProjectId,
    state: EntryModel,
) -> Result<(), ApplyError<EntryModel>> {
    let gitlab = &context.client.gitlab;
    // Some fine-grained tokens don't see the entry over GraphQL.
    if matches!(find(gitlab, project_id).await, Ok(None))
        && matches!(is_hidden(gitlab, project_id, project_id.into()).await, Ok(false))
    {
        return Ok(());
    }
    match gitlab.set_permissions(project_id, project_id.into(), &Permissions::Default).await {
        Ok(confirmation) => {
            permissions::warn_if_unverified(confirmation, &state, context.warnings);
            Ok(())
        }
        Err(failed) if failed.error.is_not_found() => {
            context.warnings.add(gone_before_removal(names::project(&state.project, project_id)));
            Ok(())
        }
        Err(failed) => {
            let project = names::project(&state.project, project_id);
            let attempted = format!("Can't reset own entry: project {project}");
            let mut failed = permissions::failed_change(attempted, Some(RESETTING), failed, state);
            failed.new_state = None;
            Err(failed)
        }
    }
}

/// Returns whether the project of a state is certain to be gone, which is the only way to remove
/// its own entry.
pub(super) async fn is_gone(client: &Client, state: &EntryModel) -> bool {
    let Some(project_id) = ids::project_of(state) else { return false };
    client
        .allowlist(project_id, Kind::Project, Freshness::Now)
        .await
        .is_err_and(|error| error.is_not_found())
}
