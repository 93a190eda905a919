//! One list, many readers: who reads a project's allowlist shares a snapshot that is at most [`SNAPSHOT_LIFE`] old. The
//! client's own writes keep it true, and nothing that began before a write hides it.

use std::sync::Arc;
use std::time::Duration;

use super::allowlist::{AllowedGroup, AllowedProject, Allowlist};
use super::client::Client;
use super::endpoints::job_token_scope as endpoint;
use super::error::Error;
use super::flight::{Flight, Flights, Keeping};
use super::id::{ProjectId, Target};
use super::permissions::{self, PermittedEntry};

/// How old a shared list may be: long enough to serve one run of a program, short enough to show what others do.
const SNAPSHOT_LIFE: Duration = Duration::from_secs(30);

/// How old a list may be that a write of all its differences starts from: long enough for what follows at once on the
/// reading, too short for much to happen in between.
const JUST_READ: Duration = Duration::from_secs(5);

type Projects = Arc<Allowlist<AllowedProject>>;
type Groups = Arc<Allowlist<AllowedGroup>>;

/// The snapshots, by owner.
pub(super) struct Lists {
    projects: Flights<ProjectId, Projects>,
    groups: Flights<ProjectId, Groups>,
    permissions: Flights<ProjectId, permissions::Shared>,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            projects: Flights::new(Keeping { life: SNAPSHOT_LIFE, when: |_| true }),
            groups: Flights::new(Keeping { life: SNAPSHOT_LIFE, when: |_| true }),
            permissions: Flights::new(Keeping { life: SNAPSHOT_LIFE, when: |_| true }),
        }
    }
}

impl Client {
    /// The projects on the owner's allowlist: a recent list, or one that others are waiting for, or a new one.
    ///
    /// # Errors
    ///
    /// Whatever keeps GitLab from answering; [`super::ErrorKind::NotFound`] when there is no such owner for the token.
    pub async fn allowed_projects(&self, owner: ProjectId) -> Result<Projects, Error> {
        self.shared.lists.projects.of(owner).join(self.read_projects(owner)).await
    }

    /// The groups on the owner's allowlist, as [`Client::allowed_projects`].
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_groups(&self, owner: ProjectId) -> Result<Groups, Error> {
        self.shared.lists.groups.of(owner).join(self.read_groups(owner)).await
    }

    /// As [`Client::allowed_projects`], but read at most 5 seconds ago: for writing what a plan has just been made from.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_projects_just_read(&self, owner: ProjectId) -> Result<Projects, Error> {
        self.shared.lists.projects.of(owner).recent(JUST_READ, self.read_projects(owner)).await
    }

    /// As [`Client::allowed_groups`], but read at most 5 seconds ago.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_groups_just_read(&self, owner: ProjectId) -> Result<Groups, Error> {
        self.shared.lists.groups.of(owner).recent(JUST_READ, self.read_groups(owner)).await
    }

    /// The projects on the owner's allowlist as they are after this call began. Use it where a decision rests on it.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_projects_now(&self, owner: ProjectId) -> Result<Projects, Error> {
        self.shared.lists.projects.of(owner).fresh(self.read_projects(owner)).await
    }

    /// The groups on the owner's allowlist as they are after this call began.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_groups_now(&self, owner: ProjectId) -> Result<Groups, Error> {
        self.shared.lists.groups.of(owner).fresh(self.read_groups(owner)).await
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
        self.shared.lists.projects.of(owner).peek()
    }

    /// The groups on the owner's allowlist if that is known without a request.
    #[must_use]
    pub fn peek_allowed_groups(&self, owner: ProjectId) -> Option<Groups> {
        self.shared.lists.groups.of(owner).peek()
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
        let listed = self.list(&endpoint::projects(owner), |listed| listed.id.get()).await?;
        Ok(Arc::new(Allowlist::<AllowedProject>::of(owner, listed)))
    }

    async fn read_groups(&self, owner: ProjectId) -> Result<Groups, Error> {
        let listed = self.list(&endpoint::groups(owner), |listed| listed.id.get()).await?;
        Ok(Arc::new(Allowlist::<AllowedGroup>::of(listed, self.base_url().root())))
    }
}

impl Lists {
    /// What is known of the permissions of the owner's entries.
    pub(super) fn permissions(&self, owner: ProjectId) -> Arc<Flight<permissions::Shared>> {
        self.permissions.of(owner)
    }

    /// Notes that GitLab has put the target on the list, and nothing is known of its permissions.
    pub(super) fn added(&self, owner: ProjectId, target: Target) {
        self.listed(owner, target);
        self.permissions(owner).forget();
    }

    /// Notes that the list has this entry, by GitLab's own answer.
    pub(super) fn permitted(&self, owner: ProjectId, entry: &PermittedEntry) {
        self.listed(owner, entry.target);
        self.permissions(owner).written(|list| Arc::make_mut(list).insert(entry.clone()));
    }

    fn listed(&self, owner: ProjectId, target: Target) {
        match target {
            Target::Project(id) => {
                self.projects
                    .of(owner)
                    .written(|list| Arc::make_mut(list).add(id.get(), AllowedProject::bare(id)));
            }
            Target::Group(id) => {
                self.groups
                    .of(owner)
                    .written(|list| Arc::make_mut(list).add(id.get(), AllowedGroup::bare(id)));
            }
        }
    }

    /// Notes that GitLab has taken the target off the list.
    pub(super) fn removed(&self, owner: ProjectId, target: Target) {
        let id = target.number();
        match target {
            Target::Project(_) => self.projects.of(owner).written(|list| Arc::make_mut(list).remove(id)),
            Target::Group(_) => self.groups.of(owner).written(|list| Arc::make_mut(list).remove(id)),
        }
        self.permissions(owner).written(|list| Arc::make_mut(list).remove(target));
    }

    /// Notes that nobody knows whether the target is on the list.
    pub(super) fn in_doubt(&self, owner: ProjectId, target: Target) {
        match target {
            Target::Project(_) => self.projects.of(owner).forget(),
            Target::Group(_) => self.groups.of(owner).forget(),
        }
        self.permissions(owner).forget();
    }
}

#[cfg(test)]
mod tests;
