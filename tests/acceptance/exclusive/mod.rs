//! `gitlab_job_token_allowlist_exclusive`: the whole allowlist of a project, told by subject.

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
mod progress;
mod removing;
mod spelling;
mod unknown;

use gitlab_simulator::{Allowlist, Simulator, Target};

/// Where the list is in configurations.
const LIST: &str = "gitlab_job_token_allowlist_exclusive.app";

/// A list of `acme/app` with those arguments.
fn exclusive(arguments: &str) -> String {
    exclusive_of("acme/app", arguments)
}

/// A list of that project with those arguments.
fn exclusive_of(project: &str, arguments: &str) -> String {
    format!(
        "resource \"gitlab_job_token_allowlist_exclusive\" \"app\" {{\n  project = \"{project}\"\n  {arguments}\n}}\n"
    )
}

/// Projects 1 `acme/app`, 2 `acme/lib`, 3 `acme/web` and 4 `acme/old`, groups 1 `acme`, 2 `ops` and 3 `ops/prod`.
/// Nobody is allowed yet.
pub(crate) fn acme() -> Simulator {
    populated(Simulator::start())
}

/// The same of a GitLab that knows no permissions of entries.
fn acme_without_permissions() -> Simulator {
    populated(Simulator::builder().version("17.11.0-ee").start())
}

fn populated(gitlab: Simulator) -> Simulator {
    for path in ["acme/app", "acme/lib", "acme/web", "acme/old"] {
        gitlab.add_project(path);
    }
    gitlab.add_group("ops/prod");
    gitlab
}

/// [`acme`] with those projects and groups on the list of `acme/app`.
pub(crate) fn acme_allowing(projects: &[u64], groups: &[u64]) -> Simulator {
    let gitlab = acme();
    projects.iter().for_each(|id| gitlab.allow(APP, Target::Project(*id)));
    groups.iter().for_each(|id| gitlab.allow(APP, Target::Group(*id)));
    gitlab
}

/// A list of those projects and groups.
pub(crate) fn listed(projects: &[u64], groups: &[u64]) -> Allowlist {
    Allowlist { projects: projects.iter().copied().collect(), groups: groups.iter().copied().collect() }
}

pub(crate) const APP: u64 = 1;
pub(crate) const LIB: u64 = 2;
pub(crate) const WEB: u64 = 3;
pub(crate) const OLD: u64 = 4;
pub(crate) const ACME: u64 = 1;
pub(crate) const OPS: u64 = 2;
pub(crate) const PROD: u64 = 3;
