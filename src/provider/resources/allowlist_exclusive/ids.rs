//! From the paths of a set to the IDs that they stand for.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::kind::{Live, Managed, Side};
use crate::framework::{Attr, Diagnostic, Errors, Set};
use crate::gitlab::{Client, Reference, same_path};
use crate::provider::project;
use crate::provider::report::report;
use crate::provider::unresolved::Unresolved;

/// The IDs of one kind, as far as a plan knows them.
#[derive(Debug)]
pub(super) struct PlannedIds<I> {
    /// The attribute: null if the kind isn't managed, unknown as long as one of the paths leads nowhere.
    pub(super) attribute: Attr<Set<i64>>,
    /// The targets that are surely allowed, each with its name for people.
    pub(super) kept: BTreeMap<I, String>,
}

/// Returns the IDs to plan for a kind. Paths that lead nowhere are added to `unresolved`.
///
/// # Errors
///
/// An invalid path, and whatever keeps GitLab from answering.
pub(super) async fn plan<I: Managed>(
    client: Option<&Client>,
    prior: Option<Side<'_>>,
    config: Side<'_>,
    live: Option<&Live<I>>,
    unresolved: &mut Unresolved,
) -> Result<PlannedIds<I>, Errors> {
    if !config.numbers.is_null() {
        let named = |id| (id, live.map_or_else(|| format!("{} {id}", I::KIND), |live| live.describe(id)));
        return Ok(PlannedIds { attribute: config.numbers.clone(), kept: config.ids().map(named).collect() });
    }
    let spellings = match config.spellings {
        Attr::Known(Set(spellings)) => spellings,
        Attr::Null => return Ok(PlannedIds { attribute: Attr::Null, kept: BTreeMap::new() }),
        Attr::Unknown => return Ok(PlannedIds { attribute: Attr::Unknown, kept: BTreeMap::new() }),
    };
    let before = Before::of(prior, live);
    if live.is_none()
        && let Some(unchanged) = before.if_unchanged(config)
    {
        return Ok(unchanged);
    }
    let texts: Vec<&str> = config.texts().collect();
    let stays = before.leftovers_stay(&texts);
    let find = |text: &str| {
        let listed = before.listed(text);
        let text = (!stays || !is_among(text, &before.left_texts)).then(|| text.to_owned());
        async move {
            match (listed, text) {
                (Some(id), _) => Ok(Some(id)),
                (None, Some(text)) => look_up::<I>(client, &text).await,
                (None, None) => Ok(None),
            }
        }
    };
    let results = join_all(texts.iter().map(|text| find(text))).await;
    let results: Vec<Option<I>> = results.into_iter().collect::<Result<_, _>>()?;
    let mut found: BTreeMap<&str, Option<I>> = texts.iter().copied().zip(results).collect();
    let leftovers = before.take_leftovers(&mut found);

    let missing: Vec<&str> = found.iter().filter(|(_, id)| id.is_none()).map(|(text, _)| *text).collect();
    if client.is_some() {
        missing.iter().for_each(|text| unresolved.add(I::SPELLINGS, I::KIND, text));
    }
    let is_complete = missing.is_empty() && texts.len() == spellings.len();
    let named = found.iter().filter_map(|(text, id)| id.map(|id| (id, name(id, text))));
    let kept: BTreeMap<I, String> =
        named.chain(leftovers.into_iter().map(|id| (id, format!("{} {id}", I::KIND)))).collect();
    let attribute =
        if is_complete { Attr::Known(set(kept.keys().copied().collect())) } else { Attr::Unknown };
    Ok(PlannedIds { attribute, kept })
}

/// Returns the name of a target for people: as it is written, with its ID.
fn name<I: Managed>(id: I, text: &str) -> String {
    if text == id.to_string() { format!("{} {id}", I::KIND) } else { format!("{} {text} ({id})", I::KIND) }
}

