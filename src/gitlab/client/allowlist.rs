//! An allowlist of a project, as a value. There is no I/O here.

use std::collections::BTreeMap;

use crate::gitlab::endpoints::job_token_permissions::ListedTarget;
use crate::gitlab::endpoints::job_token_scope::Listed;
use crate::gitlab::names::{Kind, ProjectId, Target};
use crate::gitlab::sender::Listing;

/// A project's allowlist of projects or groups, without the project itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowlist {
    entries: BTreeMap<Target, ListedEntry>,
    project_path: Option<String>,
    has_own_entry: bool,
    complete: bool,
}

/// An entry of an allowlist. GitLab hides everything but the ID of a target that isn't visible to
/// the token. An entry that this client has just added has only an ID, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEntry {
    /// The project or group.
    pub target: Target,
    /// Its display name.
    pub name: Option<String>,
    /// Its full path.
    pub full_path: Option<String>,
    /// Its page.
    pub web_url: Option<String>,
}

impl Allowlist {
    /// Creates an allowlist from a REST list. `root` is the relative URL of the installation.
    pub(super) fn of(project: ProjectId, kind: Kind, listing: Listing<Listed>, root: &str) -> Self {
        let Listing { by_id, is_twice } = listing;
        let entries = by_id.into_values().map(|listed| ListedEntry::of(kind, listed, root));
        let mut entries: BTreeMap<Target, ListedEntry> =
            entries.map(|entry| (entry.target, entry)).collect();
        let project_path = entries.remove(&project.into()).and_then(|project| project.full_path);
        Self { entries, project_path, has_own_entry: is_twice, complete: true }
    }

    /// Creates an allowlist from GraphQL targets, which may include the project. `project_path` is
    /// set for a list of projects.
    pub(super) fn of_targets(
        project: ProjectId,
        project_path: Option<String>,
        targets: Vec<ListedTarget>,
    ) -> Self {
        let entries = targets.into_iter().map(|listed| {
            let ListedTarget { target, full_path, name, web_url } = listed;
            let [name, full_path, web_url] = [name, full_path, web_url].map(Some);
            (target, ListedEntry { target, name, full_path, web_url })
        });
        let mut entries: BTreeMap<Target, ListedEntry> = entries.collect();
        let has_own_entry = entries.remove(&project.into()).is_some();
        Self { entries, project_path, has_own_entry, complete: true }
    }

    /// Returns the entries, sorted by ID.
    pub fn iter(&self) -> impl Iterator<Item = &ListedEntry> {
        self.entries.values()
    }

    /// Returns the entry of that target.
    #[must_use]
    pub fn get(&self, target: Target) -> Option<&ListedEntry> {
        self.entries.get(&target)
    }

    /// Returns whether GitLab returned all entries, so that none has only an ID.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Returns the project's current full path, which a list of projects contains.
    #[must_use]
    pub fn project_path(&self) -> Option<&str> {
        self.project_path.as_deref()
    }

    /// Returns whether the project has an entry for itself. Always false for a list that wasn't
    /// read over REST.
    #[must_use]
    pub fn has_own_entry(&self) -> bool {
        self.has_own_entry
    }

    /// Adds an entry with only an ID.
    pub(super) fn add(&mut self, target: Target) {
        self.complete &= self.entries.contains_key(&target);
        self.entries.entry(target).or_insert_with(|| ListedEntry::bare(target));
    }

    /// Removes an entry.
    pub(super) fn remove(&mut self, target: Target) {
        self.entries.remove(&target);
    }
}

impl ListedEntry {
    /// Creates an entry with only an ID.
    fn bare(target: Target) -> Self {
        Self { target, name: None, full_path: None, web_url: None }
    }

    fn of(kind: Kind, listed: Listed, root: &str) -> Self {
        let full_path = listed.full_path(kind, root);
        let Listed { id, name, web_url, .. } = listed;
        Self { target: Target::with_id(kind, id), name, full_path, web_url }
    }
}

#[cfg(test)]
mod tests;
