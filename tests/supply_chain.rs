//! Checks dependencies: every direct dependency has a documented reason and is used, and all crates
//! follow the workspace's rules. `deny.toml` checks licenses and sources.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the lines of a file between one heading and the next.
fn section<'a>(text: &'a str, heading: &str, next: char) -> Vec<&'a str> {
    let lines = text.lines().skip_while(|line| *line != heading).skip(1);
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with(next)).collect();
    assert!(!lines.is_empty(), "nothing under {heading:?}");
    lines
}

/// The table of the dependencies that only some systems have.
const UNIX: &str = "[target.'cfg(all(unix, not(target_vendor = \"apple\")))'.dependencies]";

/// Returns the names in a table of dependencies. Those that are paths are parts of the project.
fn dependencies(manifest: &str, table: &str) -> BTreeSet<String> {
    let lines = section(manifest, table, '[').into_iter();
    let outside = lines.filter(|line| !line.contains("path = ") && !line.starts_with('#'));
    outside.filter_map(|line| Some(line.split_once([' ', '.'])?.0.to_owned())).collect()
}

/// Returns the names under a heading of the list, each with a reason.
fn listed(list: &str, heading: &str) -> BTreeSet<String> {
    let rows = section(list, heading, '#').into_iter().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (name, reason) = row.split_once("` | ").unwrap();
        assert!(reason.trim_end_matches([' ', '|']).len() > 10, "no reason for {name}");
        name.to_owned()
    })
    .collect()
}

fn members() -> Vec<PathBuf> {
    let manifest = read("Cargo.toml");
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = [")).unwrap();
    let members =
        members.trim_end_matches(']').split(", ").map(|member| member.trim_matches('"').into());
    members.chain([PathBuf::new()]).collect()
}

#[test]
fn exactly_the_direct_dependencies_are_listed_with_reasons() {
    let (manifest, list) = (read("Cargo.toml"), read("contributing/dependencies.md"));
    let mut program = dependencies(&manifest, "[dependencies]");
    program.extend(dependencies(&manifest, UNIX));
    let build = dependencies(&manifest, "[build-dependencies]");
    assert_eq!(listed(&list, "## In the program"), program);
    assert_eq!(listed(&list, "## In the build script"), build);
    let all = dependencies(&manifest, "[workspace.dependencies]");
    let tests: BTreeSet<String> = all.into_iter().filter(|name| !program.contains(name)).collect();
    assert_eq!(listed(&list, "## In tests and developer tasks"), &tests - &build);
}

#[test]
fn every_dependency_of_the_workspace_is_one_of_some_crate() {
    let manifests: Vec<String> =
        members().iter().map(|member| read(member.join("Cargo.toml"))).collect();
    for name in dependencies(&manifests[manifests.len() - 1], "[workspace.dependencies]") {
        let (plain, with_features) =
            (format!("\n{name}.workspace = true"), format!("\n{name} = {{ workspace"));
        let used =
            manifests.iter().any(|text| text.contains(&plain) || text.contains(&with_features));
        assert!(used, "no crate uses {name}");
    }
}

#[test]
fn unsafe_code_is_forbidden_in_every_crate() {
    assert!(
        section(&read("Cargo.toml"), "[workspace.lints.rust]", '[')
            .contains(&"unsafe_code = \"forbid\"")
    );
    for member in members() {
        let manifest = read(member.join("Cargo.toml"));
        assert_eq!(
            section(&manifest, "[lints]", '[')[0],
            "workspace = true",
            "{}",
            member.display()
        );
    }
}
