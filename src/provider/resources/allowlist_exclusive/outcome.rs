//! The results of the writes to an allowlist, and the message if some of them failed.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::Named;
use crate::framework::{Diagnostic, Errors};
use crate::gitlab::{Error, GrantError, Target};
use crate::provider::conflicts;
use crate::provider::ledger::Manager;
use crate::provider::permissions::still_there;
use crate::provider::report::{Failures, PermissionSetting};

/// A write to an allowlist. Messages list additions before removals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Write {
    /// Adds the target.
    Add(Target),
    /// Sets the permissions of a target on the allowlist.
    Permit(Target),
    /// Removes a target that isn't in the configuration.
    Remove(Target),
    /// Removes a target because the resource is destroyed.
    Destroy(Target),
}

/// The reason for a write that wasn't made.
#[derive(Debug)]
pub(super) enum Refusal {
    /// GitLab returned an error.
    GitLab(Error),
    /// GitLab didn't set the permissions.
    GrantError(Box<GrantError>),
    /// The write would undo another resource's write in this run.
    Undoes(Manager),
    /// Another resource of the run manages the target.
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

/// The results so far.
#[derive(Default)]
pub(super) struct Outcome {
    /// The display name of the project.
    project: String,
    /// The display names of the targets.
    names: Named,
    added: BTreeSet<Target>,
    permitted: BTreeSet<Target>,
    removed: BTreeSet<Target>,
    left: BTreeSet<Target>,
    interrupted: BTreeSet<Write>,
    failed: BTreeMap<Write, Error>,
    undoing: BTreeMap<Write, Manager>,
    /// Entries that a failed addition created and couldn't remove again.
    left_behind: Vec<String>,
}

impl Outcome {
    /// Creates an outcome without results.
    pub(super) fn of(project: &str, names: Named) -> Self {
        Self { project: project.to_owned(), names, ..Self::default() }
    }

    fn name(&self, target: Target) -> String {
        self.names.get(&target).cloned().unwrap_or_else(|| target.to_string())
    }

    /// Adds the result of a write.
    pub(super) fn note(&mut self, write: Write, result: Result<(), Refusal>) {
        let refusal = match result {
            Err(refusal) => refusal,
            Ok(()) => {
                match write {
                    Write::Add(target) => self.added.insert(target),
                    Write::Permit(target) => self.permitted.insert(target),
                    Write::Remove(target) | Write::Destroy(target) => self.removed.insert(target),
                };
                return;
            }
        };
        let refusal = match refusal {
            Refusal::GrantError(failed) => {
                if let Some(Err(entry)) = &failed.rollback {
                    let diagnostic = still_there(entry, &self.name(write.target()), &self.project);
                    self.left_behind.push(diagnostic);
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

    /// Returns the targets that were left for other resources.
    pub(super) fn left(&self) -> BTreeSet<String> {
        self.left.iter().map(|target| self.name(*target)).collect()
    }

    /// Returns one error that lists all writes, done and not done, and one error for writes that
    /// would undo those of other resources.
    pub(super) fn into_result(self) -> Result<(), Errors> {
        let undoing = self.undoing.iter().map(|(write, by)| (self.name(write.target()), *by));
        let undone = conflicts::would_undo_all(&undoing.collect(), &self.project, &self.summary());
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
        let has_changes =
            [&self.added, &self.permitted, &self.removed].iter().any(|done| !done.is_empty());
        let failures = Failures { calls: &failed, has_changes, setting: PermissionSetting::Map };
        let mut diagnostic = failures.report(attempted);
        self.left_behind.iter().for_each(|left_behind| diagnostic.detail.push_str(left_behind));
        diagnostic.detail.push_str(&format!("\n\n{done}"));
        diagnostic
    }

    /// Returns what was done, and what wasn't because the run was stopped.
    fn summary(&self) -> String {
        let not_added = self.interrupted.iter().filter_map(Write::added);
        let not_removed = self.interrupted.iter().filter_map(Write::removed);
        let not_permitted = self.interrupted.iter().filter_map(Write::permitted);
        let done = [
            self.list("Added", self.added.iter()),
            self.list("Permissions changed", self.permitted.iter()),
            self.list("Removed", self.removed.iter()),
        ];
        let undone = [
            self.list("Not added (interrupted)", not_added),
            self.list("Permissions not changed (interrupted)", not_permitted),
            self.list("Not removed (interrupted)", not_removed),
        ];
        let is_uncertain =
            |write: &&Write| self.failed.get(write).is_some_and(Error::is_unresolved);
        let uncertain: Vec<&Write> = self.failed.keys().filter(is_uncertain).collect();
        let uncertain = [
            self.list("May have been added", uncertain.iter().filter_map(|write| write.added())),
            self.list(
                "Permissions may have been changed",
                uncertain.iter().filter_map(|write| write.permitted()),
            ),
            self.list(
                "May have been removed",
                uncertain.iter().filter_map(|write| write.removed()),
            ),
        ];
        let nothing = format!("Nothing was changed on the allowlist of project {}.", self.project);
        let done: Vec<String> = done.into_iter().chain(uncertain).flatten().collect();
        let done = if done.is_empty() { vec![nothing] } else { done };
        done.into_iter().chain(undone.into_iter().flatten()).collect::<Vec<_>>().join("\n\n")
    }

    fn list<'a>(&self, what: &str, targets: impl Iterator<Item = &'a Target>) -> Option<String> {
        let lines: Vec<String> =
            targets.map(|target| format!("  - {}", self.name(*target))).collect();
        (!lines.is_empty()).then(|| format!("{what}:\n\n{}", lines.join("\n")))
    }

    fn described(&self, write: Write) -> String {
        let name = self.name(write.target());
        match write {
            Write::Add(_) => format!("add {name}"),
            Write::Permit(_) => format!("set permissions of {name}"),
            Write::Remove(_) | Write::Destroy(_) => format!("remove {name}"),
        }
    }
}

impl Write {
    /// Returns the target.
    pub(super) fn target(self) -> Target {
        match self {
            Self::Add(target)
            | Self::Permit(target)
            | Self::Remove(target)
            | Self::Destroy(target) => target,
        }
    }

    fn added(&self) -> Option<&Target> {
        if let Self::Add(target) = self { Some(target) } else { None }
    }

    fn permitted(&self) -> Option<&Target> {
        if let Self::Permit(target) = self { Some(target) } else { None }
    }

    fn removed(&self) -> Option<&Target> {
        if let Self::Remove(target) | Self::Destroy(target) = self { Some(target) } else { None }
    }
}
