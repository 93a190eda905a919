//! The guard with which one resource writes an object. Other resources wait until it is dropped.

use tokio::sync::OwnedMutexGuard;

use super::Ledger;
use super::claim::{Claim, Manager, Object, Value};
use crate::framework::InstanceId;

/// The right to write one object, until it is dropped.
#[must_use]
pub struct WriteGuard<'a> {
    ledger: &'a Ledger,
    object: Object,
    _guard: OwnedMutexGuard<()>,
}

impl<'a> WriteGuard<'a> {
    pub(super) fn new(ledger: &'a Ledger, object: Object, guard: OwnedMutexGuard<()>) -> Self {
        Self { ledger, object, _guard: guard }
    }

    /// Returns the object.
    #[must_use]
    pub fn object(&self) -> Object {
        self.object
    }

    /// Returns whether another resource wants the object, in this run or according to the first
    /// plan.
    #[must_use]
    pub fn is_wanted_by_another(&self, own: Option<InstanceId>) -> bool {
        let state = self.ledger.state();
        let mut others = state.claims.iter().filter(|(id, _)| Some(**id) != own);
        let wants = |claim: &Claim| {
            claim.wanted().is_some_and(|wanted| wanted.value(self.object).is_some())
        };
        state.kept.contains(&self.object.to_string()) || others.any(|(_, claim)| wants(claim))
    }

    /// Returns the type of another resource that has written a conflicting value in this run, and
    /// still wants it.
    #[must_use]
    pub fn undoes(&self, own: InstanceId, value: &Value) -> Option<Manager> {
        self.ledger.undoes(own, self.object, value)
    }

    /// Notes the value that was written.
    pub fn wrote(&self, own: Option<InstanceId>, value: Value) {
        if let Some(record) = self.ledger.state().objects.get_mut(&self.object) {
            record.written = Some((own, value));
            record.found = false;
            record.left = false;
        }
    }

    /// Notes that the object already has the wanted value, unless this run has written it.
    pub fn found(&self, own: Option<InstanceId>, value: Value) {
        if let Some(record) = self.ledger.state().objects.get_mut(&self.object)
            && record.written.is_none()
        {
            record.written = Some((own, value));
            record.found = true;
        }
    }

    /// Notes that a removal leaves the object for another resource.
    pub fn leave(&self) {
        if let Some(record) = self.ledger.state().objects.get_mut(&self.object) {
            record.left = true;
        }
    }
}
