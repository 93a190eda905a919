//! The map attributes: entries with permissions, keyed by path or ID.

use std::collections::BTreeMap;

use super::kind::{Live, Managed, Side};
use crate::framework::{
    Attr, Attribute, AttributePath, Diagnostic, Errors, Set, Step, Type, model,
};
use crate::gitlab::{PermissionList, Permissions, same_path};
use crate::provider::permissions::{DEFAULT, POLICIES, malformed, names};

model! {
    /// An element of a map, which is one entry of the allowlist.
    pub(in crate::provider) struct Entry {
        job_token_policies: Set<String>,
        default_permissions: bool,
        id: i64,
    }
}

/// The elements of a map, by path or ID.
pub(super) type Entries = BTreeMap<String, Attr<Entry>>;

impl Entry {
    /// Returns the permissions, or `None` if they are unknown.
    pub(super) fn permissions(&self) -> Option<Permissions> {
        match (&self.default_permissions, &self.job_token_policies) {
            (Attr::Known(true), Attr::Null) => Some(Permissions::Default),
            (Attr::Null, Attr::Known(policies)) => {
                let is_known = policies.0.iter().all(|policy| policy.known().is_some());
                is_known.then(|| Permissions::Only(names(policies).cloned().collect()))
            }
            _ => None,
        }
    }

    /// Returns the element for a state: one of the two attributes is set and the other null, or
    /// both are null if the permissions aren't visible.
    fn found(id: i64, permissions: Option<&Permissions>) -> Self {
        let (default_permissions, job_token_policies) = match permissions {
            Some(Permissions::Default) => (Attr::Known(true), Attr::Null),
            Some(Permissions::Only(policies)) => {
                let policies = policies.iter().cloned().map(Attr::Known).collect();
                (Attr::Null, Attr::Known(Set(policies)))
            }
            None => (Attr::Null, Attr::Null),
        };
        Self { job_token_policies, default_permissions, id: Attr::Known(id) }
    }

    /// Returns whether both have the same permissions.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.default_permissions == other.default_permissions
            && self.job_token_policies == other.job_token_policies
    }
}

/// Returns the attributes of an element.
pub(super) fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            POLICIES,
            Type::set(Type::String),
            "Policies that the target's jobs are restricted to, such as `READ_PACKAGES`: see \
             [GitLab's list](https://docs.gitlab.com/ci/jobs/fine_grained_permissions/). `[]` \
             gives no permissions. Exactly one of `job_token_policies` and `default_permissions` \
             must be set.",
        ),
        Attribute::optional(
            DEFAULT,
            Type::Bool,
            "If `true`, the target's jobs have all permissions that a job token can have, within \
             the rights of the user who runs the job. Can't be `false`: to give no permissions, \
             set `job_token_policies = []`.",
        ),
        Attribute::computed("id", Type::Number, "ID of the target."),
    ]
}

/// Returns the path of an element for a diagnostic. It ends at the element: hosts don't find the
/// line of longer paths.
///
/// If a key of the map may be written as a number in the configuration, the path is that of the
/// map. Hosts look for the element among the keys as written, and crash at a key that isn't a
/// string (seen up to Terraform 1.15 and OpenTofu 1.12).
pub(super) fn path<I: Managed>(entries: &Entries, key: &str) -> AttributePath {
    if entries.keys().any(|key| key.parse::<f64>().is_ok()) {
        return AttributePath::attribute(I::ENTRIES);
    }
    named::<I>(key)
}

/// Returns the path of an element for messages.
pub(super) fn named<I: Managed>(key: &str) -> AttributePath {
    AttributePath::attribute(I::ENTRIES).with_step(Step::Key(key.to_owned()))
}

/// Returns the errors of the elements in a configuration, except for their keys.
pub(super) fn check<I: Managed>(config: Side<'_>) -> Vec<Diagnostic> {
    let Some(entries) = config.entries.known() else { return Vec::new() };
    let mut problems: Vec<Diagnostic> = Vec::new();
    for (key, entry) in entries {
        let found = match entry {
            Attr::Null => vec![neither::<I>(key)],
            Attr::Unknown => Vec::new(),
            Attr::Known(entry) => check_entry::<I>(key, entry),
        };
        problems.extend(found.into_iter().map(|problem| problem.at_path(path::<I>(entries, key))));
    }
    let keys: Vec<&String> = entries.keys().collect();
    let repeated = keys.iter().enumerate().filter_map(|(position, key)| {
        let first = keys[..position].iter().find(|other| same_path(other, key))?;
        Some(twice::<I>(entries, first, key))
    });
    problems.extend(repeated);
    problems
}

fn check_entry<I: Managed>(key: &str, entry: &Entry) -> Vec<Diagnostic> {
    let Entry { job_token_policies: policies, default_permissions: default, id } = entry;
    let set_wrongly = match (default, policies) {
        (Attr::Null, Attr::Null) => Some(neither::<I>(key)),
        (Attr::Known(false), _) => Some(no_permissions::<I>(key)),
        (Attr::Known(true), Attr::Known(_)) => Some(both::<I>(key)),
        _ => None,
    };
    let read_only = (!id.is_null()).then(|| read_only::<I>(key));
    let policies_of = format!("{}.{POLICIES}", named::<I>(key));
    let malformed =
        policies.known().into_iter().flat_map(|policies| malformed(&policies_of, policies));
    set_wrongly.into_iter().chain(read_only).chain(malformed).collect()
}

