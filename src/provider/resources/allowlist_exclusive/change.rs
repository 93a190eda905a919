//! Changes of an exclusive allowlist's project.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::{Managed, Side};
use super::{ExclusiveModel, claims, project_of};
use crate::framework::PlanContext;
use crate::gitlab::{Client, Freshness, GroupId, Kind, Permissions, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::ledger::Manager;
use crate::provider::names;
use crate::provider::replacement::{self, Former};

/// Returns whether the plan is for another project than the state.
pub(super) fn is_another_project(prior: &ExclusiveModel, planned: &ExclusiveModel) -> bool {
    project_of(prior).zip(project_of(planned)).is_some_and(|(before, now)| before != now)
}

/// Returns whether a plan for the same project differs from the state only in paths and in the
/// attributes used, so that nothing has to be written. Permissions that are no longer managed stay
/// as they are.
pub(super) fn is_in_names_only(prior: &ExclusiveModel, planned: &ExclusiveModel) -> bool {
    let is_same = |held: &BTreeMap<Target, Permissions>| {
        let wanted = claims::permissions(planned);
        wanted.iter().all(|(target, permissions)| held.get(target) == Some(permissions))
    };
    are_same_kinds::<ProjectId>(prior, planned)
        && are_same_kinds::<GroupId>(prior, planned)
        && is_same(&claims::permissions(prior))
}

/// Returns whether both manage the same targets of a kind, in the same way.
pub(super) fn are_same_kinds<I: Managed>(prior: &ExclusiveModel, planned: &ExclusiveModel) -> bool {
    let (prior, planned) = (I::side(prior), I::side(planned));
    let ids = |side: Side<'_>| side.ids::<I>().collect::<BTreeSet<I>>();
    prior.is_managed() == planned.is_managed() && ids(prior) == ids(planned)
}

/// Returns the attributes that force a replacement.
pub(super) async fn replaced(
    context: &PlanContext<'_, Connection>,
    prior: &ExclusiveModel,
    planned: &ExclusiveModel,
) -> Vec<&'static str> {
    if !is_another_project(prior, planned) {
        return Vec::new();
    }
    let read =
        |connection: &Connection| connection.reads.of(Manager::Exclusive, project_of(prior)?, None);
    let former = Former {
        was_read: context.client.and_then(read).is_some(),
        held: &claims::held(prior),
        project: &project_name(prior),
        title: &short_name(prior),
        names: [name(prior), name(planned)],
    };
    let is_gone = async |gitlab: &Client| is_gone(gitlab, prior).await;
    if replacement::is_replaced(context, former, is_gone).await {
        vec!["project_id"]
    } else {
        Vec::new()
    }
}

/// Returns whether the project of a state is certain to be gone.
pub(super) async fn is_gone(gitlab: &Client, state: &ExclusiveModel) -> bool {
    let Some(project_id) = project_of(state) else { return false };
    let list = gitlab.allowlist(project_id, Kind::Project, Freshness::Now).await;
    list.is_err_and(|error| error.is_not_found())
}

/// Returns the display name of the allowlist.
pub(super) fn name(list: &ExclusiveModel) -> String {
    format!("the {}", short_name(list))
}

/// Returns the short display name of the allowlist, for titles.
pub(super) fn short_name(list: &ExclusiveModel) -> String {
    format!("allowlist of project {}", project_name(list))
}

/// Returns the display name of its project.
pub(super) fn project_name(list: &ExclusiveModel) -> String {
    names::project(
        &list.project,
        project_of(list).map_or_else(String::new, |project_id| project_id.to_string()),
    )
}
