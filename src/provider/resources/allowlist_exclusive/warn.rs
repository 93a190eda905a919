//! The warnings in the plan of an exclusive allowlist.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::Named;
use super::kind::Managed;
use super::lists::{ByKind, Lists};
use super::{ExclusiveModel, change, ids};
use crate::framework::{Diagnostic, Warnings};
use crate::gitlab::{GroupId, Permissions, ProjectId, Reference, Target, same_path};
use crate::provider::names::{self, capital};

/// Warns of targets that lose access although the plan itself doesn't show it. If the kind is
/// adopted, or if some IDs are unknown, these are all that aren't certain to stay; otherwise those
/// that aren't in the prior state.
pub(super) fn loss_of_access(
    project: &str,
    (prior, planned): (Option<&ExclusiveModel>, &ExclusiveModel),
    adopted: ByKind<bool>,
    kept: &BTreeSet<Target>,
    lists: &Lists,
    warnings: &Warnings,
) {
    let mut losing_access =
        self::losing_access::<ProjectId>((prior, planned), adopted, kept, lists);
    losing_access.extend(self::losing_access::<GroupId>((prior, planned), adopted, kept, lists));
    if losing_access.is_empty() {
        return;
    }
    let open = ProjectId::side(planned).is_open() || GroupId::side(planned).is_open();
    let (verb, why) = if open {
        ("may lose", ", unless values that are known only after apply include them")
    } else {
        ("lose", "")
    };
    warnings.add(Diagnostic::new(
        format!("Targets {verb} access to project {project}"),
        format!(
            "Applying this removes these from the allowlist, because the configuration doesn't \
             include them{why}:\n\n{}\n\nTo keep one, add it to the configuration.",
            lines(&losing_access)
        ),
    ));
}

fn losing_access<I: Managed>(
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

/// Warns of a kind that is no longer managed, and lists the targets that keep access.
pub(super) fn no_longer_managed(
    project: &str,
    prior: &ExclusiveModel,
    planned: &ExclusiveModel,
    lists: &Lists,
    warnings: &Warnings,
) {
    unmanaged::<ProjectId>(project, prior, planned, lists, warnings);
    unmanaged::<GroupId>(project, prior, planned, lists, warnings);
}

fn unmanaged<I: Managed>(
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
        None => ids::named(&before.texts().collect::<Vec<_>>(), before.ids::<I>())
            .into_values()
            .collect(),
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

/// Warns of projects that a group on the same allowlist already includes, if either set changes.
/// `kept` has the display names of the planned targets.
pub(super) fn covered_projects(
    project: &str,
    (prior, planned): (Option<&ExclusiveModel>, &ExclusiveModel),
    kept: &Named,
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
    let groups = paths::<GroupId>(planned, kept, lists);
    let covering = |(project, covered): (&String, &Covered)| {
        let inside = |group: &&String| {
            project.len() > group.len()
                && project.is_char_boundary(group.len())
                && project[group.len()..].starts_with('/')
                && same_path(&project[..group.len()], group)
        };
        let (_, group) = groups
            .iter()
            .filter(|(group, _)| inside(group))
            .max_by_key(|(group, _)| group.len())?;
        // GitLab prefers the project's own entry, so one with other permissions has an effect.
        (covered.permissions == group.permissions)
            .then(|| format!("  - {}, by {}", covered.name, group.name))
    };
    let covered: Vec<String> =
        paths::<ProjectId>(planned, kept, lists).iter().filter_map(covering).collect();
    if !covered.is_empty() {
        warnings.add(Diagnostic::new(
            format!("Redundant projects: project {project}"),
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

/// A planned target whose path is known.
struct Covered {
    /// The display name.
    name: String,
    /// The permissions in the map.
    permissions: Option<Permissions>,
}

/// Returns the planned targets of a kind by full path, from the configuration and the allowlist, as
/// far as they are known.
fn paths<I: Managed>(
    planned: &ExclusiveModel,
    kept: &Named,
    lists: &Lists,
) -> BTreeMap<String, Covered> {
    let side = I::side(planned);
    let permissions = side.permissions::<I>();
    let is_path =
        |text: &&str| text.parse::<Reference<I>>().is_ok_and(|reference| reference.id().is_none());
    let of_key = |text: &str| side.entries.known()?.get(text)?.known()?.permissions();
    let named = |text: &str| {
        let is_it = |(target, name): &(&Target, &String)| {
            I::of(**target).is_some_and(|id| **name == names::of(id, text))
        };
        let name = kept.iter().find(is_it).map(|(_, name)| name.clone());
        name.unwrap_or_else(|| format!("{} {text}", I::KIND))
    };
    let reference = side
        .texts()
        .filter(is_path)
        .map(|text| (text.to_owned(), Covered { name: named(text), permissions: of_key(text) }));
    let mut paths: BTreeMap<String, Covered> = reference.collect();
    if let Some(live) = lists.live::<I>() {
        let wanted: BTreeSet<I> = side.ids().collect();
        let listed = live.0.iter().filter(|(id, _)| wanted.contains(id));
        let listed = listed.filter_map(|(id, path)| {
            let permissions = permissions.get(id).cloned();
            Some((path.clone()?, Covered { name: live.describe(*id), permissions }))
        });
        paths.extend(listed.filter(|(path, _)| !side.texts().any(|text| same_path(text, path))));
    }
    paths
}
