//! What the release pipelines say is what this module makes. They run on machines of others and seldom, so what can be
//! known of them beforehand is held here.

use std::collections::BTreeSet;
use std::fs;

use saphyr::{LoadableYamlNode as _, Yaml};
use terraform_provider_gitlab_job_token::address::EXECUTABLE;

use super::super::*;
use crate::project;

const GITHUB_GATE: &str = ".github/workflows/ci.yml";
const GITHUB_RELEASE: &str = ".github/workflows/release.yml";
const GITLAB: &str = ".gitlab-ci.yml";
const ALL: [&str; 3] = [GITHUB_GATE, GITHUB_RELEASE, GITLAB];
const RELEASES: [&str; 2] = [GITHUB_RELEASE, GITLAB];

fn read(file: &str) -> String {
    fs::read_to_string(project().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// All strings that stand under a key, wherever it is, alone or in a list.
fn under(key: &str, file: &str) -> Vec<String> {
    let text = read(file);
    let documents = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut found = Vec::new();
    documents.iter().for_each(|document| collect(key, document, false, &mut found));
    found
}

fn collect(key: &str, node: &Yaml<'_>, is_under: bool, found: &mut Vec<String>) {
    if let Some(text) = node.as_str().filter(|_| is_under) {
        found.push(text.to_owned());
    }
    for element in node.as_sequence().into_iter().flatten() {
        collect(key, element, is_under, found);
    }
    for (name, value) in node.as_mapping().into_iter().flatten() {
        collect(key, value, name.as_str() == Some(key), found);
    }
}

/// Without doubles, which would be built twice.
#[track_caller]
fn set<'a>(all: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let all: Vec<String> = all.into_iter().map(str::to_owned).collect();
    let set: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(set.len(), all.len(), "{all:?}");
    set
}

fn targets() -> BTreeSet<String> {
    set(target::of_releases().unwrap().iter().map(target::Target::triple))
}

#[test]
fn each_pipeline_builds_for_every_target_of_a_release() {
    for (file, key) in [(GITHUB_RELEASE, "target"), (GITLAB, "TARGET")] {
        assert_eq!(set(under(key, file).iter().map(String::as_str)), targets(), "{file}");
    }
}

#[test]
fn the_targets_are_those_that_maintainers_read_of() {
    let guide = read("CONTRIBUTING.md");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"));
    let rows: BTreeSet<(String, String)> = rows
        .filter_map(|(platform, rest)| Some((platform.to_owned(), rest.split_once('`')?.0.to_owned())))
        .filter(|(_, triple)| triple.matches('-').count() >= 2)
        .collect();
    let expected = target::of_releases().unwrap();
    let expected = expected.iter().map(|target| (target.platform().to_string(), target.triple().to_owned()));
    assert_eq!(rows, expected.collect());
}

#[test]
fn dependencies_are_checked_for_every_target_of_a_release() {
    let rules = read("deny.toml");
    for target in targets() {
        assert!(rules.contains(&format!("\"{target}\",")), "{target}");
    }
}

#[test]
fn each_pipeline_begins_with_the_gate_under_both_programs() {
    for (file, key, script) in [(GITHUB_GATE, "program", "run"), (GITLAB, "PROGRAM", "script")] {
        assert_eq!(set(under(key, file).iter().map(String::as_str)), set(["terraform", "tofu"]), "{file}");
        assert!(under(script, file).iter().any(|line| line == ".ci/run"), "{file}");
    }
    assert!(under("uses", GITHUB_RELEASE).contains(&format!("./{GITHUB_GATE}")));
}

#[test]
fn one_compiler_is_used_everywhere() {
    let versions = ALL.map(|file| under("RUSTUP_TOOLCHAIN", file));
    assert_eq!(versions[0].len(), 1);
    assert!(versions.iter().all(|version| *version == versions[0]), "{versions:?}");
    for image in under("image", GITLAB).iter().filter(|image| image.starts_with("rust:")) {
        assert!(image.starts_with(&format!("rust:{}-", versions[0][0])), "{image}");
    }
}

/// A tag can be moved to other code by whoever owns the repository, and these see the release before it is signed.
#[test]
fn actions_of_others_are_named_by_commit() {
    for file in [GITHUB_GATE, GITHUB_RELEASE] {
        for action in under("uses", file).iter().filter(|action| !action.starts_with("./")) {
            let commit = action.split_once('@').map_or("", |(_, commit)| commit);
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
        }
    }
}

#[test]
fn what_is_published_is_what_is_made() {
    let prefix = format!("{EXECUTABLE}_");
    for file in RELEASES {
        assert!(read(file).contains(&format!(" dist/{prefix}*\n")), "{file}");
        let handed_on = [under("path", file), under("paths", file)].concat();
        assert!(handed_on.contains(&"dist/*.zip".to_owned()), "{file}: {handed_on:?}");
    }
    let packages =
        target::of_releases().unwrap().into_iter().map(|target| assets::package(target.platform()));
    for made in packages.chain([assets::manifest(), assets::checksums()]) {
        assert!(made.starts_with(&prefix), "{made}");
    }
}

/// The key is in the environment of one step, and nothing but the script that takes it out of there names it.
#[test]
fn the_key_is_seen_by_the_step_that_signs_alone() {
    let release = read(GITHUB_RELEASE);
    let steps: Vec<&str> = release.split("\n      - ").filter(|step| step.contains("secrets.")).collect();
    assert_eq!(steps.len(), 1);
    assert!(steps[0].starts_with("name: Sign\n") && steps[0].ends_with("run: .ci/sign dist"), "{}", steps[0]);
    for file in [GITHUB_GATE, GITLAB] {
        let text = read(file);
        assert!(!text.contains("GPG_PRIVATE_KEY") && !text.contains("PASSPHRASE"), "{file}");
    }
    assert!(under("script", GITLAB).iter().any(|line| line == ".ci/sign dist"));
}
