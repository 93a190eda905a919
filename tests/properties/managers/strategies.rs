//! The strategies that generate configurations and their changes.

use proptest::sample::subsequence;

use super::*;
use crate::disturbance::disturbance;

fn target() -> impl Strategy<Value = Target> {
    prop::sample::select([&PROJECTS[..], &GROUPS[..]].concat())
}

/// Generates a source project, mostly the first one, so that resources meet.
fn source() -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(SOURCES[0]), 1 => Just(SOURCES[1])]
}

fn some_of(targets: &[Target]) -> impl Strategy<Value = Option<BTreeSet<Target>>> + use<> {
    let some = subsequence(targets.to_vec(), 0..=targets.len());
    prop::option::weighted(0.7, some.prop_map(|targets| targets.into_iter().collect()))
}

pub(super) fn declared() -> impl Strategy<Value = Declared> {
    let list = (some_of(&PROJECTS), some_of(&GROUPS)).prop_filter_map(
        "one kind is managed",
        |(projects, groups)| {
            (projects.is_some() || groups.is_some()).then_some(What::List { projects, groups })
        },
    );
    let what = prop_oneof![
        9 => target().prop_map(What::Entry),
        1 => list,
        2 => any::<bool>().prop_map(|restricted| What::Scope { restricted }),
    ];
    (source(), what, any::<bool>(), prop::bool::weighted(0.3)).prop_map(
        |(source, what, by_path, create_before_destroy)| Declared {
            source,
            what,
            by_path,
            create_before_destroy,
        },
    )
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => declared().prop_map(Edit::Add),
        1 => any::<Index>().prop_map(Edit::Duplicate),
        5 => (any::<Index>(), any::<bool>()).prop_map(|(which, beside)| Edit::Merge(which, beside)),
        2 => any::<Index>().prop_map(Edit::Split),
        3 => any::<Index>().prop_map(Edit::Drop),
        5 => any::<Index>().prop_map(Edit::Rename),
        2 => (any::<Index>(), declared()).prop_map(|(which, declared)| Edit::Change(which, declared)),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Edit::Swap(one, other)),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let disturbances = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec(disturbance(), 1..3),
    ];
    let outside = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec((source(), target()), 1..3),
    ];
    let parts = (
        prop::collection::vec(edit(), 1..4),
        prop::bool::weighted(0.3),
        any::<bool>(),
        prop_oneof![3 => Just(Refresh::Full), 1 => Just(Refresh::Minimal), 1 => Just(Refresh::Off)],
        prop::option::weighted(0.3, any::<Index>()),
        outside,
        disturbances,
        prop::collection::vec(0_u64..12, 1..8),
        any::<bool>(),
    );
    parts.prop_map(
        |(
            edits,
            allows_conflicts,
            moved,
            refresh,
            replaced,
            outside,
            disturbances,
            pauses,
            stores_planned_private,
        )| {
            Step {
                edits,
                allows_conflicts,
                moved,
                refresh,
                replaced,
                outside,
                disturbances,
                pauses,
                stores_planned_private,
            }
        },
    )
}
