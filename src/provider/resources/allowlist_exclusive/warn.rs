//! The warnings of an exclusive list's plan, made from the lists that the plan has read.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::{Live, Managed};
use super::lists::{ByKind, Lists};
use super::{ExclusiveModel, change};
use crate::framework::{Diagnostic, Warnings};
use crate::gitlab::{GroupId, Permissions, ProjectId, Reference, Target, same_path};
use crate::provider::names::capital;

/// Names each target that the apply takes access from and that the plan itself doesn't show: of a
/// kind that is adopted, or whose IDs are not all known, any that isn't surely kept; else one that
/// the prior state lacks.
pub(super) fn loss_of_access(
    project: &str,
    (prior, planned): (Option<&ExclusiveModel>, &ExclusiveModel),
    adopted: ByKind<bool>,
    kept: &BTreeSet<Target>,
    lists: &Lists,
    warnings: &Warnings,
) {
    let mut losers = self::losers::<ProjectId>((prior, planned), adopted, kept, lists);
    losers.extend(self::losers::<GroupId>((prior, planned), adopted, kept, lists));
    if losers.is_empty() {
        return;
    }
    let open = ProjectId::side(planned).is_open() || GroupId::side(planned).is_open();
    let (verb, why) = if open {
        ("may lose", ", unless values that are known only after apply include them")
    } else {
        ("will lose", "")
    };
    warnings.add(Diagnostic::new(
        format!("Targets {verb} access to project {project}"),
        format!(
            "Applying this removes these from the allowlist, because the configuration doesn't \
             include them{why}:\n\n{}\n\nTo keep one, add it to the configuration.",
            lines(&losers)
        ),
    ));
}

fn losers<I: Managed>(
    (prior, planned): (Option<&ExclusiveModel>, &ExclusiveModel),
    adopted: ByKind<bool>,
    kept: &BTreeSet<Target>,
    lists: &Lists,
) -> Vec<String> {
    let side = I::side(planned);
    let Some(live) = lists.live::<I>().filter(|_| side.is_managed() != Some(false)) else {
        return Vec::new();
    };
    let shown: BTreeSet<I> = match prior {
        Some(prior) if !adopted.of(I::KIND) && !side.is_open() => I::side(prior).ids().collect(),
        Some(_) | None => BTreeSet::new(),
    };
    let loses = live.0.keys().filter(|id| !kept.contains(&(**id).into()) && !shown.contains(id));
    loses.map(|id| live.describe(*id)).collect()
}

/// Warns of a kind that is no longer managed, and names who keeps access.
pub(super) fn no_longer_managed(
    project: &str,
    prior: &ExclusiveModel,
    planned: &ExclusiveModel,
    lists: &Lists,
    warnings: &Warnings,
) {
    abandoned::<ProjectId>(project, prior, planned, lists, warnings);
    abandoned::<GroupId>(project, prior, planned, lists, warnings);
}

fn abandoned<I: Managed>(
    project: &str,
    prior: &ExclusiveModel,
    planned: &ExclusiveModel,
    lists: &Lists,
    warnings: &Warnings,
) {
    let before = I::side(prior);
    if before.is_managed() != Some(true) || I::side(planned).is_managed() != Some(false) {
        return;
    }
    let keeping: Vec<String> = match lists.live::<I>() {
        Some(live) => live.0.keys().map(|id| live.describe(*id)).collect(),
        None => before.ids::<I>().map(|id| format!("{} {id}", I::KIND)).collect(),
    };
    if keeping.is_empty() {
        return;
    }
    warnings.add(Diagnostic::new(
        format!("{}s not managed: project {project}", capital(I::KIND.as_str())),
        format!(
            "The configuration no longer sets `{entries}`, `{texts}` or `{ids}`. These keep \
             access, and plans no longer show changes:\n\n{}\n\nTo remove them, set `{texts} = \
             []`.",
            lines(&keeping),
            entries = I::ENTRIES,
            texts = I::REFERENCES,
            ids = I::TARGET_IDS,
        ),
    ));
}

fn lines(names: &[String]) -> String {
    names.iter().map(|name| format!("  - {name}")).collect::<Vec<_>>().join("\n")
}

/// Tells of projects that a group of the same list covers already, when the set of either changes.
pub(super) fn covered_projects(
    project: &str,
    prior: Option<&ExclusiveModel>,
    planned: &ExclusiveModel,
    lists: &Lists,
    warnings: &Warnings,
) {
    let unchanged = prior.is_some_and(|prior| {
        change::are_same_kinds::<ProjectId>(prior, planned)
            && change::are_same_kinds::<GroupId>(prior, planned)
    });
    if unchanged {
        return;
    }
    let groups = paths::<GroupId>(planned, lists);
    let covering = |(project, permissions): (&String, &Option<Permissions>)| {
        let inside = |group: &&String| {
            project.len() > group.len()
                && project.is_char_boundary(group.len())
                && project[group.len()..].starts_with('/')
                && same_path(&project[..group.len()], group)
        };
        let (group, of_group) = groups
            .iter()
            .filter(|(group, _)| inside(group))
            .max_by_key(|(group, _)| group.len())?;
        // GitLab looks at the project's own entry first, so that one with other permissions isn't
        // in vain.
        (permissions == of_group).then(|| format!("  - {project}, by group {group}"))
    };
    let covered: Vec<String> =
        paths::<ProjectId>(planned, lists).iter().filter_map(covering).collect();
    if !covered.is_empty() {
        warnings.add(Diagnostic::new(
            format!("Projects covered by a group: project {project}"),
            format!(
                "A group in the configuration already gives these projects access to project \
                 {project}:\n\n{}\n\nRemove these projects from the configuration, or the groups: \
                 while both are on the allowlist, removing one of these projects doesn't end its \
                 access.",
                covered.join("\n")
            ),
        ));
    }
}

/// Returns the full paths of the planned targets of a kind, as far as they are known, as configured
/// and as listed, with the permissions that the map gives them.
fn paths<I: Managed>(
    planned: &ExclusiveModel,
    lists: &Lists,
) -> BTreeMap<String, Option<Permissions>> {
    let side = I::side(planned);
    let permissions = side.permissions::<I>();
    let is_path =
        |text: &&str| text.parse::<Reference<I>>().is_ok_and(|reference| reference.id().is_none());
    let of_key = |text: &str| side.entries.known()?.get(text)?.known()?.permissions();
    let reference = side.texts().filter(is_path).map(|text| (text.to_owned(), of_key(text)));
    let mut paths: BTreeMap<String, Option<Permissions>> = reference.collect();
    if let Some(Live(live)) = lists.live::<I>() {
        let wanted: BTreeSet<I> = side.ids().collect();
        let listed = live.into_iter().filter(|(id, _)| wanted.contains(id));
        let listed = listed.filter_map(|(id, path)| Some((path?, permissions.get(&id).cloned())));
        paths.extend(listed.filter(|(path, _)| !side.texts().any(|text| same_path(text, path))));
    }
    paths
}
