//! Changes of a scope's project.

use super::{ScopeModel, claims, project_id_of};
use crate::framework::PlanContext;
use crate::gitlab::{Client, Freshness};
use crate::provider::connection::Connection;
use crate::provider::ledger::Manager;
use crate::provider::names;
use crate::provider::replacement::{self, Former};

/// Returns the attributes that force a replacement.
pub(super) async fn replaced(
    context: &PlanContext<'_, Connection>,
    prior: &ScopeModel,
    planned: &ScopeModel,
) -> Vec<&'static str> {
    let (Some(before), Some(now)) = (project_id_of(prior), project_id_of(planned)) else {
        return Vec::new();
    };
    if before == now {
        return Vec::new();
    }
    let read = |connection: &Connection| connection.reads.of(Manager::Scope, before, None);
    let former = Former {
        was_read: context.client.and_then(read).is_some(),
        held: &claims::held(prior),
        project: &names::project(&prior.project, before),
        title: &name(prior),
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
pub(super) async fn is_gone(gitlab: &Client, state: &ScopeModel) -> bool {
    let Some(project) = project_id_of(state) else { return false };
    gitlab.settings(project, Freshness::Now).await.is_err_and(|error| error.is_not_found())
}

/// Returns the display name of the scope.
pub(super) fn name(scope: &ScopeModel) -> String {
    let id = project_id_of(scope).map_or_else(String::new, |project| project.to_string());
    format!("project {}", names::project(&scope.project, id))
}