/// The paths of the state and of the list. A state has the paths and the IDs of its targets, but doesn't say which path
/// stands for which ID: the list does, and what is left over on both sides belongs together.
struct Before<'a, I> {
    texts: Vec<&'a str>,
    ids: BTreeSet<I>,
    /// The IDs by the paths that the list gives, in lower case.
    listed: BTreeMap<String, I>,
    left_texts: Vec<&'a str>,
    left_ids: BTreeSet<I>,
    /// True if the list gives a path for an ID that is left over, which is thus another one than the state has.
    is_moved: bool,
}

impl<'a, I: Managed> Before<'a, I> {
    fn of(prior: Option<Side<'a>>, live: Option<&Live<I>>) -> Self {
        let entries = || live.into_iter().flat_map(|Live(entries)| entries);
        let with_path = |(id, path): (&I, &Option<String>)| Some((path.as_ref()?.to_lowercase(), *id));
        let listed: BTreeMap<String, I> = entries().filter_map(with_path).collect();
        let texts: Vec<&str> = prior.into_iter().flat_map(Side::texts).collect();
        let ids: BTreeSet<I> = prior.into_iter().flat_map(Side::ids).collect();
        let stands_for = |text: &&str| {
            let spelled = text.parse::<Reference<I>>().ok().and_then(|spelled| spelled.id());
            spelled.or_else(|| listed.get(&text.to_lowercase()).copied())
        };
        let connected: BTreeSet<I> = texts.iter().filter_map(stands_for).collect();
        let left_texts = texts.iter().copied().filter(|text| stands_for(text).is_none()).collect();
        let left_ids: BTreeSet<I> = ids.difference(&connected).copied().collect();
        let is_moved = entries().any(|(id, path)| left_ids.contains(id) && path.is_some());
        Self { texts, ids, listed, left_texts, left_ids, is_moved }
    }

    fn listed(&self, path: &str) -> Option<I> {
        self.listed.get(&path.to_lowercase()).copied()
    }

    /// Returns the IDs of before if the paths are those of before.
    fn if_unchanged(&self, config: Side<'_>) -> Option<PlannedIds<I>> {
        let Set(spellings) = config.spellings.known()?;
        // An unknown path counts, but is like none of before.
        let same = self.texts.len() == spellings.len()
            && config.texts().count() == spellings.len()
            && config.texts().all(|text| is_among(text, &self.texts));
        let kept = self.ids.iter().map(|id| (*id, format!("{} {id}", I::KIND))).collect();
        (same && !self.ids.is_empty())
            .then(|| PlannedIds { attribute: Attr::Known(set(self.ids.clone())), kept })
    }

    /// Checks whether all that is left over is still configured, and the list gives no other path for it: then it needs no
    /// look-up.
    fn leftovers_stay(&self, texts: &[&str]) -> bool {
        !self.is_moved
            && self.left_texts.len() == self.left_ids.len()
            && self.left_texts.iter().all(|text| is_among(text, texts))
    }

    /// Takes the paths of before that lead nowhere out of what was found, and returns the IDs that are left over for them. A
    /// group that was renamed leaves no redirect. If another path that is left over was removed from the configuration,
    /// nothing tells which ID is whose.
    fn take_leftovers(&self, found: &mut BTreeMap<&str, Option<I>>) -> Vec<I> {
        let taken: BTreeSet<I> = found.values().flatten().copied().collect();
        let ids: Vec<I> = self.left_ids.difference(&taken).copied().collect();
        let resolved = |text: &&str| {
            let id = found.iter().find(|(other, _)| same_path(other, text)).and_then(|(_, id)| *id);
            id.is_some_and(|id| self.left_ids.contains(&id))
        };
        let texts: Vec<&str> = self.left_texts.iter().copied().filter(|text| !resolved(text)).collect();
        let leads_nowhere =
            |text: &&str| found.iter().any(|(other, id)| same_path(other, text) && id.is_none());
        if texts.len() != ids.len() || !texts.iter().all(leads_nowhere) {
            return Vec::new();
        }
        found.retain(|text, _| !is_among(text, &texts));
        ids
    }
}

fn is_among(text: &str, texts: &[&str]) -> bool {
    texts.iter().any(|other| same_path(other, text))
}

