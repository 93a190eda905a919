//! Runs each directory of `tests/terraform/`, which tests the contract with `terraform test`, and
//! leaves nothing behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gitlab_simulator::Simulator;
use serde_json::Value;

use crate::kit::workspace;
use crate::needs::TERRAFORM_TEST;
use crate::worlds::examples::{allowed, examples, project_id};

/// The directories, each with the test that runs it.
const TESTS: [(&str, fn()); 4] = [
    ("allowlist-entry", allowlist_entry),
    ("allowlist-exclusive", exclusive_allowlist),
    ("data-sources", data_sources),
    ("scope", scope),
];

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform").join(name)
}

#[test]
fn every_directory_has_a_test() {
    let entries =
        fs::read_dir(directory("")).expect("the directory").map(|entry| entry.expect("an entry"));
    let found: BTreeSet<_> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(found, TESTS.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn scope() {
    TERRAFORM_TEST.require();
    let gitlab = examples();
    gitlab.set_inbound_enabled(project_id(&gitlab, "platform/deploy"), false);
    run_tests(&gitlab, "scope");
    assert!(gitlab.inbound_enabled(project_id(&gitlab, "platform/deploy")));
}

#[test]
fn allowlist_entry() {
    TERRAFORM_TEST.require();
    let gitlab = examples();
    run_tests(&gitlab, "allowlist-entry");
    assert!(allowed(&gitlab, "platform/deploy").is_empty());
}

#[test]
fn exclusive_allowlist() {
    TERRAFORM_TEST.require();
    let gitlab = examples();
    run_tests(&gitlab, "allowlist-exclusive");
    assert!(allowed(&gitlab, "platform/deploy").is_empty());
}

#[test]
fn data_sources() {
    TERRAFORM_TEST.require();
    let gitlab = examples();
    run_tests(&gitlab, "data-sources");
    assert!(gitlab.inbound_enabled(project_id(&gitlab, "platform/charts")));
    assert!(allowed(&gitlab, "platform/charts").is_empty());
}

/// Runs a directory's tests, all of which must be found and pass.
#[track_caller]
fn run_tests(gitlab: &Simulator, name: &str) {
    let tf = workspace(gitlab);
    tf.config_from(&directory(name));

    let run = tf.test();

    run.succeeds();
    let summary = run
        .stdout()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|message| message["type"] == "test_summary")
        .unwrap_or_else(|| panic!("there is no summary\n{run}"));
    assert_eq!(summary["test_summary"]["passed"], written(name), "{run}");
}

/// Returns the number of runs in a directory's files.
fn written(name: &str) -> usize {
    let files = fs::read_dir(directory(name))
        .expect("the directory")
        .map(|entry| entry.expect("an entry").path());
    let tests = files.filter(|file| file.to_string_lossy().ends_with(".tftest.hcl"));
    let text: String = tests.map(|file| fs::read_to_string(file).expect("a test file")).collect();
    text.lines().filter(|line| line.starts_with("run \"")).count()
}
