//! Writes an entry: adds it, changes its permissions, and removes it.

use super::{EntryModel, adoption, claims, own, permissions};
use crate::framework::{ApplyError, Context};
use crate::gitlab::{Allowed, GrantError, Permissions, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::ledger::{Object, Value};
use crate::provider::report::{gone_before_removal, report_on};
use crate::provider::{claiming, conflicts, names};

/// The outcome of an addition that may have been carried out, and that couldn't be checked.
const MAY_BE_THERE: &str = "\n\nThe entry may have been added, but this couldn't be verified. It \
                            is in the state, and the next apply replaces it.";

/// Adds the entry, or adopts it.
///
/// # Errors
///
/// Fails with the entry as the state if it may be on the allowlist.
pub(super) async fn add(
    context: &Context<'_, Connection>,
    (project_id, target): (ProjectId, Target),
    entry: &EntryModel,
) -> Result<(), ApplyError<EntryModel>> {
    let ledger = &context.client.ledger;
    let guard = claims::lock(context, project_id, target, entry).await?;
    let kept = ledger.left(&claims::wanted(project_id, target, entry));
    let permissions = permissions::of(entry);
    let written = if own::is_own(project_id, target) {
        own::write(context, project_id, entry).await.map(|()| Allowed::Added)
    } else {
        add_to_the_list(context, (project_id, target), entry, permissions.as_ref()).await
    };
    match written.map_err(|failed| conflicts::with_left(failed, &kept))? {
        Allowed::Added => {}
        Allowed::AlreadyExists { explained_by_retry } => {
            if kept.is_empty() && !explained_by_retry {
                adoption::warn(context.client, (project_id, target), entry, context.warnings);
            }
            // Nothing was written.
            if permissions.is_none() {
                return Ok(());
            }
        }
    }
    guard.wrote(context.private.instance_id(), Value::Entry(permissions));
    Ok(())
}

async fn add_to_the_list(
    context: &Context<'_, Connection>,
    (project_id, target): (ProjectId, Target),
    entry: &EntryModel,
    permissions: Option<&Permissions>,
) -> Result<Allowed, ApplyError<EntryModel>> {
    let gitlab = &context.client.gitlab;
    let added = match permissions {
        None => gitlab.allow(project_id, target).await.map_err(GrantError::from),
        Some(permissions) => {
            gitlab.allow_with(project_id, target, permissions).await.map(|granted| {
                permissions::warn_if_unverified(granted.confirmation, entry, context.warnings);
                granted.allowed
            })
        }
    };
    added.map_err(|failed| {
        let attempted = format!("Can't add entry: {}", names::target(entry));
        let objects = format!(
            "Adding {} to the allowlist of project {} failed.",
            names::target(entry),
            names::project_of(entry)
        );
        let is_unresolved = failed.error.is_unresolved();
        let mut failed = permissions::failure(attempted, Some(&objects), failed, entry.clone());
        if is_unresolved {
            failed.new_state = failed.new_state.or_else(|| Some(entry.clone()));
            failed.errors = failed.errors.with_suffix(MAY_BE_THERE);
        }
        failed
    })
}

/// Sets the permissions of an entry that exists, if they differ from those of the prior state.
pub(super) async fn set_permissions(
    context: &Context<'_, Connection>,
    (project_id, target): (ProjectId, Target),
    prior: &EntryModel,
    entry: &EntryModel,
) -> Result<(), ApplyError<EntryModel>> {
    let Some(permissions) = permissions::of(entry) else { return Ok(()) };
    if permissions::of(prior).as_ref() == Some(&permissions) {
        return Ok(());
    }
    let guard = claims::lock(context, project_id, target, entry).await?;
    if own::is_own(project_id, target) {
        own::write(context, project_id, entry).await?;
    } else {
        let set = context.client.gitlab.set_permissions(project_id, target, &permissions).await;
        let confirmation = set.map_err(|failed| {
            let attempted = format!("Can't set permissions: {}", names::target(entry));
            let objects = format!("Setting the permissions of {} failed.", names::entry(entry));
            permissions::failed_change(attempted, Some(&objects), failed, entry.clone())
        })?;
        permissions::warn_if_unverified(confirmation, entry, context.warnings);
    }
    guard.wrote(context.private.instance_id(), Value::Entry(Some(permissions)));
    Ok(())
}

/// Removes the entry, unless another resource of the run manages it, too.
///
/// REST removes an entry with any permissions. It addresses the target by ID, so a path that was
/// reassigned can't redirect the removal, and groups that the token can't see are removed, too.
/// Which direction GraphQL's mutation removes depends on GitLab's version.
pub(super) async fn remove(
    context: &Context<'_, Connection>,
    (project_id, target): (ProjectId, Target),
    state: EntryModel,
) -> Result<(), ApplyError<EntryModel>> {
    let Connection { gitlab, ledger, .. } = context.client;
    let project = names::project(&state.project, project_id);
    let guard = ledger.lock(Object::Entry(project_id, target)).await;
    if claiming::leave(context, &guard) {
        let target = conflicts::named(ledger, guard.object(), names::target(&state));
        context.warnings.add(conflicts::entry_left(&target, &project));
        return Ok(());
    }
    if own::is_own(project_id, target) {
        own::restore(context, project_id, state).await?;
    } else if let Err(error) = gitlab.revoke(project_id, target).await {
        if error.is_not_found() {
            context.warnings.add(gone_before_removal(&project));
            return Ok(());
        }
        let state = state.with_ids(project_id, target);
        let attempted = format!("Can't remove entry: {}", names::target(&state));
        let objects = format!(
            "Removing {} from the allowlist of project {project} failed.",
            names::target(&state)
        );
        let setting = permissions::permission_setting(&state);
        return Err(report_on(attempted, Some(&objects), Some(setting), &error).into());
    }
    guard.wrote(context.private.instance_id(), Value::Default);
    Ok(())
}
