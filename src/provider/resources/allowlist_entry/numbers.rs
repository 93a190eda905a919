//! The numbers of an entry's owner and target: what a plan can know of them, and what an apply finds them to be.

use super::EntryModel;
use super::target::{self as choice, Choice};
use crate::framework::{Attr, Errors};
use crate::gitlab::{Client, GroupId, ProjectId, Target};
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

    let mut target_project_id = Attr::Null;
    let mut target_group_id = Attr::Null;
    let choice = Choice::of(config);
    match choice {
        Choice::Project if !config.target_project_id.is_null() => {
            target_project_id = config.target_project_id.clone();
        }
        Choice::Project => {
            let known = prior.map(|prior| Known {
                spelling: &prior.target_project,
                number: &prior.target_project_id,
                present_path: present.target.as_deref(),
            });
            target_project_id =
                project::plan_number::<ProjectId>(client, "target_project", &config.target_project, known)
                    .await?;
        }
        Choice::Group if !config.target_group_id.is_null() => {
            target_group_id = config.target_group_id.clone();
        }
        Choice::Group => {
            let known = prior.map(|prior| Known {
                spelling: &prior.target_group,
                number: &prior.target_group_id,
                present_path: present.target.as_deref(),
            });
            target_group_id =
                project::plan_number::<GroupId>(client, "target_group", &config.target_group, known).await?;
        }
        Choice::Open => {
            target_project_id = Attr::Unknown;
            target_group_id = Attr::Unknown;
        }
    }
    let target_type = choice.kind().map_or(Attr::Unknown, |kind| Attr::Known(kind.as_str().to_owned()));
    let mut identified =
        EntryModel { target_project_id, target_group_id, target_type, project_id, ..EntryModel::default() };
    identified.id = match (owner(&identified), target(&identified)) {
        (Some(owner), Some(target)) => Attr::Known(entry_id(owner, target)),
        _ => Attr::Unknown,
    };
    Ok(identified)
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
        let projects = client.peek_allowed_projects(owner);
        let groups = client.peek_allowed_groups(owner);
        PresentPaths {
            owner: projects.as_ref().and_then(|list| list.owner_path()).map(str::to_owned),
            target: match target(entry) {
                Some(Target::Project(id)) => {
                    projects.and_then(|list| list.get(id)?.path_with_namespace.clone())
                }
                Some(Target::Group(id)) => groups.and_then(|list| list.get(id)?.full_path.clone()),
                None => None,
            },
        }
    }
}

/// The numbers of an entry whose owner and target exist by now.
pub(super) async fn settle(client: &Client, entry: &EntryModel) -> Result<(ProjectId, Target), Errors> {
    let owner = project::settle::<ProjectId>(client, "project", &entry.project, &entry.project_id).await?;
    let target = match Choice::of(entry) {
        Choice::Project => Target::Project(
            project::settle(client, "target_project", &entry.target_project, &entry.target_project_id)
                .await?,
        ),
        Choice::Group => Target::Group(
            project::settle(client, "target_group", &entry.target_group, &entry.target_group_id).await?,
        ),
        Choice::Open => return Err(choice::none_set().into()),
    };
    Ok((owner, target))
}

/// The owner, where its number is known.
pub(super) fn owner(entry: &EntryModel) -> Option<ProjectId> {
    ProjectId::try_from(*entry.project_id.known()?).ok()
}

/// The target, where its kind and number are known.
pub(super) fn target(entry: &EntryModel) -> Option<Target> {
    match (entry.target_project_id.known(), entry.target_group_id.known()) {
        (Some(project), None) => Some(Target::Project(ProjectId::try_from(*project).ok()?)),
        (None, Some(group)) => Some(Target::Group(GroupId::try_from(*group).ok()?)),
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
    match target {
        Target::Project(id) => format!("{owner}:project:{id}"),
        Target::Group(id) => format!("{owner}:group:{id}"),
    }
}
