//! What is on the list now, in the practitioner's own spelling as far as the state has one.

use std::collections::{BTreeMap, BTreeSet};

use super::ExclusiveModel;
use super::kind::{Kind, Live};
use super::numbers;
use crate::framework::{Attr, Set};
use crate::gitlab::{Client, Error, GroupId, ProjectId, same_path};

/// How recent the list must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// As recent as other readers take it.
    Shared,
    /// Read after this call began.
    Now,
}

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

async fn observe_kind<Id: Kind>(
    client: &Client,
    owner: ProjectId,
    state: &mut ExclusiveModel,
    freshness: Freshness,
) -> Result<(), Error> {
    if Id::side(state).is_managed() == Some(false) {
        return Ok(());
    }
    let live = match freshness {
        Freshness::Shared => Id::list(client, owner).await?,
        Freshness::Now => Id::list_now(client, owner).await?,
    };
    let numbers: BTreeSet<Id> = live.0.keys().copied().collect();
    let before: BTreeSet<Id> = Id::side(state).ids().collect();
    if numbers != before
        && let Some(Set(spellings)) = Id::side(state).spellings.known()
    {
        let known = respell(client, spellings, &live).await?;
        *Id::spellings(state) = Attr::Known(known);
    }
    *Id::numbers(state) = Attr::Known(numbers::set(numbers));
    Ok(())
}

/// One spelling for each entry: the one the state has, else its path, else its number.
async fn respell<Id: Kind>(
    client: &Client,
    spellings: &[Attr<String>],
    live: &Live<Id>,
) -> Result<Set<String>, Error> {
    let mut of_state: BTreeMap<Id, String> = BTreeMap::new();
    for spelling in spellings.iter().filter_map(Attr::known) {
        if let Some(id) = spelled_id(client, spelling, live).await? {
            of_state.insert(id, spelling.clone());
        }
    }
    let spell = |(id, path): (&Id, &Option<String>)| {
        of_state.get(id).or(path.as_ref()).cloned().unwrap_or_else(|| id.to_string())
    };
    Ok(Set(live.0.iter().map(spell).map(Attr::Known).collect()))
}

/// What a spelling of the state stands for. Only a path that no entry bears needs a request: it may be an old one.
async fn spelled_id<Id: Kind>(client: &Client, spelling: &str, live: &Live<Id>) -> Result<Option<Id>, Error> {
    let Ok(spelled) = spelling.parse::<Id::Ref>() else { return Ok(None) };
    if let Some(id) = Id::literal(&spelled) {
        return Ok(Some(id));
    }
    let has_path = |path: &Option<String>| path.as_ref().is_some_and(|path| same_path(path, spelling));
    match live.0.iter().find(|(_, path)| has_path(path)) {
        Some((id, _)) => Ok(Some(*id)),
        None => Id::of(client, &spelled).await,
    }
}
