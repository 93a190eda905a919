//! What became of the writes to a list, and what the practitioner reads when not all of them were done.

use std::collections::{BTreeMap, BTreeSet};

use crate::framework::{Diagnostic, Errors};
use crate::gitlab::{Error, ProjectId, Target};
use crate::provider::report::report_all;

/// A write to a list. Additions are told before removals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Write {
    Add(Target),
    Remove(Target),
}

/// What became of the writes so far.
#[derive(Default)]
pub(super) struct Outcome {
    added: BTreeSet<Target>,
    removed: BTreeSet<Target>,
    interrupted: BTreeSet<Write>,
    failed: BTreeMap<Write, Error>,
}

impl Outcome {
    /// Notes how a write ended.
    pub(super) fn note(&mut self, write: Write, result: Result<(), Error>) {
        match (write, result) {
            (Write::Add(target), Ok(())) => drop(self.added.insert(target)),
            (Write::Remove(target), Ok(())) => drop(self.removed.insert(target)),
            (write, Err(error)) if error.is_cancelled() => drop(self.interrupted.insert(write)),
            (write, Err(error)) => drop(self.failed.insert(write, error)),
        }
    }

    /// Success if all was done; else an error that names what was done and all that was not.
    pub(super) fn into_result(self, owner: ProjectId) -> Result<(), Errors> {
        if self.failed.is_empty() && self.interrupted.is_empty() {
            return Ok(());
        }
        let attempted = format!("Can't complete the changes to the allowlist of project {owner}");
        let done = self.summary();
        if self.failed.is_empty() {
            let detail = format!("{done}\n\nThe next plan shows what is left to do.");
            return Err(Diagnostic::new(attempted, detail).into());
        }
        let failed: Vec<(String, Error)> =
            self.failed.into_iter().map(|(write, error)| (write.to_string(), error)).collect();
        Err(report_all(attempted, &done, &failed).into())
    }

    /// What was done, and what the end of the run left undone.
    fn summary(&self) -> String {
        let not_added = self.interrupted.iter().filter_map(Write::added);
        let not_removed = self.interrupted.iter().filter_map(Write::removed);
        let done = [sentence("Added", self.added.iter()), sentence("Removed", self.removed.iter())];
        let undone = [
            sentence("Not added, because the run was interrupted", not_added),
            sentence("Not removed, because the run was interrupted", not_removed),
        ];
        let nothing = "Nothing was changed.".to_owned();
        let done: Vec<String> = done.into_iter().flatten().collect();
        let done = if done.is_empty() { vec![nothing] } else { done };
        done.into_iter().chain(undone.into_iter().flatten()).collect::<Vec<_>>().join(" ")
    }
}

fn sentence<'a>(what: &str, targets: impl Iterator<Item = &'a Target>) -> Option<String> {
    let names: Vec<String> = targets.map(Target::to_string).collect();
    (!names.is_empty()).then(|| format!("{what}: {}.", names.join(", ")))
}

impl Write {
    fn added(&self) -> Option<&Target> {
        match self {
            Write::Add(target) => Some(target),
            Write::Remove(_) => None,
        }
    }

    fn removed(&self) -> Option<&Target> {
        match self {
            Write::Add(_) => None,
            Write::Remove(target) => Some(target),
        }
    }
}

impl std::fmt::Display for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Write::Add(target) => write!(f, "add {target}"),
            Write::Remove(target) => write!(f, "remove {target}"),
        }
    }
}
