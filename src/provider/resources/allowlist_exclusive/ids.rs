//! Resolves the paths and IDs of an exclusive allowlist.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::entries::{self, Entries, Entry};
use super::kind::{Live, Managed, Side};
use crate::framework::{Attr, Diagnostic, Errors, Set};
use crate::gitlab::{Client, Reference, same_path};
use crate::provider::report::report;
use crate::provider::unresolved::Unresolved;
use crate::provider::{names, project};

/// The IDs of one kind, as far as they are known in a plan.
#[derive(Debug)]
pub(super) struct PlannedIds<I> {
    /// The map with IDs, or null if the kind isn't managed by a map.
    pub(super) entries: Attr<Entries>,
    /// The attribute of IDs: null if the kind isn't managed or is managed by a map, unknown if a
    /// path isn't found.
    pub(super) attribute: Attr<Set<i64>>,
    /// The targets that are certain to be on the allowlist, with their display names.
    pub(super) kept: BTreeMap<I, String>,
}

/// Returns the planned IDs of a kind. Paths that aren't found are added to `unresolved`.
///
/// # Errors
///
/// Fails if a path is invalid, if two keys of a map have the same ID, or if GitLab can't be
/// queried.
pub(super) async fn plan<I: Managed>(
    client: Option<&Client>,
    prior: Option<Side<'_>>,
    config: Side<'_>,
    live: Option<&Live<I>>,
    unresolved: &mut Unresolved,
) -> Result<PlannedIds<I>, Errors> {
    let is_map = config.is_map();
    let none = |attribute| PlannedIds { entries: Attr::Null, attribute, kept: BTreeMap::new() };
    if !config.target_ids.is_null() {
        let named =
            |id| (id, live.map_or_else(|| format!("{} {id}", I::KIND), |live| live.describe(id)));
        return Ok(PlannedIds {
            kept: config.ids().map(named).collect(),
            ..none(config.target_ids.clone())
        });
    }
    if config.entries.is_unknown() {
        return Ok(PlannedIds { entries: Attr::Unknown, ..none(Attr::Null) });
    }
    if !is_map && config.references.known().is_none() {
        let is_managed = config.references.is_unknown();
        return Ok(none(if is_managed { Attr::Unknown } else { Attr::Null }));
    }
    let before = Before::of(prior, live);
    if !is_map
        && live.is_none()
        && let Some(unchanged) = before.if_unchanged(config)
    {
        return Ok(unchanged);
    }
    let texts: Vec<&str> = config.texts().collect();
    let mut found = before.find(client, &texts, live.is_some()).await?;
    let mut leftovers = before.take_leftovers(&mut found);
    if let (true, [(text, id)]) = (is_map, leftovers.as_slice()) {
        found.insert(text, Some(*id));
        leftovers.clear();
    }
    // A map needs to know which one is which.
    let ambiguous = leftovers.iter().filter(|_| is_map).map(|(text, _)| *text);
    let missing = found.iter().filter(|(_, id)| id.is_none()).map(|(text, _)| *text);
    let missing: Vec<&str> = missing.chain(ambiguous).collect();
    if client.is_some() {
        let attribute = if is_map { I::ENTRIES } else { I::REFERENCES };
        missing.iter().for_each(|text| unresolved.add(attribute, I::KIND, text));
    }
    let named = found.iter().filter_map(|(text, id)| id.map(|id| (id, names::of(id, text))));
    let left_texts: Vec<&str> = leftovers.iter().map(|(text, _)| *text).collect();
    let left = self::named(&left_texts, leftovers.iter().map(|(_, id)| *id));
    let kept: BTreeMap<I, String> = named.chain(left).collect();
    if let Attr::Known(entries) = config.entries {
        let entries = entries::with_ids(entries, |key| found.get(key).copied().flatten())?;
        return Ok(PlannedIds { entries: Attr::Known(entries), attribute: Attr::Null, kept });
    }
    let is_complete = missing.is_empty()
        && config.references.known().is_some_and(|Set(all)| all.len() == texts.len());
    let attribute =
        if is_complete { Attr::Known(set(kept.keys().copied().collect())) } else { Attr::Unknown };
    Ok(PlannedIds { entries: Attr::Null, attribute, kept })
}

/// The paths and IDs of the prior state and of the allowlist on the server. A map has the ID of
/// each path. Sets don't say which path has which ID: the allowlist does, and a single path and a
/// single ID that are left over belong together.
struct Before<'a, I> {
    texts: Vec<&'a str>,
    ids: BTreeSet<I>,
    /// The IDs by key of the map.
    keyed: BTreeMap<&'a str, I>,
    /// The IDs by the paths on the allowlist, in lower case.
    listed: BTreeMap<String, I>,
    left_texts: Vec<&'a str>,
    left_ids: BTreeSet<I>,
    /// True if the allowlist has a path for an ID that is left over, which means that its path has
    /// changed.
    is_moved: bool,
}

