//! Changes of an entry's project or target.

use super::ids::{self, project_of, target_of};
use super::{EntryModel, claims, own};
use crate::framework::{Attr, PlanContext};
use crate::gitlab::{Client, Freshness};
use crate::provider::connection::Connection;
use crate::provider::names;
use crate::provider::replacement::{self, Former};

/// Returns the attributes that force a replacement.
pub(super) async fn replaced(
    context: &PlanContext<'_, Connection>,
    prior: &EntryModel,
    planned: &EntryModel,
) -> Vec<&'static str> {
    let ids = [
        ("project_id", &prior.project_id, &planned.project_id),
        ("target_project_id", &prior.target_project_id, &planned.target_project_id),
        ("target_group_id", &prior.target_group_id, &planned.target_group_id),
    ];
    let differs = |before: &Attr<i64>, now: &Attr<i64>| {
        before.known().is_some() && !now.is_unknown() && before != now
    };
    let changed =
        ids.into_iter().filter(|(_, before, now)| differs(before, now)).map(|(name, ..)| name);
    let changed: Vec<_> = changed.collect();
    if changed.is_empty() {
        return changed;
    }
    let project = project_of(prior).map_or_else(String::new, |project_id| project_id.to_string());
    let former = Former {
        was_read: context.client.is_some_and(|connection| ids::read(connection, prior).is_some()),
        held: &claims::held(prior),
        project: &names::project(&prior.project, project),
        title: &names::short_entry(prior),
        names: [names::entry(prior), names::entry(planned)],
    };
    let is_gone = async |gitlab: &Client| is_gone(gitlab, prior).await;
    if replacement::is_replaced(context, former, is_gone).await { changed } else { Vec::new() }
}

/// Returns whether the entry of a state is certain to be gone.
pub(super) async fn is_gone(gitlab: &Client, state: &EntryModel) -> bool {
    let (Some(project_id), Some(target)) = (project_of(state), target_of(state)) else {
        return false;
    };
    if own::is_own(project_id, target) {
        return own::is_gone(gitlab, state).await;
    }
    match gitlab.is_allowed(project_id, target, Freshness::Now).await {
        Ok(is_there) => !is_there,
        Err(error) => error.is_not_found(),
    }
}
