//! Applies everything under `examples/`. A directory without a test is an error.

mod directories;
mod guides;
mod hcl;
pub(crate) mod official;
mod policy;
mod reference;
mod restricting;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::kit::bare_workspace;

/// Returns a file or directory of the project.
fn of_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Returns a file or directory under `examples/`.
fn example(path: &str) -> PathBuf {
    of_project("examples").join(path)
}

#[track_caller]
fn text(path: &str) -> String {
    fs::read_to_string(example(path)).unwrap_or_else(|error| panic!("examples/{path}: {error}"))
}

/// Returns the names in a directory under `examples/`.
#[track_caller]
fn names_in(path: &str) -> BTreeSet<String> {
    let entries =
        fs::read_dir(example(path)).unwrap_or_else(|error| panic!("examples/{path}: {error}"));
    entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn every_file_is_formatted() {
    let tf = bare_workspace();
    for directory in ["examples", "tests/terraform"] {
        let directory = of_project(directory);
        tf.run(&["fmt", "-check", "-diff", "-recursive", &directory.to_string_lossy()]).succeeds();
    }
    // Query files are formatted only by programs that have queries; the language is the same.
    for list_resource in names_in("list-resources") {
        tf.config(&text(&format!("list-resources/{list_resource}/list-resource.tfquery.hcl")));
        tf.run(&["fmt", "-check", "-diff"]).succeeds();
    }
}