impl<'a, I: Managed> Before<'a, I> {
    fn of(prior: Option<Side<'a>>, live: Option<&Live<I>>) -> Self {
        let entries = || live.into_iter().flat_map(|Live(entries)| entries);
        let with_path =
            |(id, path): (&I, &Option<String>)| Some((path.as_ref()?.to_lowercase(), *id));
        let listed: BTreeMap<String, I> = entries().filter_map(with_path).collect();
        let texts: Vec<&str> = prior.into_iter().flat_map(Side::texts).collect();
        let ids: BTreeSet<I> = prior.into_iter().flat_map(Side::ids).collect();
        let with_key = |(key, entry): (&'a String, &Entry)| {
            Some((key.as_str(), I::try_from(*entry.id.known()?).ok()?))
        };
        let keyed: BTreeMap<&str, I> =
            prior.into_iter().flat_map(Side::elements).filter_map(with_key).collect();
        let stands_for = |text: &&str| {
            let reference = text.parse::<Reference<I>>().ok().and_then(|reference| reference.id());
            let listed = || listed.get(&text.to_lowercase()).copied();
            reference.or_else(|| keyed.get(text).copied()).or_else(listed)
        };
        let connected: BTreeSet<I> = texts.iter().filter_map(stands_for).collect();
        let left_texts = texts.iter().copied().filter(|text| stands_for(text).is_none()).collect();
        let left_ids: BTreeSet<I> = ids.difference(&connected).copied().collect();
        let is_moved = entries().any(|(id, path)| left_ids.contains(id) && path.is_some());
        Self { texts, ids, keyed, listed, left_texts, left_ids, is_moved }
    }

    fn listed(&self, path: &str) -> Option<I> {
        self.listed.get(&path.to_lowercase()).copied()
    }

    /// Returns the ID of a key in the state's map.
    fn keyed(&self, text: &str) -> Option<I> {
        self.keyed.iter().find(|(key, _)| same_path(key, text)).map(|(_, id)| *id)
    }

    /// Returns whether the allowlist has a path for the ID.
    fn shows_path(&self, id: I) -> bool {
        self.listed.values().any(|listed| *listed == id)
    }

    /// Returns the ID of each path, with a request for those that neither the allowlist nor the
    /// state has.
    ///
    /// # Errors
    ///
    /// Fails if a path is invalid, or if GitLab can't be queried.
    async fn find<'t>(
        &self,
        client: Option<&Client>,
        texts: &[&'t str],
        is_read: bool,
    ) -> Result<BTreeMap<&'t str, Option<I>>, Errors> {
        let stays = self.leftovers_stay(texts);
        let find = async |text: &'t str| {
            if let Some(id) = self.listed(text) {
                return Ok((text, Some(id)));
            }
            if stays && is_among(text, &self.left_texts) {
                return Ok((text, None));
            }
            let before = self.keyed(text);
            let is_moved = is_read && before.is_some_and(|id| self.shows_path(id));
            match before {
                Some(id) if !is_moved => Ok((text, Some(id))),
                // GitLab doesn't redirect the paths of renamed groups.
                before => Ok::<_, Errors>((text, look_up::<I>(client, text).await?.or(before))),
            }
        };
        join_all(texts.iter().map(|text| find(text))).await.into_iter().collect()
    }

    /// Returns the prior IDs if the paths are unchanged.
    fn if_unchanged(&self, config: Side<'_>) -> Option<PlannedIds<I>> {
        let Set(references) = config.references.known()?;
        // An unknown path increases the length, but doesn't equal any prior one.
        let same = self.texts.len() == references.len()
            && config.texts().count() == references.len()
            && config.texts().all(|text| is_among(text, &self.texts));
        let kept = named(&self.texts, self.ids.iter().copied());
        (same && !self.ids.is_empty()).then(|| PlannedIds {
            entries: Attr::Null,
            attribute: Attr::Known(set(self.ids.clone())),
            kept,
        })
    }

    /// Returns whether all paths that are left over are still configured, and the allowlist has no
    /// new path for their IDs. They then need no request.
    fn leftovers_stay(&self, texts: &[&str]) -> bool {
        !self.is_moved
            && self.left_texts.len() == self.left_ids.len()
            && self.left_texts.iter().all(|text| is_among(text, texts))
    }

    /// Removes prior paths that aren't found from `found`, and returns them with the prior IDs that
    /// are left over, in no particular order: GitLab doesn't redirect the paths of renamed groups.
    /// Returns nothing if the configuration has removed another path that is left over, because the
    /// IDs are ambiguous then.
    fn take_leftovers<'t>(&self, found: &mut BTreeMap<&'t str, Option<I>>) -> Vec<(&'t str, I)> {
        let taken: BTreeSet<I> = found.values().flatten().copied().collect();
        let ids: Vec<I> = self.left_ids.difference(&taken).copied().collect();
        let resolved = |text: &&str| {
            let id = found.iter().find(|(other, _)| same_path(other, text)).and_then(|(_, id)| *id);
            id.is_some_and(|id| self.left_ids.contains(&id))
        };
        let texts: Vec<&str> =
            self.left_texts.iter().copied().filter(|text| !resolved(text)).collect();
        let nowhere: Vec<&'t str> = found
            .iter()
            .filter(|(text, id)| id.is_none() && is_among(text, &texts))
            .map(|(text, _)| *text)
            .collect();
        if texts.len() != ids.len() || !texts.iter().all(|text| is_among(text, &nowhere)) {
            return Vec::new();
        }
        found.retain(|text, _| !is_among(text, &texts));
        nowhere.into_iter().zip(ids).collect()
    }
}

