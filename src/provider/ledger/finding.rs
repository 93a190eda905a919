//! What a plan finds about other resources of its run.

use std::collections::{BTreeMap, BTreeSet};

use super::claim::{Claim, Manager, Object, Planned, Value, Wanted};
use crate::framework::InstanceId;
use crate::gitlab::{Kind, Permissions, ProjectId};

/// A conflict with other resources, or something else to warn of. Objects are sorted, and have
/// display names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Another scope manages the same settings, each with the value that it wants.
    SameSettings(Vec<(Object, bool)>),
    /// Another exclusive allowlist manages the same kind for the same project.
    SameList(Kind, Differences),
    /// Another entry manages the target with this name, with these permissions if it manages them.
    SameEntry(String, Option<Permissions>),
    /// An exclusive allowlist removes these entries of other resources.
    ExcludedEntries(BTreeSet<String>),
    /// Resources of this type add these entries with full permissions, and resources of the other
    /// type restrict them.
    WidenedEntries(Manager, BTreeSet<String>),
    /// An exclusive allowlist and entries give these entries different permissions.
    DifferentPermissions(BTreeSet<String>),
    /// Removals of other resources remove these objects, which this one keeps, and nothing adds
    /// them again in this run.
    RemovedObjects(BTreeSet<String>),
    /// Replacements of other resources also affect these objects, which this one keeps. They are
    /// left only if the host removes the old object before it creates the new one.
    ReplacedObjects(BTreeSet<String>),
}

/// The differences of two exclusive allowlists of one kind, as far as IDs are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// The entries that only this allowlist has.
    pub own: BTreeSet<String>,
    /// The entries that only the other allowlist has.
    pub theirs: BTreeSet<String>,
    /// The entries that both have, with different permissions.
    pub unlike: BTreeSet<String>,
}

/// Compares the claim of one instance with all others, and returns the findings.
pub(super) fn about(
    claims: &BTreeMap<InstanceId, Claim>,
    id: InstanceId,
    own: &Claim,
) -> Vec<Finding> {
    let Planned::Keep(wanted) = &own.planned else { return Vec::new() };
    let others = claims.iter().filter(|(other, claim)| {
        **other != id && own.replaces != Some(**other) && claim.replaces != Some(id)
    });
    let others: Vec<(InstanceId, &Claim)> = others.map(|(id, claim)| (*id, claim)).collect();
    let names = Names { own: wanted, claims };
    let mut findings = Vec::new();
    // Without persistent IDs, another claim may be an earlier one of the same instance.
    for (_, other) in others.iter().filter(|(_, other)| own.persistent && other.persistent) {
        if let Some(theirs) = other.wanted() {
            findings.extend(between((own.manager, wanted), (other.manager, theirs), &names));
        }
    }
    if own.unchanged {
        let is_removed = |object: &Object| others.iter().any(|(_, other)| other.removes(*object));
        findings.extend(names.of(wanted, is_removed).map(Finding::RemovedObjects));
        let is_replaced = |id: InstanceId| claims.values().any(|claim| claim.replaces == Some(id));
        let is_left = |object: &Object| {
            others.iter().any(|(id, other)| other.leaves(*object) && is_replaced(*id))
        };
        findings.extend(names.of(wanted, is_left).map(Finding::ReplacedObjects));
    }
    merged(findings)
}

/// The display names of objects. Resources may name the same object differently.
struct Names<'a> {
    own: &'a Wanted,
    claims: &'a BTreeMap<InstanceId, Claim>,
}

impl Names<'_> {
    /// Returns the longest display name of the object: the longest one includes the path.
    fn name(&self, object: Object) -> Option<String> {
        let planned = self.claims.values().filter_map(Claim::wanted).chain([self.own]);
        let names = planned.filter_map(|wanted| wanted.name(object));
        names.max_by_key(|name| name.len()).map(str::to_owned)
    }

    /// Returns the display names of those wanted objects, if there are any.
    fn of(&self, wanted: &Wanted, is_among: impl Fn(&Object) -> bool) -> Option<BTreeSet<String>> {
        let objects = wanted.objects().filter(|object| is_among(object));
        let names: BTreeSet<String> = objects.filter_map(|object| self.name(*object)).collect();
        (!names.is_empty()).then_some(names)
    }
}

