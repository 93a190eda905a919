//! From the list as it is to the list as it is to be: which writes, and in which order. What is told of them is not
//! decided here.

use std::collections::BTreeSet;

use super::check::LIMIT;
use super::outcome::Write;
use crate::gitlab::Target;

/// The writes that one kind needs, in their order. The default needs none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Goal {
    /// Removed before anything is added, since the list would be over the limit on the way.
    make_room: Vec<Target>,
    add: Vec<Target>,
    /// Removed last, so that a target that takes the place of another leaves no gap.
    remove: Vec<Target>,
}

impl Goal {
    /// Returns the writes from one list to another.
    pub(super) fn new(live: BTreeSet<Target>, wanted: BTreeSet<Target>) -> Goal {
        let add: Vec<Target> = wanted.difference(&live).copied().collect();
        let mut make_room: Vec<Target> = live.difference(&wanted).copied().collect();
        let too_many = (live.len() + add.len()).saturating_sub(LIMIT).min(make_room.len());
        let remove = make_room.split_off(too_many);
        Goal { make_room, add, remove }
    }

    /// Returns the targets that lose access.
    pub(super) fn removed(&self) -> impl Iterator<Item = Target> {
        self.make_room.iter().chain(&self.remove).copied()
    }
}

/// Returns the writes of both kinds, in the steps that they are carried out in.
pub(super) fn steps(projects: Goal, groups: Goal) -> [Vec<Write>; 3] {
    let [make_room, remove] = [[projects.make_room, groups.make_room], [projects.remove, groups.remove]]
        .map(|kinds| kinds.concat());
    let add = [projects.add, groups.add].concat();
    [
        make_room.into_iter().map(Write::Remove).collect(),
        add.into_iter().map(Write::Add).collect(),
        remove.into_iter().map(Write::Remove).collect(),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gitlab::ProjectId;

    fn project(id: u64) -> Target {
        Target::Project(ProjectId::try_from(id).unwrap())
    }

    fn projects(ids: impl IntoIterator<Item = u64>) -> BTreeSet<Target> {
        ids.into_iter().map(project).collect()
    }

    #[test]
    fn what_is_added_comes_before_what_is_removed() {
        let goal = Goal::new(projects([1, 2]), projects([2, 3]));
        assert_eq!(goal, Goal { make_room: vec![], add: vec![project(3)], remove: vec![project(1)] });
    }

    #[test]
    fn a_full_list_makes_room_first_and_for_no_more_than_is_needed() {
        let goal = Goal::new(projects(1..=200), projects(3..=201));
        assert_eq!(
            goal,
            Goal { make_room: vec![project(1)], add: vec![project(201)], remove: vec![project(2)] }
        );
    }

    proptest! {
        #[test]
        fn any_list_becomes_any_other_within_the_limit(
            live in prop::collection::btree_set(1_u64..400, 0..=200),
            wanted in prop::collection::btree_set(1_u64..400, 0..=200),
        ) {
            let (live, wanted) = (projects(live), projects(wanted));
            let goal = Goal::new(live.clone(), wanted.clone());
            let mut list = live.clone();
            for target in &goal.make_room {
                prop_assert!(list.remove(target));
            }
            for target in &goal.add {
                prop_assert!(list.insert(*target));
                prop_assert!(live.contains(target) || wanted.contains(target));
            }
            prop_assert!(list.len() <= LIMIT);
            for target in &goal.remove {
                prop_assert!(list.remove(target));
            }
            prop_assert_eq!(list, wanted);
        }
    }
}
