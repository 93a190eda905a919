//! A saved plan as data: which objects change, how, and what forces a replacement.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::{CHANGES, Run};
use crate::workspace::Workspace;

/// The change of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// It is created.
    Create,
    /// It is read during the apply.
    Read,
    /// It is updated in place.
    Update,
    /// It is destroyed.
    Delete,
    /// It is destroyed and created again, in either order.
    Replace,
    /// It is removed from the state, but not destroyed.
    Forget,
}

/// The plan of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The object.
    pub address: String,
    /// The kind of change.
    pub action: Action,
    /// The attributes before the change; null if the object is new.
    pub before: Value,
    /// The known attributes after the change; null if the object is destroyed.
    pub after: Value,
    /// The unknown attributes, each as `true`.
    pub unknown: Value,
    /// The attributes that force a replacement.
    pub replaced_by: Vec<String>,
}

/// The result of a plan, which may have failed.
#[must_use = "a plan proves nothing until somebody looks at it"]
#[derive(Debug)]
pub struct Plan<'a> {
    workspace: &'a Workspace,
    file: PathBuf,
    run: Run,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(workspace: &'a Workspace, file: PathBuf, run: Run) -> Self {
        Plan { workspace, file, run }
    }

    /// Returns the run that made the plan.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Returns the path of the saved plan.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Panics unless there was a plan.
    #[track_caller]
    pub fn succeeds(&self) -> &Self {
        self.run.succeeds();
        self
    }

    /// Panics unless there was a plan, by which nothing changes.
    #[track_caller]
    pub fn changes_nothing(&self) -> &Self {
        self.run.succeeds();
        if self.run.status() == Some(CHANGES) {
            let changes: Vec<_> =
                self.changes().into_iter().filter(|change| change.action != Action::NoOp).collect();
            panic!("the plan should change nothing, but: {changes:#?}");
        }
        self
    }

    /// Returns the only error as the CLI prints it. See [`Run::error`].
    #[track_caller]
    #[must_use]
    pub fn error(&self) -> String {
        self.run.error()
    }

    /// Returns the only warning as the CLI prints it. See [`Run::warning`].
    #[track_caller]
    #[must_use]
    pub fn warning(&self) -> String {
        self.run.succeeds().warning()
    }

    /// Panics if there is a warning.
    #[track_caller]
    pub fn has_no_warnings(&self) -> &Self {
        self.run.succeeds().has_no_warnings();
        self
    }

    /// Returns the changes of all objects that change, in the order of addresses.
    #[track_caller]
    #[must_use]
    pub fn actions(&self) -> Vec<(String, Action)> {
        let changes = self.changes().into_iter();
        changes
            .filter(|change| change.action != Action::NoOp)
            .map(|change| (change.address, change.action))
            .collect()
    }

    /// Returns the plan of one object; panics if it isn't in the plan.
    #[track_caller]
    #[must_use]
    pub fn change(&self, address: &str) -> Change {
        match self.changes().into_iter().find(|change| change.address == address) {
            Some(change) => change,
            None => panic!("the plan says nothing about {address}\n{}", self.run),
        }
    }

    /// Returns the plans of all objects, in the order of addresses.
    #[track_caller]
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.list("resource_changes")
    }

    /// Returns the changes that others have made.
    #[track_caller]
    #[must_use]
    pub fn drift(&self) -> Vec<Change> {
        self.list("resource_drift")
    }

    #[track_caller]
    fn list(&self, key: &str) -> Vec<Change> {
        self.run.succeeds();
        let shown = self.workspace.show(Some(&self.file));
        let mut changes: Vec<Change> = elements(&shown[key]).map(Change::read).collect();
        changes.sort_by(|one, other| one.address.cmp(&other.address));
        changes
    }
}

impl Change {
    fn read(value: &Value) -> Self {
        let change = &value["change"];
        let path = |path: &Value| {
            let steps = elements(path)
                .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
            steps.collect::<Vec<_>>().join(".")
        };
        Self {
            address: value["address"].as_str().unwrap_or_default().to_owned(),
            action: Action::read(&change["actions"]),
            before: change["before"].clone(),
            after: change["after"].clone(),
            unknown: change["after_unknown"].clone(),
            replaced_by: elements(&change["replace_paths"]).map(path).collect(),
        }
    }
}

impl Action {
    fn read(actions: &Value) -> Self {
        let names: Vec<_> = elements(actions).filter_map(Value::as_str).collect();
        match names.as_slice() {
            ["no-op"] => Self::NoOp,
            ["create"] => Self::Create,
            ["read"] => Self::Read,
            ["update"] => Self::Update,
            ["delete"] => Self::Delete,
            ["delete", "create"] | ["create", "delete"] => Self::Replace,
            ["forget"] => Self::Forget,
            other => panic!("unknown actions in a plan: {other:?}"),
        }
    }
}

fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
