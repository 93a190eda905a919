//! Reads the allowlist, and keeps the paths and IDs of the state for the targets that are still on
//! it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ExclusiveModel;
use super::entries::{self, Keys};
use super::kind::{Live, Managed};
use super::{ids, permitting};
use crate::framework::{Attr, Diagnostic, Set, Warnings};
use crate::gitlab::{
    Allowlist, Client, Error, Freshness, GroupId, PermissionList, ProjectId, Reference, same_path,
};
use crate::provider::permissions;
use crate::provider::report::{PermissionSetting, report_permissions};

/// Returns the state with the managed kinds as the server has them, with permissions for maps.
/// Warns if permissions aren't visible, and keeps those in the state.
pub(super) async fn observe(
    client: &Client,
    (project_id, project): (ProjectId, &str),
    mut state: ExclusiveModel,
    freshness: Freshness,
    new_keys: Keys,
    warnings: &Warnings,
) -> Result<ExclusiveModel, Error> {
    state.project_id = Attr::Known(project_id.into());
    state.id = Attr::Known(project_id.to_string());
    let (projects, groups) = (
        members::<ProjectId>(client, project_id, &state, freshness).await?,
        members::<GroupId>(client, project_id, &state, freshness).await?,
    );
    let in_maps = [
        projects.as_deref().filter(|_| ProjectId::side(&state).is_map()),
        groups.as_deref().filter(|_| GroupId::side(&state).is_map()),
    ];
    let permissions = match in_maps {
        [None, None] => None,
        in_maps => permissions(client, (project_id, project), in_maps, freshness, warnings).await?,
    };
    let permissions = permissions.as_deref();
    observe_kind::<ProjectId>(client, projects.as_deref(), permissions, new_keys, &mut state)
        .await?;
    observe_kind::<GroupId>(client, groups.as_deref(), permissions, new_keys, &mut state).await?;
    Ok(state)
}

/// Returns the allowlist of a kind, if it is managed.
async fn members<I: Managed>(
    client: &Client,
    project_id: ProjectId,
    state: &ExclusiveModel,
    freshness: Freshness,
) -> Result<Option<Arc<Allowlist>>, Error> {
    if I::side(state).is_managed() == Some(false) {
        return Ok(None);
    }
    client.allowlist(project_id, I::KIND, freshness).await.map(Some)
}

/// Returns the permissions of the entries. Warns if not all of them are visible.
async fn permissions(
    client: &Client,
    (project_id, project): (ProjectId, &str),
    members: [Option<&Allowlist>; 2],
    freshness: Freshness,
    warnings: &Warnings,
) -> Result<Option<Arc<PermissionList>>, Error> {
    let error = match permitting::read(client, project_id, members, freshness).await {
        Ok((list, missing)) => {
            if !missing.is_empty() {
                warnings.add(hidden(permitting::incomplete(project, &missing)));
            }
            return Ok(Some(list));
        }
        Err(error) => error,
    };
    if !permissions::are_hidden(&error) {
        return Err(error);
    }
    warnings.add(hidden(report_permissions(
        permissions::cannot_read(project),
        PermissionSetting::Map,
        &error,
    )));
    Ok(None)
}

fn hidden(diagnostic: Diagnostic) -> Diagnostic {
    let consequence = "The state keeps the permissions that it has, and plans don't show drift.";
    Diagnostic { detail: format!("{}\n\n{consequence}", diagnostic.detail), ..diagnostic }
}

async fn observe_kind<I: Managed>(
    client: &Client,
    members: Option<&Allowlist>,
    permissions: Option<&PermissionList>,
    new_keys: Keys,
    state: &mut ExclusiveModel,
) -> Result<(), Error> {
    let Some(members) = members else { return Ok(()) };
    let live = Live::<I>::of(members, permissions);
    if I::side(state).is_map() {
        *I::entries(state) =
            Attr::Known(entries::observed(I::side(state), &live, permissions, new_keys));
        return Ok(());
    }
    let present: BTreeSet<I> = live.0.keys().copied().collect();
    let before: BTreeSet<I> = I::side(state).ids().collect();
    if present != before
        && let Some(Set(references)) = I::side(state).references.known()
    {
        let known = keep_references(client, references, &live).await?;
        *I::references(state) = Attr::Known(known);
    }
    *I::target_ids(state) = Attr::Known(ids::set(present));
    Ok(())
}

/// Returns a path or ID for each entry: the one in the state, otherwise its path, otherwise its ID.
async fn keep_references<I: Managed>(
    client: &Client,
    references: &[Attr<String>],
    live: &Live<I>,
) -> Result<Set<String>, Error> {
    let mut of_state: BTreeMap<I, String> = BTreeMap::new();
    for path_or_id in references.iter().filter_map(Attr::known) {
        if let Some(id) = reference_id(client, path_or_id, live).await? {
            of_state.insert(id, path_or_id.clone());
        }
    }
    let reference_of = |(id, path): (&I, &Option<String>)| {
        of_state.get(id).or(path.as_ref()).cloned().unwrap_or_else(|| id.to_string())
    };
    Ok(Set(live.0.iter().map(reference_of).map(Attr::Known).collect()))
}

/// Returns the ID of a path or ID in the state. Only a path that isn't on the allowlist needs a
/// request: the project may have been renamed.
async fn reference_id<I: Managed>(
    client: &Client,
    path_or_id: &str,
    live: &Live<I>,
) -> Result<Option<I>, Error> {
    let Ok(reference) = path_or_id.parse::<Reference<I>>() else { return Ok(None) };
    if let Some(id) = reference.id() {
        return Ok(Some(id));
    }
    let has_path =
        |path: &Option<String>| path.as_ref().is_some_and(|path| same_path(path, path_or_id));
    match live.0.iter().find(|(_, path)| has_path(path)) {
        Some((id, _)) => Ok(Some(*id)),
        None => client.resolve(&reference).await,
    }
}
