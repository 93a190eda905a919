//! A change of an entry's project or target.

use super::ids::{self, owner, target};
use super::{EntryModel, claims};
use crate::framework::{Attr, PlanContext};
use crate::gitlab::{Client, Freshness};
use crate::provider::connection::Connection;
use crate::provider::{names, overlap, replacement};

/// Returns the attributes that a plan replaces the entry for.
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
    let differs =
        |before: &Attr<i64>, now: &Attr<i64>| before.known().is_some() && !now.is_unknown() && before != now;
    let changed = ids.into_iter().filter(|(_, before, now)| differs(before, now)).map(|(name, ..)| name);
    let changed: Vec<_> = changed.collect();
    if changed.is_empty() {
        return changed;
    }
    let was_read = context.client.is_some_and(|connection| ids::read(connection, prior).is_some());
    let is_gone = async {
        match context.client {
            Some(connection) => is_gone(&connection.gitlab, prior).await,
            None => false,
        }
    };
    let warning = || replacement::may_be_unplanned(&names::entry(prior), &names::entry(planned));
    match replacement::of_object(context, was_read, is_gone, warning).await {
        replacement::Change::Replace => {
            if let Some(connection) = context.client {
                let project = names::project(
                    &prior.project,
                    owner(prior).map_or_else(String::new, |owner| owner.to_string()),
                );
                overlap::warn_of_replaced(connection, context, &claims::held(prior), &project);
            }
            changed
        }
        replacement::Change::InPlace => Vec::new(),
    }
}

/// Checks whether it is certain that the entry of a state isn't there any more.
pub(super) async fn is_gone(gitlab: &Client, state: &EntryModel) -> bool {
    let (Some(owner), Some(target)) = (owner(state), target(state)) else { return false };
    match gitlab.is_allowed(owner, target, Freshness::Now).await {
        Ok(is_there) => !is_there,
        Err(error) => error.is_not_found(),
    }
}
