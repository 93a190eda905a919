//! The ledger of a run: which resource has, wants, has written or removes which object of GitLab.
//!
//! A host plans and applies resources one by one and never passes an address. All resources of one
//! provider configuration share this ledger, where each finds the others that want the same object.
//! The ledger makes no requests and contains no messages.
//!
//! It is public for the fuzzer.

mod claim;
mod finding;
mod write_guard;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claim::{Claim, Planned};
pub use claim::{Manager, Object, Value, Wanted};
pub use finding::{Differences, Finding};
use tokio::sync::OwnedMutexGuard;
pub use write_guard::WriteGuard;

use crate::framework::{Instance, InstanceId};
use crate::gitlab::{Kind, Permissions, ProjectId, Target};

/// The claims and writes of one run.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    claims: BTreeMap<InstanceId, Claim>,
    /// The number of claims of planned resources so far.
    planned: u64,
    objects: BTreeMap<Object, Record>,
    /// Held by an exclusive allowlist of the project from its read to its last write.
    allowlists: BTreeMap<ProjectId, Arc<tokio::sync::Mutex<()>>>,
    adoptions: BTreeSet<(ProjectId, Target)>,
    /// The allowlists to which the plans add more entries than GitLab allows.
    full: BTreeSet<(ProjectId, Kind)>,
    /// The display names that states have for objects.
    names: BTreeMap<Object, String>,
    /// Objects that, as the first plan of a replacement found, other resources manage, too.
    kept: BTreeSet<String>,
}

/// The writes of one object.
#[derive(Debug, Default)]
struct Record {
    /// Held while a write is in progress.
    lock: Arc<tokio::sync::Mutex<()>>,
    /// The last write of this run: the instance and the value.
    written: Option<(Option<InstanceId>, Value)>,
    /// True if the instance found this value and didn't write it.
    found: bool,
    /// True if a removal has left the object to another resource.
    left: bool,
}

impl Ledger {
    /// Notes the objects in the state of a resource when it is read. A read claims nothing.
    pub fn note_read(&self, instance: Option<Instance>, manager: Manager, held: BTreeSet<Object>) {
        let Some(Instance { id, .. }) = instance else { return };
        self.state().claims.entry(id).or_insert_with(|| Claim::of_read(manager)).held = held;
    }

    /// Claims the planned objects of a resource in place of its earlier claims, and returns what
    /// the plan must warn of. `unchanged` means that the apply changes nothing, so hosts don't call
    /// it for this resource.
    pub fn claim(
        &self,
        instance: Instance,
        manager: Manager,
        held: BTreeSet<Object>,
        wanted: Wanted,
        unchanged: bool,
    ) -> Vec<Finding> {
        let mut state = self.state();
        if let Some(replaced) = instance.replaces {
            // This is an earlier plan of the same replacement.
            state.claims.retain(|_, claim| claim.replaces != Some(replaced));
        }
        state.planned += 1;
        let claim = Claim {
            order: state.planned,
            manager,
            held,
            planned: Planned::Keep(wanted),
            replaces: instance.replaces,
            persistent: instance.persistent,
            unchanged,
        };
        let findings = finding::about(&state.claims, instance.id, &claim);
        state.claims.insert(instance.id, claim);
        findings
    }

    /// Notes that a resource is planned to be removed. Returns the objects that its removal must
    /// leave, because a resource that stays has them in its state, or because its replacement wants
    /// them.
    pub fn plan_removal(
        &self,
        instance: Option<Instance>,
        manager: Manager,
        held: &BTreeSet<Object>,
    ) -> BTreeSet<Object> {
        self.state().plan_removal(instance.map(|instance| instance.id), None, manager, held)
    }

    /// Returns the objects that must be left by the removal of the instance that this one replaces.
    pub fn plan_replacement(&self, instance: Instance, wanted: &Wanted) -> BTreeSet<Object> {
        let mut state = self.state();
        let replaced = instance.replaces.and_then(|id| state.claims.get(&id).cloned());
        // A tainted object is replaced without its ID, and its removal leaves wanted objects
        // anyway.
        let mut leaves: BTreeSet<Object> = wanted.objects().copied().collect();
        if let Some(Claim { manager, held, .. }) = replaced {
            leaves.extend(state.plan_removal(instance.replaces, Some(instance.id), manager, &held));
        }
        leaves
    }

