//! Checks an exclusive allowlist without requests.

use std::collections::BTreeMap;

use super::claims::Named;
use super::kind::{Managed, Side};
use super::{ExclusiveModel, entries};
use crate::framework::{Attr, Diagnostic, Errors, Set};
use crate::gitlab::{GroupId, Kind, ProjectId, same_path};
use crate::provider::names::{self, capital};
use crate::provider::project::{Stage, check_ids, check_key, check_reference, is_mocked_id};

/// Maximum number of entries of a kind in GitLab.
pub(in crate::provider) const LIMIT: usize = 200;

/// Checks a configuration, and returns all errors.
pub(super) fn config(stage: Stage, config: &ExclusiveModel) -> Result<(), Errors> {
    let projects = ProjectId::side(config);
    let groups = GroupId::side(config);
    let project = config.project.known().map_or("(known after apply)", String::as_str);
    let mut problems: Vec<Diagnostic> = Vec::new();
    problems.extend(check_reference::<ProjectId>(stage, "project", &config.project));
    problems.extend(nothing_managed(projects, groups));
    problems.extend(side::<ProjectId>(stage, project, projects));
    problems.extend(side::<GroupId>(stage, project, groups));
    problems.extend(own_reference(config));
    Errors::check(problems)
}

fn nothing_managed(projects: Side<'_>, groups: Side<'_>) -> Option<Diagnostic> {
    let nothing = projects.is_managed() == Some(false) && groups.is_managed() == Some(false);
    nothing.then(|| {
        Diagnostic::new(
            "Nothing to manage",
            "Set projects (`projects`, `target_projects` or `target_project_ids`), groups \
             (`groups`, `target_groups` or `target_group_ids`), or both. An empty map or set \
             removes all projects or groups.",
        )
    })
}

fn side<I: Managed>(stage: Stage, project: &str, side: Side<'_>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let forms = [
        (I::ENTRIES, side.entries.known().is_some()),
        (I::REFERENCES, side.references.known().is_some()),
        (I::TARGET_IDS, side.target_ids.known().is_some()),
    ];
    let set: Vec<&str> =
        forms.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect();
    if let [first, .., last] = set.as_slice() {
        let detail = format!(
            "`{first}` and `{last}` are both set, but only one attribute can list the {}s. Remove \
             one of them.",
            I::KIND
        );
        problems.push(
            Diagnostic::new(format!("Conflicting attributes for {}s", I::KIND), detail).at(last),
        );
    }
    problems.extend(side.keys().filter_map(|key| {
        Some(
            check_key::<I>(stage, I::ENTRIES, key)?
                .at_path(entries::path::<I>(side.entries.known()?, key)),
        )
    }));
    problems.extend(entries::check::<I>(side));
    for path_or_id in side.references.known().into_iter().flat_map(|Set(references)| references) {
        problems.extend(match path_or_id {
            Attr::Null => Some(null_element(I::REFERENCES)),
            path_or_id => check_reference::<I>(stage, I::REFERENCES, path_or_id),
        });
    }
    if let Some(ids) = side.target_ids.known() {
        problems.extend(ids.0.contains(&Attr::Null).then(|| null_element(I::TARGET_IDS)));
        problems.extend(check_ids::<I>(stage, I::TARGET_IDS, ids));
    }
    problems.extend(too_many::<I>(project, I::ENTRIES, side.entries.known().map(BTreeMap::len)));
    problems.extend(too_many::<I>(
        project,
        I::REFERENCES,
        side.references.known().map(|Set(texts)| texts.len()),
    ));
    problems.extend(too_many::<I>(
        project,
        I::TARGET_IDS,
        side.target_ids.known().map(|Set(ids)| ids.len()),
    ));
    problems
}

fn too_many<I: Managed>(
    project: &str,
    attribute: &'static str,
    count: Option<usize>,
) -> Option<Diagnostic> {
    let count = count?;
    let kind = I::KIND;
    let problem = || {
        let detail = format!(
            "`{attribute}` has {count} {kind}s, but the allowlist of project {project} can have at \
             most {LIMIT}. Add a group instead of its {}.",
            if kind == Kind::Group { "subgroups" } else { "projects" }
        );
        Diagnostic::new(format!("Too many {kind}s: project {project}"), detail).at(attribute)
    };
    (count > LIMIT).then(problem)
}

fn null_element(attribute: &'static str) -> Diagnostic {
    Diagnostic::new("Invalid attribute value", format!("`{attribute}` must not contain null."))
        .at(attribute)
}

fn own_reference(config: &ExclusiveModel) -> Option<Diagnostic> {
    let project_id = config.project.known().filter(|project_id| !is_mocked_id(project_id))?;
    let side = ProjectId::side(config);
    if let Some(target) = side.texts().find(|target| same_path(project_id, target)) {
        return Some(at_text(own_target(&format!("project {target}")), side, target));
    }
    let named_by_id = side.ids::<ProjectId>().any(|id| *project_id == id.to_string());
    let problem = || own_target(&format!("project {project_id}"));
    named_by_id.then(|| problem().at(ProjectId::TARGET_IDS))
}

/// Checks that the project itself isn't a target, by path or ID. `names` has the display names of
/// the known targets.
pub(super) fn not_itself(planned: &ExclusiveModel, names: &Named) -> Result<(), Errors> {
    let side = ProjectId::side(planned);
    let project_id = super::project_of(planned);
    let Some(project_id) =
        project_id.filter(|project_id| side.ids::<ProjectId>().any(|id| id == *project_id))
    else {
        return Ok(());
    };
    let project = format!("project {}", names::project(&planned.project, project_id));
    let problem = own_target(&match names.get(&project_id.into()) {
        Some(written) => names::with_path(written.clone(), project),
        None => project,
    });
    let key = side.elements().find(|(_, entry)| entry.id == Attr::Known(project_id.into()));
    Err(Errors::from(match side.entries.known().zip(key) {
        Some((entries, (key, _))) => problem.at_path(entries::path::<ProjectId>(entries, key)),
        None if side.references.is_null() => problem.at(ProjectId::TARGET_IDS),
        None => problem.at(ProjectId::REFERENCES),
    }))
}

/// Returns the diagnostic at the map element or the set that has the text.
fn at_text(problem: Diagnostic, side: Side<'_>, text: &str) -> Diagnostic {
    match side.entries.known() {
        Some(entries) => problem.at_path(entries::path::<ProjectId>(entries, text)),
        None => problem.at(ProjectId::REFERENCES),
    }
}

/// Returns the error of a project on its own allowlist. `project` is its display name.
fn own_target(project: &str) -> Diagnostic {
    let detail = format!(
        "{} always has access to itself, so it can't be in its own exclusive allowlist. Remove it.",
        capital(project)
    );
    Diagnostic::new("Target is the project itself", detail)
}
