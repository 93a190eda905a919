//! A change of a scope's project.

use super::{ScopeModel, claims, project_id_of};
use crate::framework::PlanContext;
use crate::gitlab::{Client, Freshness};
use crate::provider::connection::Connection;
use crate::provider::ledger::Manager;
use crate::provider::{names, overlap, replacement};

/// Returns the attributes that a plan replaces the scope for.
pub(super) async fn replaced(
    context: &PlanContext<'_, Connection>,
    prior: &ScopeModel,
    planned: &ScopeModel,
) -> Vec<&'static str> {
    let (Some(before), Some(now)) = (project_id_of(prior), project_id_of(planned)) else { return Vec::new() };
    if before == now {
        return Vec::new();
    }
    let was_read =
        context.client.is_some_and(|connection| connection.reads.of(Manager::Scope, before, None).is_some());
    let is_gone = async {
        match context.client {
            Some(connection) => is_gone(&connection.gitlab, prior).await,
            None => false,
        }
    };
    let warning = || replacement::may_be_unplanned(&name(prior), &name(planned));
    match replacement::of_object(context, was_read, is_gone, warning).await {
        replacement::Change::Replace => {
            if let Some(connection) = context.client {
                let project = names::project(&prior.project, before);
                overlap::warn_of_replaced(connection, context, &claims::held(prior), &project);
            }
            vec!["project_id"]
        }
        replacement::Change::InPlace => Vec::new(),
    }
}

/// Checks whether it is certain that the project of a state isn't there any more.
pub(super) async fn is_gone(gitlab: &Client, state: &ScopeModel) -> bool {
    let Some(project) = project_id_of(state) else { return false };
    gitlab.settings(project, Freshness::Now).await.is_err_and(|error| error.is_not_found())
}

/// Returns the name of the scope for people.
pub(super) fn name(scope: &ScopeModel) -> String {
    let id = project_id_of(scope).map_or_else(String::new, |project| project.to_string());
    format!("project {}", names::project(&scope.project, id))
}
