//! The log shows the progress of a long apply.

use gitlab_simulator::{Fault, Route, Simulator};
use terraform_cli::Run;

use super::exclusive;
use crate::kit::workspace;
use crate::worlds::{APP, FOUR_PROJECTS, OLD};

/// Returns the messages of progress in the log, without what the host puts around them.
fn progress(run: &Run) -> Vec<String> {
    let lines = run.stderr().lines().filter_map(|line| line.split_once("allowlist: "));
    lines.map(|(_, message)| message.split(": ").next().unwrap_or(message).to_owned()).collect()
}

/// Adds `count` projects and returns a list of them.
fn wanted(gitlab: &Simulator, count: usize) -> String {
    let ids: Vec<String> =
        (0..count).map(|index| gitlab.add_project(&format!("many/p{index}")).to_string()).collect();
    exclusive(&format!("target_project_ids = [{}]", ids.join(", ")))
}

#[test]
fn log_counts_writes_without_listing_them() {
    let gitlab = FOUR_PROJECTS.allowing(&[OLD], &[]);
    let mut tf = workspace(&gitlab);
    tf.set_env("TF_LOG_PROVIDER", "INFO");
    tf.config(&wanted(&gitlab, 45));

    let run = tf.apply();

    let expected = ["added 20 of 45", "added 40 of 45", "added 45 of 45", "removed 1 of 1"];
    assert_eq!(progress(run.succeeds()), expected);
    assert!(run.stderr().contains(&format!("project={APP}")), "{run}");
}

#[test]
fn failures_are_counted_separately() {
    let gitlab = FOUR_PROJECTS.allowing(&[], &[]);
    gitlab.inject(Fault::InternalError.on(Route::AllowlistProjectPost).once());
    let mut tf = workspace(&gitlab);
    tf.set_env("TF_LOG_PROVIDER", "INFO");
    tf.config(&wanted(&gitlab, 3));

    let run = tf.apply();

    assert_eq!(progress(run.fails()), ["added 2 of 3"]);
    assert!(run.stderr().contains("failed=1"), "{run}");
}
