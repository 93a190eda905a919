//! What a configured provider hands to its resources: GitLab, and what one resource must know of another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::gitlab::{Client, Kind, ProjectId, Target};

/// One configured provider.
pub struct Connection {
    /// The client that all resources share.
    pub(super) gitlab: Client,
    /// What this run has planned so far.
    pub(super) planned: PlannedLists,
}

impl Connection {
    /// A connection in whose run nothing is planned yet.
    pub(super) fn new(gitlab: Client) -> Connection {
        Connection { gitlab, planned: PlannedLists::default() }
    }
}

/// Which entries and which exclusive lists this run plans for a project, so that the two can be held against each
/// other. A host plans in any order and several at a time: whichever comes second finds the conflict.
#[derive(Default)]
pub(super) struct PlannedLists(Mutex<BTreeMap<ProjectId, Planned>>);

#[derive(Default)]
struct Planned {
    entries: BTreeSet<Target>,
    taken_over: BTreeSet<Target>,
    exclusive: Option<Exclusive>,
}

/// The targets that an exclusive list allows, by kind; a kind that it does not manage is missing.
#[derive(Debug, Clone, Default)]
pub(super) struct Exclusive(pub(super) BTreeMap<Kind, BTreeSet<Target>>);

impl Exclusive {
    /// Checks whether applying the list would take the entry away.
    fn removes(&self, entry: Target) -> bool {
        self.0.get(&entry.kind()).is_some_and(|allowed| !allowed.contains(&entry))
    }
}

impl PlannedLists {
    /// Notes a planned entry. Whether an exclusive list of this run would take it away.
    pub(super) fn note_entry(&self, owner: ProjectId, entry: Target) -> bool {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let planned = planned.entry(owner).or_default();
        planned.entries.insert(entry);
        planned.exclusive.as_ref().is_some_and(|exclusive| exclusive.removes(entry))
    }

    /// Notes that an entry is to be taken over, having been on the list before. Whether this run has not told so yet:
    /// the plan tells it, and the create that follows need not.
    pub(super) fn note_takeover(&self, owner: ProjectId, entry: Target) -> bool {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        planned.entry(owner).or_default().taken_over.insert(entry)
    }

    /// Notes a planned exclusive list. The entries of this run that it would take away.
    pub(super) fn note_exclusive(&self, owner: ProjectId, exclusive: Exclusive) -> Vec<Target> {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let planned = planned.entry(owner).or_default();
        let exclusive = planned.exclusive.insert(exclusive);
        planned.entries.iter().copied().filter(|entry| exclusive.removes(*entry)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(id: u64) -> Target {
        Target::Project(ProjectId::try_from(id).unwrap())
    }

    #[test]
    fn whichever_is_planned_second_finds_the_conflict() {
        let owner = ProjectId::try_from(1_u64).unwrap();
        let list = Exclusive([(Kind::Project, [project(2)].into())].into());
        let planned = PlannedLists::default();
        assert!(!planned.note_entry(owner, project(3)));
        assert_eq!(planned.note_exclusive(owner, list), [project(3)]);
        assert!(planned.note_entry(owner, project(4)));
    }

    #[test]
    fn a_takeover_is_told_once() {
        let (owner, other) = (ProjectId::try_from(1_u64).unwrap(), ProjectId::try_from(9_u64).unwrap());
        let planned = PlannedLists::default();
        assert!(planned.note_takeover(owner, project(2)));
        assert!(!planned.note_takeover(owner, project(2)));
        assert!(planned.note_takeover(owner, project(3)));
        assert!(planned.note_takeover(other, project(2)));
    }

    #[test]
    fn an_entry_that_the_list_names_or_leaves_alone_is_no_conflict() {
        let owner = ProjectId::try_from(1_u64).unwrap();
        let other = ProjectId::try_from(9_u64).unwrap();
        let group = Target::Group(crate::gitlab::GroupId::try_from(7_u64).unwrap());
        let planned = PlannedLists::default();
        planned.note_exclusive(owner, Exclusive([(Kind::Project, [project(2)].into())].into()));
        assert!(!planned.note_entry(owner, project(2)));
        assert!(!planned.note_entry(owner, group));
        assert!(!planned.note_entry(other, project(3)));
    }
}
