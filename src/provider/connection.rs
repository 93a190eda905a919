//! The connection that a configured provider gives its resources: the GitLab client, and what is
//! known about this run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use super::ledger::{Ledger, Manager};
use super::report::project_gone;
use crate::framework::{Attr, Warnings};
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
    /// Creates a connection for a new run.
    pub(super) fn new(gitlab: Client) -> Self {
        Self { gitlab, ledger: Ledger::default(), reads: Reads::default() }
    }

    /// Warns that GitLab returns 404 for the project of a state. `name` is its display name.
    pub(super) fn warn_project_gone(
        &self,
        path_or_id: &Attr<String>,
        name: impl Display,
        warnings: &Warnings,
    ) {
        let mut gone = self.reads.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.extend(path_or_id.known().cloned());
        drop(gone);
        warnings.add(project_gone(name));
    }
}

/// The objects that were read in this run, with the paths that the allowlists gave for them. A plan
/// finds the current paths of its object here, even if the allowlist has left the cache.
#[derive(Debug, Default)]
pub(super) struct Reads {
    found: Mutex<BTreeMap<ObjectRead, Paths>>,
    /// The paths and IDs, as written, of projects that GitLab returned 404 for.
    gone: Mutex<BTreeSet<String>>,
}

/// The object of one resource: its type, its project, and its target if it is an entry.
type ObjectRead = (Manager, ProjectId, Option<Target>);

/// The current full paths, as far as an allowlist gave them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Paths {
    pub(super) project: Option<String>,
    pub(super) target: Option<String>,
}

impl Reads {
    /// Notes that a resource was read, with its current paths.
    pub(super) fn note(
        &self,
        manager: Manager,
        project: ProjectId,
        target: Option<Target>,
        paths: Paths,
    ) {
        let mut reads = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        reads.insert((manager, project, target), paths);
    }

    /// Returns the paths that were read with the resource, or `None` if this run hasn't read it.
    pub(super) fn of(
        &self,
        manager: Manager,
        project: ProjectId,
        target: Option<Target>,
    ) -> Option<Paths> {
        let reads = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        reads.get(&(manager, project, target)).cloned()
    }

    /// Returns whether a resource with this project, as written, was read in vain.
    pub(super) fn was_gone(&self, path_or_id: &str) -> bool {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).contains(path_or_id)
    }
}
