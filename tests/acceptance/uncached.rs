//! Runs the tests of the contract again without the cache, which must only save requests.

use std::env;
use std::process::{Command, Stdio};

use crate::harness::skip;
use crate::kit::cli;

/// The variable that disables the provider's cache.
pub(crate) const SNAPSHOTS: &str = "GITLAB_JOB_TOKEN_SNAPSHOTS";

/// The modules that test plans, warnings and final states.
const CONTRACT: [&str; 9] = [
    "exclusive::losing_access",
    "exclusive::managing",
    "exclusive::overlap",
    "exclusive::paths_and_ids",
    "exclusive::unknown",
    "one_run::conflicts",
    "one_run::overlap",
    "one_run::unknown_ids",
    "unresolved::",
];

#[test]
fn contract_holds_without_a_cache() {
    cli();
    if env::var_os(SNAPSHOTS).is_some() {
        skip("the variable is set for all tests already".to_owned());
    }
    let tests = env::current_exe().expect("the path of this program");
    let run = Command::new(tests)
        .args(CONTRACT)
        .args(["--test-threads", "2"])
        .env(SNAPSHOTS, "false")
        .stdin(Stdio::null())
        .output()
        .expect("the same tests once more");
    let output = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "without a cache:\n{output}");
    assert!(output.contains("test result: ok. ") && !output.contains("ok. 0 passed"), "{output}");
}
