//! The warnings of an exclusive list's plan, made from the lists that the plan has read.

use std::collections::BTreeSet;

use super::ExclusiveModel;
use super::kind::{Live, Managed};
use super::takeover::{Lists, TakenOver};
use crate::framework::{Diagnostic, Warnings};
use crate::gitlab::{GroupId, Kind, ProjectId, Reference, Target, same_path};
use crate::provider::connection::{Connection, Exclusive};
use crate::provider::report;

/// Names each target of a kind that is taken over which the apply takes access from: the plan itself shows no prior
/// list to compare with.
pub(super) fn loss_of_access(
    owner: ProjectId,
    planned: &ExclusiveModel,
    taken_over: TakenOver,
    lists: &Lists,
    warnings: &Warnings,
) {
    let mut losers = Vec::new();
    if taken_over.projects {
        losers.extend(self::losers::<ProjectId>(planned, lists));
    }
    if taken_over.groups {
        losers.extend(self::losers::<GroupId>(planned, lists));
    }
    if losers.is_empty() {
        return;
    }
    let open = planned.target_project_ids.is_unknown() || planned.target_group_ids.is_unknown();
    let (verb, why) = if open {
        ("may lose", ", unless what is known only after apply names them")
    } else {
        ("will lose", "")
    };
    let names: Vec<String> = losers.iter().map(|name| format!("  - {name}")).collect();
    warnings.add(Diagnostic::new(
        format!("Targets {verb} access to project {owner}"),
        format!(
            "These are on the allowlist now, and the exclusive list does not name them. Applying it removes \
             them{why}:\n\n{}\n\nTo keep one, add it to the list.",
            names.join("\n")
        ),
    ));
}

fn losers<I: Managed>(planned: &ExclusiveModel, lists: &Lists) -> Vec<String> {
    let side = I::side(planned);
    let Some(live) = lists.live::<I>() else { return Vec::new() };
    let wanted: BTreeSet<I> = side.ids().collect();
    let spelled = |path: &Option<String>| {
        path.as_ref().is_some_and(|path| side.texts().any(|text| same_path(text, path)))
    };
    let loses = live.0.iter().filter(|(id, path)| !wanted.contains(id) && !spelled(path));
    loses.map(|(id, _)| live.describe(*id)).collect()
}

/// Tells where single entries of the same run name what the list would remove.
pub(super) fn two_managers(
    connection: &Connection,
    owner: ProjectId,
    planned: &ExclusiveModel,
    warnings: &Warnings,
) {
    let kinds = [allowed::<ProjectId>(planned), allowed::<GroupId>(planned)];
    let exclusive = Exclusive(kinds.into_iter().flatten().collect());
    let removed = connection.planned.note_exclusive(owner, exclusive);
    if !removed.is_empty() {
        warnings.add(report::two_managers(owner, &removed));
    }
}

fn allowed<I: Managed>(planned: &ExclusiveModel) -> Option<(Kind, BTreeSet<Target>)> {
    let side = I::side(planned);
    side.numbers.known()?;
    Some((I::KIND, side.ids::<I>().map(Into::into).collect()))
}

/// Tells of projects that a group of the same list covers already, when the set of either changes.
pub(super) fn covered_projects(
    owner: ProjectId,
    prior: Option<&ExclusiveModel>,
    planned: &ExclusiveModel,
    lists: &Lists,
    warnings: &Warnings,
) {
    let unchanged = prior.is_some_and(|prior| {
        prior.target_project_ids == planned.target_project_ids
            && prior.target_group_ids == planned.target_group_ids
    });
    if unchanged {
        return;
    }
    let groups = paths::<GroupId>(planned, lists);
    let covering = |project: &String| {
        let inside = |group: &&String| {
            project.len() > group.len()
                && project.is_char_boundary(group.len())
                && project[group.len()..].starts_with('/')
                && same_path(&project[..group.len()], group)
        };
        groups.iter().find(inside).map(|group| format!("  - {project}, by group {group}"))
    };
    let covered: Vec<String> = paths::<ProjectId>(planned, lists).iter().filter_map(covering).collect();
    if !covered.is_empty() {
        warnings.add(Diagnostic::new(
            format!("Projects are allowed twice on the allowlist of project {owner}"),
            format!(
                "A group on the allowlist of project {owner} covers these projects already, so that they would keep \
                 their access without being named:\n\n{}\n\nName either the project or the group.",
                covered.join("\n")
            ),
        ));
    }
}

/// The full paths of the planned targets of a kind, as far as they are known: as spelled, and as listed.
fn paths<I: Managed>(planned: &ExclusiveModel, lists: &Lists) -> BTreeSet<String> {
    let side = I::side(planned);
    let is_path = |text: &&str| text.parse::<Reference<I>>().is_ok_and(|spelled| spelled.id().is_none());
    let mut paths: BTreeSet<String> = side.texts().filter(is_path).map(str::to_owned).collect();
    if let Some(Live(live)) = lists.live::<I>() {
        let wanted: BTreeSet<I> = side.ids().collect();
        let listed = live.into_iter().filter(|(id, _)| wanted.contains(id)).filter_map(|(_, path)| path);
        paths.extend(listed.filter(|path| !side.texts().any(|text| same_path(text, path))));
    }
    paths
}
