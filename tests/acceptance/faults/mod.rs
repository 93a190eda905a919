//! Failing servers and networks: the state matches the server, access that was reported as removed
//! is removed, and the next apply converges.

mod answers;
mod connections;
mod doubt;
mod interruption;
mod kills;
mod paging;
mod redirects;
mod refusals;

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

/// A GitLab and a configuration that has two sides. Turning it round takes a PATCH, a POST and a
/// DELETE in one apply.
struct Seesaw {
    gitlab: Simulator,
    tf: Workspace,
    side: Side,
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }

    /// Returns the target on the list, and whether the list counts.
    fn goal(self) -> (u64, bool) {
        match self {
            Side::Left => (2, true),
            Side::Right => (3, false),
        }
    }

    fn config(self, block: &str) -> String {
        let (target, limited) = self.goal();
        format!(
            r#"
            provider "gitlab" {{
              {block}
            }}
            resource "gitlab_job_token_scope" "app" {{
              project         = {APP}
              inbound_enabled = {limited}
            }}
            resource "gitlab_job_token_allowlist_entry" "target_{target}" {{
              project           = {APP}
              target_project_id = {target}
            }}
            "#
        )
    }
}

/// The requests by which the seesaw turns.
const WRITES: [Route; 3] =
    [Route::ScopePatch, Route::AllowlistProjectPost, Route::AllowlistProjectDelete];

impl Seesaw {
    /// Returns the left side, applied.
    #[track_caller]
    fn new() -> Seesaw {
        let gitlab = Simulator::start();
        for project in ["acme/app", "acme/two", "acme/three"] {
            gitlab.add_project(project);
        }
        let tf = workspace(&gitlab);
        let seesaw = Seesaw { gitlab, tf, side: Side::Left };
        seesaw.tf.config(&Side::Left.config(""));
        seesaw.tf.apply().succeeds();
        seesaw.is_level();
        seesaw
    }

    /// Applies the other side, with such a provider block, while these faults are in force.
    #[track_caller]
    fn push(&self, block: &str, faults: impl IntoIterator<Item = Injection>) -> Run {
        faults.into_iter().for_each(|fault| self.gitlab.inject(fault));
        self.tf.config(&self.side.other().config(block));
        let run = self.tf.apply();
        self.gitlab.clear_faults();
        run
    }

    /// Notes that the last push should have turned it, and looks whether server and state are where
    /// they should be.
    #[track_caller]
    fn has_turned(&mut self) {
        self.side = self.side.other();
        self.is_level();
    }

    #[track_caller]
    fn is_level(&self) {
        let (target, limited) = self.side.goal();
        assert_eq!(self.gitlab.allowlist(APP).projects, [target].into());
        assert_eq!(self.gitlab.inbound_enabled(APP), limited);
        assert_state_is_true(&self.gitlab, &self.tf);
    }
}

/// Panics if the state claims what the server does not hold, or leaves out what it does hold, of
/// project 1.
#[track_caller]
fn assert_state_is_true(gitlab: &Simulator, tf: &Workspace) {
    let claimed = Claimed::by_state(tf);
    assert_eq!(claimed.projects, gitlab.allowlist(APP).projects, "the state names other entries");
    if let Some(limited) = claimed.limited {
        assert_eq!(limited, gitlab.inbound_enabled(APP), "the state holds another setting");
    }
}

/// The entries and the setting of project 1 in the state file.
#[derive(Debug, Default)]
struct Claimed {
    projects: BTreeSet<u64>,
    limited: Option<bool>,
}

impl Claimed {
    fn by_state(tf: &Workspace) -> Claimed {
        let text = fs::read_to_string(tf.state_file()).unwrap_or_else(|_| "{}".to_owned());
        let state: Value = serde_json::from_str(&text).expect("a state is JSON");
        let mut claimed = Claimed::default();
        for instance in state["resources"].as_array().into_iter().flatten() {
            for object in instance["instances"].as_array().into_iter().flatten() {
                let attributes = &object["attributes"];
                claimed.limited = attributes["inbound_enabled"].as_bool().or(claimed.limited);
                claimed.projects.extend(attributes["target_project_id"].as_u64());
                let listed = attributes["target_project_ids"].as_array().into_iter().flatten();
                claimed.projects.extend(listed.filter_map(Value::as_u64));
            }
        }
        claimed
    }
}

/// Returns a GitLab with `count` projects beside `acme/app`, numbered from 2.
fn crowd(count: u64) -> Simulator {
    let gitlab = APP_ONLY.start();
    for n in 0..count {
        gitlab.add_project(&format!("crowd/p{n}"));
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

/// Entries for the projects with these IDs.
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
