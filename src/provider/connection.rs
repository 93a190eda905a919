//! The connection that a configured provider hands to its resources: GitLab, and the knowledge of
//! this run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::ledger::{Ledger, Manager};
use crate::gitlab::{Client, ProjectId, Target};

/// One configured provider.
pub struct Connection {
    /// The client that all resources share.
    pub(super) gitlab: Client,
    /// The claims and writes of this run.
    pub(super) ledger: Ledger,
    /// The findings of this run's reads.
    pub(super) reads: Reads,
}

impl Connection {
    /// Creates a connection in whose run nothing is read or planned yet.
    pub(super) fn new(gitlab: Client) -> Connection {
        Connection { gitlab, ledger: Ledger::default(), reads: Reads::default() }
    }
}

/// The objects that were read in this run, with the paths that the lists gave for them. A plan
/// takes its own object's paths from here, whether or not the list is still remembered.
#[derive(Debug, Default)]
pub(super) struct Reads(Mutex<BTreeMap<ObjectRead, Paths>>);

/// The object of one resource: of that type, in that project, with that target if it is an entry.
type ObjectRead = (Manager, ProjectId, Option<Target>);

/// The current full paths, where a list gave them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Paths {
    pub(super) project: Option<String>,
    pub(super) target: Option<String>,
}

impl Reads {
    /// Notes that a resource was read, and what its list says of its paths.
    pub(super) fn note(
        &self,
        manager: Manager,
        project: ProjectId,
        target: Option<Target>,
        paths: Paths,
    ) {
        let mut reads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reads.insert((manager, project, target), paths);
    }

    /// Returns the paths that were read with the resource, or `None` if this run hasn't read it.
    pub(super) fn of(
        &self,
        manager: Manager,
        project: ProjectId,
        target: Option<Target>,
    ) -> Option<Paths> {
        let reads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reads.get(&(manager, project, target)).cloned()
    }
}
