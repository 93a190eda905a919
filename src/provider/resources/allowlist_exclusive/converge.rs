//! Computes the writes that change an allowlist to the planned one, and their order.

use std::collections::BTreeMap;

use super::check::LIMIT;
use super::outcome::Write;
use crate::gitlab::{Permissions, Target};

/// The entries of an allowlist. Permissions are `None` if they are unknown or not managed.
pub(super) type Entries = BTreeMap<Target, Option<Permissions>>;

/// The writes for one kind. The default has none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Writes {
    /// Targets that lose permissions, before any target gains some.
    narrow: Vec<Target>,
    /// Targets removed before any is added, because the allowlist would exceed its limit otherwise.
    make_room: Vec<Target>,
    add: Vec<Target>,
    /// Targets that gain permissions and lose none.
    widen: Vec<Target>,
    /// Targets removed last, so that access has no gap if one target replaces another.
    remove: Vec<Target>,
}

impl Writes {
    /// Computes the writes from the allowlist on the server to the wanted one. Permissions that
    /// aren't managed stay as they are; unknown ones are always written.
    pub(super) fn new(live: &Entries, wanted: &Entries) -> Self {
        let not_in = |one: &Entries, other: &Entries| {
            one.keys()
                .filter(|target| !other.contains_key(target))
                .copied()
                .collect::<Vec<Target>>()
        };
        let add = not_in(wanted, live);
        let mut make_room = not_in(live, wanted);
        let too_many = (live.len() + add.len()).saturating_sub(LIMIT).min(make_room.len());
        let remove = make_room.split_off(too_many);
        let mut writes = Self { make_room, add, remove, ..Self::default() };
        for (target, now) in live {
            match wanted.get(target) {
                Some(Some(wanted)) if now.as_ref() == Some(wanted) => {}
                Some(Some(wanted)) if now.as_ref().is_some_and(|now| is_within(now, wanted)) => {
                    writes.widen.push(*target);
                }
                Some(Some(_)) => writes.narrow.push(*target),
                Some(None) | None => {}
            }
        }
        writes
    }

    /// Returns the targets that lose access.
    pub(super) fn removed(&self) -> impl Iterator<Item = Target> {
        self.make_room.iter().chain(&self.remove).copied()
    }
}

/// Returns whether the first permissions are a subset of the second.
fn is_within(one: &Permissions, other: &Permissions) -> bool {
    match (one, other) {
        (_, Permissions::Default) => true,
        (Permissions::Default, Permissions::Only(_)) => false,
        (Permissions::Only(one), Permissions::Only(other)) => one.is_subset(other),
    }
}

/// Returns the writes of both kinds, step by step.
pub(super) fn steps(projects: Writes, groups: Writes) -> [Vec<Write>; 5] {
    let step = |of: fn(&Writes) -> &[Target], write: fn(Target) -> Write| {
        of(&projects).iter().chain(of(&groups)).copied().map(write).collect()
    };
    [
        step(|writes| &writes.make_room, Write::Remove),
        step(|writes| &writes.narrow, Write::Permit),
        step(|writes| &writes.add, Write::Add),
        step(|writes| &writes.widen, Write::Permit),
        step(|writes| &writes.remove, Write::Remove),
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

    fn projects(ids: impl IntoIterator<Item = u64>) -> Entries {
        ids.into_iter().map(|id| (project(id), None)).collect()
    }

    fn only(policies: &[&str]) -> Permissions {
        Permissions::Only(policies.iter().map(|policy| (*policy).to_owned()).collect())
    }

    #[test]
    fn additions_come_before_removals() {
        let writes = Writes::new(&projects([1, 2]), &projects([2, 3]));
        assert_eq!(
            writes,
            Writes { add: vec![project(3)], remove: vec![project(1)], ..Writes::default() }
        );
    }

    #[test]
    fn full_list_removes_first_only_what_is_needed() {
        let writes = Writes::new(&projects(1..=200), &projects(3..=201));
        assert_eq!(
            writes,
            Writes {
                make_room: vec![project(1)],
                add: vec![project(201)],
                remove: vec![project(2)],
                ..Writes::default()
            }
        );
    }

    #[test]
    fn permissions_narrow_before_others_widen() {
        use Permissions::Default;
        let cases = [
            (Some(Default), Some(only(&["A"])), "narrow"),
            (Some(only(&["A"])), Some(Default), "widen"),
            (Some(only(&["A"])), Some(only(&["A", "B"])), "widen"),
            (Some(only(&["A"])), Some(only(&["B"])), "narrow"),
            (None, Some(only(&["A"])), "narrow"),
            (Some(only(&["A"])), Some(only(&["A"])), "none"),
            (Some(only(&["A"])), None, "none"),
        ];
        for (now, wanted, expected) in cases {
            let case = format!("{now:?} to {wanted:?}");
            let writes = Writes::new(&[(project(1), now)].into(), &[(project(1), wanted)].into());
            let written = |name| if expected == name { vec![project(1)] } else { Vec::new() };
            let expected =
                Writes { narrow: written("narrow"), widen: written("widen"), ..Writes::default() };
            assert_eq!(writes, expected, "{case}");
        }
    }

    proptest! {
        #[test]
        fn steps_turn_any_list_into_any_other(
            live in prop::collection::btree_set(1_u64..400, 0..=200),
            wanted in prop::collection::btree_set(1_u64..400, 0..=200),
        ) {
            let (live, wanted) = (projects(live), projects(wanted));
            let writes = Writes::new(&live, &wanted);
            let mut list = live.clone();
            for target in &writes.make_room {
                prop_assert!(list.remove(target).is_some());
            }
            for target in &writes.add {
                prop_assert!(list.insert(*target, None).is_none());
                prop_assert!(wanted.contains_key(target));
            }
            prop_assert!(list.len() <= LIMIT);
            for target in &writes.remove {
                prop_assert!(list.remove(target).is_some());
            }
            prop_assert_eq!(list, wanted);
        }
    }
}
