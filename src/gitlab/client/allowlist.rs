//! Who is on a project's allowlists, as one model for both kinds of list. How a list is come by is not known here.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::gitlab::endpoints::job_token_scope::{ListedGroup, ListedProject};
use crate::gitlab::names::{GroupId, ProjectId};

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

    /// True when each entry is known as far as GitLab tells it, and not by its number alone.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
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

    pub(super) fn of(owner: ProjectId, mut listed: BTreeMap<u64, ListedProject>) -> Self {
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

    pub(super) fn of(listed: BTreeMap<u64, ListedGroup>, root: &str) -> Self {
        let entry = |listed| AllowedGroup::from_listed(listed, root);
        let entries = listed.into_iter().map(|(id, listed)| (id, entry(listed))).collect();
        Self { entries, owner_path: None, complete: true }
    }
}

impl<E> Allowlist<E> {
    /// Notes an entry that is known by its number alone.
    pub(super) fn add(&mut self, id: u64, bare: E) {
        self.complete &= self.entries.contains_key(&id);
        self.entries.entry(id).or_insert(bare);
    }

    /// Notes that an entry is gone.
    pub(super) fn remove(&mut self, id: u64) {
        self.entries.remove(&id);
    }
}

impl AllowedProject {
    /// An entry of which only the number is known.
    pub(super) fn bare(id: ProjectId) -> Self {
        Self { id, name: None, path_with_namespace: None, web_url: None }
    }
}

impl AllowedGroup {
    /// An entry of which only the number is known.
    pub(super) fn bare(id: GroupId) -> Self {
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
