//! The outcome of the writes to a list, and the message when not all of them were done.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::Named;
use crate::framework::{Diagnostic, Errors};
use crate::gitlab::{Error, GrantError, Target};
use crate::provider::ledger::Manager;
use crate::provider::overlap;
use crate::provider::permissions::still_there;
use crate::provider::report::{Asking, report_all};

/// A write to a list. Additions are told before removals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Write {
    /// Puts the target on the list.
    Add(Target),
    /// Gives the target, which is on the list, its permissions.
    Permit(Target),
    /// Takes the target off the list, which doesn't name it.
    Remove(Target),
    /// Takes the target off the list, which isn't managed any more.
    GiveUp(Target),
}

/// The reason why a write was not carried out.
#[derive(Debug)]
pub(super) enum Refusal {
    /// GitLab has not done it.
    GitLab(Error),
    /// GitLab has not given the entry its permissions.
    GrantError(Box<GrantError>),
    /// It would undo what another resource of the run has just written.
    Undoes(Manager),
    /// The target is left to another resource of the run.
    Left,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::GitLab(error)
    }
}

impl From<GrantError> for Refusal {
    fn from(failed: GrantError) -> Self {
        Self::GrantError(Box::new(failed))
    }
}

/// The outcome of the writes so far.
#[derive(Default)]
pub(super) struct Outcome {
    /// The project's name for people.
    project: String,
    /// The targets' names for people.
    names: Named,
    added: BTreeSet<Target>,
    permitted: BTreeSet<Target>,
    removed: BTreeSet<Target>,
    left: BTreeSet<Target>,
    interrupted: BTreeSet<Write>,
    failed: BTreeMap<Write, Error>,
    undoing: BTreeMap<Write, Manager>,
    /// Entries that a failed addition has made and that couldn't be taken off again.
    standing: Vec<String>,
}

impl Outcome {
    /// Returns the outcome before the first write.
    pub(super) fn of(project: &str, names: Named) -> Self {
        Self { project: project.to_owned(), names, ..Self::default() }
    }

    fn name(&self, target: Target) -> String {
        self.names.get(&target).cloned().unwrap_or_else(|| target.to_string())
    }

    /// Notes how a write ended.
    pub(super) fn note(&mut self, write: Write, result: Result<(), Refusal>) {
        let refusal = match result {
            Err(refusal) => refusal,
            Ok(()) => {
                match write {
                    Write::Add(target) => self.added.insert(target),
                    Write::Permit(target) => self.permitted.insert(target),
                    Write::Remove(target) | Write::GiveUp(target) => self.removed.insert(target),
                };
                return;
            }
        };
        let refusal = match refusal {
            Refusal::GrantError(failed) => {
                if let Some(Err(entry)) = &failed.rollback {
                    let told = still_there(entry, &self.name(write.target()), &self.project);
                    self.standing.push(told);
                }
                Refusal::GitLab(failed.error)
            }
            refusal => refusal,
        };
        match refusal {
            Refusal::Left => _ = self.left.insert(write.target()),
            Refusal::Undoes(by) => _ = self.undoing.insert(write, by),
            Refusal::GitLab(error) if error.is_cancelled() && !error.is_unresolved() => {
                _ = self.interrupted.insert(write)
            }
            Refusal::GitLab(error) => _ = self.failed.insert(write, error),
            Refusal::GrantError(_) => {}
        }
    }

    /// Returns the targets that were left to other resources.
    pub(super) fn left(&self) -> BTreeSet<String> {
        self.left.iter().map(|target| self.name(*target)).collect()
    }

    /// Success if all was done; else an error that names what was done and all that was not, and
    /// one with all writes that would have undone other resources'.
    pub(super) fn into_result(self) -> Result<(), Errors> {
        let undoing = self.undoing.iter().map(|(write, by)| (self.name(write.target()), *by));
        let undone = overlap::all_undone(&undoing.collect(), &self.project);
        let is_incomplete = !self.failed.is_empty() || !self.interrupted.is_empty();
        let incomplete = is_incomplete.then(|| self.incomplete());
        Errors::check(incomplete.into_iter().chain(undone))
    }

    fn incomplete(self) -> Diagnostic {
        let attempted = format!("Can't update allowlist: project {}", self.project);
        let done = self.summary();
        if self.failed.is_empty() {
            let detail = format!("{done}\n\nThe next plan shows the remaining changes.");
            return Diagnostic::new(attempted, detail);
        }
        let failed: Vec<(String, Error)> = self
            .failed
            .iter()
            .map(|(write, error)| (self.described(*write), error.clone()))
            .collect();
        let mut told = report_all(attempted, &done, Asking::Map, &failed);
        self.standing.iter().for_each(|standing| told.detail.push_str(standing));
        told
    }

    /// Returns what was done, and what the end of the run left undone.
    fn summary(&self) -> String {
        let not_added = self.interrupted.iter().filter_map(Write::added);
        let not_removed = self.interrupted.iter().filter_map(Write::removed);
        let not_permitted = self.interrupted.iter().filter_map(Write::permitted);
        let done = [
            self.sentence("Added", self.added.iter()),
            self.sentence("Permissions changed", self.permitted.iter()),
            self.sentence("Removed", self.removed.iter()),
        ];
        let undone = [
            self.sentence("Not added (interrupted)", not_added),
            self.sentence("Permissions not changed (interrupted)", not_permitted),
            self.sentence("Not removed (interrupted)", not_removed),
        ];
        let in_doubt = |write: &&Write| self.failed.get(write).is_some_and(Error::is_unresolved);
        let doubtful: Vec<&Write> = self.failed.keys().filter(in_doubt).collect();
        let doubtful = [
            self.sentence("May have been added", doubtful.iter().filter_map(|write| write.added())),
            self.sentence(
                "Permissions may have been changed",
                doubtful.iter().filter_map(|write| write.permitted()),
            ),
            self.sentence(
                "May have been removed",
                doubtful.iter().filter_map(|write| write.removed()),
            ),
        ];
        let nothing = "Nothing was changed.".to_owned();
        let done: Vec<String> = done.into_iter().chain(doubtful).flatten().collect();
        let done = if done.is_empty() { vec![nothing] } else { done };
        done.into_iter().chain(undone.into_iter().flatten()).collect::<Vec<_>>().join(" ")
    }

    fn sentence<'a>(
        &self,
        what: &str,
        targets: impl Iterator<Item = &'a Target>,
    ) -> Option<String> {
        let names: Vec<String> = targets.map(|target| self.name(*target)).collect();
        (!names.is_empty()).then(|| format!("{what}: {}.", names.join(", ")))
    }

    fn described(&self, write: Write) -> String {
        let name = self.name(write.target());
        match write {
            Write::Add(_) => format!("add {name}"),
            Write::Permit(_) => format!("set permissions of {name}"),
            Write::Remove(_) | Write::GiveUp(_) => format!("remove {name}"),
        }
    }
}

impl Write {
    /// Returns the target.
    pub(super) fn target(self) -> Target {
        match self {
            Write::Add(target)
            | Write::Permit(target)
            | Write::Remove(target)
            | Write::GiveUp(target) => target,
        }
    }

    fn added(&self) -> Option<&Target> {
        if let Self::Add(target) = self { Some(target) } else { None }
    }

    fn permitted(&self) -> Option<&Target> {
        if let Self::Permit(target) = self { Some(target) } else { None }
    }

    fn removed(&self) -> Option<&Target> {
        if let Self::Remove(target) | Self::GiveUp(target) = self { Some(target) } else { None }
    }
}
