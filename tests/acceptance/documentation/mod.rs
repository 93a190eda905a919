//! Tests the documentation: each configuration is valid and formatted, and each recorded output is
//! up to date. `xtask` tests whether `docs/` is up to date.

mod blocks;

use std::fs;
use std::sync::Arc;

use gitlab_simulator::Simulator;
use terraform_cli::Workspace;

use crate::examples::official::Official;
use crate::kit::{bare_workspace, print_notice, workspace};
use crate::needs::{
    CHECK_BLOCKS, Feature, IMPORT_BLOCKS, IMPORT_BY_IDENTITY, IMPORT_FOR_EACH,
    IMPORTS_IGNORE_LOCAL_NAMES, OCI_MIRROR, OPTIONAL_DEFAULTS, QUERY, REMOVED,
};
use crate::worlds::examples::{allow, examples};
use blocks::{Block, pages};

/// The line that stands for omitted lines of a recording.
const LEFT_OUT: &str = "…\n";

#[test]
fn every_configuration_is_formatted() {
    let tf = bare_workspace();
    let directory = tf.directory().join("blocks");
    fs::create_dir(&directory).expect("a directory");
    let mut count = 0;
    for block in pages().into_iter().flatten().filter(Block::is_configuration) {
        count += 1;
        let name = block.file.to_string_lossy().replace(['/', '\\'], "_");
        fs::write(directory.join(format!("{name}-{}.tf", block.line)), &block.text)
            .expect("a file");
    }
    assert!(count > 20, "only {count} blocks are found");
    tf.run(&["fmt", "-check", "-diff", &directory.to_string_lossy()]).succeeds();
}

/// The stand-in for the official provider knows the resources in these blocks, so they are
/// validated too. Blocks that the CLI is too old for are skipped with a message.
#[test]
fn every_configuration_is_valid() {
    let gitlab = Arc::new(examples());
    let official = Official::start(&gitlab);
    for page in pages() {
        let mut requirements: Option<String> = None;
        for block in page.iter().filter(|block| block.is_configuration()) {
            let mut tf = workspace(&gitlab);
            tf.set_env("TF_REATTACH_PROVIDERS", &official.reattach);
            let own = requirements_in(&block.text);
            match (&own, &requirements) {
                (Some(_), _) => drop(tf.file("versions.tf", "")),
                (None, Some(of_page)) => drop(tf.file("versions.tf", of_page)),
                (None, None) => {}
            }
            requirements = own.or(requirements);
            if !needed(&block.text).is_some_and(|feature| feature.is_missing_for(block)) {
                assert_valid(&mut tf, block);
            }
        }
    }
}

#[track_caller]
fn assert_valid(tf: &mut Workspace, block: &Block) {
    let run = if block.text.contains("provider_installation {") {
        let file = tf.file("program.tfrc", &block.text);
        tf.set_env("TF_CLI_CONFIG_FILE", &file.to_string_lossy());
        tf.run(&["version"])
    } else if is_query(&block.text) {
        tf.file("blocks.tfquery.hcl", &block.text);
        tf.run(&["validate", "-query", "-no-color"])
    } else {
        tf.config(&block.text);
        tf.run(&["validate", "-no-color"])
    };
    if IMPORTS_IGNORE_LOCAL_NAMES.is_seen_in(&run) {
        return print_notice(&format!("SKIPPED: {block}: a defect of this build."));
    }
    assert!(run.is_success() && run.errors().is_empty(), "{block} is not valid\n{run}");
    assert!(!run.stderr().contains("There are some problems"), "{block} is not valid\n{run}");
}

/// Returns the block that names the providers, which all other blocks of the page need.
fn requirements_in(text: &str) -> Option<String> {
    let (_, rest) =
        text.split_once("terraform {\n").filter(|(_, rest)| rest.contains("required_providers"))?;
    let (requirements, _) = rest.split_once("\n}")?;
    Some(format!("terraform {{\n{requirements}\n}}\n"))
}

fn is_query(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("list \""))
}

/// Returns the feature that the text needs, if not all supported programs have it.
fn needed(text: &str) -> Option<Feature> {
    let imports_many =
        |block: &str| block.split("\n}").next().is_some_and(|block| block.contains("for_each"));
    if is_query(text) {
        Some(QUERY)
    } else if text.contains("  identity = {") {
        Some(IMPORT_BY_IDENTITY)
    } else if text.contains("removed {") {
        Some(REMOVED)
    } else if text.contains("oci_mirror {") {
        Some(OCI_MIRROR)
    } else if text.split("import {").skip(1).any(imports_many) {
        Some(IMPORT_FOR_EACH)
    } else if text.contains("import {") {
        Some(IMPORT_BLOCKS)
    } else if text.contains("check \"") {
        Some(CHECK_BLOCKS)
    } else {
        text.contains("optional(").then_some(OPTIONAL_DEFAULTS)
    }
}

#[test]
fn every_recording_matches_the_output_of_the_cli() {
    let mut count = 0;
    for page in pages() {
        for (before, recording) in
            page.iter().zip(page.iter().skip(1)).filter(|(_, next)| next.is_recording())
        {
            let gitlab = inherited();
            let tf = workspace(&gitlab);
            assert!(before.is_configuration(), "{recording} does not follow a configuration");
            count += 1;
            if !needed(&before.text).is_some_and(|feature| feature.is_missing_for(recording)) {
                tf.config(&before.text);
                assert_recorded(&tf, recording);
            }
        }
    }
    assert!(count >= 3, "only {count} recordings are found");
}

/// Starts a GitLab whose example projects are open and have existing entries.
fn inherited() -> Simulator {
    let gitlab = examples();
    let deploy = gitlab.project_id("platform/deploy").expect("an existing project");
    gitlab.set_inbound_enabled(deploy, false);
    allow(
        &gitlab,
        "platform/deploy",
        &["security/scanner", "platform/tools/release-bot", "platform/apps/*", "shop/*"],
    );
    gitlab
}

#[track_caller]
fn assert_recorded(tf: &Workspace, recording: &Block) {
    for session in recording.text.split("$ terraform ").skip(1) {
        let (command, recorded) = session.split_once('\n').expect("a command and what it says");
        let options: &[&str] = if command == "apply" { &["-auto-approve"] } else { &[] };
        let run = tf.run(&[&[command, "-no-color"], options].concat());
        let mut rest = run.succeeds().stdout();
        for part in recorded.split(LEFT_OUT).map(str::trim).filter(|part| !part.is_empty()) {
            let found = rest.find(part);
            let found = found
                .unwrap_or_else(|| panic!("{recording} shows what is not said:\n{part}\n\n{run}"));
            rest = &rest[found + part.len()..];
        }
    }
}
