//! The life cycle of each resource, with the real CLI and the built provider: create, plan without
//! changes, update, import and destroy.

mod data_sources;
mod entry;
mod exclusive;
mod scope;

use std::path::Path;

use terraform_cli::{State, Workspace};

use crate::check::{Check, Problem};
use crate::site::Site;

/// The provider that was built with this test.
const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-gitlab-job-token");

pub(crate) fn all() -> Vec<Check> {
    [scope::CHECKS, entry::CHECKS, exclusive::CHECKS, data_sources::CHECKS].concat()
}

/// Makes a workspace whose environment names the GitLab and the token.
fn workspace(site: &Site) -> Result<Workspace, Problem> {
    let made = Workspace::new(site.cli()?, Path::new(PROVIDER));
    let mut tf = made.map_err(|error| Problem::Setup(format!("no workspace: {error}")))?;
    tf.set_env("GITLAB_BASE_URL", site.api.base_url());
    tf.set_env("GITLAB_TOKEN", site.api.token());
    Ok(tf)
}

/// Applies a configuration, after which a plan must change nothing. Returns the state.
#[track_caller]
fn applied(tf: &Workspace, config: &str) -> State {
    tf.config(config);
    tf.apply().succeeds();
    tf.plan().changes_nothing();
    tf.state()
}

/// Imports what the configuration has at an address into a new workspace, after which a plan must
/// change nothing.
fn imports_clean(site: &Site, config: &str, address: &str, id: &str) -> Result<(), Problem> {
    let tf = workspace(site)?;
    tf.config(config);
    tf.import(address, id).succeeds();
    tf.plan().changes_nothing();
    Ok(())
}
