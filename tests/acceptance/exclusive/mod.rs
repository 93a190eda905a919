//! `gitlab_job_token_allowlist_exclusive`: the whole allowlist of a project.

mod checks;
mod drift;
mod failing;
mod import;
#[cfg(unix)]
mod interrupt;
mod losing_access;
mod managing;
mod maps;
mod order;
mod overlap;
mod paths_and_ids;
mod progress;
mod removing;
mod unknown;

use gitlab_simulator::Allowlist;

/// The address of the list in configurations.
const LIST: &str = "gitlab_job_token_allowlist_exclusive.app";

/// Returns a list of `acme/app` with those arguments.
fn exclusive(arguments: &str) -> String {
    exclusive_of("acme/app", arguments)
}

/// Returns a list of that project with those arguments.
fn exclusive_of(project: &str, arguments: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_allowlist_exclusive" "app" {{
          project = "{project}"
          {arguments}
        }}
        "#
    )
}

/// Returns a list of those projects and groups.
pub(crate) fn listed(projects: &[u64], groups: &[u64]) -> Allowlist {
    Allowlist {
        projects: projects.iter().copied().collect(),
        groups: groups.iter().copied().collect(),
    }
}
