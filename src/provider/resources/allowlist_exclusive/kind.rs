//! The two kinds of entries, projects and groups, told apart once: everything else is written for either.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ExclusiveModel;
use crate::framework::{Attr, Set};
use crate::gitlab::{Allowlist, GroupId, Id, ProjectId};

/// A kind of entry, with the attributes that name such entries.
pub(super) trait Managed: Id {
    /// The attribute that holds spellings.
    const SPELLINGS: &'static str;
    /// The attribute that holds IDs.
    const NUMBERS: &'static str;

    /// Returns the kind's attributes of a model: spellings and IDs.
    fn side(model: &ExclusiveModel) -> Side<'_>;

    /// Returns the IDs of a model, to be set.
    fn numbers(model: &mut ExclusiveModel) -> &mut Attr<Set<i64>>;

    /// Returns the spellings of a model, to be set.
    fn spellings(model: &mut ExclusiveModel) -> &mut Attr<Set<String>>;
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
    pub(super) fn ids<I: Managed>(self) -> impl Iterator<Item = I> + use<'a, I> {
        let numbers = self.numbers.known().into_iter().flat_map(|Set(numbers)| numbers);
        numbers.filter_map(|number| I::try_from(*number.known()?).ok())
    }

    /// The spellings that are known.
    pub(super) fn texts(self) -> impl Iterator<Item = &'a str> {
        let spellings = self.spellings.known().into_iter().flat_map(|Set(spellings)| spellings);
        spellings.filter_map(|spelling| spelling.known()).map(String::as_str)
    }
}

/// The entries of one kind on a list, with the path of those whose path is visible.
#[derive(Debug, Clone)]
pub(super) struct Live<I>(pub(super) BTreeMap<I, Option<String>>);

impl<I: Managed> Live<I> {
    /// Returns the entry for people: its path where that is visible, and its ID.
    pub(super) fn describe(&self, id: I) -> String {
        match self.0.get(&id) {
            Some(Some(path)) => format!("{} {path} ({id})", I::KIND),
            _ => format!("{} {id}", I::KIND),
        }
    }
}

impl<I: Managed> From<Arc<Allowlist>> for Live<I> {
    fn from(list: Arc<Allowlist>) -> Self {
        Live(list.iter().filter_map(|entry| Some((I::of(entry.target)?, entry.full_path.clone()))).collect())
    }
}

impl Managed for ProjectId {
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
}

impl Managed for GroupId {
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
}
