//! The two kinds of entries, projects and groups, told apart once: everything else is written for either.

use std::collections::BTreeMap;

use super::ExclusiveModel;
use crate::framework::{Attr, Set};
use crate::gitlab::{AllowedGroup, AllowedProject, Allowlist, Client, Error, GroupId, ProjectId, Target};
use crate::provider::project::Named;

/// A kind of entry.
pub(super) trait Kind: Named + Ord + Into<Target> {
    /// The attribute that holds spellings.
    const SPELLINGS: &'static str;
    /// The attribute that holds numbers.
    const NUMBERS: &'static str;

    /// The kind's attributes of a model: spellings and numbers.
    fn side(model: &ExclusiveModel) -> Side<'_>;

    /// The numbers of a model, to be set.
    fn numbers(model: &mut ExclusiveModel) -> &mut Attr<Set<i64>>;

    /// The spellings of a model, to be set.
    fn spellings(model: &mut ExclusiveModel) -> &mut Attr<Set<String>>;

    /// The entries on the owner's list, shared with other readers.
    fn list(client: &Client, owner: ProjectId) -> impl Future<Output = Result<Live<Self>, Error>> + Send;

    /// The entries on the owner's list as they were read at most some seconds ago.
    fn list_just_read(
        client: &Client,
        owner: ProjectId,
    ) -> impl Future<Output = Result<Live<Self>, Error>> + Send;

    /// The entries on the owner's list as they are after this call began.
    fn list_now(client: &Client, owner: ProjectId) -> impl Future<Output = Result<Live<Self>, Error>> + Send;

    /// The entries if they are known without a request.
    fn peek(client: &Client, owner: ProjectId) -> Option<Live<Self>>;
}

/// The two attributes of one kind.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) spellings: &'a Attr<Set<String>>,
    pub(super) numbers: &'a Attr<Set<i64>>,
}

impl<'a> Side<'a> {
    /// Whether the kind is managed; `None` while unknown values decide.
    pub(super) fn is_managed(self) -> Option<bool> {
        match (self.spellings, self.numbers) {
            (Attr::Null, Attr::Null) => Some(false),
            (Attr::Known(_), _) | (_, Attr::Known(_)) => Some(true),
            _ => None,
        }
    }

    /// The numbers that are known.
    pub(super) fn ids<Id: Kind>(self) -> impl Iterator<Item = Id> + use<'a, Id> {
        let numbers = self.numbers.known().into_iter().flat_map(|Set(numbers)| numbers);
        numbers.filter_map(|number| Id::try_from(*number.known()?).ok())
    }

    /// The spellings that are known.
    pub(super) fn texts(self) -> impl Iterator<Item = &'a str> {
        let spellings = self.spellings.known().into_iter().flat_map(|Set(spellings)| spellings);
        spellings.filter_map(|spelling| spelling.known()).map(String::as_str)
    }
}

/// The entries of one kind on a list, with the path of those whose path is visible.
#[derive(Debug, Clone)]
pub(super) struct Live<Id>(pub(super) BTreeMap<Id, Option<String>>);

impl<Id: Kind> Live<Id> {
    /// The entry, for people: its path where that is visible, and its number.
    pub(super) fn describe(&self, id: Id) -> String {
        match self.0.get(&id) {
            Some(Some(path)) => format!("{} {path} ({id})", Id::KIND),
            _ => format!("{} {id}", Id::KIND),
        }
    }
}

impl From<&Allowlist<AllowedProject>> for Live<ProjectId> {
    fn from(list: &Allowlist<AllowedProject>) -> Self {
        Live(list.iter().map(|entry| (entry.id, entry.path_with_namespace.clone())).collect())
    }
}

impl From<&Allowlist<AllowedGroup>> for Live<GroupId> {
    fn from(list: &Allowlist<AllowedGroup>) -> Self {
        Live(list.iter().map(|entry| (entry.id, entry.full_path.clone())).collect())
    }
}

impl Kind for ProjectId {
    const SPELLINGS: &'static str = "target_projects";
    const NUMBERS: &'static str = "target_project_ids";

    fn side(model: &ExclusiveModel) -> Side<'_> {
        Side { spellings: &model.target_projects, numbers: &model.target_project_ids }
    }

    fn numbers(model: &mut ExclusiveModel) -> &mut Attr<Set<i64>> {
        &mut model.target_project_ids
    }

    fn spellings(model: &mut ExclusiveModel) -> &mut Attr<Set<String>> {
        &mut model.target_projects
    }

    async fn list(client: &Client, owner: ProjectId) -> Result<Live<ProjectId>, Error> {
        Ok(client.allowed_projects(owner).await?.as_ref().into())
    }

    async fn list_just_read(client: &Client, owner: ProjectId) -> Result<Live<ProjectId>, Error> {
        Ok(client.allowed_projects_just_read(owner).await?.as_ref().into())
    }

    async fn list_now(client: &Client, owner: ProjectId) -> Result<Live<ProjectId>, Error> {
        Ok(client.allowed_projects_now(owner).await?.as_ref().into())
    }

    fn peek(client: &Client, owner: ProjectId) -> Option<Live<ProjectId>> {
        Some(client.peek_allowed_projects(owner)?.as_ref().into())
    }
}

impl Kind for GroupId {
    const SPELLINGS: &'static str = "target_groups";
    const NUMBERS: &'static str = "target_group_ids";

    fn side(model: &ExclusiveModel) -> Side<'_> {
        Side { spellings: &model.target_groups, numbers: &model.target_group_ids }
    }

    fn numbers(model: &mut ExclusiveModel) -> &mut Attr<Set<i64>> {
        &mut model.target_group_ids
    }

    fn spellings(model: &mut ExclusiveModel) -> &mut Attr<Set<String>> {
        &mut model.target_groups
    }

    async fn list(client: &Client, owner: ProjectId) -> Result<Live<GroupId>, Error> {
        Ok(client.allowed_groups(owner).await?.as_ref().into())
    }

    async fn list_just_read(client: &Client, owner: ProjectId) -> Result<Live<GroupId>, Error> {
        Ok(client.allowed_groups_just_read(owner).await?.as_ref().into())
    }

    async fn list_now(client: &Client, owner: ProjectId) -> Result<Live<GroupId>, Error> {
        Ok(client.allowed_groups_now(owner).await?.as_ref().into())
    }

    fn peek(client: &Client, owner: ProjectId) -> Option<Live<GroupId>> {
        Some(client.peek_allowed_groups(owner)?.as_ref().into())
    }
}
