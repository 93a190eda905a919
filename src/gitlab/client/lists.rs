//! One list, many readers: who reads a project's allowlist shares a snapshot.

use std::sync::Arc;

use super::allowlist::{AllowedGroup, AllowedProject, Allowlist};
use super::handle::Client;
use super::snapshot::Freshness;
use crate::gitlab::endpoints::job_token_scope as endpoint;
use crate::gitlab::names::{ProjectId, Target};
use crate::gitlab::sender::Error;

type Projects = Arc<Allowlist<AllowedProject>>;
type Groups = Arc<Allowlist<AllowedGroup>>;

impl Client {
    /// The projects on the owner's allowlist: a recent list, or one that others are waiting for, or a new one.
    ///
    /// # Errors
    ///
    /// Whatever keeps GitLab from answering; [`super::ErrorKind::NotFound`] when there is no such owner for the token.
    pub async fn allowed_projects(&self, owner: ProjectId) -> Result<Projects, Error> {
        self.memory.lists.projects.of(owner).get(Freshness::Shared, self.read_projects(owner)).await
    }

    /// The groups on the owner's allowlist, as [`Client::allowed_projects`].
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_groups(&self, owner: ProjectId) -> Result<Groups, Error> {
        self.memory.lists.groups.of(owner).get(Freshness::Shared, self.read_groups(owner)).await
    }

    /// As [`Client::allowed_projects`], but read at most 5 seconds ago: for writing what a plan has just been made from.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_projects_just_read(&self, owner: ProjectId) -> Result<Projects, Error> {
        self.memory.lists.projects.of(owner).get(Freshness::Recent, self.read_projects(owner)).await
    }

    /// As [`Client::allowed_groups`], but read at most 5 seconds ago.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_groups_just_read(&self, owner: ProjectId) -> Result<Groups, Error> {
        self.memory.lists.groups.of(owner).get(Freshness::Recent, self.read_groups(owner)).await
    }

    /// The projects on the owner's allowlist as they are after this call began. Use it where a decision rests on it.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_projects_now(&self, owner: ProjectId) -> Result<Projects, Error> {
        self.memory.lists.projects.of(owner).get(Freshness::Now, self.read_projects(owner)).await
    }

    /// The groups on the owner's allowlist as they are after this call began.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_groups_now(&self, owner: ProjectId) -> Result<Groups, Error> {
        self.memory.lists.groups.of(owner).get(Freshness::Now, self.read_groups(owner)).await
    }

    /// As [`Client::allowed_projects`], with all that GitLab tells of each entry: a list that holds entries of our
    /// own making, known by number alone, is read anew.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_projects_in_full(&self, owner: ProjectId) -> Result<Projects, Error> {
        let list = self.allowed_projects(owner).await?;
        if list.is_complete() { Ok(list) } else { self.allowed_projects_now(owner).await }
    }

    /// As [`Client::allowed_groups`], with all that GitLab tells of each entry.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_groups_in_full(&self, owner: ProjectId) -> Result<Groups, Error> {
        let list = self.allowed_groups(owner).await?;
        if list.is_complete() { Ok(list) } else { self.allowed_groups_now(owner).await }
    }

    /// The projects on the owner's allowlist if that is known without a request.
    #[must_use]
    pub fn peek_allowed_projects(&self, owner: ProjectId) -> Option<Projects> {
        self.memory.lists.projects.of(owner).peek()
    }

    /// The groups on the owner's allowlist if that is known without a request.
    #[must_use]
    pub fn peek_allowed_groups(&self, owner: ProjectId) -> Option<Groups> {
        self.memory.lists.groups.of(owner).peek()
    }

    /// Whether the target is on the owner's allowlist, by a recent list.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn is_allowed(&self, owner: ProjectId, target: Target) -> Result<bool, Error> {
        Ok(match target {
            Target::Project(id) => self.allowed_projects(owner).await?.get(id).is_some(),
            Target::Group(id) => self.allowed_groups(owner).await?.get(id).is_some(),
        })
    }

    /// Whether the target is on the owner's allowlist after this call began.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn is_allowed_now(&self, owner: ProjectId, target: Target) -> Result<bool, Error> {
        Ok(match target {
            Target::Project(id) => self.allowed_projects_now(owner).await?.get(id).is_some(),
            Target::Group(id) => self.allowed_groups_now(owner).await?.get(id).is_some(),
        })
    }

    async fn read_projects(&self, owner: ProjectId) -> Result<Projects, Error> {
        let listed = self.sender.list(&endpoint::projects(owner), |listed| listed.id.get()).await?;
        Ok(Arc::new(Allowlist::<AllowedProject>::of(owner, listed)))
    }

    async fn read_groups(&self, owner: ProjectId) -> Result<Groups, Error> {
        let listed = self.sender.list(&endpoint::groups(owner), |listed| listed.id.get()).await?;
        Ok(Arc::new(Allowlist::<AllowedGroup>::of(listed, self.base_url().root())))
    }
}

#[cfg(test)]
mod tests;
