//! Brings a simulator, the built provider and the CLI together, and skips tests loudly where there is no CLI.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Once, OnceLock};

use gitlab_simulator::{Fault, Simulator};
use terraform_cli::{Cli, NoCli, Workspace};

use crate::uncached::SNAPSHOTS;

/// The provider that was built with these tests.
pub(crate) const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-gitlab-job-token");

/// A workspace whose environment names the simulator and its administrator's token; none where there is no CLI, and
/// then the test has nothing to do.
#[track_caller]
pub(crate) fn workspace(gitlab: &Simulator) -> Option<Workspace> {
    Some(connected(bare_workspace()?, gitlab))
}

/// A workspace whose environment names no GitLab.
#[track_caller]
pub(crate) fn bare_workspace() -> Option<Workspace> {
    Some(Workspace::new(cli()?, Path::new(PROVIDER)).expect("a workspace for the built provider"))
}

/// As [`workspace`], of a CLI that knows of no provider yet.
#[track_caller]
pub(crate) fn workspace_without_provider(gitlab: &Simulator) -> Option<Workspace> {
    Some(connected(Workspace::without_provider(cli()?).expect("a workspace"), gitlab))
}

fn connected(mut tf: Workspace, gitlab: &Simulator) -> Workspace {
    tf.set_env("GITLAB_BASE_URL", &gitlab.api_url());
    tf.set_env("GITLAB_TOKEN", gitlab.token());
    if let Ok(snapshots) = std::env::var(SNAPSHOTS) {
        tf.set_env(SNAPSHOTS, &snapshots);
    }
    tf
}

/// Returns the CLI that all tests run; none where there is none.
#[track_caller]
pub(crate) fn cli() -> Option<&'static Cli> {
    static FOUND: OnceLock<Result<Cli, NoCli>> = OnceLock::new();
    match FOUND.get_or_init(Cli::find) {
        Ok(cli) => Some(cli),
        Err(error @ NoCli::NotOnPath(_)) if !must_run() => {
            skip(error);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A skipped test passes, so whoever relies on these tests says so.
fn must_run() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Says once what is skipped.
fn skip(error: &NoCli) {
    static SAID: Once = Once::new();
    SAID.call_once(|| say(&format!("ALL ACCEPTANCE TESTS ARE SKIPPED: {error}.")));
}

/// Says what a test leaves out, past the test runner, which would hide the output of tests that pass.
pub(crate) fn say(what: &str) {
    drop(std::io::stderr().write_all(format!("\n{what}\n\n").as_bytes()));
}

/// A fault by which GitLab answers 200 with this JSON.
pub(crate) fn json(body: &str) -> Fault {
    Fault::Answers { status: 200, content_type: "application/json".to_owned(), body: body.to_owned() }
}

/// `config` with a piece of it replaced, which must be there.
#[track_caller]
pub(crate) fn replaced(config: &str, piece: &str, by: &str) -> String {
    assert!(config.contains(piece), "no {piece:?} in {config}");
    config.replace(piece, by)
}

/// Waits until something is so, which it must be within half a minute.
#[cfg(unix)]
#[track_caller]
pub(crate) fn until(is_so: impl Fn() -> bool) {
    use std::time::{Duration, Instant};

    let patience = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < patience, "it did not come to be");
        std::thread::sleep(Duration::from_millis(5));
    }
}
