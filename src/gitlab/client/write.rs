//! Keeps the cache up to date during a write, also if the write is cancelled.

use super::cache::Lists;
use crate::gitlab::names::{ProjectId, Target};
use crate::gitlab::sender::Error;

/// A write of an entry. Unless it succeeds, dropping it invalidates the cached lists.
pub(super) struct PendingWrite<'a> {
    lists: &'a Lists,
    project: ProjectId,
    target: Target,
    finished: bool,
}

impl<'a> PendingWrite<'a> {
    /// Begins a write that is not sent yet.
    pub(super) fn begin(lists: &'a Lists, project: ProjectId, target: Target) -> Self {
        Self { lists, project, target, finished: false }
    }

    /// Keeps the shared lists true by `done`. After a failure nobody knows what is on them: even a
    /// refusal of the token may have come from a proxy, on the way back.
    pub(super) fn finish<T>(mut self, outcome: &Result<T, Error>, done: impl FnOnce(&T)) {
        if let Ok(written) = outcome {
            self.finished = true;
            done(written);
        }
    }
}

impl Drop for PendingWrite<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.lists.invalidate(self.project, self.target);
        }
    }
}