async fn look_up<I: Managed>(client: Option<&Client>, text: &str) -> Result<Option<I>, Errors> {
    let attribute = I::SPELLINGS;
    let spelled: Reference<I> =
        text.parse().map_err(|reason| project::invalid_spelling::<I>(attribute, text, &reason))?;
    match (spelled.id(), client) {
        (Some(id), _) => Ok(Some(id)),
        (None, None) => Ok(None),
        (None, Some(client)) => client.resolve(&spelled).await.map_err(|error| {
            report(format!("Can't look up the {} `{text}`", I::KIND), &error).at(attribute).into()
        }),
    }
}

/// Returns the IDs of a kind at apply, when every path must lead somewhere.
///
/// # Errors
///
/// All paths that don't, and whatever keeps GitLab from answering.
pub(super) async fn settle<I: Managed>(
    client: &Client,
    planned: Side<'_>,
) -> (Attr<Set<i64>>, Vec<Diagnostic>) {
    if !planned.numbers.is_unknown() {
        return (planned.numbers.clone(), Vec::new());
    }
    let Some(Set(spellings)) = planned.spellings.known() else { return (Attr::Null, Vec::new()) };
    let find = |spelling: &Attr<String>| {
        let text = spelling.known().cloned().unwrap_or_default();
        async move {
            project::find::<I>(client, Some(I::SPELLINGS), &text)
                .await
                .map_err(|problem| problem.at(I::SPELLINGS))
        }
    };
    let mut ids = BTreeSet::new();
    let mut problems = Vec::new();
    for found in join_all(spellings.iter().map(find)).await {
        match found {
            Ok(id) => drop(ids.insert(id)),
            Err(problem) => problems.push(problem),
        }
    }
    (Attr::Known(set(ids)), problems)
}

/// Returns the set of those IDs.
pub(super) fn set<I: Managed>(ids: BTreeSet<I>) -> Set<i64> {
    Set(ids.into_iter().map(|id| Attr::Known(id.into())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gitlab::{GroupId, ProjectId};

    fn spelled(spellings: &[Option<&str>]) -> Attr<Set<String>> {
        let spelling = |text: &Option<&str>| text.map_or(Attr::Unknown, |text| Attr::Known(text.to_owned()));
        Attr::Known(Set(spellings.iter().map(spelling).collect()))
    }

    fn ids(ids: &[i64]) -> Attr<Set<i64>> {
        Attr::Known(Set(ids.iter().copied().map(Attr::Known).collect()))
    }

    /// Without a client, so that every path that needs a look-up leads nowhere.
    async fn planned<I: Managed>(
        before: (&[Option<&str>], &[i64]),
        now: &[Option<&str>],
        live: Option<&[(i64, &str)]>,
    ) -> Attr<Set<i64>> {
        let (texts, numbers, now) = (spelled(before.0), ids(before.1), spelled(now));
        let prior = Side { spellings: &texts, numbers: &numbers };
        let config = Side { spellings: &now, numbers: &Attr::Null };
        let entry = |(id, path): &(i64, &str)| {
            (I::try_from(*id).ok().unwrap(), (!path.is_empty()).then(|| (*path).to_owned()))
        };
        let live = live.map(|live| Live(live.iter().map(entry).collect()));
        let mut unresolved = Unresolved::default();
        plan::<I>(None, Some(prior), config, live.as_ref(), &mut unresolved).await.unwrap().attribute
    }

    #[tokio::test]
    async fn without_a_list_only_unchanged_paths_keep_their_ids() {
        let before = (&[Some("acme/lib")][..], &[7][..]);
        let planned = async |now| planned::<ProjectId>(before, now, None).await;
        assert_eq!(planned(&[Some("Acme/lib")]).await, ids(&[7]));
        assert_eq!(planned(&[Some("acme/lib"), None]).await, Attr::Unknown);
        assert_eq!(planned(&[None]).await, Attr::Unknown);
        assert_eq!(planned(&[Some("acme/tool")]).await, Attr::Unknown);
    }

    #[tokio::test]
    async fn listed_paths_need_no_look_up() {
        let live = [(7, "acme/lib"), (8, "acme/tool")];
        let planned = async |now| planned::<ProjectId>((&[Some("acme/lib")], &[7]), now, Some(&live)).await;
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
