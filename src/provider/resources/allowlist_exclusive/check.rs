//! What can be wrong with an exclusive list before anything is asked of the server.

use super::ExclusiveModel;
use super::kind::{Managed, Side};
use crate::framework::{Attr, Diagnostic, Errors, Set};
use crate::gitlab::{GroupId, Kind, ProjectId, same_path};
use crate::provider::project::{Stage, check_number, check_spelling};

/// How many entries of a kind GitLab takes.
pub(super) const LIMIT: usize = 200;

/// All that is wrong with a configuration.
pub(super) fn config(stage: Stage, config: &ExclusiveModel) -> Result<(), Errors> {
    let projects = ProjectId::side(config);
    let groups = GroupId::side(config);
    let mut problems: Vec<Diagnostic> = Vec::new();
    problems.extend(check_spelling::<ProjectId>(stage, "project", &config.project));
    problems.extend(nothing_managed(projects, groups));
    problems.extend(side::<ProjectId>(stage, projects));
    problems.extend(side::<GroupId>(stage, groups));
    problems.extend(own_spelling(stage, config));
    Errors::check(problems)
}

fn nothing_managed(projects: Side<'_>, groups: Side<'_>) -> Option<Diagnostic> {
    let nothing = projects.is_managed() == Some(false) && groups.is_managed() == Some(false);
    nothing.then(|| {
        Diagnostic::new(
            "Nothing to manage",
            "Set the projects (`target_projects` or `target_project_ids`), the groups (`target_groups` or \
             `target_group_ids`), or both. An empty set allows none of its kind.",
        )
    })
}

fn side<I: Managed>(stage: Stage, side: Side<'_>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if side.spellings.known().is_some() && side.numbers.known().is_some() {
        let detail =
            format!("Set only one of `{}` and `{}`: both name the same thing.", I::SPELLINGS, I::NUMBERS);
        problems.push(
            Diagnostic::new(format!("{}s are named twice", capital(I::KIND.as_str())), detail).at(I::NUMBERS),
        );
    }
    for spelling in side.spellings.known().into_iter().flat_map(|Set(spellings)| spellings) {
        problems.extend(match spelling {
            Attr::Null => Some(null_element(I::SPELLINGS)),
            spelling => check_spelling::<I>(stage, I::SPELLINGS, spelling),
        });
    }
    for number in side.numbers.known().into_iter().flat_map(|Set(numbers)| numbers) {
        problems.extend(match number {
            Attr::Null => Some(null_element(I::NUMBERS)),
            number => check_number::<I>(stage, I::NUMBERS, number),
        });
    }
    problems.extend(too_many::<I>(I::SPELLINGS, side.spellings));
    problems.extend(too_many::<I>(I::NUMBERS, side.numbers));
    problems
}

fn too_many<I: Managed>(attribute: &'static str, elements: &Attr<Set<impl Sized>>) -> Option<Diagnostic> {
    let count = elements.known()?.0.len();
    let kind = I::KIND;
    let detail = format!(
        "`{attribute}` names {count} {kind}s, but GitLab takes at most {LIMIT} on an allowlist. Name a group in place of \
         its {}.",
        if kind == Kind::Group { "subgroups" } else { "projects" }
    );
    (count > LIMIT).then(|| Diagnostic::new(format!("Too many {kind}s"), detail).at(attribute))
}

fn null_element(attribute: &'static str) -> Diagnostic {
    Diagnostic::new("Invalid attribute value", format!("`{attribute}` contains a null, which names nothing."))
        .at(attribute)
}

fn own_spelling(stage: Stage, config: &ExclusiveModel) -> Option<Diagnostic> {
    let owner = config.project.known().filter(|owner| !stage.may_be_mocked_id(owner))?;
    let side = ProjectId::side(config);
    let spelled = side.texts().any(|target| same_path(owner, target));
    let numbered = side.ids::<ProjectId>().any(|id| *owner == id.to_string());
    let attribute = if spelled { ProjectId::SPELLINGS } else { ProjectId::NUMBERS };
    (spelled || numbered).then(|| own_target(owner).at(attribute))
}

/// That the owner is not among the planned targets, whatever its spelling.
pub(super) fn not_owner(planned: &ExclusiveModel) -> Result<(), Errors> {
    let side = ProjectId::side(planned);
    let owner = super::owner(planned);
    let named = owner.filter(|owner| side.ids::<ProjectId>().any(|id| id == *owner));
    let attribute = if side.spellings.is_null() { ProjectId::NUMBERS } else { ProjectId::SPELLINGS };
    Errors::check(named.map(|owner| own_target(&owner.to_string()).at(attribute)))
}

fn own_target(project: &str) -> Diagnostic {
    let detail = format!(
        "Project {project} always has access to itself and is never named on its own allowlist. Take it out of the set."
    );
    Diagnostic::new("Target is the project itself", detail)
}

pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
