//! Resolves the IDs of an entry's project and target, in plans and during apply.

use super::EntryModel;
use super::target::{self as choice, Side};
use crate::framework::{Attr, Errors};
use crate::gitlab::{Client, Freshness, GroupId, Id, Kind, ProjectId, Target, same_path};
use crate::provider::connection::{Connection, Paths};
use crate::provider::ledger::Manager;
use crate::provider::project::{self, Known, Resolved};
use crate::provider::unresolved::Unresolved;

/// Returns the IDs of a configuration, as far as they are known in a plan. Paths that aren't found
/// are added to `unresolved`.
pub(super) async fn identify(
    connection: Option<&Connection>,
    prior: Option<&EntryModel>,
    config: &EntryModel,
    unresolved: &mut Unresolved,
) -> Result<EntryModel, Errors> {
    let client = connection.map(|connection| &connection.gitlab);
    let read = connection
        .zip(prior)
        .and_then(|(connection, prior)| read(connection, prior))
        .unwrap_or_default();
    let known_project = prior.map(|prior| Known {
        path_or_id: &prior.project,
        id: &prior.project_id,
        current_path: read.project.as_deref(),
    });
    let project_id = project::plan_id(client, &config.project, known_project, unresolved).await?;
    let mut identified = EntryModel { project_id, ..EntryModel::default() };

    let lookup = TargetLookup {
        client,
        prior,
        config,
        current_path: read.target.as_deref(),
        project_id: project_of(&identified),
    };
    let kind = choice::kind(config);
    (identified.target_project_id, identified.target_group_id) = match kind {
        Some(Kind::Project) => (lookup.id::<ProjectId>(unresolved).await?, Attr::Null),
        Some(Kind::Group) => (Attr::Null, lookup.id::<GroupId>(unresolved).await?),
        None => (Attr::Unknown, Attr::Unknown),
    };
    identified.target_type = kind.map_or(Attr::Unknown, |kind| Attr::Known(kind.to_string()));
    identified.id = match (project_of(&identified), target_of(&identified)) {
        (Some(project_id), Some(target)) => Attr::Known(entry_id(project_id, target)),
        _ => Attr::Unknown,
    };
    Ok(identified)
}

/// Returns the current paths of a state's entry, or `None` if this run hasn't read it.
pub(super) fn read(connection: &Connection, state: &EntryModel) -> Option<Paths> {
    connection.reads.of(Manager::Entry, project_of(state)?, Some(target_of(state)?))
}

/// What is known about a target to resolve.
struct TargetLookup<'a> {
    client: Option<&'a Client>,
    prior: Option<&'a EntryModel>,
    config: &'a EntryModel,
    current_path: Option<&'a str>,
    project_id: Option<ProjectId>,
}

impl TargetLookup<'_> {
    /// Returns the target's ID, as far as it is known in a plan.
    async fn id<I: Id>(&self, unresolved: &mut Unresolved) -> Result<Attr<i64>, Errors> {
        let Side { reference_attribute, path_or_id, id, .. } = Side::of(self.config, I::KIND);
        if !id.is_null() {
            return Ok(id.clone());
        }
        let known = self.prior.map(|prior| {
            let Side { path_or_id, id, .. } = Side::of(prior, I::KIND);
            Known { path_or_id, id, current_path: self.current_path }
        });
        match project::resolve::<I>(self.client, reference_attribute, path_or_id, known).await? {
            Resolved::As(id) => Ok(id),
            Resolved::Nowhere => {
                let text = project::as_written(path_or_id);
                let listed = self.listed::<I>(text).await;
                Ok(listed.map_or_else(
                    || {
                        unresolved.add(reference_attribute, I::KIND, text);
                        Attr::Unknown
                    },
                    |id| Attr::Known(id.into()),
                ))
            }
        }
    }

    /// Returns the ID of a target by its path on the allowlist, which shows it even if the token
    /// can't see the target.
    async fn listed<I: Id>(&self, path: &str) -> Option<I> {
        let list =
            self.client?.allowlist(self.project_id?, I::KIND, Freshness::Shared).await.ok()?;
        let mut entries = list.iter();
        let has_path =
            |listed: &Option<String>| listed.as_ref().is_some_and(|listed| same_path(listed, path));
        entries.find(|entry| has_path(&entry.full_path)).and_then(|entry| I::of(entry.target))
    }
}

/// Returns the IDs of an entry whose project and target must exist now.
pub(super) async fn resolve_existing(
    client: &Client,
    entry: &EntryModel,
) -> Result<(ProjectId, Target), Errors> {
    let project_id = project::resolve_existing::<ProjectId>(
        client,
        "project",
        &entry.project,
        &entry.project_id,
    )
    .await?;
    Ok((project_id, existing_target(client, entry).await?))
}

/// Returns the IDs of a state's entry, or `None` if its project is gone.
pub(super) async fn in_state(
    client: &Client,
    entry: &EntryModel,
) -> Result<Option<(ProjectId, Target)>, Errors> {
    match project::in_state(client, &entry.project, &entry.project_id).await? {
        Some(project_id) => Ok(Some((project_id, existing_target(client, entry).await?))),
        None => Ok(None),
    }
}

async fn existing_target(client: &Client, entry: &EntryModel) -> Result<Target, Errors> {
    match choice::kind(entry) {
        Some(Kind::Project) => resolve_target::<ProjectId>(client, entry).await,
        Some(Kind::Group) => resolve_target::<GroupId>(client, entry).await,
        None => Err(choice::no_target().into()),
    }
}

async fn resolve_target<I: Id>(client: &Client, entry: &EntryModel) -> Result<Target, Errors> {
    let Side { reference_attribute, path_or_id, id, .. } = Side::of(entry, I::KIND);
    project::resolve_existing::<I>(client, reference_attribute, path_or_id, id)
        .await
        .map(Into::into)
}

/// Returns the project, if its ID is known.
pub(super) fn project_of(entry: &EntryModel) -> Option<ProjectId> {
    ProjectId::try_from(*entry.project_id.known()?).ok()
}

/// Returns the target, if its kind and ID are known.
pub(super) fn target_of(entry: &EntryModel) -> Option<Target> {
    match (entry.target_project_id.known(), entry.target_group_id.known()) {
        (Some(project), None) => Target::new(Kind::Project, *project).ok(),
        (None, Some(group)) => Target::new(Kind::Group, *group).ok(),
        _ => None,
    }
}

impl EntryModel {
    /// Returns the entry with these IDs, and the attributes that depend on them.
    pub(in crate::provider) fn with_ids(self, project_id: ProjectId, target: Target) -> Self {
        let (target_project_id, target_group_id) = match target {
            Target::Project(id) => (Attr::Known(id.into()), Attr::Null),
            Target::Group(id) => (Attr::Null, Attr::Known(id.into())),
        };
        Self {
            target_project_id,
            target_group_id,
            target_type: Attr::Known(target.kind().as_str().to_owned()),
            project_id: Attr::Known(project_id.into()),
            id: Attr::Known(entry_id(project_id, target)),
            ..self
        }
    }
}

/// Returns the value of the resource's `id`.
pub(in crate::provider) fn entry_id(project_id: ProjectId, target: Target) -> String {
    format!("{project_id}:{}:{}", target.kind(), target.id())
}
