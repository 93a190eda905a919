//! Checks that the release pipelines match this module, since they run rarely and elsewhere.

use std::collections::BTreeSet;
use std::fs;

use saphyr::{LoadableYamlNode as _, Yaml};
use terraform_provider_gitlab_job_token::address::EXECUTABLE;

use super::super::*;
use crate::project;

const GITHUB_GATE: &str = ".github/workflows/ci.yml";
const GITHUB_RELEASE: &str = ".github/workflows/release.yml";
const GITHUB_PUBLISH: &str = ".github/workflows/publish.yml";
const GITHUB_RUST: &str = ".github/actions/rust/action.yml";
const GITLAB: &str = ".gitlab-ci.yml";
const ALL: [&str; 4] = [GITHUB_GATE, GITHUB_RELEASE, GITHUB_PUBLISH, GITLAB];

/// The oldest supported versions.
const OLDEST: [(&str, &str); 2] = [("terraform", "1.0"), ("tofu", "1.6")];

fn read(file: &str) -> String {
    fs::read_to_string(project().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns all strings below a key at any depth, alone or in a list.
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

/// Returns a set, and panics on duplicates, which would be built twice.
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
fn documented_targets_match_the_code() {
    let guide = read("CONTRIBUTING.md");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"));
    let rows: BTreeSet<(String, String)> = rows
        .filter_map(|(platform, rest)| {
            Some((platform.to_owned(), rest.split_once('`')?.0.to_owned()))
        })
        .filter(|(_, triple)| triple.matches('-').count() >= 2)
        .collect();
    let expected = target::of_releases().unwrap();
    let expected =
        expected.iter().map(|target| (target.platform().to_string(), target.triple().to_owned()));
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
fn each_pipeline_starts_with_the_gate_under_both_programs() {
    for (file, key, script) in [(GITHUB_GATE, "program", "run"), (GITLAB, "PROGRAM", "script")] {
        let programs: BTreeSet<String> = under(key, file).into_iter().collect();
        assert_eq!(programs, set(["terraform", "tofu"]), "{file}");
        assert!(under(script, file).iter().any(|line| line == ".ci/run"), "{file}");
    }
    assert!(under("uses", GITHUB_RELEASE).contains(&format!("./{GITHUB_GATE}")));
}

#[test]
fn each_pipeline_tests_the_oldest_supported_versions() {
    let page = read("docs-src/index.md");
    let [terraform, tofu] = OLDEST.map(|(_, version)| version);
    let promise = format!(
        "| Resources and data sources, `import` on the command line | {terraform} | {tofu} |"
    );
    assert!(page.lines().any(|line| line == promise), "the documentation promises other versions");
    for file in [GITHUB_GATE, GITLAB] {
        let text = read(file).to_lowercase();
        for (program, version) in OLDEST {
            let entry = format!("- program: {program}\n");
            let (_, after) =
                text.split_once(&entry).unwrap_or_else(|| panic!("{file} has no {program}"));
            assert!(
                after.trim_start().starts_with(&format!("version: \"{version}\"\n")),
                "{file}: {program}"
            );
        }
    }
}

/// GitHub starts the workflow by these patterns, GitLab the pipeline by its rule.
#[test]
fn only_version_tags_start_a_release() {
    let patterns = ["v[0-9]+.[0-9]+.[0-9]+", "v[0-9]+.[0-9]+.[0-9]+-*"];
    assert_eq!(set(under("tags", GITHUB_RELEASE).iter().map(String::as_str)), set(patterns));
    let rule = r"$CI_COMMIT_TAG =~ /^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/";
    assert!(under("if", GITLAB).iter().any(|condition| condition == rule));
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

/// A tag can be moved to other code by the owner of the repository, and these see the release
/// before it is signed.
#[test]
fn third_party_actions_are_pinned_by_commit() {
    for file in [GITHUB_GATE, GITHUB_RELEASE, GITHUB_PUBLISH, GITHUB_RUST] {
        for action in under("uses", file).iter().filter(|action| !action.starts_with("./")) {
            let commit = action.split_once('@').map_or("", |(_, commit)| commit);
            assert!(
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{action}"
            );
        }
    }
}

#[test]
fn published_files_are_the_built_ones() {
    let prefix = format!("{EXECUTABLE}_");
    for (builds, publishes) in [(GITHUB_RELEASE, GITHUB_PUBLISH), (GITLAB, GITLAB)] {
        assert!(read(publishes).contains(&format!(" dist/{prefix}*\n")), "{publishes}");
        let handed_on = [under("path", builds), under("paths", builds)].concat().join("\n");
        assert!(
            handed_on.contains("dist/*.zip") && handed_on.contains("dist/*.cdx.json"),
            "{builds}: {handed_on}"
        );
    }
    let packages = target::of_releases()
        .unwrap()
        .into_iter()
        .flat_map(|target| [assets::package(target.platform()), assets::sbom(target.platform())]);
    for made in packages.chain(of_all()).chain(target::LATER.map(assets::later_checksums)) {
        assert!(made.starts_with(&prefix), "{made}");
    }
}

/// Returns a job of a workflow, from its name to the next job.
fn job(file: &str, name: &str) -> String {
    let text = read(file);
    let (_, after) =
        text.split_once(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("{file}: {name}"));
    let is_inside = |line: &&str| line.is_empty() || line.starts_with("   ");
    after.lines().take_while(is_inside).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_job_needs_a_later_one() {
    for (file, name) in [(GITHUB_RELEASE, "publish"), (GITHUB_RELEASE, "oci"), (GITLAB, "publish")]
    {
        let (text, job) = (read(file), job_or_top(file, name));
        assert!(text.contains("freebsd") && !job.contains("freebsd"), "{file}: {name}");
    }
    assert!(job(GITHUB_RELEASE, "freebsd").contains("continue-on-error: true"));
    assert!(job_or_top(GITLAB, ".freebsd").contains("allow_failure: true"));
}

/// Returns a job of GitLab's pipeline, which isn't indented.
fn job_or_top(file: &str, name: &str) -> String {
    if file != GITLAB {
        return job(file, name);
    }
    let text = read(file);
    let (_, after) =
        text.split_once(&format!("\n{name}:\n")).unwrap_or_else(|| panic!("{file}: {name}"));
    after.lines().take_while(|line| line.starts_with(' ')).collect::<Vec<_>>().join("\n")
}

/// One step has the key in its environment. Its job builds nothing, and runs only the script that
/// reads the key.
#[test]
fn only_the_signing_job_has_the_key() {
    let release = read(GITHUB_PUBLISH);
    let steps: Vec<&str> =
        release.split("\n      - ").filter(|step| step.contains("secrets.")).collect();
    assert_eq!(steps.len(), 1);
    assert!(
        steps[0].starts_with("name: Sign\n") && steps[0].ends_with("run: .ci/sign dist"),
        "{}",
        steps[0]
    );
    for (file, name) in [(GITHUB_PUBLISH, "sign"), (GITLAB, ".sign")] {
        let job = job_or_top(file, name);
        assert!(job.contains("environment: release") && job.contains(".ci/sign dist"), "{file}");
        assert!(!job.contains("cargo") && !job.contains("rust"), "{file}");
        assert_eq!(read(file).matches("environment:").count(), 1, "{file}");
    }
    for file in [GITHUB_GATE, GITHUB_RELEASE, GITLAB] {
        let text = read(file);
        assert!(!text.contains("GPG_PRIVATE_KEY") && !text.contains("PASSPHRASE"), "{file}");
    }
}
