//! Connects a simulator, the built provider and the CLI. Tests are skipped if there is no CLI.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Once, OnceLock};

use gitlab_simulator::{Fault, Simulator};
use terraform_cli::{Cli, NoCli, Workspace};

use crate::harness::skip;
use crate::uncached::SNAPSHOTS;

/// The provider that was built with these tests.
pub(crate) const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-gitlab-job-token");

/// Makes a workspace whose environment names the simulator and its administrator's token. Without a
/// CLI, it skips the test, as the functions below do.
#[track_caller]
pub(crate) fn workspace(gitlab: &Simulator) -> Workspace {
    connected(bare_workspace(), gitlab)
}

/// Makes a workspace whose environment names no GitLab.
#[track_caller]
pub(crate) fn bare_workspace() -> Workspace {
    Workspace::new(cli(), Path::new(PROVIDER)).expect("a workspace for the built provider")
}

/// Makes a workspace as [`workspace`] does, but for a CLI without an installed provider.
#[track_caller]
pub(crate) fn workspace_without_provider(gitlab: &Simulator) -> Workspace {
    connected(Workspace::without_provider(cli()).expect("a workspace"), gitlab)
}

fn connected(mut tf: Workspace, gitlab: &Simulator) -> Workspace {
    tf.set_env("GITLAB_BASE_URL", &gitlab.api_url());
    tf.set_env("GITLAB_TOKEN", gitlab.token());
    if let Ok(snapshots) = std::env::var(SNAPSHOTS) {
        tf.set_env(SNAPSHOTS, &snapshots);
    }
    tf
}

/// Returns the CLI that all tests run, or skips the test.
#[track_caller]
pub(crate) fn cli() -> &'static Cli {
    static FOUND: OnceLock<Result<Cli, NoCli>> = OnceLock::new();
    match FOUND.get_or_init(Cli::find) {
        Ok(cli) => cli,
        Err(error @ NoCli::NotOnPath(_)) if !is_ci_job() => {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                print_notice(&format!("ALL TESTS THAT NEED A CLI ARE IGNORED: {error}."))
            });
            skip("there is no Terraform or OpenTofu".to_owned())
        }
        Err(error) => panic!("{error}"),
    }
}

/// Returns whether this is a CI job, which must not pass with ignored tests.
fn is_ci_job() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Returns the path and text of each source file of these tests.
pub(crate) fn sources() -> Vec<(PathBuf, String)> {
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/acceptance")];
    let mut sources = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("the directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("a source");
                sources.push((path, text));
            }
        }
    }
    sources
}

/// Prints what a test leaves out.
pub(crate) fn print_notice(what: &str) {
    drop(std::io::stderr().write_all(format!("\n{what}\n\n").as_bytes()));
}

/// Returns a fault with which GitLab responds with status 200 and this JSON.
pub(crate) fn json(body: &str) -> Fault {
    json_with(200, body)
}

/// Returns a fault with which GitLab responds with this status and JSON.
pub(crate) fn json_with(status: u16, body: &str) -> Fault {
    Fault::Responds { status, content_type: "application/json".to_owned(), body: body.to_owned() }
}

/// Returns `config` with a piece of it replaced, which must be there.
#[track_caller]
pub(crate) fn replaced(config: &str, piece: &str, by: &str) -> String {
    assert!(config.contains(piece), "no {piece:?} in {config}");
    config.replace(piece, by)
}

/// Returns the part of a message above its detail: title, address and source line.
pub(crate) fn heading(message: &str) -> &str {
    message.split_once("\n\n").map_or(message, |(heading, _)| heading)
}

/// Waits until something is so, which it must be within half a minute.
#[cfg(unix)]
#[track_caller]
pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    use std::time::{Duration, Instant};

    let patience = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < patience, "it did not come to be");
        std::thread::sleep(Duration::from_millis(5));
    }
}