    /// Returns those objects that other instances keep unchanged.
    pub fn kept_by_others(&self, own: InstanceId, objects: &BTreeSet<Object>) -> Vec<Object> {
        let state = self.state();
        let is_kept = |object: &&Object| {
            let mut others =
                state.claims.iter().filter(|(id, claim)| **id != own && claim.unchanged);
            others.any(|(_, claim)| claim.keeps(**object))
        };
        objects.iter().filter(is_kept).copied().collect()
    }

    /// Notes objects that the first plan of a replacement leaves. If the old object is removed
    /// after the new one is created, its removal is planned again in the apply, where no other
    /// resource is known.
    pub fn note_kept(&self, objects: impl IntoIterator<Item = String>) {
        self.state().kept.extend(objects);
    }

    /// Waits until no write of these objects is in progress. A read after that includes all writes
    /// of this run that were unaware of an earlier claim.
    pub async fn wait_for_writes(&self, objects: impl IntoIterator<Item = Object>) {
        for object in objects {
            drop(self.lock(object).await);
        }
    }

    /// Locks an object, to write it.
    pub async fn lock(&self, object: Object) -> WriteGuard<'_> {
        let lock = Arc::clone(&self.state().objects.entry(object).or_default().lock);
        WriteGuard::new(self, object, lock.lock_owned().await)
    }

    /// Locks a project's allowlist for one exclusive allowlist. Two that exclude each other would
    /// otherwise remove each other's entries at the same time.
    pub async fn lock_allowlist(&self, project: ProjectId) -> OwnedMutexGuard<()> {
        let lock = Arc::clone(self.state().allowlists.entry(project).or_default());
        lock.lock_owned().await
    }

    /// Returns the type of another resource that has written a conflicting value in this run, and
    /// still wants it.
    #[must_use]
    pub fn undoes(&self, own: InstanceId, object: Object, value: &Value) -> Option<Manager> {
        let state = self.state();
        let (by, written) = state.objects.get(&object)?.written.as_ref()?;
        let writer = state.claims.get(by.as_ref().filter(|by| **by != own)?)?;
        let still_wanted = writer.wanted().is_some_and(|wanted| wanted.wants(object, written));
        (still_wanted && written.is_undone_by(value)).then_some(writer.manager)
    }

    /// Returns whether another instance has removed one of the objects in this run. First waits for
    /// writes in progress: one of them may be a removal that was unaware of the caller's claim.
    pub async fn has_removed(&self, by_others_than: InstanceId, objects: &Wanted) -> bool {
        self.wait_for_writes(objects.objects().copied()).await;
        let state = self.state();
        let mut written =
            objects.objects().filter_map(|object| state.objects.get(object)?.written.as_ref());
        written.any(|(by, value)| *by != Some(by_others_than) && value.is_default())
    }

    /// Returns whether this run has written the object.
    pub fn has_written(&self, object: Object) -> bool {
        self.state()
            .objects
            .get(&object)
            .is_some_and(|record| record.written.is_some() && !record.found)
    }

    /// Returns whether this instance has written the object in this run.
    pub fn is_written_by(&self, own: Option<InstanceId>, object: Object) -> bool {
        let state = self.state();
        let record = state.objects.get(&object).filter(|record| !record.found);
        record.and_then(|record| record.written.as_ref()).is_some_and(|(by, _)| *by == own)
    }

    /// Returns the display names of those objects that a removal has left for another resource.
    pub fn left(&self, objects: &Wanted) -> Vec<String> {
        let state = self.state();
        let is_left =
            |object: &&Object| state.objects.get(object).is_some_and(|record| record.left);
        let names = objects.objects().filter(is_left).filter_map(|object| objects.name(*object));
        names.map(str::to_owned).collect()
    }

    /// Notes the display names that a state has for objects.
    pub fn note_names(&self, names: impl IntoIterator<Item = (Object, String)>) {
        let mut state = self.state();
        for (object, name) in names {
            let noted = state.names.entry(object).or_default();
            if name.len() > noted.len() {
                *noted = name;
            }
        }
    }

    /// Returns the longest display name that a plan or state of this run has for the object: the
    /// longest one includes the path.
    pub fn known_name(&self, object: Object) -> Option<String> {
        let state = self.state();
        let planned = state.claims.values().filter_map(|claim| claim.wanted()?.name(object));
        let names = planned.chain(state.names.get(&object).map(String::as_str));
        names.max_by_key(|name| name.len()).map(str::to_owned)
    }

    /// Returns whether another resource of this run has added the target to the allowlist.
    pub fn was_added(&self, entry: Object, by_others_than: InstanceId) -> bool {
        let state = self.state();
        let written = state.objects.get(&entry).and_then(|record| record.written.as_ref());
        written.is_some_and(|(by, value)| {
            *by != Some(by_others_than) && matches!(value, Value::Entry(_))
        })
    }

    /// Returns the number of entries that this resource and those planned before it add to an
    /// allowlist.
    pub fn additions(&self, own: InstanceId, project: ProjectId, kind: Kind) -> usize {
        let state = self.state();
        let own_order = state.claims.get(&own).map_or(0, |claim| claim.order);
        let earlier = state.claims.values().filter(|claim| claim.order <= own_order);
        let added = earlier.filter_map(Claim::wanted).flat_map(|wanted| {
            let is_added =
                |object: &&Object| object.is_on((project, kind)) && wanted.adds(**object);
            wanted.objects().filter(is_added)
        });
        added.collect::<BTreeSet<_>>().len()
    }

    /// Returns the number of entries that this run, as planned so far, removes from an allowlist.
    pub fn removals(&self, project: ProjectId, kind: Kind) -> usize {
        let state = self.state();
        let removed = state.claims.values().flat_map(|claim| {
            let is_removed =
                |object: &&Object| object.is_on((project, kind)) && claim.removes(**object);
            claim.held.iter().filter(is_removed)
        });
        removed.collect::<BTreeSet<_>>().len()
    }

    /// Returns the entries that this run, as planned so far, wants on a project's allowlist, with
    /// their display names, and their permissions if they are managed.
    pub fn wanted_entries(
        &self,
        project: ProjectId,
    ) -> BTreeMap<Target, (String, Option<Permissions>)> {
        let state = self.state();
        let mut entries: BTreeMap<Target, (String, Option<Permissions>)> = BTreeMap::new();
        for (object, (value, name)) in
            state.claims.values().filter_map(Claim::wanted).flat_map(Wanted::values)
        {
            if let (Object::Entry(of, target), Value::Entry(permissions)) = (*object, value)
                && of == project
            {
                let (_, held) = entries.entry(target).or_insert_with(|| (name.clone(), None));
                *held = held.take().or_else(|| permissions.clone());
            }
        }
        entries
    }

    /// Returns whether this run, as planned so far, removes an entry.
    pub fn is_removed(&self, entry: Object) -> bool {
        let state = self.state();
        state.claims.values().any(|claim| {
            claim.removes(entry) || claim.wanted().is_some_and(|wanted| wanted.excludes(entry))
        })
    }

    /// Notes that the plans add more entries to an allowlist than GitLab allows. Returns true for
    /// the first time in this run.
    pub fn note_full(&self, project: ProjectId, kind: Kind) -> bool {
        self.state().full.insert((project, kind))
    }

    /// Returns whether a removal has left the object for another resource.
    pub fn is_left(&self, object: Object) -> bool {
        self.state().objects.get(&object).is_some_and(|record| record.left)
    }

    /// Returns whether a resource of this run plans to have the object.
    pub fn is_wanted(&self, object: Object) -> bool {
        let state = self.state();
        let mut wanted = state.claims.values().filter_map(Claim::wanted);
        wanted.any(|wanted| wanted.value(object).is_some())
    }

    /// Returns whether another resource of this run wants the entry with restricted permissions.
    pub fn is_restricted_by_another(&self, entry: Object, own: InstanceId) -> bool {
        self.state().claims.iter().any(|(id, claim)| *id != own && claim.restricts(entry))
    }

    /// Notes that an entry that existed before is adopted. Returns true for the first time in this
    /// run: if the plan has warned, the create doesn't.
    pub fn note_adoption(&self, project: ProjectId, target: Target) -> bool {
        self.state().adoptions.insert((project, target))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn plan_removal(
        &mut self,
        id: Option<InstanceId>,
        replacement: Option<InstanceId>,
        manager: Manager,
        held: &BTreeSet<Object>,
    ) -> BTreeSet<Object> {
        let is_other = |other: &InstanceId| Some(*other) != id && Some(*other) != replacement;
        let stays = |object: &&Object| {
            self.claims.iter().any(|(other, claim)| is_other(other) && claim.keeps(**object))
        };
        let leaves: BTreeSet<Object> = held.iter().filter(stays).copied().collect();
        let removed = Claim {
            held: held.clone(),
            planned: Planned::Remove { leaves: leaves.clone() },
            ..Claim::of_read(manager)
        };
        self.claims.insert(id.unwrap_or_else(InstanceId::random), removed);
        leaves
    }
}

#[cfg(test)]
mod tests;
