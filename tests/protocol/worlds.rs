//! The projects and groups that tests start from.

use gitlab_simulator::{Simulator, Target};

/// The ID of group `acme`, in which all projects are.
pub(crate) const ACME: u64 = 1;

/// Starts a GitLab with projects 1 `acme/app` and 2 `acme/lib`.
pub(crate) fn two_projects() -> Simulator {
    with_projects(&["acme/app", "acme/lib"])
}

/// Starts a GitLab with projects 1 `acme/app`, 2 `acme/lib`, 3 `acme/tool` and 4 `acme/site`.
pub(crate) fn four_projects() -> Simulator {
    with_projects(&["acme/app", "acme/lib", "acme/tool", "acme/site"])
}

/// Starts a GitLab as [`two_projects`] does, with `acme/lib` and group `acme` on the allowlist of
/// `acme/app`.
pub(crate) fn lib_and_acme_allowed() -> Simulator {
    let gitlab = two_projects();
    gitlab.allow(1, Target::Project(2));
    gitlab.allow(1, Target::Group(ACME));
    gitlab
}

fn with_projects(paths: &[&str]) -> Simulator {
    let gitlab = Simulator::start();
    for path in paths {
        gitlab.add_project(path);
    }
    assert_eq!(gitlab.group_id("acme"), Some(ACME));
    gitlab
}
