//! `plan -generate-config-out`: the generated configuration plans clean without edits.
//!
//! Terraform writes `provider = gitlab-job-token`, the type of the provider instead of its local
//! name. Under any other local name, these lines must be removed.

use std::fs;

use gitlab_simulator::Simulator;
use insta::assert_snapshot;
use terraform_cli::{PROVIDER_SOURCE, Workspace};

use crate::kit::workspace;
use crate::needs::{
    GENERATE_WITH_PROVIDER, GENERATED_MAPS, IMPORT_BLOCKS, IMPORTS_IGNORE_LOCAL_NAMES,
};
use crate::worlds::FOUR_PROJECTS;

const IMPORTS: &str = r#"
import {
  to = gitlab_job_token_scope.app
  id = "acme/app"
}
import {
  to = gitlab_job_token_allowlist_entry.lib
  id = "acme/app:project:acme/lib"
}
import {
  to = gitlab_job_token_allowlist_entry.ops
  id = "1:group:2"
}
import {
  to = gitlab_job_token_allowlist_exclusive.app
  id = "acme/app"
}
import {
  to = gitlab_job_token_allowlist_exclusive.lib
  id = "2"
}
"#;

const GENERATED: &str = "generated.tf";

/// Starts a GitLab in which `acme/app` is open and has `acme/lib` and group `ops` on its allowlist.
/// The allowlist of `acme/lib` is empty.
fn open_app() -> Simulator {
    let gitlab = FOUR_PROJECTS.allowing(&[2], &[2]);
    gitlab.set_inbound_enabled(1, false);
    gitlab
}

fn imports_with_provider(local_name: &str) -> String {
    IMPORTS.replace("import {", &format!("import {{\n  provider = {local_name}"))
}

fn without_provider(generated: &str) -> String {
    let stays = |line: &&str| !line.trim().starts_with("provider ");
    generated.lines().filter(stays).collect::<Vec<_>>().join("\n")
}

/// Plans so that the configuration is generated.
#[track_caller]
fn plan_with_generated_config(tf: &Workspace) {
    let plan = tf.plan_with(&[&format!("-generate-config-out={GENERATED}")]);
    IMPORTS_IGNORE_LOCAL_NAMES.skip_if_seen_in(plan.run());
    if GENERATED_MAPS.is_there() || plan.run().errors().is_empty() {
        plan.succeeds();
        return;
    }
    let error = plan.error();
    assert!(error.contains("attribute \"id\" is required"), "{error}");
}

/// Returns what is generated for the imports, in the order of addresses and without comments.
fn generate(tf: &Workspace) -> String {
    tf.config(IMPORTS);
    plan_with_generated_config(tf);
    let written = fs::read_to_string(tf.directory().join(GENERATED)).expect("a generated file");
    let code: Vec<&str> = written.lines().filter(|line| !line.starts_with('#')).collect();
    let mut blocks: Vec<String> = code
        .join("\n")
        .split("\n\n")
        .map(|block| block.trim().to_owned())
        .filter(|block| !block.is_empty())
        .collect();
    blocks.sort();
    blocks.join("\n\n")
}

/// Evens out what depends on the version of the CLI: old ones write more nulls, align by them, and
/// write a string that holds a number as JSON.
fn normalized(generated: &str) -> String {
    let set = generated.lines().filter(|line| !line.ends_with("= null"));
    let normalized = set.map(|line| match line.split_once('=') {
        Some((name, value)) => {
            let value = value.replace("jsonencode(", "\"").replace(')', "\"");
            format!("{} ={value}", name.trim_end())
        }
        None => line.to_owned(),
    });
    let normalized = normalized.map(|line| {
        match line.strip_suffix(" ={").or_else(|| line.strip_suffix(" = {")) {
            // Some versions write keys of maps without quotes.
            Some(key) if key.trim().parse::<u64>().is_ok() => {
                format!("{}\"{}\" = {{", &key[..key.len() - key.trim_start().len()], key.trim())
            }
            _ => line,
        }
    });
    normalized.collect::<Vec<_>>().join("\n")
}

/// Plans and applies the imports, which may change nothing.
fn imports_clean(gitlab: &Simulator, tf: &Workspace) {
    let plan = tf.plan();
    assert_eq!(plan.has_no_warnings().actions(), []);
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
    assert_eq!(tf.state().addresses().len(), 5);
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn generated_configuration_plans_clean_under_its_local_name() {
    GENERATE_WITH_PROVIDER.require();
    let gitlab = open_app();
    let tf = workspace(&gitlab);
    tf.file(
        "versions.tf",
        &format!(
            r#"
            terraform {{
              required_providers {{
                gitlab-job-token = {{ source = {PROVIDER_SOURCE:?} }}
              }}
            }}
            "#
        ),
    );
    tf.config(&imports_with_provider("gitlab-job-token"));
    plan_with_generated_config(&tf);

    imports_clean(&gitlab, &tf);
}

#[test]
fn generated_configuration_plans_clean_without_provider_lines() {
    IMPORT_BLOCKS.require();
    let gitlab = open_app();
    let tf = workspace(&gitlab);

    let generated = generate(&tf);
    assert_snapshot!(normalized(&generated), @r#"
    resource "gitlab_job_token_allowlist_entry" "lib" {
      provider = gitlab-job-token
      project = "acme/app"
      target_project_id = 2
    }

    resource "gitlab_job_token_allowlist_entry" "ops" {
      provider = gitlab-job-token
      project = "1"
      target_group_id = 2
    }

    resource "gitlab_job_token_allowlist_exclusive" "app" {
      provider = gitlab-job-token
      groups = {
        "2" = {
          default_permissions = true
        }
      }
      project = "acme/app"
      projects = {
        "2" = {
          default_permissions = true
        }
      }
    }

    resource "gitlab_job_token_allowlist_exclusive" "lib" {
      provider = gitlab-job-token
      groups = {
      }
      project = "2"
      projects = {
      }
    }

    resource "gitlab_job_token_scope" "app" {
      provider = gitlab-job-token
      inbound_enabled = false
      project = "acme/app"
    }
    "#);

    tf.file(GENERATED, &without_provider(&generated));
    imports_clean(&gitlab, &tf);
}

/// Follows the advice of the documentation against [`IMPORTS_IGNORE_LOCAL_NAMES`].
#[test]
fn imports_with_a_provider_plan_clean_after_it_is_removed() {
    GENERATE_WITH_PROVIDER.require();
    let gitlab = open_app();
    let tf = workspace(&gitlab);
    tf.config(&imports_with_provider("gitlab"));
    plan_with_generated_config(&tf);

    tf.config(IMPORTS);
    let generated = fs::read_to_string(tf.directory().join(GENERATED)).expect("a generated file");
    tf.file(GENERATED, &without_provider(&generated));
    imports_clean(&gitlab, &tf);
}
