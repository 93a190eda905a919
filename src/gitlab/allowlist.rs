//! Who is on a project's allowlists: one list, many readers. Readers share a snapshot that is at most
//! [`SNAPSHOT_LIFE`] old; the client's own writes keep it true, and nothing that began before a write hides it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use url::Url;

use super::client::Client;
use super::endpoints::job_token_scope::{self as endpoint, ListedGroup, ListedProject};
use super::error::Error;
use super::flight::{Flights, Keeping};
use super::id::{GroupId, ProjectId, Target};

/// How old a shared list may be: long enough to serve one run of a program, short enough to show what others do.
const SNAPSHOT_LIFE: Duration = Duration::from_secs(30);

/// What stands before the full path in the address of a group's page.
const GROUP_PAGE: &str = "/groups/";

/// One project's allowlist of one kind, without the project itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowlist<E> {
    entries: BTreeMap<u64, E>,
    owner_path: Option<String>,
    complete: bool,
}

/// A project on an allowlist. Only the number is always there: GitLab hides the rest where the token may not see it,
/// and an entry that this client has just added is known by its number alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedProject {
    /// Its number.
    pub id: ProjectId,
    /// Its display name.
    pub name: Option<String>,
    /// Its full path.
    pub path_with_namespace: Option<String>,
    /// Its page.
    pub web_url: Option<String>,
}

/// A group on an allowlist. Only the number is always there, as with [`AllowedProject`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedGroup {
    /// Its number.
    pub id: GroupId,
    /// Its display name.
    pub name: Option<String>,
    /// Its full path, which GitLab tells only as a part of its page's address.
    pub full_path: Option<String>,
    /// Its page.
    pub web_url: Option<String>,
}

impl<E> Allowlist<E> {
    /// The entries, sorted by number.
    pub fn iter(&self) -> impl Iterator<Item = &E> {
        self.entries.values()
    }

    /// How many entries there are; the owner does not count.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when no one is allowed but the owner.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The owner's current full path, which GitLab's list of projects (not that of groups) tells by the way.
    #[must_use]
    pub fn owner_path(&self) -> Option<&str> {
        self.owner_path.as_deref()
    }
}

impl Allowlist<AllowedProject> {
    /// The entry of that project.
    #[must_use]
    pub fn get(&self, id: ProjectId) -> Option<&AllowedProject> {
        self.entries.get(&id.get())
    }

    fn of(owner: ProjectId, mut listed: BTreeMap<u64, ListedProject>) -> Self {
        let owner_path = listed.remove(&owner.get()).and_then(|owner| owner.path_with_namespace);
        let entries = listed.into_iter().map(|(id, listed)| (id, listed.into())).collect();
        Self { entries, owner_path, complete: true }
    }
}

impl Allowlist<AllowedGroup> {
    /// The entry of that group.
    #[must_use]
    pub fn get(&self, id: GroupId) -> Option<&AllowedGroup> {
        self.entries.get(&id.get())
    }

    fn of(listed: BTreeMap<u64, ListedGroup>, root: &str) -> Self {
        let entry = |listed| AllowedGroup::from_listed(listed, root);
        let entries = listed.into_iter().map(|(id, listed)| (id, entry(listed))).collect();
        Self { entries, owner_path: None, complete: true }
    }
}

type Projects = Arc<Allowlist<AllowedProject>>;
type Groups = Arc<Allowlist<AllowedGroup>>;

/// The snapshots, by owner.
pub(super) struct Lists {
    projects: Flights<ProjectId, Projects>,
    groups: Flights<ProjectId, Groups>,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            projects: Flights::new(Keeping { life: SNAPSHOT_LIFE, when: |_| true }),
            groups: Flights::new(Keeping { life: SNAPSHOT_LIFE, when: |_| true }),
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
        if list.complete { Ok(list) } else { self.allowed_projects_now(owner).await }
    }

    /// As [`Client::allowed_groups`], with all that GitLab tells of each entry.
    ///
    /// # Errors
    ///
    /// As [`Client::allowed_projects`].
    pub async fn allowed_groups_in_full(&self, owner: ProjectId) -> Result<Groups, Error> {
        let list = self.allowed_groups(owner).await?;
        if list.complete { Ok(list) } else { self.allowed_groups_now(owner).await }
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
    /// Notes that GitLab has put the target on the list.
    pub(super) fn added(&self, owner: ProjectId, target: Target) {
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
    }

    /// Notes that nobody knows whether the target is on the list.
    pub(super) fn in_doubt(&self, owner: ProjectId, target: Target) {
        match target {
            Target::Project(_) => self.projects.of(owner).forget(),
            Target::Group(_) => self.groups.of(owner).forget(),
        }
    }
}

impl<E> Allowlist<E> {
    fn add(&mut self, id: u64, bare: E) {
        self.complete &= self.entries.contains_key(&id);
        self.entries.entry(id).or_insert(bare);
    }

    fn remove(&mut self, id: u64) {
        self.entries.remove(&id);
    }
}

impl AllowedProject {
    fn bare(id: ProjectId) -> Self {
        Self { id, name: None, path_with_namespace: None, web_url: None }
    }
}

impl AllowedGroup {
    fn bare(id: GroupId) -> Self {
        Self { id, name: None, full_path: None, web_url: None }
    }
}

impl From<ListedProject> for AllowedProject {
    fn from(listed: ListedProject) -> Self {
        let ListedProject { id, name, path_with_namespace, web_url } = listed;
        Self { id, name, path_with_namespace, web_url }
    }
}

impl AllowedGroup {
    fn from_listed(listed: ListedGroup, root: &str) -> Self {
        let ListedGroup { id, name, web_url } = listed;
        Self { id, name, full_path: web_url.as_deref().and_then(|url| group_path(url, root)), web_url }
    }
}

/// The full path in the address of a group's page, below the relative root of the GitLab. A server that calls its
/// pages by another root than the one we use is taken by its first `/groups/`.
fn group_path(web_url: &str, root: &str) -> Option<String> {
    let url = Url::parse(web_url).ok()?;
    let below_root = url.path().strip_prefix(root).and_then(|page| page.strip_prefix(GROUP_PAGE));
    let path = below_root.or_else(|| Some(url.path().split_once(GROUP_PAGE)?.1))?;
    let path = percent_decode_str(path.trim_end_matches('/')).decode_utf8().ok()?;
    (!path.is_empty()).then(|| path.into_owned())
}

#[cfg(test)]
mod tests;
