//! A write under way, whatever is written: it keeps the memory true, also when nobody waits for its
//! end.

use super::memory::Lists;
use crate::gitlab::names::{ProjectId, Target};
use crate::gitlab::sender::Error;

/// A write of an entry that is under way. Unless it ends well, the shared lists are in doubt.
pub(super) struct Write<'a> {
    lists: &'a Lists,
    project: ProjectId,
    target: Target,
    ended: bool,
}

impl<'a> Write<'a> {
    /// Begins a write that is not sent yet.
    pub(super) fn begin(lists: &'a Lists, project: ProjectId, target: Target) -> Self {
        Self { lists, project, target, ended: false }
    }

    /// Keeps the shared lists true by `done`. After a failure nobody knows what is on them: even a
    /// refusal of the token may have come from a proxy, on the way back.
    pub(super) fn end<T>(mut self, outcome: &Result<T, Error>, done: impl FnOnce(&T)) {
        if let Ok(written) = outcome {
            self.ended = true;
            done(written);
        }
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.lists.in_doubt(self.project, self.target);
        }
    }
}
