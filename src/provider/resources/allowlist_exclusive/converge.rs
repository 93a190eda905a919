//! From the list as it is to the list as it is to be: which writes, and in which order. What is told of them is not
//! decided here.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::check::LIMIT;
use super::outcome::{Outcome, Write};
use super::progress::Progress;
use crate::framework::Errors;
use crate::gitlab::{Client, Error, ProjectId, Target};

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
    pub(super) fn new(live: BTreeSet<Target>, wanted: BTreeSet<Target>) -> Goal {
        let add: Vec<Target> = wanted.difference(&live).copied().collect();
        let mut make_room: Vec<Target> = live.difference(&wanted).copied().collect();
        let too_many = (live.len() + add.len()).saturating_sub(LIMIT).min(make_room.len());
        let remove = make_room.split_off(too_many);
        Goal { make_room, add, remove }
    }
}

/// Carries out the writes of both kinds, those of one step all at once. A failed one keeps no other from being done.
pub(super) async fn reach(
    client: &Client,
    owner: ProjectId,
    projects: Goal,
    groups: Goal,
) -> Result<(), Errors> {
    let [make_room, remove] = [[projects.make_room, groups.make_room], [projects.remove, groups.remove]]
        .map(|kinds| kinds.concat());
    let add = [projects.add, groups.add].concat();
    let steps = [
        make_room.into_iter().map(Write::Remove).collect(),
        add.into_iter().map(Write::Add).collect(),
        remove.into_iter().map(Write::Remove).collect(),
    ];
    carry_out(client, owner, steps, |_| false).await
}

/// Removes all of `managed`. Whether the project with the list was there until the end: a list that is gone with its
/// project has nothing on it.
pub(super) async fn remove_all(
    client: &Client,
    owner: ProjectId,
    managed: Vec<Target>,
) -> Result<bool, Errors> {
    let is_there = AtomicBool::new(true);
    let without_project = |error: &Error| {
        let gone = error.is_not_found();
        is_there.fetch_and(!gone, Ordering::Relaxed);
        gone
    };
    carry_out(client, owner, [managed.into_iter().map(Write::Remove).collect()], without_project).await?;
    Ok(is_there.into_inner())
}

async fn carry_out<const STEPS: usize>(
    client: &Client,
    owner: ProjectId,
    steps: [Vec<Write>; STEPS],
    is_success: impl Fn(&Error) -> bool + Sync,
) -> Result<(), Errors> {
    let mut outcome = Outcome::default();
    for step in steps {
        let mut progress = Progress::of(owner, &step);
        let mut under_way: FuturesUnordered<_> =
            step.into_iter().map(|write| write_one(client, owner, write)).collect();
        while let Some((write, result)) = under_way.next().await {
            let result = result.or_else(|error| if is_success(&error) { Ok(()) } else { Err(error) });
            progress.note(result.is_ok());
            outcome.note(write, result);
        }
    }
    outcome.into_result(owner)
}

async fn write_one(client: &Client, owner: ProjectId, write: Write) -> (Write, Result<(), Error>) {
    let result = match write {
        Write::Add(target) => client.allow(owner, target).await.map(drop),
        Write::Remove(target) => client.revoke(owner, target).await.map(drop),
    };
    (write, result)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
