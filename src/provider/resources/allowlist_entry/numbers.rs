//! The numbers of an entry's owner and target: what a plan can know of them, and what an apply finds them to be.

use super::EntryModel;
use super::target::{self as choice, Side};
use crate::framework::{Attr, Errors};
use crate::gitlab::{Client, GroupId, Id, Kind, ProjectId, Target};
use crate::provider::project::{self, Known};

/// The numbers that a configuration stands for, as far as a plan can know them.
pub(super) async fn identify(
    client: Option<&Client>,
    prior: Option<&EntryModel>,
    config: &EntryModel,
) -> Result<EntryModel, Errors> {
    let present =
        client.zip(prior).map(|(client, prior)| PresentPaths::peek(client, prior)).unwrap_or_default();
    let known_owner = prior.map(|prior| Known {
        spelling: &prior.project,
        number: &prior.project_id,
        present_path: present.owner.as_deref(),
    });
    let project_id =
        project::plan_number::<ProjectId>(client, "project", &config.project, known_owner).await?;

    let present = present.target.as_deref();
    let kind = choice::kind(config);
    let (target_project_id, target_group_id) = match kind {
        Some(Kind::Project) => (plan_target::<ProjectId>(client, prior, config, present).await?, Attr::Null),
        Some(Kind::Group) => (Attr::Null, plan_target::<GroupId>(client, prior, config, present).await?),
        None => (Attr::Unknown, Attr::Unknown),
    };
    let target_type = kind.map_or(Attr::Unknown, |kind| Attr::Known(kind.to_string()));
    let mut identified =
        EntryModel { target_project_id, target_group_id, target_type, project_id, ..EntryModel::default() };
    identified.id = match (owner(&identified), target(&identified)) {
        (Some(owner), Some(target)) => Attr::Known(entry_id(owner, target)),
        _ => Attr::Unknown,
    };
    Ok(identified)
}

/// Returns the target's ID, as far as a plan can know it.
async fn plan_target<I: Id>(
    client: Option<&Client>,
    prior: Option<&EntryModel>,
    config: &EntryModel,
    present_path: Option<&str>,
) -> Result<Attr<i64>, Errors> {
    let Side { spelling_attribute, spelling, id, .. } = Side::of(config, I::KIND);
    if !id.is_null() {
        return Ok(id.clone());
    }
    let known = prior.map(|prior| {
        let Side { spelling, id, .. } = Side::of(prior, I::KIND);
        Known { spelling, number: id, present_path }
    });
    project::plan_number::<I>(client, spelling_attribute, spelling, known).await
}

/// The paths that an entry's owner and target have now, as far as a list that was read anyway tells: they save
/// looking up a spelling that has not changed.
#[derive(Default)]
struct PresentPaths {
    owner: Option<String>,
    target: Option<String>,
}

impl PresentPaths {
    fn peek(client: &Client, entry: &EntryModel) -> PresentPaths {
        let Some(owner) = owner(entry) else { return PresentPaths::default() };
        let list = |kind| client.peek_allowlist(owner, kind);
        PresentPaths {
            owner: list(Kind::Project).and_then(|list| list.owner_path().map(str::to_owned)),
            target: target(entry).and_then(|target| list(target.kind())?.get(target)?.full_path.clone()),
        }
    }
}

/// The numbers of an entry whose owner and target exist by now.
pub(super) async fn settle(client: &Client, entry: &EntryModel) -> Result<(ProjectId, Target), Errors> {
    let owner = project::settle::<ProjectId>(client, "project", &entry.project, &entry.project_id).await?;
    Ok((owner, settled_target(client, entry).await?))
}

/// Returns the numbers of an entry in a state, or `None` if its project is gone.
pub(super) async fn in_state(
    client: &Client,
    entry: &EntryModel,
) -> Result<Option<(ProjectId, Target)>, Errors> {
    match project::in_state(client, &entry.project, &entry.project_id).await? {
        Some(owner) => Ok(Some((owner, settled_target(client, entry).await?))),
        None => Ok(None),
    }
}

async fn settled_target(client: &Client, entry: &EntryModel) -> Result<Target, Errors> {
    match choice::kind(entry) {
        Some(Kind::Project) => settle_target::<ProjectId>(client, entry).await,
        Some(Kind::Group) => settle_target::<GroupId>(client, entry).await,
        None => Err(choice::none_set().into()),
    }
}

async fn settle_target<I: Id>(client: &Client, entry: &EntryModel) -> Result<Target, Errors> {
    let Side { spelling_attribute, spelling, id, .. } = Side::of(entry, I::KIND);
    project::settle::<I>(client, spelling_attribute, spelling, id).await.map(Into::into)
}

/// The owner, where its number is known.
pub(super) fn owner(entry: &EntryModel) -> Option<ProjectId> {
    ProjectId::try_from(*entry.project_id.known()?).ok()
}

/// The target, where its kind and number are known.
pub(super) fn target(entry: &EntryModel) -> Option<Target> {
    match (entry.target_project_id.known(), entry.target_group_id.known()) {
        (Some(project), None) => Target::new(Kind::Project, *project).ok(),
        (None, Some(group)) => Target::new(Kind::Group, *group).ok(),
        _ => None,
    }
}

impl EntryModel {
    /// The same entry with the numbers of its owner and target, and all that follows from them.
    pub(in crate::provider) fn with_numbers(self, owner: ProjectId, target: Target) -> EntryModel {
        let (target_project_id, target_group_id) = match target {
            Target::Project(id) => (Attr::Known(id.into()), Attr::Null),
            Target::Group(id) => (Attr::Null, Attr::Known(id.into())),
        };
        EntryModel {
            target_project_id,
            target_group_id,
            target_type: Attr::Known(target.kind().as_str().to_owned()),
            project_id: Attr::Known(owner.into()),
            id: Attr::Known(entry_id(owner, target)),
            ..self
        }
    }
}

fn entry_id(owner: ProjectId, target: Target) -> String {
    format!("{owner}:{}:{}", target.kind(), target.id())
}
