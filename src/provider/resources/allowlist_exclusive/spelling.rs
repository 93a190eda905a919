//! What is on the list now, in the practitioner's own spelling as far as the state has one.

use std::collections::{BTreeMap, BTreeSet};

use super::ExclusiveModel;
use super::ids;
use super::kind::{Live, Managed};
use crate::framework::{Attr, Set};
use crate::gitlab::{Client, Error, Freshness, GroupId, ProjectId, Reference, same_path};

/// The state with what the server holds of the managed kinds.
pub(super) async fn observe(
    client: &Client,
    owner: ProjectId,
    mut state: ExclusiveModel,
    freshness: Freshness,
) -> Result<ExclusiveModel, Error> {
    state.project_id = Attr::Known(owner.into());
    state.id = Attr::Known(owner.to_string());
    observe_kind::<ProjectId>(client, owner, &mut state, freshness).await?;
    observe_kind::<GroupId>(client, owner, &mut state, freshness).await?;
    Ok(state)
}

async fn observe_kind<I: Managed>(
    client: &Client,
    owner: ProjectId,
    state: &mut ExclusiveModel,
    freshness: Freshness,
) -> Result<(), Error> {
    if I::side(state).is_managed() == Some(false) {
        return Ok(());
    }
    let live = Live::<I>::from(client.allowlist(owner, I::KIND, freshness).await?);
    let numbers: BTreeSet<I> = live.0.keys().copied().collect();
    let before: BTreeSet<I> = I::side(state).ids().collect();
    if numbers != before
        && let Some(Set(spellings)) = I::side(state).spellings.known()
    {
        let known = respell(client, spellings, &live).await?;
        *I::spellings(state) = Attr::Known(known);
    }
    *I::numbers(state) = Attr::Known(ids::set(numbers));
    Ok(())
}

/// One spelling for each entry: the one the state has, else its path, else its number.
async fn respell<I: Managed>(
    client: &Client,
    spellings: &[Attr<String>],
    live: &Live<I>,
) -> Result<Set<String>, Error> {
    let mut of_state: BTreeMap<I, String> = BTreeMap::new();
    for spelling in spellings.iter().filter_map(Attr::known) {
        if let Some(id) = spelled_id(client, spelling, live).await? {
            of_state.insert(id, spelling.clone());
        }
    }
    let spell = |(id, path): (&I, &Option<String>)| {
        of_state.get(id).or(path.as_ref()).cloned().unwrap_or_else(|| id.to_string())
    };
    Ok(Set(live.0.iter().map(spell).map(Attr::Known).collect()))
}

/// What a spelling of the state stands for. Only a path that no entry bears needs a request: it may be an old one.
async fn spelled_id<I: Managed>(client: &Client, spelling: &str, live: &Live<I>) -> Result<Option<I>, Error> {
    let Ok(spelled) = spelling.parse::<Reference<I>>() else { return Ok(None) };
    if let Some(id) = spelled.id() {
        return Ok(Some(id));
    }
    let has_path = |path: &Option<String>| path.as_ref().is_some_and(|path| same_path(path, spelling));
    match live.0.iter().find(|(_, path)| has_path(path)) {
        Some((id, _)) => Ok(Some(*id)),
        None => client.resolve(&spelled).await,
    }
}