fn between(own: (Manager, &Wanted), other: (Manager, &Wanted), names: &Names<'_>) -> Vec<Finding> {
    let (wanted, theirs) = (own.1, other.1);
    if let (Manager::Exclusive, Manager::Exclusive) = (own.0, other.0) {
        let lists = wanted.managed().intersection(theirs.managed());
        return lists.map(|list| same_list(*list, wanted, theirs, names)).collect();
    }
    let mut shared = wanted.objects().filter_map(|object| Some((*object, theirs.value(*object)?)));
    let finding = match (own.0, other.0) {
        (Manager::Scope, Manager::Scope) => {
            let settings = shared.filter_map(|(object, value)| Some((object, value.setting()?)));
            let settings: Vec<_> = settings.collect();
            (!settings.is_empty()).then_some(Finding::SameSettings(settings))
        }
        (Manager::Entry, Manager::Entry) => shared.find_map(|(object, value)| match value {
            Value::Entry(permissions) => {
                Some(Finding::SameEntry(names.name(object)?, permissions.clone()))
            }
            Value::Setting(_) | Value::Default => None,
        }),
        (Manager::Entry, Manager::Exclusive) => beside_list(wanted, theirs, names),
        (Manager::Exclusive, Manager::Entry) => beside_list(theirs, wanted, names),
        (Manager::Scope, _) | (_, Manager::Scope) | (Manager::Exclusive, Manager::Exclusive) => {
            None
        }
    };
    finding.into_iter().collect()
}

/// Returns the differences of two exclusive allowlists of this kind.
fn same_list(
    list: (ProjectId, Kind),
    wanted: &Wanted,
    theirs: &Wanted,
    names: &Names<'_>,
) -> Finding {
    let is_listed = |object: &Object| match object {
        Object::Entry(project, target) => (*project, target.kind()) == list,
        Object::Access(_) | Object::Pushes(_) | Object::CrossProjectPushes(_) => false,
    };
    let only_in = |one: &Wanted, other: &Wanted| {
        // An unknown target may be one that seems to be missing.
        if !other.is_exclusive(list) {
            return BTreeSet::new();
        }
        names
            .of(one, |object| is_listed(object) && other.value(*object).is_none())
            .unwrap_or_default()
    };
    let are_unlike = |object: &Object| {
        let values = wanted.value(*object).zip(theirs.value(*object));
        is_listed(object) && values.is_some_and(|(one, other)| one.is_undone_by(other))
    };
    let differences = Differences {
        own: only_in(wanted, theirs),
        theirs: only_in(theirs, wanted),
        unlike: names.of(wanted, are_unlike).unwrap_or_default(),
    };
    Finding::SameList(list.1, differences)
}

/// Returns the findings about an entry and an exclusive allowlist.
fn beside_list(entry: &Wanted, list: &Wanted, names: &Names<'_>) -> Option<Finding> {
    let is_excluded = |object: &Object| list.excludes(*object);
    let are_unlike = |object: &Object| {
        let values = entry.value(*object).zip(list.value(*object));
        values.is_some_and(|(one, other)| one.is_undone_by(other))
    };
    let is_widened_by = |wide: &Wanted, narrow: &Wanted, object: &Object| {
        wide.value(*object) == Some(&Value::Entry(None))
            && narrow.value(*object).is_some_and(Value::is_restricted)
            && wide.adds(*object)
            && narrow.adds(*object)
    };
    let by = |manager| move |entries| Finding::WidenedEntries(manager, entries);
    names
        .of(entry, is_excluded)
        .map(Finding::ExcludedEntries)
        .or_else(|| names.of(entry, are_unlike).map(Finding::DifferentPermissions))
        .or_else(|| {
            names.of(entry, |object| is_widened_by(list, entry, object)).map(by(Manager::Exclusive))
        })
        .or_else(|| {
            names.of(entry, |object| is_widened_by(entry, list, object)).map(by(Manager::Entry))
        })
}

/// Returns the findings without duplicates, and merges those about entries of several resources.
fn merged(findings: Vec<Finding>) -> Vec<Finding> {
    let (mut excluded, mut unlike) = (BTreeSet::new(), BTreeSet::new());
    let mut widened: BTreeMap<Manager, BTreeSet<String>> = BTreeMap::new();
    let mut merged = Vec::new();
    for finding in findings {
        match finding {
            Finding::ExcludedEntries(entries) => excluded.extend(entries),
            Finding::DifferentPermissions(entries) => unlike.extend(entries),
            Finding::WidenedEntries(by, entries) => widened.entry(by).or_default().extend(entries),
            other if merged.contains(&other) => {}
            other => merged.push(other),
        }
    }
    if !excluded.is_empty() {
        merged.push(Finding::ExcludedEntries(excluded));
    }
    if !unlike.is_empty() {
        merged.push(Finding::DifferentPermissions(unlike));
    }
    merged.extend(widened.into_iter().map(|(by, entries)| Finding::WidenedEntries(by, entries)));
    merged
}
