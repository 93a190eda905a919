//! The calls of a host for a few resources with objects in common, in any order.

use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use terraform_provider_gitlab_job_token::framework::{Instance, InstanceId};
use terraform_provider_gitlab_job_token::gitlab::{GroupId, ProjectId, Target};
use terraform_provider_gitlab_job_token::provider::ledger::{
    Finding, Ledger, Manager, Object, Value, Wanted, WriteGuard,
};

const RESOURCES: usize = 4;

/// The expected state of a resource of the run.
struct Resource {
    instance: Instance,
    manager: Manager,
    held: BTreeSet<Object>,
    last_call: LastCall,
}

/// The last relevant call for a resource. A read after a plan changes nothing.
enum LastCall {
    Unknown,
    Read,
    Planned { wanted: BTreeSet<Object> },
    Removed { taken: BTreeSet<Object> },
}

/// Reads the first four bytes as the objects of four resources, and each following pair of bytes as
/// a call: which resource is read, planned, removed or written, with which objects.
///
/// # Panics
///
/// Panics if an object that a resource keeps is removed without a finding, or if a write that
/// undoes another one isn't found.
pub fn ledger(bytes: &[u8]) {
    let Some((states, calls)) = bytes.split_at_checked(RESOURCES) else { return };
    let (ledger, all) = (Ledger::default(), objects());
    let mut resources: Vec<Resource> =
        states.iter().map(|state| Resource::of(*state, &all)).collect();
    for call in calls.chunks_exact(2) {
        let (own, chosen) = (usize::from(call[0]) % RESOURCES, chosen(call[1], &all));
        match call[0] / 4 % 4 {
            0 => read(&ledger, &mut resources[own]),
            1 => plan(&ledger, &mut resources, own, chosen),
            2 => remove(&ledger, &mut resources, own),
            _ => chosen.into_iter().for_each(|object| write(&ledger, &resources, own, object)),
        }
    }
}

/// Returns the objects that the resources may have, less than one for each bit of a byte.
fn objects() -> Vec<Object> {
    let project = |id: u64| ProjectId::try_from(id).ok();
    let owner = project(1);
    let targets = [
        project(1).map(Target::Project),
        project(2).map(Target::Project),
        project(3).map(Target::Project),
        GroupId::try_from(2_u64).ok().map(Target::Group),
    ];
    let entries =
        targets.into_iter().flatten().filter_map(|target| Some(Object::Entry(owner?, target)));
    owner
        .into_iter()
        .flat_map(|owner| [Object::Access(owner), Object::Pushes(owner)])
        .chain(entries)
        .collect()
}

fn chosen(bits: u8, all: &[Object]) -> BTreeSet<Object> {
    let is_chosen = |(place, _): &(usize, &Object)| bits >> place & 1 == 1;
    all.iter().enumerate().filter(is_chosen).map(|(_, object)| *object).collect()
}

fn value_of(object: Object) -> Value {
    match object {
        Object::Entry(..) => Value::Entry(None),
        Object::Access(_) | Object::Pushes(_) | Object::CrossProjectPushes(_) => {
            Value::Setting(true)
        }
    }
}

impl Resource {
    /// Returns the resource type, which the two highest bits of the byte encode.
    fn of(state: u8, all: &[Object]) -> Self {
        let managers = [Manager::Scope, Manager::Entry, Manager::Exclusive, Manager::Entry];
        Self {
            instance: Instance { id: InstanceId::random(), replaces: None, persistent: true },
            manager: managers[usize::from(state >> 6)],
            held: chosen(state, all),
            last_call: LastCall::Unknown,
        }
    }

    fn keeps(&self, object: Object) -> bool {
        self.held.contains(&object)
            && match &self.last_call {
                LastCall::Read => true,
                LastCall::Planned { wanted } => wanted.contains(&object),
                LastCall::Unknown | LastCall::Removed { .. } => false,
            }
    }

    fn wants(&self, object: Object) -> bool {
        matches!(&self.last_call, LastCall::Planned { wanted } if wanted.contains(&object))
    }

    fn removes(&self, object: Object) -> bool {
        matches!(&self.last_call, LastCall::Removed { taken } if taken.contains(&object))
    }
}

/// Returns the objects for which `has` is true of another resource.
fn among_others(
    resources: &[Resource],
    own: usize,
    objects: &BTreeSet<Object>,
    has: impl Fn(&Resource, Object) -> bool,
) -> BTreeSet<Object> {
    let is_others = |object: &&Object| {
        let mut others = resources.iter().enumerate().filter(|(place, _)| *place != own);
        others.any(|(_, other)| has(other, **object))
    };
    objects.iter().filter(is_others).copied().collect()
}

fn read(ledger: &Ledger, resource: &mut Resource) {
    ledger.note_read(Some(resource.instance), resource.manager, resource.held.clone());
    if matches!(resource.last_call, LastCall::Unknown) {
        resource.last_call = LastCall::Read;
    }
}

fn plan(ledger: &Ledger, resources: &mut [Resource], own: usize, chosen: BTreeSet<Object>) {
    let Resource { instance, manager, held, .. } = &resources[own];
    // Without a choice, a plan without a change.
    let wanted = if chosen.is_empty() { held.clone() } else { chosen };
    let is_unchanged = wanted == *held;
    let claimed = wanted.iter().fold(Wanted::default(), |claimed, object| {
        claimed.with(*object, value_of(*object), object.to_string())
    });
    let findings = ledger.claim(*instance, *manager, held.clone(), claimed, is_unchanged);
    let named = findings.into_iter().find_map(|finding| match finding {
        Finding::RemovedObjects(names) => Some(names),
        _ => None,
    });
    let lost = match is_unchanged {
        true => among_others(resources, own, &wanted, Resource::removes),
        false => BTreeSet::new(),
    };
    assert_eq!(named.unwrap_or_default(), lost.iter().map(Object::to_string).collect());
    resources[own].last_call = LastCall::Planned { wanted };
}

fn remove(ledger: &Ledger, resources: &mut [Resource], own: usize) {
    let Resource { instance, manager, held, .. } = &resources[own];
    let leaves = ledger.plan_removal(Some(*instance), *manager, held);
    assert_eq!(leaves, among_others(resources, own, held, Resource::keeps));
    let taken = held.difference(&leaves).copied().collect();
    resources[own].last_call = LastCall::Removed { taken };
}

/// Writes an object as planned for the resource.
fn write(ledger: &Ledger, resources: &[Resource], own: usize, object: Object) {
    let resource = &resources[own];
    let id = resource.instance.id;
    let value = if resource.wants(object) { value_of(object) } else { Value::Default };
    let guard = lock(ledger, object);
    let wanted = among_others(resources, own, &BTreeSet::from([object]), Resource::wants);
    assert_eq!(guard.is_wanted_by_another(Some(id)), !wanted.is_empty());
    if value == Value::Default && resource.removes(object) && guard.is_wanted_by_another(Some(id)) {
        guard.leave();
        return;
    }
    guard.wrote(Some(id), value.clone());
    for other in resources {
        let undoes = guard.undoes(other.instance.id, &Value::Default);
        let is_undone = other.instance.id != id && value != Value::Default;
        assert_eq!(undoes, is_undone.then_some(resource.manager));
        assert_eq!(guard.undoes(other.instance.id, &value), None, "the same value undoes nothing");
    }
}

/// Locks an object, which must be free.
fn lock(ledger: &Ledger, object: Object) -> WriteGuard<'_> {
    match pin!(ledger.lock(object)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(guard) => guard,
        Poll::Pending => panic!("{object} is locked"),
    }
}
