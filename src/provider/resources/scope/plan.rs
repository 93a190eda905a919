//! Plans a scope: resolves the project's ID, warns of what the plan itself doesn't show, and claims
//! the settings in the ledger of the run.

use serde_json::{Map, Value as Json};

use super::push::Push;
use super::{ScopeModel, change, check, claims, opening, project_id_of, restricting};
use crate::framework::{Attr, Change, Errors, Plan, PlanContext};
use crate::provider::connection::Connection;
use crate::provider::names;
use crate::provider::planned_ids::PlannedIds;
use crate::provider::project::{self, Known, Stage};
use crate::provider::unresolved::Unresolved;

/// Returns the plan of a change, and warns of what the plan itself doesn't show.
///
/// # Errors
///
/// Fails if the configuration is invalid, or if it is certain that the apply would fail.
pub(super) async fn plan(
    context: &PlanContext<'_, Connection>,
    change: Change<ScopeModel>,
) -> Result<Plan<ScopeModel>, Errors> {
    let Change { prior, config } = change;
    let prior = prior.as_ref();
    check(Stage::Planning, &config)?;
    let mut unresolved = Unresolved::default();
    let planned = planned(context, prior, config, &mut unresolved).await?;
    let mut notes = Map::new();
    PlannedIds::default()
        .with("project_id", ("project", &planned.project), &planned.project_id)
        .note(&mut notes, &unresolved, context)?;
    unresolved.warn(context.client, &change::name(&planned), context.warnings).await;
    if let Some(connection) = context.client {
        notes.extend(check_and_claim(connection, context, prior, &planned).await?);
    }
    opening::check(context.client, prior, &planned, context.warnings).await?;
    let requires_replace = match prior {
        Some(prior) => {
            let warn = |push: Push| push.warn_if_unmanaged(prior, &planned, context.warnings);
            Push::ALL.into_iter().for_each(warn);
            change::replaced(context, prior, &planned).await
        }
        None => Vec::new(),
    };
    Ok(Plan { planned, requires_replace, notes })
}

/// Returns the planned values, with the ID of the project as far as it can be known.
async fn planned(
    context: &PlanContext<'_, Connection>,
    prior: Option<&ScopeModel>,
    config: ScopeModel,
    unresolved: &mut Unresolved,
) -> Result<ScopeModel, Errors> {
    let gitlab = context.client.map(|connection| &connection.gitlab);
    let known = prior.map(|prior| Known {
        path_or_id: &prior.project,
        id: &prior.project_id,
        current_path: None,
    });
    let project_id = project::plan_id(gitlab, &config.project, known, unresolved).await?;
    let id = project_id.clone().map(|id| id.to_string());
    let outbound_enabled = prior.map_or(Attr::Unknown, |prior| prior.outbound_enabled.clone());
    Ok(ScopeModel { project_id, id, outbound_enabled, ..config })
}

/// Compares a scope with what the server has if its project is known, claims it, and returns the
/// notes for its apply.
async fn check_and_claim(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    prior: Option<&ScopeModel>,
    planned: &ScopeModel,
) -> Result<Map<String, Json>, Errors> {
    let Some(project) = project_id_of(planned) else { return Ok(Map::new()) };
    let gitlab = &connection.gitlab;
    let name = names::project(&planned.project, project);
    for push in Push::ALL {
        push.check_supported(gitlab, (project, &name), prior, planned).await?;
    }
    let notes = claims::plan(connection, context, prior, planned, project);
    restricting::check(connection, project, prior, planned, context.warnings).await;
    Ok(notes)
}
