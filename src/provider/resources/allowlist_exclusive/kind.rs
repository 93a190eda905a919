//! The two kinds of entries, projects and groups. All other modules are generic over the kind.

use std::collections::BTreeMap;

use super::ExclusiveModel;
use super::entries::{Entries, Entry};
use crate::framework::{Attr, Set};
use crate::gitlab::{Allowlist, GroupId, Id, ListedEntry, PermissionList, Permissions, ProjectId};

/// A kind of entry, with its attributes.
pub(super) trait Managed: Id {
    /// The map of entries with permissions.
    const ENTRIES: &'static str;
    /// The set of paths or IDs.
    const REFERENCES: &'static str;
    /// The set of IDs.
    const TARGET_IDS: &'static str;

    /// Returns the attributes of this kind.
    fn side(model: &ExclusiveModel) -> Side<'_>;

    /// Returns the map of entries.
    fn entries(model: &mut ExclusiveModel) -> &mut Attr<Entries>;

    /// Returns the set of IDs.
    fn target_ids(model: &mut ExclusiveModel) -> &mut Attr<Set<i64>>;

    /// Returns the set of paths or IDs.
    fn references(model: &mut ExclusiveModel) -> &mut Attr<Set<String>>;
}

/// The three attributes of one kind, of which at most one is configured.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) entries: &'a Attr<Entries>,
    pub(super) references: &'a Attr<Set<String>>,
    pub(super) target_ids: &'a Attr<Set<i64>>,
}

impl<'a> Side<'a> {
    /// Returns whether the kind is managed, or `None` if it depends on unknown values.
    pub(super) fn is_managed(self) -> Option<bool> {
        let Self { entries, references, target_ids } = self;
        if entries.known().is_some() || references.known().is_some() || target_ids.known().is_some()
        {
            return Some(true);
        }
        (entries.is_null() && references.is_null() && target_ids.is_null()).then_some(false)
    }

    /// Returns whether the kind is managed by a map, and so are permissions.
    pub(super) fn is_map(self) -> bool {
        !self.entries.is_null()
    }

    /// Returns whether an ID is unknown.
    pub(super) fn is_open(self) -> bool {
        let is_open =
            |entry: &Attr<Entry>| entry.known().is_none_or(|entry| entry.id.known().is_none());
        self.target_ids.is_unknown()
            || self.entries.is_unknown()
            || self.entries.known().is_some_and(|entries| entries.values().any(is_open))
    }

    /// Returns whether all IDs of a managed kind are known.
    pub(super) fn is_wholly_known(self) -> bool {
        let are_known = |Set(ids): &Set<i64>| ids.iter().all(|id| id.known().is_some());
        match self.entries.known() {
            Some(_) => !self.is_open(),
            None => self.target_ids.known().is_some_and(are_known),
        }
    }

    /// Returns the known IDs.
    pub(super) fn ids<I: Managed>(self) -> impl Iterator<Item = I> + use<'a, I> {
        let target_ids = self.target_ids.known().into_iter().flat_map(|Set(target_ids)| target_ids);
        let target_ids = target_ids.filter_map(|id| id.known().copied());
        let of_entries = self.elements().filter_map(|(_, entry)| entry.id.known().copied());
        target_ids.chain(of_entries).filter_map(|id| I::try_from(id).ok())
    }

    /// Returns the known paths and IDs as written.
    pub(super) fn texts(self) -> impl Iterator<Item = &'a str> {
        let references = self.references.known().into_iter().flat_map(|Set(references)| references);
        references
            .filter_map(|path_or_id| path_or_id.known())
            .chain(self.keys())
            .map(String::as_str)
    }

    /// Returns the keys of the map.
    pub(super) fn keys(self) -> impl Iterator<Item = &'a String> {
        self.entries.known().into_iter().flat_map(BTreeMap::keys)
    }

    /// Returns the known elements of the map by key.
    pub(super) fn elements(self) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        let entries = self.entries.known().into_iter().flatten();
        entries.filter_map(|(key, entry)| Some((key, entry.known()?)))
    }

    /// Returns the known IDs in the map with their keys.
    pub(super) fn keys_by_id<I: Managed>(self) -> impl Iterator<Item = (I, &'a str)> {
        self.elements()
            .filter_map(|(key, entry)| Some((I::try_from(*entry.id.known()?).ok()?, key.as_str())))
    }

    /// Returns the managed permissions by ID, as far as both are known.
    pub(super) fn permissions<I: Managed>(self) -> BTreeMap<I, Permissions> {
        let of = |(_, entry): (_, &Entry)| {
            Some((I::try_from(*entry.id.known()?).ok()?, entry.permissions()?))
        };
        self.elements().filter_map(of).collect()
    }
}

/// The entries of one kind on the server, with their paths as far as they are visible.
#[derive(Debug, Clone)]
pub(super) struct Live<I>(pub(super) BTreeMap<I, Option<String>>);

impl<I: Managed> Live<I> {
    /// Returns the display name of the entry: its path if it is visible, and its ID.
    pub(super) fn describe(&self, id: I) -> String {
        match self.0.get(&id) {
            Some(Some(path)) => format!("{} {path} ({id})", I::KIND),
            _ => format!("{} {id}", I::KIND),
        }
    }
}

impl<I: Managed> Live<I> {
    /// Returns the entries of an allowlist. The list of permissions may have paths that the
    /// allowlist hides.
    pub(super) fn of(list: &Allowlist, permissions: Option<&PermissionList>) -> Self {
        let path = |target| permissions?.get(target).map(|entry| entry.full_path.clone());
        let entry = |entry: &ListedEntry| {
            let path = entry.full_path.clone().or_else(|| path(entry.target));
            Some((I::of(entry.target)?, path))
        };
        Self(list.iter().filter_map(entry).collect())
    }
}

impl Managed for ProjectId {
    const ENTRIES: &'static str = "projects";
    const REFERENCES: &'static str = "target_projects";
    const TARGET_IDS: &'static str = "target_project_ids";

    fn side(model: &ExclusiveModel) -> Side<'_> {
        let ExclusiveModel { projects, target_projects, target_project_ids, .. } = model;
        Side { entries: projects, references: target_projects, target_ids: target_project_ids }
    }

    fn entries(model: &mut ExclusiveModel) -> &mut Attr<Entries> {
        &mut model.projects
    }

    fn target_ids(model: &mut ExclusiveModel) -> &mut Attr<Set<i64>> {
        &mut model.target_project_ids
    }

    fn references(model: &mut ExclusiveModel) -> &mut Attr<Set<String>> {
        &mut model.target_projects
    }
}

impl Managed for GroupId {
    const ENTRIES: &'static str = "groups";
    const REFERENCES: &'static str = "target_groups";
    const TARGET_IDS: &'static str = "target_group_ids";

    fn side(model: &ExclusiveModel) -> Side<'_> {
        let ExclusiveModel { groups, target_groups, target_group_ids, .. } = model;
        Side { entries: groups, references: target_groups, target_ids: target_group_ids }
    }

    fn entries(model: &mut ExclusiveModel) -> &mut Attr<Entries> {
        &mut model.groups
    }

    fn target_ids(model: &mut ExclusiveModel) -> &mut Attr<Set<i64>> {
        &mut model.target_group_ids
    }

    fn references(model: &mut ExclusiveModel) -> &mut Attr<Set<String>> {
        &mut model.target_groups
    }
}
