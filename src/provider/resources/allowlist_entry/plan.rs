//! Plans an entry: resolves the IDs, compares the plan with what the server has, and claims the
//! entry in the ledger of the run.

use serde_json::{Map, Value as Json};

use super::adoption::Found;
use super::ids::{identify, project_of, target_of};
use super::permissions::Kept;
use super::{EntryModel, adoption, change, check, check_config, claims, own, permissions};
use crate::framework::{Change, Errors, Plan, PlanContext};
use crate::gitlab::{ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::names;
use crate::provider::planned_ids::PlannedIds;
use crate::provider::project::Stage;
use crate::provider::unresolved::Unresolved;

/// Returns the plan of a change, and warns of what the plan itself doesn't show.
///
/// # Errors
///
/// Fails if the configuration is invalid, or if it is certain that the apply would fail.
pub(super) async fn plan(
    context: &PlanContext<'_, Connection>,
    change: Change<EntryModel>,
) -> Result<Plan<EntryModel>, Errors> {
    let Change { prior, config } = change;
    let prior = prior.as_ref();
    check_config(Stage::Planning, &config)?;
    let mut unresolved = Unresolved::default();
    let planned = planned(context, prior, config, &mut unresolved).await?;
    let mut notes = Map::new();
    planned_ids(&planned).note(&mut notes, &unresolved, context)?;
    unresolved.warn(context.client, &names::short_entry(&planned), context.warnings).await;
    notes.extend(permissions::plan_unknown(context, &planned));
    let mut is_there = false;
    if let (Some(connection), Some(project_id), Some(target)) =
        (context.client, project_of(&planned), target_of(&planned))
    {
        let entry = (project_id, target);
        let (found, more) = check_and_claim(connection, context, prior, &planned, entry).await?;
        is_there = found.is_there;
        notes.extend(more);
    }
    let requires_replace = match prior {
        Some(prior) => {
            let requires_replace = change::replaced(context, prior, &planned).await;
            let kept = match (requires_replace.is_empty(), is_there) {
                (true, _) => Kept::Prior,
                (false, true) => Kept::Existing,
                (false, false) => Kept::Nothing,
            };
            permissions::warn_if_unmanaged(prior, &planned, kept, context.warnings);
            requires_replace
        }
        None => Vec::new(),
    };
    Ok(Plan { planned, requires_replace, notes })
}

/// Returns the planned values, with the IDs as far as they can be known.
async fn planned(
    context: &PlanContext<'_, Connection>,
    prior: Option<&EntryModel>,
    config: EntryModel,
    unresolved: &mut Unresolved,
) -> Result<EntryModel, Errors> {
    let identified = identify(context.client, prior, &config, unresolved).await?;
    let (default_permissions, job_token_policies) = permissions::plan(&config);
    Ok(EntryModel {
        default_permissions,
        job_token_policies,
        project: config.project,
        target_project: config.target_project,
        target_group: config.target_group,
        ..identified
    })
}

fn planned_ids(planned: &EntryModel) -> PlannedIds {
    PlannedIds::default()
        .with("project_id", ("project", &planned.project), &planned.project_id)
        .with(
            "target_project_id",
            ("target_project", &planned.target_project),
            &planned.target_project_id,
        )
        .with("target_group_id", ("target_group", &planned.target_group), &planned.target_group_id)
}

/// Compares an entry whose IDs are known with what the server has, claims it, and returns what was
/// found, and the notes for the apply.
async fn check_and_claim(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    prior: Option<&EntryModel>,
    planned: &EntryModel,
    (project_id, target): (ProjectId, Target),
) -> Result<(Found, Map<String, Json>), Errors> {
    let is_own = own::is_own(project_id, target);
    if is_own {
        own::check(planned)?;
    }
    let is_new = prior.is_none_or(|prior| !prior.id.is_null() && prior.id != planned.id);
    // If a removal of this run has kept the entry for this resource, no state has it, and an error
    // here would leave it behind.
    let is_kept = !connection.ledger.left(&claims::wanted(project_id, target, planned)).is_empty();
    let found = match (is_new, is_own) {
        (false, _) => Found::THERE,
        (true, true) => {
            own::warn_if_adopted(connection, project_id, planned, context.warnings).await;
            Found::default()
        }
        (true, false) => {
            match adoption::check(connection, context, (project_id, target), planned).await {
                Err(_) if is_kept => Found::THERE,
                found => found?,
            }
        }
    };
    let mut notes = claims::plan(connection, context, prior, planned, found.is_there);
    notes.extend((is_new && found.is_there).then(adoption::note));
    if !is_own {
        adoption::warn_if_full(connection, context, (project_id, target), found, planned);
    }
    let before = prior.filter(|_| !is_new);
    match check::check(connection, project_id, before, planned, context.warnings).await {
        Err(_) if is_kept => {}
        checked => checked?,
    }
    Ok((found, notes))
}