fn is_among(text: &str, texts: &[&str]) -> bool {
    texts.iter().any(|other| same_path(other, text))
}

async fn look_up<I: Managed>(client: Option<&Client>, text: &str) -> Result<Option<I>, Errors> {
    let attribute = I::REFERENCES;
    let reference: Reference<I> =
        text.parse().map_err(|reason| project::invalid_reference::<I>(attribute, text, &reason))?;
    match (reference.id(), client) {
        (Some(id), _) => Ok(Some(id)),
        (None, None) => Ok(None),
        (None, Some(client)) => client.resolve(&reference).await.map_err(|error| {
            report(format!("Can't look up {} {text}", I::KIND), &error).at(attribute).into()
        }),
    }
}

/// Returns the IDs of a kind during apply, when every path must exist.
///
/// # Errors
///
/// Returns all paths that don't exist. Fails if GitLab can't be queried.
pub(super) async fn resolve_existing<I: Managed>(
    client: &Client,
    planned: Side<'_>,
) -> (Attr<Set<i64>>, Vec<Diagnostic>) {
    if !planned.target_ids.is_unknown() {
        return (planned.target_ids.clone(), Vec::new());
    }
    let Some(Set(references)) = planned.references.known() else { return (Attr::Null, Vec::new()) };
    let find = |path_or_id: &Attr<String>| {
        let text = path_or_id.known().cloned().unwrap_or_default();
        async move {
            project::find::<I>(client, Some(I::REFERENCES), &text)
                .await
                .map_err(|problem| problem.at(I::REFERENCES))
        }
    };
    let mut ids = BTreeSet::new();
    let mut problems = Vec::new();
    for found in join_all(references.iter().map(find)).await {
        match found {
            Ok(id) => drop(ids.insert(id)),
            Err(problem) => problems.push(problem),
        }
    }
    (Attr::Known(set(ids)), problems)
}

/// Returns the map of a kind during apply, when every key must exist.
///
/// # Errors
///
/// Returns all keys that don't exist, or that have the same ID. Fails if GitLab can't be queried.
pub(super) async fn resolve_entries<I: Managed>(
    client: &Client,
    planned: Side<'_>,
) -> Result<Attr<Entries>, Errors> {
    let Attr::Known(entries) = planned.entries else { return Ok(Attr::Null) };
    let find = |(key, entry): (&'_ String, &Attr<Entry>)| {
        let (key, id) =
            (key.clone(), entry.known().and_then(|entry| I::try_from(*entry.id.known()?).ok()));
        async move {
            if let Some(id) = id {
                return Ok((key, id));
            }
            let found = project::find::<I>(client, Some(I::ENTRIES), &key).await;
            match found {
                Ok(id) => Ok((key, id)),
                Err(problem) => Err(problem.at_path(entries::path::<I>(entries, &key))),
            }
        }
    };
    let mut ids = BTreeMap::new();
    let mut problems = Vec::new();
    for found in join_all(entries.iter().map(find)).await {
        match found {
            Ok((key, id)) => drop(ids.insert(key, id)),
            Err(problem) => problems.push(problem),
        }
    }
    Errors::check(problems)?;
    entries::with_ids(entries, |key| ids.get(key).copied()).map(Attr::Known)
}

/// Returns the display names of targets. In a set, the ID of a path is only known if no other is
/// left over.
pub(super) fn named<I: Managed>(
    texts: &[&str],
    ids: impl Iterator<Item = I>,
) -> BTreeMap<I, String> {
    let mut names: BTreeMap<I, String> = ids.map(|id| (id, format!("{} {id}", I::KIND))).collect();
    let is_id = |text: &str| names.keys().any(|id| id.to_string() == text);
    let paths: Vec<&str> = texts.iter().copied().filter(|text| !is_id(text)).collect();
    let is_path = |id: &I| !texts.contains(&id.to_string().as_str());
    let left: Vec<I> = names.keys().copied().filter(is_path).collect();
    if let ([path], [id]) = (paths.as_slice(), left.as_slice()) {
        names.insert(*id, names::of(*id, path));
    }
    names
}

