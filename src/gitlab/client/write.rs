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
    /// Begins a write, before it is sent.
    pub(super) fn begin(lists: &'a Lists, project: ProjectId, target: Target) -> Self {
        Self { lists, project, target, finished: false }
    }

    /// Updates the cached lists by `done` after a success. After an error their content is unknown:
    /// even a 401 or 403 may come from a gateway that forwarded the request.
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
