//! Findings of a plan about the other resources of its run.

use std::collections::{BTreeMap, BTreeSet};

use super::claim::{Claim, Fate, Manager, Object, Value, Wanted};
use crate::framework::InstanceId;
use crate::gitlab::{Kind, Permissions, ProjectId};

/// Something that a plan must tell of other resources. Objects are sorted, each with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Another scope manages the same settings. Each is there with the value that the other wants.
    SameSettings(Vec<(Object, bool)>),
    /// Another exclusive list manages the same kind of the same project.
    SameList(Kind, Differences),
    /// Another entry manages the target of that name, with these permissions if it manages them.
    SameEntry(String, Option<Permissions>),
    /// An exclusive list removes these entries of other resources.
    ExcludedEntries(BTreeSet<String>),
    /// Resources of that type add these entries with full permissions, which resources of the other
    /// type restrict.
    WidenedEntries(Manager, BTreeSet<String>),
    /// An exclusive list and entries give these entries different permissions.
    UnlikePermissions(BTreeSet<String>),
    /// Other resources' removals take these objects away, which this one keeps, and nothing adds
    /// them back in this run.
    RemovedObjects(BTreeSet<String>),
    /// The replacements of other resources leave these objects, which this one keeps, if the host
    /// removes the old object before it makes the new one.
    ReplacedObjects(BTreeSet<String>),
}

/// The entries in which two exclusive lists of one kind differ, as far as their IDs are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// The entries that only this list has.
    pub own: BTreeSet<String>,
    /// The entries that only the other list has.
    pub theirs: BTreeSet<String>,
    /// The entries that both have, with different permissions.
    pub unlike: BTreeSet<String>,
}

/// Returns what there is to tell of the others, from the planned claim of one instance.
pub(super) fn about(
    claims: &BTreeMap<InstanceId, Claim>,
    id: InstanceId,
    own: &Claim,
) -> Vec<Finding> {
    let Fate::Kept(wanted) = &own.fate else { return Vec::new() };
    let others = claims.iter().filter(|(other, claim)| {
        **other != id && own.replaces != Some(**other) && claim.replaces != Some(id)
    });
    let others: Vec<(InstanceId, &Claim)> = others.map(|(id, claim)| (*id, claim)).collect();
    let mut findings = Vec::new();
    // Without persistent IDs, another claim may be an earlier one of the same instance.
    for (_, other) in others.iter().filter(|(_, other)| own.persistent && other.persistent) {
        if let Some(theirs) = other.wanted() {
            findings.extend(between((own.manager, wanted), (other.manager, theirs)));
        }
    }
    if own.unchanged {
        let is_removed = |object: &Object| others.iter().any(|(_, other)| other.removes(*object));
        findings.extend(named(wanted, is_removed).map(Finding::RemovedObjects));
        let is_replaced = |id: InstanceId| claims.values().any(|claim| claim.replaces == Some(id));
        let is_left = |object: &Object| {
            others.iter().any(|(id, other)| other.leaves(*object) && is_replaced(*id))
        };
        findings.extend(named(wanted, is_left).map(Finding::ReplacedObjects));
    }
    merged(findings)
}

fn between(own: (Manager, &Wanted), other: (Manager, &Wanted)) -> Vec<Finding> {
    let (wanted, theirs) = (own.1, other.1);
    if let (Manager::Exclusive, Manager::Exclusive) = (own.0, other.0) {
        let lists = wanted.exclusive().intersection(theirs.exclusive());
        return lists.map(|list| same_list(*list, wanted, theirs)).collect();
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
                let names = [wanted, theirs].into_iter().filter_map(|one| one.name(object));
                // The longer one has the path.
                let name = names.max_by_key(|name| name.len())?;
                Some(Finding::SameEntry(name.to_owned(), permissions.clone()))
            }
            Value::Setting(_) | Value::Default => None,
        }),
        (Manager::Entry, Manager::Exclusive) => beside_list(wanted, theirs),
        (Manager::Exclusive, Manager::Entry) => beside_list(theirs, wanted),
        (Manager::Scope, _) | (_, Manager::Scope) | (Manager::Exclusive, Manager::Exclusive) => {
            None
        }
    };
    finding.into_iter().collect()
}

/// Returns how two exclusive lists of that kind differ.
fn same_list(list: (ProjectId, Kind), wanted: &Wanted, theirs: &Wanted) -> Finding {
    let is_listed = |object: &Object| match object {
        Object::Entry(project, target) => (*project, target.kind()) == list,
        Object::Access(_) | Object::Pushes(_) | Object::CrossProjectPushes(_) => false,
    };
    let only_in = |one: &Wanted, other: &Wanted| {
        named(one, |object| is_listed(object) && other.value(*object).is_none()).unwrap_or_default()
    };
    let are_unlike = |object: &Object| {
        let values = wanted.value(*object).zip(theirs.value(*object));
        is_listed(object) && values.is_some_and(|(one, other)| one.is_undone_by(other))
    };
    let differences = Differences {
        own: only_in(wanted, theirs),
        theirs: only_in(theirs, wanted),
        unlike: named(wanted, are_unlike).unwrap_or_default(),
    };
    Finding::SameList(list.1, differences)
}

/// Returns what is wrong with an entry beside an exclusive list.
fn beside_list(entry: &Wanted, list: &Wanted) -> Option<Finding> {
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
    named(entry, is_excluded)
        .map(Finding::ExcludedEntries)
        .or_else(|| named(entry, are_unlike).map(Finding::UnlikePermissions))
        .or_else(|| {
            named(entry, |object| is_widened_by(list, entry, object)).map(by(Manager::Exclusive))
        })
        .or_else(|| {
            named(entry, |object| is_widened_by(entry, list, object)).map(by(Manager::Entry))
        })
}

/// Returns the names of those of the objects, if there are any.
fn named(wanted: &Wanted, is_among: impl Fn(&Object) -> bool) -> Option<BTreeSet<String>> {
    let objects = wanted.objects().filter(|object| is_among(object));
    let names: BTreeSet<String> =
        objects.filter_map(|object| wanted.name(*object)).map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}

/// Returns the findings, each once, with those about entries of several resources in one.
fn merged(findings: Vec<Finding>) -> Vec<Finding> {
    let (mut excluded, mut unlike) = (BTreeSet::new(), BTreeSet::new());
    let mut widened: BTreeMap<Manager, BTreeSet<String>> = BTreeMap::new();
    let mut merged = Vec::new();
    for finding in findings {
        match finding {
            Finding::ExcludedEntries(entries) => excluded.extend(entries),
            Finding::UnlikePermissions(entries) => unlike.extend(entries),
            Finding::WidenedEntries(by, entries) => widened.entry(by).or_default().extend(entries),
            other if merged.contains(&other) => {}
            other => merged.push(other),
        }
    }
    if !excluded.is_empty() {
        merged.push(Finding::ExcludedEntries(excluded));
    }
    if !unlike.is_empty() {
        merged.push(Finding::UnlikePermissions(unlike));
    }
    merged.extend(widened.into_iter().map(|(by, entries)| Finding::WidenedEntries(by, entries)));
    merged
}
