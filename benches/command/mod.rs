//! Runs a CLI command and measures its cost: time, requests, and the provider's CPU time and
//! memory.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use gitlab_simulator::{Requests, Simulator};
use terraform_cli::{Cli, Workspace};

use crate::process::{Usage, Watch};

/// The measured program.
pub(crate) const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-gitlab-job-token");

/// The cost of a command.
#[derive(Clone)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    pub(crate) requests: Requests,
    pub(crate) usage: Usage,
}

/// A workspace and its GitLab.
pub(crate) struct Subject {
    pub(crate) tf: Workspace,
    pub(crate) gitlab: Simulator,
}

impl Subject {
    /// Creates a workspace of the provider before this GitLab.
    pub(crate) fn provider(
        cli: &Cli,
        gitlab: Simulator,
        config: &str,
    ) -> Result<Self, Box<dyn Error>> {
        let mut tf = Workspace::new(cli, Path::new(PROVIDER))?;
        tf.set_env("GITLAB_BASE_URL", &gitlab.api_url());
        tf.set_env("GITLAB_TOKEN", gitlab.token());
        tf.config(config);
        Ok(Self { tf, gitlab })
    }

    /// Creates a workspace that has nothing to do with GitLab: the floor.
    pub(crate) fn floor(cli: &Cli, config: &str) -> Result<Self, Box<dyn Error>> {
        let tf = Workspace::new(cli, Path::new(PROVIDER))?;
        tf.config(config);
        Ok(Self { tf, gitlab: Simulator::start() })
    }

    /// Runs a command, which must succeed, and returns its cost.
    pub(crate) fn cost(&self, command: &[&str]) -> Cost {
        self.gitlab.clear_requests();
        let watch = Watch::start(Path::new(PROVIDER));
        let began = Instant::now();
        let run = self.tf.run(command);
        let time = began.elapsed();
        let usage = watch.stop();
        run.succeeds();
        Cost { time, requests: self.gitlab.requests(), usage }
    }
}

/// Prints the header of a Markdown table.
pub(crate) fn print_header(columns: &[&str]) {
    println!("| {} |", columns.join(" | "));
    println!("| {} |", vec!["---"; columns.len()].join(" | "));
}

/// Prints a row of a Markdown table.
pub(crate) fn print_row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// Returns the faster of two runs of each command.
pub(crate) fn faster<const COMMANDS: usize>(
    mut best: [Cost; COMMANDS],
    now: [Cost; COMMANDS],
) -> [Cost; COMMANDS] {
    for (best, now) in best.iter_mut().zip(now) {
        if now.time < best.time {
            *best = now;
        }
    }
    best
}
