//! What the jobs of an allowed target may do, entry by entry: the model, and reading it. One read serves all entries of
//! a project. Who is on a list at all is not decided here.

mod granting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::client::Client;
use super::endpoints::job_token_permissions::{self as endpoint, Cursors, ListedOwner};
use super::endpoints::projects;
use super::error::{Error, ErrorKind};
use super::id::{ProjectId, Target};
use super::reference::same_path;

pub use granting::{NotGranted, NotUndone};

/// The most pages that are read of one project's entries. Two do today: a page holds 200, and so does a list.
const MOST_PAGES: usize = 50;

/// What the jobs of an allowed target may do with their job token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permissions {
    /// All that a job token can be used for, within the rights of the user who started the job.
    Default,
    /// Only this, by GitLab's names, such as `READ_JOBS`; an empty set allows nothing that has a name.
    Only(BTreeSet<String>),
}

/// An entry of an allowlist with its permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermittedEntry {
    /// Who has access.
    pub target: Target,
    /// Its full path, also where the token can't see it.
    pub full_path: String,
    /// What its jobs may do.
    pub permissions: Permissions,
    /// Whether GitLab itself made the entry from its record of past accesses.
    pub autopopulated: Option<bool>,
    /// When the entry was made, as GitLab writes it: `2025-01-31T12:00:00Z`.
    pub created_at: Option<String>,
    /// GitLab keeps back the list of permissions where they are switched off.
    pub(super) switched_off: bool,
}

/// The permissions of all entries on one project's allowlists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PermissionList(BTreeMap<Target, PermittedEntry>);

/// A list that many share.
pub(super) type Shared = Arc<PermissionList>;

impl PermissionList {
    /// The entry of that target.
    #[must_use]
    pub fn get(&self, target: Target) -> Option<&PermittedEntry> {
        self.0.get(&target)
    }

    /// True when fine-grained permissions are seen to be switched off for the project; an empty list shows nothing.
    #[must_use]
    pub fn is_switched_off(&self) -> bool {
        self.0.values().any(|entry| entry.switched_off)
    }

    pub(super) fn insert(&mut self, entry: PermittedEntry) {
        self.0.insert(entry.target, entry);
    }

    pub(super) fn remove(&mut self, target: Target) {
        self.0.remove(&target);
    }
}

impl Client {
    /// The permissions of the entries on the owner's allowlist: a recent list, or one that others are waiting for, or a
    /// new one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] when this GitLab knows no permissions of entries, [`ErrorKind::NotAvailable`] when the
    /// token may not see them, [`ErrorKind::NotFound`] when there is no such owner for the token, and whatever keeps
    /// GitLab from answering.
    pub async fn permissions(&self, owner: ProjectId) -> Result<Arc<PermissionList>, Error> {
        self.shared.lists.permissions(owner).join(self.read_permissions(owner)).await
    }

    /// The permissions of the entries as they are after this call began.
    ///
    /// # Errors
    ///
    /// As [`Client::permissions`].
    pub async fn permissions_now(&self, owner: ProjectId) -> Result<Arc<PermissionList>, Error> {
        self.shared.lists.permissions(owner).fresh(self.read_permissions(owner)).await
    }

    /// The permissions of one entry, by a recent list; a list that lacks the entry may be older than it, and is read
    /// anew. None where it is not there even then.
    ///
    /// # Errors
    ///
    /// As [`Client::permissions`].
    pub async fn permissions_of(
        &self,
        owner: ProjectId,
        target: Target,
    ) -> Result<Option<Permissions>, Error> {
        let held = |list: Shared| list.get(target).map(|entry| entry.permissions.clone());
        match held(self.permissions(owner).await?) {
            None => self.permissions_now(owner).await.map(held),
            found => Ok(found),
        }
    }

    async fn read_permissions(&self, owner: ProjectId) -> Result<Shared, Error> {
        let path = self.owner_path(owner).await?;
        if let Some(list) = self.permissions_at(&path, owner).await? {
            return Ok(list);
        }
        // GraphQL follows no former path, and what was known of this one may be out of date.
        let call = projects::show(&owner.into());
        let answer = self.send(&call).await?;
        let present = &answer.value.path_with_namespace;
        let list = if same_path(present, &path) { None } else { self.permissions_at(present, owner).await? };
        list.ok_or_else(|| {
            Error::new(
                ErrorKind::NotAvailable,
                endpoint::list(present, &Cursors::default()).line(),
                None,
                None,
                answer.story,
            )
        })
    }

    /// None where the path does not lead to the owner.
    async fn permissions_at(&self, path: &str, owner: ProjectId) -> Result<Option<Shared>, Error> {
        let mut list = PermissionList::default();
        let mut from = Cursors::default();
        for _ in 0..MOST_PAGES {
            let call = endpoint::list(path, &from);
            let answer = self.ask(&call).await?;
            let failure = |kind, words: &str| {
                Err(Error::new(kind, call.line(), None, Some(words.to_owned()), answer.story))
            };
            let Some(ListedOwner { id, ci_job_token_scope_allowlist: lists }) = answer.value.project else {
                return Ok(None);
            };
            if id.0 != Target::Project(owner) {
                return Ok(None);
            }
            let Some(lists) = lists else {
                return failure(ErrorKind::NotAvailable, "GitLab shows no allowlist of the project");
            };
            let next = lists.next(&from);
            lists.into_entries().for_each(|entry| list.insert(entry));
            match next {
                None => return Ok(Some(Arc::new(list))),
                Some(next) if next == from => {
                    return failure(ErrorKind::Unreadable, "the list does not go on");
                }
                Some(next) => from = next,
            }
        }
        let call = endpoint::list(path, &from);
        Err(Error::unsent(ErrorKind::Unreadable, call.line(), Some("the list does not end")))
    }

    /// The owner's full path, as its list of projects tells by the way, or else as one look-up does.
    async fn owner_path(&self, owner: ProjectId) -> Result<String, Error> {
        let listed = self.peek_allowed_projects(owner);
        match listed.as_ref().and_then(|list| list.owner_path()) {
            Some(path) => Ok(path.to_owned()),
            None => match self.resolve_project(&owner.into()).await? {
                Some(project) => Ok(project.path_with_namespace.clone()),
                None => Err(Error::unsent(ErrorKind::NotFound, projects::show(&owner.into()).line(), None)),
            },
        }
    }
}

#[cfg(test)]
mod tests;
