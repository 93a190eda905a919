//! The projects and groups that `examples/` and `tests/terraform/` name, under the numbers that they give them.

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

/// A GitLab that holds the estate, with nobody on any allowlist. Other people's groups and projects have the numbers
/// in between.
pub(crate) fn estate() -> Simulator {
    filled(Simulator::start())
}

/// Adds these projects and groups to an empty GitLab.
pub(crate) fn filled(gitlab: Simulator) -> Simulator {
    fill(&GROUPS, |number, path| {
        gitlab.add_group(&path.map_or_else(|| format!("others-{number}"), str::to_owned))
    });
    let others = gitlab.add_group("others");
    assert!(GROUPS.iter().all(|(number, _)| *number < others));
    fill(&PROJECTS, |number, path| {
        gitlab.add_project(&path.map_or_else(|| format!("others/project-{number}"), str::to_owned))
    });
    gitlab
}

fn fill(named: &[(u64, &str)], mut add: impl FnMut(u64, Option<&str>) -> u64) {
    let named: BTreeMap<u64, &str> = named.iter().copied().collect();
    let last = named.keys().copied().max().unwrap_or_default();
    for number in 1..=last {
        assert_eq!(add(number, named.get(&number).copied()), number, "numbers are given in order");
    }
}

/// The number of a project of the estate.
#[track_caller]
pub(crate) fn number(gitlab: &Simulator, project: &str) -> u64 {
    gitlab.project_id(project).unwrap_or_else(|| panic!("there is no project {project}"))
}

/// Puts projects, and groups written as `path/*`, on a project's allowlist behind everyone's back.
#[track_caller]
pub(crate) fn allow(gitlab: &Simulator, project: &str, targets: &[&str]) {
    for target in targets {
        let target = match target.strip_suffix("/*") {
            Some(group) => Target::Group(gitlab.group_id(group).expect("a group of the estate")),
            None => Target::Project(number(gitlab, target)),
        };
        gitlab.allow(number(gitlab, project), target);
    }
}

/// Who is on a project's allowlist, sorted: projects by path, groups as `path/*`.
#[track_caller]
pub(crate) fn allowed(gitlab: &Simulator, project: &str) -> Vec<String> {
    let list = gitlab.allowlist(number(gitlab, project));
    let path = |place| gitlab.full_path(place).expect("what is listed exists");
    let projects = list.projects.iter().map(|id| path(Target::Project(*id)));
    let groups = list.groups.iter().map(|id| format!("{}/*", path(Target::Group(*id))));
    let mut allowed: Vec<_> = projects.chain(groups).collect();
    allowed.sort();
    allowed
}
