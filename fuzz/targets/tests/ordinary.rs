//! Runs the fuzz targets without the fuzzer, with their seeds, mutated seeds and random bytes. This
//! catches regressions and keeps the targets compiling.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};

use fuzz_targets::{TARGETS, Target};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// Inputs for each target and way of making them.
const CASES: u32 = 2_000;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn names_in(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(fuzz().join(directory)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let directory = fuzz().join("seeds").join(target);
    let seeds: Vec<Vec<u8>> = fs::read_dir(&directory)
        .unwrap()
        .map(|seed| fs::read(seed.unwrap().path()).unwrap())
        .collect();
    assert!(!seeds.is_empty(), "{} is empty", directory.display());
    seeds
}

fn feed(target: Target, inputs: impl Strategy<Value = Vec<u8>>) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&inputs, |input| {
        target(&input);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn each_target_has_a_program_and_seeds() {
    let targets = TARGETS.map(|(name, _)| name);
    assert_eq!(names_in("fuzz_targets"), targets);
    assert_eq!(names_in("seeds"), targets);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in targets {
        assert!(
            manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")),
            "{name}"
        );
    }
}

#[test]
fn seeds_break_no_invariant() {
    for (name, target) in TARGETS {
        seeds(name).iter().for_each(|seed| target(seed));
    }
}

#[test]
fn random_bytes_break_no_invariant() {
    for (_, target) in TARGETS {
        feed(target, prop::collection::vec(any::<u8>(), 0..64));
    }
}

#[test]
fn mutated_seeds_break_no_invariant() {
    for (name, target) in TARGETS {
        let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 1..5);
        let changed =
            (prop::sample::select(seeds(name)), changes).prop_map(|(mut seed, changes)| {
                for (place, byte) in changes {
                    if !seed.is_empty() {
                        let place = place.index(seed.len());
                        seed[place] = byte;
                    }
                }
                seed
            });
        feed(target, changed);
    }
}
