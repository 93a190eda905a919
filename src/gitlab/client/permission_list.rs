//! The permissions of the entries on a project's allowlists, as a value. There is no I/O here.

use std::collections::BTreeMap;

use crate::gitlab::endpoints::job_token_permissions::{Lists, PermittedEntry};
use crate::gitlab::names::Target;

/// The permissions of all entries on one project's allowlists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PermissionList {
    entries: BTreeMap<Target, PermittedEntry>,
    /// The number of entries that GitLab lists without showing them.
    pub(super) hidden: usize,
}

impl PermissionList {
    /// Creates the list from the entries of complete allowlists.
    pub(super) fn of(lists: Lists) -> Self {
        let mut list = Self { hidden: lists.hidden(), ..Self::default() };
        lists.into_entries().for_each(|entry| list.insert(entry));
        list
    }

    /// Returns the entry of that target.
    #[must_use]
    pub fn get(&self, target: Target) -> Option<&PermittedEntry> {
        self.entries.get(&target)
    }

    /// Returns all entries, sorted by target, including the project's entry for itself.
    pub fn iter(&self) -> impl Iterator<Item = &PermittedEntry> {
        self.entries.values()
    }

    /// Returns whether GitLab shows every entry that it lists.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.hidden == 0
    }

    /// Returns whether an entry shows that fine-grained permissions are turned off for the project.
    #[must_use]
    pub fn is_switched_off(&self) -> bool {
        self.entries.values().any(|entry| entry.switched_off)
    }

    pub(super) fn insert(&mut self, entry: PermittedEntry) {
        self.entries.insert(entry.target, entry);
    }

    pub(super) fn remove(&mut self, target: Target) {
        self.entries.remove(&target);
    }
}