/// Returns the set of those IDs.
pub(super) fn set<I: Managed>(ids: BTreeSet<I>) -> Set<i64> {
    Set(ids.into_iter().map(|id| Attr::Known(id.into())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gitlab::{GroupId, ProjectId};

    fn texts(references: &[Option<&str>]) -> Attr<Set<String>> {
        let path_or_id =
            |text: &Option<&str>| text.map_or(Attr::Unknown, |text| Attr::Known(text.to_owned()));
        Attr::Known(Set(references.iter().map(path_or_id).collect()))
    }

    fn ids(ids: &[i64]) -> Attr<Set<i64>> {
        Attr::Known(Set(ids.iter().copied().map(Attr::Known).collect()))
    }

    /// Plans without a client, so that paths that need a request aren't found.
    async fn planned<I: Managed>(
        before: (&[Option<&str>], &[i64]),
        now: &[Option<&str>],
        live: Option<&[(i64, &str)]>,
    ) -> Attr<Set<i64>> {
        let (texts, target_ids, now) = (texts(before.0), ids(before.1), texts(now));
        let prior = Side { entries: &Attr::Null, references: &texts, target_ids: &target_ids };
        let config = Side { entries: &Attr::Null, references: &now, target_ids: &Attr::Null };
        let entry = |(id, path): &(i64, &str)| {
            (I::try_from(*id).ok().unwrap(), (!path.is_empty()).then(|| (*path).to_owned()))
        };
        let live = live.map(|live| Live(live.iter().map(entry).collect()));
        let mut unresolved = Unresolved::default();
        plan::<I>(None, Some(prior), config, live.as_ref(), &mut unresolved)
            .await
            .unwrap()
            .attribute
    }

    #[test]
    fn single_remaining_path_names_a_target() {
        let named = |texts: &[&str], ids: &[i64]| -> Vec<String> {
            let ids = ids.iter().map(|id| GroupId::try_from(*id).unwrap());
            super::named(texts, ids).into_values().collect()
        };
        assert_eq!(named(&["ops"], &[7]), ["group ops (7)"]);
        assert_eq!(named(&["ops", "8"], &[7, 8]), ["group ops (7)", "group 8"]);
        assert_eq!(named(&["ops", "qa"], &[7, 8]), ["group 7", "group 8"]);
        assert_eq!(named(&[], &[7]), ["group 7"]);
    }

    #[tokio::test]
    async fn unchanged_paths_keep_their_ids_without_a_list() {
        let before = (&[Some("acme/lib")][..], &[7][..]);
        let planned = async |now| planned::<ProjectId>(before, now, None).await;
        assert_eq!(planned(&[Some("Acme/lib")]).await, ids(&[7]));
        assert_eq!(planned(&[Some("acme/lib"), None]).await, Attr::Unknown);
        assert_eq!(planned(&[None]).await, Attr::Unknown);
        assert_eq!(planned(&[Some("acme/tool")]).await, Attr::Unknown);
    }

    #[tokio::test]
    async fn listed_paths_are_not_looked_up() {
        let live = [(7, "acme/lib"), (8, "acme/tool")];
        let planned =
            async |now| planned::<ProjectId>((&[Some("acme/lib")], &[7]), now, Some(&live)).await;
        assert_eq!(planned(&[Some("acme/lib"), Some("ACME/tool")]).await, ids(&[7, 8]));
        assert_eq!(planned(&[Some("8")]).await, ids(&[8]));
    }

    #[tokio::test]
    async fn renamed_group_keeps_its_id_when_others_change() {
        let before = (&[Some("old"), Some("ops")][..], &[7, 8][..]);
        let live = [(7, "new"), (8, "ops"), (9, "qa")];
        let planned = async |now| planned::<GroupId>(before, now, Some(&live)).await;
        assert_eq!(planned(&[Some("old")]).await, ids(&[7]));
        assert_eq!(planned(&[Some("old"), Some("qa")]).await, ids(&[7, 9]));
        assert_eq!(planned(&[Some("older"), Some("ops")]).await, Attr::Unknown);
    }

    #[tokio::test]
    async fn two_renamed_groups_can_only_stay_together() {
        let before = (&[Some("old"), Some("older")][..], &[7, 8][..]);
        let live = [(7, "new"), (8, "newer")];
        let planned = async |now| planned::<GroupId>(before, now, Some(&live)).await;
        assert_eq!(planned(&[Some("old"), Some("older")]).await, ids(&[7, 8]));
        assert_eq!(planned(&[Some("old")]).await, Attr::Unknown);
    }
}
