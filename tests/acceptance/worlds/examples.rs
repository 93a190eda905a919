//! The projects and groups that `examples/` and `tests/terraform/` name, with the IDs that they
//! use.

use std::collections::BTreeMap;

use gitlab_simulator::{Simulator, Target};

const GROUPS: [(u64, &str); 5] =
    [(5, "platform"), (7, "platform/apps"), (8, "platform/tools"), (11, "shop"), (12, "security")];

const PROJECTS: [(u64, &str); 6] = [
    (42, "platform/apps/storefront"),
    (57, "platform/tools/release-bot"),
    (60, "security/scanner"),
    (61, "security/vault"),
    (98, "platform/charts"),
    (99, "platform/deploy"),
];

/// Starts a GitLab with these projects and groups and empty allowlists. The IDs in between belong
/// to others.
pub(crate) fn examples() -> Simulator {
    with_examples(Simulator::start())
}

/// Adds these projects and groups to an empty GitLab.
pub(crate) fn with_examples(gitlab: Simulator) -> Simulator {
    fill(&GROUPS, |id, path| {
        gitlab.add_group(&path.map_or_else(|| format!("others-{id}"), str::to_owned))
    });
    let others = gitlab.add_group("others");
    assert!(GROUPS.iter().all(|(id, _)| *id < others));
    fill(&PROJECTS, |id, path| {
        gitlab.add_project(&path.map_or_else(|| format!("others/project-{id}"), str::to_owned))
    });
    gitlab
}

fn fill(named: &[(u64, &str)], mut add: impl FnMut(u64, Option<&str>) -> u64) {
    let named: BTreeMap<u64, &str> = named.iter().copied().collect();
    let last = named.keys().copied().max().unwrap_or_default();
    for id in 1..=last {
        assert_eq!(add(id, named.get(&id).copied()), id, "IDs are assigned in order");
    }
}

/// Returns the ID of a project.
#[track_caller]
pub(crate) fn project_id(gitlab: &Simulator, project: &str) -> u64 {
    gitlab.project_id(project).unwrap_or_else(|| panic!("there is no project {project}"))
}

/// Adds projects, and groups written as `path/*`, to a project's allowlist without Terraform.
#[track_caller]
pub(crate) fn allow(gitlab: &Simulator, project: &str, targets: &[&str]) {
    for target in targets {
        let target = match target.strip_suffix("/*") {
            Some(group) => Target::Group(gitlab.group_id(group).expect("a group of the examples")),
            None => Target::Project(project_id(gitlab, target)),
        };
        gitlab.allow(project_id(gitlab, project), target);
    }
}

/// Returns the targets on a project's allowlist, sorted: projects by path, groups as `path/*`.
#[track_caller]
pub(crate) fn allowed(gitlab: &Simulator, project: &str) -> Vec<String> {
    let list = gitlab.allowlist(project_id(gitlab, project));
    let path = |place| gitlab.full_path(place).expect("what is listed exists");
    let projects = list.projects.iter().map(|id| path(Target::Project(*id)));
    let groups = list.groups.iter().map(|id| format!("{}/*", path(Target::Group(*id))));
    let mut allowed: Vec<_> = projects.chain(groups).collect();
    allowed.sort();
    allowed
}
