//! Tests the built provider with the real Terraform or OpenTofu and an in-memory GitLab. `harness`
//! runs the tests, `worlds` has the GitLabs that they start from, `kit` and the crate
//! `terraform-cli` run the CLI, and `needs` has the CLI features that tests require.
//!
//! Each message is pinned in full by one test, so that a change of wording shows.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[macro_use(test)]
extern crate test_attribute;

mod harness;
mod kit;
mod needs;
mod worlds;

mod adding;
mod allowlist_entry;
#[cfg(unix)]
mod attached;
mod authentication_log;
mod bad_input;
mod data_sources;
mod documentation;
mod examples;
mod exclusive;
mod faults;
mod generated_config;
mod import;
mod import_blocks;
mod installed;
mod lifecycle_destroy;
mod many_projects;
mod minimal_refresh;
#[cfg(unix)]
mod moved;
#[cfg(target_os = "linux")]
mod oci_mirror;
mod one_run;
mod opentofu;
mod packed;
mod partial_failure;
mod paths_and_ids;
mod permissions;
mod provider_block;
mod provider_errors;
mod push;
mod query;
mod removal;
mod request_economy;
mod scope;
mod scopes;
mod secrecy;
mod starting;
mod terraform_test;
mod uncached;
mod unknown;
mod unresolved;
mod versions;

fn main() -> std::process::ExitCode {
    harness::main()
}
