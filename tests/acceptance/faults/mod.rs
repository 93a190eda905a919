//! Failing servers and networks: the state matches the server, access that was reported as removed
//! is removed, and the next apply converges.

mod connections;
mod interruption;
mod kills;
mod paging;
mod redirects;
mod refusals;
mod responses;
mod unknown_results;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use gitlab_simulator::{Injection, Route, Simulator, Target};
use serde_json::Value;
use terraform_cli::{Run, Workspace};

use crate::harness::skip;
use crate::kit::workspace;
use crate::worlds::APP_ONLY;

/// Longer than any test.
const FOREVER: Duration = Duration::from_secs(3600);

const APP: u64 = 1;

/// A GitLab and two configurations. Switching from one to the other takes a PATCH, a POST and a
/// DELETE in one apply.
struct Switchover {
    gitlab: Simulator,
    tf: Workspace,
    variant: Variant,
}

#[derive(Clone, Copy)]
enum Variant {
    First,
    Second,
}

impl Variant {
    fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// Returns the target on the list, and whether access is restricted to the list.
    fn expected(self) -> (u64, bool) {
        match self {
            Self::First => (2, true),
            Self::Second => (3, false),
        }
    }

    fn config(self, block: &str) -> String {
        let (target, restricted) = self.expected();
        format!(
            r#"
            provider "gitlab" {{
              {block}
            }}
            resource "gitlab_job_token_scope" "app" {{
              project         = {APP}
              inbound_enabled = {restricted}
            }}
            resource "gitlab_job_token_allowlist_entry" "target_{target}" {{
              project           = {APP}
              target_project_id = {target}
            }}
            "#
        )
    }
}

/// The writes of a switch.
const WRITES: [Route; 3] =
    [Route::ScopePatch, Route::AllowlistProjectPost, Route::AllowlistProjectDelete];

impl Switchover {
    /// Applies the first variant.
    #[track_caller]
    fn new() -> Self {
        let gitlab = Simulator::start();
        for project in ["acme/app", "acme/two", "acme/three"] {
            gitlab.add_project(project);
        }
        let tf = workspace(&gitlab);
        let switchover = Self { gitlab, tf, variant: Variant::First };
        switchover.tf.config(&Variant::First.config(""));
        switchover.tf.apply().succeeds();
        switchover.assert_in_sync();
        switchover
    }

    /// Applies the other variant with this provider block while these faults are active.
    #[track_caller]
    fn switch(&self, block: &str, faults: impl IntoIterator<Item = Injection>) -> Run {
        faults.into_iter().for_each(|fault| self.gitlab.inject(fault));
        self.tf.config(&self.variant.other().config(block));
        let run = self.tf.apply();
        self.gitlab.clear_faults();
        run
    }

    /// Panics unless the last switch succeeded, and makes its variant the current one.
    #[track_caller]
    fn assert_switched(&mut self) {
        self.variant = self.variant.other();
        self.assert_in_sync();
    }

    #[track_caller]
    fn assert_in_sync(&self) {
        let (target, restricted) = self.variant.expected();
        assert_eq!(self.gitlab.allowlist(APP).projects, [target].into());
        assert_eq!(self.gitlab.inbound_enabled(APP), restricted);
        assert_state_matches(&self.gitlab, &self.tf);
    }
}

/// Panics unless the state matches the server's entries and setting of project 1.
#[track_caller]
fn assert_state_matches(gitlab: &Simulator, tf: &Workspace) {
    let in_state = InState::read(tf);
    assert_eq!(in_state.projects, gitlab.allowlist(APP).projects, "the state has other entries");
    if let Some(restricted) = in_state.restricted {
        assert_eq!(restricted, gitlab.inbound_enabled(APP), "the state has another setting");
    }
}

/// The entries and the setting of project 1 in the state file.
#[derive(Debug, Default)]
struct InState {
    projects: BTreeSet<u64>,
    restricted: Option<bool>,
}

impl InState {
    fn read(tf: &Workspace) -> Self {
        let text = fs::read_to_string(tf.state_file()).unwrap_or_else(|_| "{}".to_owned());
        let state: Value = serde_json::from_str(&text).expect("a state is JSON");
        let mut in_state = Self::default();
        for instance in state["resources"].as_array().into_iter().flatten() {
            for object in instance["instances"].as_array().into_iter().flatten() {
                let attributes = &object["attributes"];
                in_state.restricted =
                    attributes["inbound_enabled"].as_bool().or(in_state.restricted);
                in_state.projects.extend(attributes["target_project_id"].as_u64());
                let listed = attributes["target_project_ids"].as_array().into_iter().flatten();
                in_state.projects.extend(listed.filter_map(Value::as_u64));
            }
        }
        in_state
    }
}

/// Starts a GitLab with `count` projects in addition to `acme/app`, with IDs from 2 on.
fn with_targets(count: u64) -> Simulator {
    let gitlab = APP_ONLY.start();
    for n in 0..count {
        gitlab.add_project(&format!("targets/p{n}"));
    }
    gitlab
}

/// Returns an exclusive list of the projects with these IDs.
fn exclusive(targets: impl IntoIterator<Item = u64>) -> String {
    let targets: Vec<_> = targets.into_iter().collect();
    format!(
        r#"
        resource "gitlab_job_token_allowlist_exclusive" "app" {{
          project = {APP}
          target_project_ids = {targets:?}
        }}
        "#
    )
}

/// Returns entries for the projects with these IDs.
fn entries(targets: impl IntoIterator<Item = u64>) -> String {
    let targets: Vec<_> = targets.into_iter().map(|target| target.to_string()).collect();
    format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "each" {{
          for_each = toset({targets:?})
          project = {APP}
          target_project_id = each.key
        }}
        "#
    )
}

fn allow_all(gitlab: &Simulator, targets: impl IntoIterator<Item = u64>) {
    targets.into_iter().for_each(|target| gitlab.allow(APP, Target::Project(target)));
}

/// Skips the test where there are no signals and no list of processes.
fn require_processes() {
    if !Path::new("/proc/self/stat").exists() {
        skip("it needs the processes of Linux".to_owned());
    }
}

/// Waits until a condition holds.
#[track_caller]
fn eventually(what: &str, happened: impl Fn() -> bool) {
    // Far longer than any step takes on a busy machine.
    let limit = std::time::Instant::now() + Duration::from_secs(60);
    while !happened() {
        assert!(std::time::Instant::now() < limit, "it never happened: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
