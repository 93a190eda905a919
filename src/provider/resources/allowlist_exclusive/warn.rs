//! The warnings in the plan of an exclusive allowlist.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::Named;
use super::kind::{Managed, Side};
use super::lists::{ByKind, Lists};
use super::{ExclusiveModel, change, ids};
use crate::framework::{Diagnostic, Warnings};
use crate::gitlab::{GroupId, Kind, Permissions, ProjectId, Reference, Target, same_path};
use crate::provider::names::{self, capital};

/// The facts that decide which targets a plan has to name.
pub(super) struct Naming<'a> {
    pub(super) prior: Option<&'a ExclusiveModel>,
    pub(super) planned: &'a ExclusiveModel,
    /// The kinds for which the prior state doesn't have what the apply removes.
    pub(super) adopted: ByKind<bool>,
    /// The targets that are certain to stay.
    pub(super) staying: BTreeSet<Target>,
    /// The targets, by kind, that an earlier plan of the same change has named. The apply removes
    /// no others.
    pub(super) named_before: BTreeMap<Kind, BTreeSet<u64>>,
    /// True if the apply knows which targets this plan names.
    pub(super) passes_names: bool,
}

/// The display names of targets that aren't certain to stay.
#[derive(Default)]
struct Losses {
    /// Targets that lose access, unless the plan itself shows this.
    removed: Vec<String>,
    /// Targets that lose access unless an unknown value turns out to include them.
    unless_added: Vec<String>,
    /// Targets that aren't in the prior state, and that the apply doesn't remove for this reason.
    unrefreshed: Vec<String>,
}

/// Warns of targets that lose access although the plan itself doesn't show it. If the kind is
/// adopted, or if some IDs are unknown, these are all that aren't certain to stay; otherwise those
/// that aren't in the prior state, and those that the plan shows among changes of form.
pub(super) fn loss_of_access(
    project: &str,
    naming: &Naming<'_>,
    lists: &Lists,
    warnings: &Warnings,
) {
    let mut losses = Losses::default();
    naming.find::<ProjectId>(lists, &mut losses);
    naming.find::<GroupId>(lists, &mut losses);
    let Losses { removed, unless_added, unrefreshed } = losses;
    if !removed.is_empty() {
        warnings.add(Diagnostic::new(
            format!("Targets lose access to project {project}"),
            format!(
                "Applying this removes these from the allowlist, because the configuration \
                 doesn't include them:\n\n{}\n\n{TO_KEEP}",
                lines(&removed)
            ),
        ));
    }
    if !unless_added.is_empty() {
        warnings.add(Diagnostic::new(
            format!("Targets may lose access to project {project}"),
            format!(
                "The configuration doesn't include these, as far as its values are known now. \
                 Applying this removes them from the allowlist, unless a value that is known \
                 later refers to them:\n\n{}\n\n{TO_KEEP}",
                lines(&unless_added)
            ),
        ));
    }
    if !unrefreshed.is_empty() {
        let effect = match naming.is_unchanged() {
            true => "This plan doesn't remove them",
            false => "Applying this plan fails, because it would remove them",
        };
        warnings.add(Diagnostic::new(
            format!("Targets not in the state: project {project}"),
            format!(
                "These are on the allowlist of project {project}, but not in the state, which \
                 wasn't refreshed since they were added. {effect}:\n\n{}\n\n\
                 Plan again, without `-refresh=false`: the next plan removes them.",
                lines(&unrefreshed)
            ),
        ));
    }
}

const TO_KEEP: &str = "To keep one, add it to the configuration.";

impl Naming<'_> {
    /// Returns whether the apply changes nothing, so that hosts don't call it.
    fn is_unchanged(&self) -> bool {
        self.prior == Some(self.planned)
    }

    fn find<I: Managed>(&self, lists: &Lists, losses: &mut Losses) {
        let side = I::side(self.planned);
        let Some(live) = lists.live::<I>().filter(|_| side.is_managed() != Some(false)) else {
            return;
        };
        // The state of a kind with unknown IDs has no effect: the plan shows no removals.
        let prior = self.prior.filter(|_| !self.adopted.of(I::KIND) && !side.is_open());
        let before: BTreeSet<I> =
            prior.into_iter().flat_map(|prior| I::side(prior).ids()).collect();
        let is_shown = prior.is_some_and(|prior| shows_removals::<I>(I::side(prior), side));
        for id in live.0.keys() {
            let target: Target = (*id).into();
            let is_unplanned =
                self.named_before.get(&I::KIND).is_some_and(|ids| !ids.contains(&target.id()));
            if self.staying.contains(&target) || is_unplanned {
                continue;
            }
            let name = live.describe(*id);
            match (prior.is_some(), before.contains(id)) {
                (true, true) if is_shown => {}
                (true, false) if self.is_unchanged() || !self.passes_names => {
                    losses.unrefreshed.push(name);
                }
                _ if side.is_open() => losses.unless_added.push(name),
                _ => losses.removed.push(name),
            }
        }
    }
}

/// Returns whether the plan itself shows plainly which targets of a kind are removed. Among keys
/// that change their form, or attributes that replace each other, nobody sees a missing one.
fn shows_removals<I: Managed>(prior: Side<'_>, planned: Side<'_>) -> bool {
    match (prior.is_map(), planned.is_map()) {
        (false, false) => true,
        (true, true) => {
            let before: BTreeMap<I, &str> = prior.keys_by_id().collect();
            planned
                .keys_by_id()
                .all(|(id, key): (I, _)| before.get(&id).is_none_or(|held| *held == key))
        }
        (true, false) | (false, true) => false,
    }
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
            "The configuration doesn't set `{entries}`, `{texts}` or `{ids}`. These keep access, \
             and plans don't show changes:\n\n{}\n\nTo remove them, set `{texts} = \
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