fn neither<I: Managed>(key: &str) -> Diagnostic {
    let detail = format!(
        "`{}` doesn't set permissions. Set `{POLICIES}` to the policies that its jobs are \
         restricted to (`[]` gives no permissions), or `{DEFAULT} = true` to give all permissions \
         that a job token can have.",
        named::<I>(key)
    );
    Diagnostic::new("Permissions missing", detail)
}

fn both<I: Managed>(key: &str) -> Diagnostic {
    let detail = format!(
        "`{}` sets `{DEFAULT} = true`, which gives all permissions, and `{POLICIES}`, which \
         restricts them. Remove one of the two.",
        named::<I>(key)
    );
    Diagnostic::new("Conflicting permissions", detail)
}

fn no_permissions<I: Managed>(key: &str) -> Diagnostic {
    let detail = format!(
        "`{}` sets `{DEFAULT} = false`, but here it can only be `true`. Set `{POLICIES}` instead; \
         `[]` gives no permissions.",
        named::<I>(key)
    );
    Diagnostic::new("Invalid default_permissions", detail)
}

fn read_only<I: Managed>(key: &str) -> Diagnostic {
    let detail = format!(
        "`{}` sets `id`, which is read-only. Remove it: the key identifies the target.",
        named::<I>(key)
    );
    Diagnostic::new("Read-only attribute", detail)
}

/// Returns the error of two keys for the same target.
pub(super) fn twice<I: Managed>(entries: &Entries, one: &str, other: &str) -> Diagnostic {
    let kind = I::KIND;
    let detail = format!(
        "The keys {one:?} and {other:?} of `{}` refer to the same {kind}. Remove one of them.",
        I::ENTRIES
    );
    Diagnostic::new(format!("Duplicate {kind}"), detail).at_path(path::<I>(entries, other))
}

/// Returns the IDs of the elements, by key.
pub(super) fn ids(side: Side<'_>) -> impl Iterator<Item = (&str, &Attr<i64>)> {
    side.elements().map(|(key, entry)| (key.as_str(), &entry.id))
}

/// Returns whether the maps of a configuration and a state differ, except for IDs.
pub(super) fn differ(config: Side<'_>, prior: Side<'_>) -> bool {
    match (config.entries, prior.entries) {
        (Attr::Known(config), Attr::Known(prior)) => {
            let is_like = |(one, other): (&Attr<Entry>, &Attr<Entry>)| match (one, other) {
                (Attr::Known(one), Attr::Known(other)) => one.is_like(other),
                _ => false,
            };
            !(config.keys().eq(prior.keys()) && config.values().zip(prior.values()).all(is_like))
        }
        (config, prior) => config != prior,
    }
}

/// Returns the planned map: the configured one, with the IDs of its keys.
///
/// # Errors
///
/// Fails if two keys have the same ID.
pub(super) fn with_ids<I: Managed>(
    config: &Entries,
    id_of: impl Fn(&str) -> Option<I>,
) -> Result<Entries, Errors> {
    let mut keys: BTreeMap<I, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut entries = Entries::new();
    for (key, entry) in config {
        let id = id_of(key);
        if let Some(other) = id.and_then(|id| keys.insert(id, key)) {
            problems.push(twice::<I>(config, other, key));
        }
        let id = id.map_or(Attr::Unknown, |id| Attr::Known(id.into()));
        entries.insert(key.clone(), entry.clone().map(|entry| Entry { id, ..entry }));
    }
    Errors::check(problems).map(|()| entries)
}

/// The key of an entry that isn't in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// Its path if it is visible, otherwise its ID.
    Paths,
    /// Its ID.
    Ids,
}

/// Returns the map for a state: an element for each entry on the allowlist, with its key in the
/// state. If permissions aren't visible, those in the state stay.
pub(super) fn observed<I: Managed>(
    before: Side<'_>,
    live: &Live<I>,
    permissions: Option<&PermissionList>,
    new_keys: Keys,
) -> Entries {
    let before: BTreeMap<I, (&String, &Entry)> = before
        .elements()
        .filter_map(|(key, entry)| Some((I::try_from(*entry.id.known()?).ok()?, (key, entry))))
        .collect();
    let found =
        |id: I| permissions.and_then(|list| list.get(id.into())).map(|entry| &entry.permissions);
    let element = |id: I| {
        let entry = Entry::found(id.into(), found(id));
        match before.get(&id) {
            Some((_, held)) if entry.permissions().is_none() => {
                Entry { id: entry.id, ..(*held).clone() }
            }
            _ => entry,
        }
    };
    let kept = live.0.keys().filter_map(|id| Some((*id, (*before.get(id)?.0).clone())));
    let mut keys: BTreeMap<I, String> = kept.collect();
    for (id, path) in live.0.iter().filter(|(id, _)| !before.contains_key(id)) {
        let path = path.as_ref().filter(|_| new_keys == Keys::Paths);
        // A path that was reassigned may be the key of another entry.
        let path = path.filter(|path| !keys.values().any(|key| same_path(key, path)));
        keys.insert(*id, path.cloned().unwrap_or_else(|| id.to_string()));
    }
    keys.into_iter().map(|(id, key)| (key, Attr::Known(element(id)))).collect()
}
