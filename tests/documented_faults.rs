//! The documented table of faults has every fault of the simulator, and tests that exist.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the variants of the simulator's enum, as it writes them.
fn faults() -> BTreeSet<String> {
    let source = read("tests/simulator/src/faults/mod.rs");
    let (_, body) = source.split_once("pub enum Fault {").unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
    let variants =
        variants.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    variants.map(|line| line.split([' ', '(', ',']).next().unwrap().to_owned()).collect()
}

/// Returns the rows of all tables: the fault, and the file and name of its test.
fn rows(table: &str) -> Vec<(String, String, String)> {
    let rows = table.lines().filter(|line| line.starts_with("| ") && line.contains("`: `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let (file, test) = cells[2].split_once("`: `").unwrap();
        let plain = |text: &str| text.trim_matches([' ', '`', '|']).to_owned();
        (plain(cells[0]), plain(file), plain(test))
    })
    .collect()
}

#[test]
fn every_fault_is_in_the_table_and_every_test_exists() {
    let rows = rows(&read("contributing/faults.md"));
    let listed: BTreeSet<String> = rows.iter().map(|(fault, ..)| fault.clone()).collect();
    let missing: Vec<String> = faults().difference(&listed).cloned().collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    for (fault, file, test) in rows {
        let source = read(&format!("tests/{file}"));
        assert!(source.contains(&format!("fn {test}(")), "{fault}: no {test} in {file}");
    }
}
