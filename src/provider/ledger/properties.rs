//! Runs of a few resources with objects in common, which a host reads, plans and removes in any order.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;

const RESOURCES: usize = 4;

/// A call of the host.
#[derive(Debug, Clone, Copy)]
enum Call {
    Read,
    /// A plan without a change.
    Keep,
    Remove,
}

/// A resource of the run, as those know it that look on from outside.
struct Onlooked {
    instance: Instance,
    held: BTreeSet<Object>,
    /// The last call that counts: a read after a plan changes nothing.
    last: Option<Call>,
    /// The objects that its removal takes away.
    taken: BTreeSet<Object>,
}

impl Onlooked {
    fn keeps(&self, object: &Object) -> bool {
        matches!(self.last, Some(Call::Read | Call::Keep)) && self.held.contains(object)
    }
}

fn held() -> impl Strategy<Value = BTreeSet<Object>> {
    let project = ProjectId::try_from(1_u64).unwrap();
    let object = prop_oneof![
        Just(Object::Access(project)),
        Just(Object::Pushes(project)),
        (2..4_u64)
            .prop_map(move |id| Object::Entry(project, Target::Project(ProjectId::try_from(id).unwrap()))),
    ];
    btree_set(object, 1..4)
}

fn calls() -> impl Strategy<Value = Vec<(usize, Call)>> {
    let call = prop_oneof![Just(Call::Read), Just(Call::Keep), Just(Call::Remove)];
    vec((0..RESOURCES, call), 1..16)
}

fn wanted(held: &BTreeSet<Object>) -> Wanted {
    let with = |wanted: Wanted, object: &Object| wanted.with(*object, Value::Entry(None), object.to_string());
    held.iter().fold(Wanted::default(), with)
}

/// Returns those of the objects that one of the other resources has to do with.
fn among_others(
    resources: &[Onlooked],
    own: usize,
    has: impl Fn(&Onlooked, &Object) -> bool,
) -> BTreeSet<Object> {
    let others = || resources.iter().enumerate().filter(|(index, _)| *index != own);
    resources[own]
        .held
        .iter()
        .filter(|object| others().any(|(_, other)| has(other, object)))
        .copied()
        .collect()
}

proptest! {
    /// Nothing that a resource keeps goes away untold: either the removal leaves it, or the plan of the resource tells.
    #[test]
    fn nothing_that_is_kept_goes_away_untold(states in vec(held(), RESOURCES), calls in calls()) {
        let ledger = Ledger::default();
        let onlooked = |held| {
            let instance = Instance { mark: Mark::random(), replaces: None, lasting: true };
            Onlooked { instance, held, last: None, taken: BTreeSet::new() }
        };
        let mut resources: Vec<Onlooked> = states.into_iter().map(onlooked).collect();
        for (own, call) in calls {
            let (instance, held) = (resources[own].instance, resources[own].held.clone());
            let mut taken = BTreeSet::new();
            match call {
                Call::Read => {
                    ledger.note_read(Some(instance), Manager::Entry, held);
                    resources[own].last.get_or_insert(Call::Read);
                    continue;
                }
                Call::Keep => {
                    let found = ledger.claim(instance, Manager::Entry, held.clone(), wanted(&held), true);
                    let told = found.into_iter().find_map(|finding| match finding {
                        Finding::RemovedObjects(names) => Some(names),
                        _ => None,
                    });
                    let lost = among_others(&resources, own, |other, object| other.taken.contains(object));
                    prop_assert_eq!(told.unwrap_or_default(), lost.iter().map(Object::to_string).collect());
                }
                Call::Remove => {
                    let leaves = ledger.plan_removal(Some(instance), Manager::Entry, &held);
                    prop_assert_eq!(&leaves, &among_others(&resources, own, Onlooked::keeps));
                    taken = held.difference(&leaves).copied().collect();
                }
            }
            resources[own].last = Some(call);
            resources[own].taken = taken;
        }
    }
}
