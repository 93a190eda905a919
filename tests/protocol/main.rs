//! The compiled binary as hosts use it: how it starts, which clients it accepts, its response to
//! each call of the protocol, and how it ends. The features of newer hosts than the installed CLI
//! are tested only here.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod abandoned;
#[cfg(unix)]
mod attaching;
mod command_line;
mod deferral;
mod ending;
mod hand_over;
mod handshake;
mod identity;
mod import;
mod kit;
mod life_cycle;
mod list;
mod list_group;
mod listening;
mod logging;
mod malformed;
mod memory;
mod moved;
mod mutual_tls;
mod newer_hosts;
mod not_offered;
mod older_hosts;
mod provider_block;
mod read;
mod schemas;
mod services;
mod simulated;
mod starting;
mod stopping;
mod unknown_values;
mod upgrade;
mod validation;
mod worlds;

use std::path::Path;
use std::time::Duration;

use plugin_host::Launch;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-gitlab-job-token");

/// Far longer than any step takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

fn launch() -> Launch {
    Launch::new(BINARY)
}

/// Returns a launch with a private directory for temporary files.
fn launch_in_own_directory() -> (Launch, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (launch().env("TMPDIR", directory.path()), directory)
}

fn is_empty(directory: &Path) -> bool {
    directory.read_dir().unwrap().next().is_none()
}

/// Waits until a condition holds.
async fn eventually(what: &str, happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LIMIT, waiting).await.unwrap_or_else(|_| panic!("it never happened: {what}"));
}
