//! From the spellings of a set to the numbers they stand for.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::kind::{Live, Managed, Side};
use crate::framework::{Attr, Diagnostic, Errors, Set};
use crate::gitlab::{Client, Reference, same_path};
use crate::provider::project;
use crate::provider::report::report;

/// The numbers to plan for a kind: null if it is left alone, unknown as long as one of its spellings leads nowhere.
///
/// Spellings that have not changed keep their numbers even where they lead nowhere any more, for a renamed group
/// leaves no redirect.
pub(super) async fn plan<I: Managed>(
    client: Option<&Client>,
    prior: Option<Side<'_>>,
    config: Side<'_>,
    live: Option<&Live<I>>,
) -> Result<Attr<Set<i64>>, Errors> {
    if !config.numbers.is_null() {
        return Ok(config.numbers.clone());
    }
    let spellings = match config.spellings {
        Attr::Known(Set(spellings)) => spellings,
        Attr::Null => return Ok(Attr::Null),
        Attr::Unknown => return Ok(Attr::Unknown),
    };
    let listed = by_path(live);
    let find = |spelling: &Attr<String>| {
        let text = spelling.known().cloned();
        let listed = text.as_ref().and_then(|text| listed.get(&text.to_lowercase()).copied());
        async move {
            match (text, listed) {
                (None, _) => Ok(None),
                (Some(_), Some(id)) => Ok(Some(id)),
                (Some(text), None) => look_up::<I>(client, &text).await,
            }
        }
    };
    let found: Vec<Option<I>> =
        join_all(spellings.iter().map(find)).await.into_iter().collect::<Result<_, _>>()?;
    match found.into_iter().collect::<Option<BTreeSet<I>>>() {
        Some(ids) => Ok(Attr::Known(set(ids))),
        None => Ok(unchanged(prior, config).unwrap_or(Attr::Unknown)),
    }
}

fn by_path<I: Managed>(live: Option<&Live<I>>) -> BTreeMap<String, I> {
    let entries = live.into_iter().flat_map(|Live(entries)| entries);
    entries.filter_map(|(id, path)| Some((path.as_ref()?.to_lowercase(), *id))).collect()
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

fn unchanged(prior: Option<Side<'_>>, config: Side<'_>) -> Option<Attr<Set<i64>>> {
    let prior = prior.filter(|prior| prior.numbers.known().is_some())?;
    let Set(spellings) = config.spellings.known()?;
    // An unknown spelling counts, but is like none of before.
    let same = prior.texts().count() == spellings.len()
        && config.texts().count() == spellings.len()
        && config.texts().all(|text| prior.texts().any(|before| same_path(before, text)));
    same.then(|| prior.numbers.clone())
}

/// The numbers of a kind at apply, when every spelling must lead somewhere.
pub(super) async fn settle<I: Managed>(client: &Client, planned: Side<'_>) -> Result<Attr<Set<i64>>, Errors> {
    if !planned.numbers.is_unknown() {
        return Ok(planned.numbers.clone());
    }
    let Some(Set(spellings)) = planned.spellings.known() else { return Ok(Attr::Null) };
    let find = |spelling: &Attr<String>| {
        let text = spelling.known().cloned().unwrap_or_default();
        async move { project::find::<I>(client, &text).await.map_err(|problem| problem.at(I::SPELLINGS)) }
    };
    let (found, problems): (Vec<_>, Vec<_>) =
        join_all(spellings.iter().map(find)).await.into_iter().partition(Result::is_ok);
    Errors::check(problems.into_iter().filter_map(Result::<I, Diagnostic>::err))?;
    Ok(Attr::Known(set(found.into_iter().filter_map(Result::ok).collect())))
}

/// The set of those numbers.
pub(super) fn set<I: Managed>(ids: BTreeSet<I>) -> Set<i64> {
    Set(ids.into_iter().map(|id| Attr::Known(id.into())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gitlab::ProjectId;

    fn spelled(spellings: &[Option<&str>]) -> Attr<Set<String>> {
        let spelling = |text: &Option<&str>| text.map_or(Attr::Unknown, |text| Attr::Known(text.to_owned()));
        Attr::Known(Set(spellings.iter().map(spelling).collect()))
    }

    /// Without a client, as under a provider block that is not known yet.
    async fn planned(before: &[Option<&str>], now: &[Option<&str>]) -> Attr<Set<i64>> {
        let (before, now) = (spelled(before), spelled(now));
        let numbers = Attr::Known(Set(vec![Attr::Known(7)]));
        let prior = Side { spellings: &before, numbers: &numbers };
        let config = Side { spellings: &now, numbers: &Attr::Null };
        plan::<ProjectId>(None, Some(prior), config, None).await.unwrap()
    }

    #[tokio::test]
    async fn numbers_of_before_are_promised_only_for_the_spellings_of_before() {
        let before = [Some("acme/lib")];
        assert_eq!(planned(&before, &before).await, Attr::Known(Set(vec![Attr::Known(7)])));
        assert_eq!(planned(&before, &[Some("acme/lib"), None]).await, Attr::Unknown);
        assert_eq!(planned(&before, &[None]).await, Attr::Unknown);
        assert_eq!(planned(&before, &[Some("acme/tool")]).await, Attr::Unknown);
    }
}
