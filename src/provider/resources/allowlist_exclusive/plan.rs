//! Plans an exclusive allowlist: reads what is on it, resolves the IDs, warns of what the plan
//! itself doesn't show, and claims the entries in the ledger of the run.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::claims::Named;
use super::kind::{Managed, Side};
use super::lists::Lists;
use super::{
    ExclusiveModel, cannot_read, change, check, claims, entries, ids, lists, permitting,
    project_of, unreadable, warn,
};
use crate::framework::{Change, Errors, Plan, PlanContext};
use crate::gitlab::{Client, GroupId, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::ledger::Object;
use crate::provider::names;
use crate::provider::planned_ids::PlannedIds;
use crate::provider::project::{self, Known, Stage};
use crate::provider::report::{is_out_of_reach, of_a_plan, unread};
use crate::provider::unresolved::Unresolved;

/// Returns the plan of a change, and warns of what the plan itself doesn't show.
///
/// # Errors
///
/// Fails if the configuration is invalid, or if it changes an allowlist that can't be read.
pub(super) async fn plan(
    context: &PlanContext<'_, Connection>,
    change: Change<ExclusiveModel>,
) -> Result<Plan<ExclusiveModel>, Errors> {
    let Change { prior, config } = change;
    let prior = prior.as_ref();
    check::config(Stage::Planning, &config)?;
    let gitlab = context.client.map(|connection| &connection.gitlab);
    let is_changed =
        context.private.is_imported() || prior.is_none_or(|prior| differs(prior, &config));
    let mut unresolved = Unresolved::default();
    let (mut planned, lists) = read(context, prior, config, is_changed, &mut unresolved).await?;
    let mut kept = Named::new();
    plan_ids::<ProjectId>(gitlab, prior, &lists, &mut planned, &mut kept, &mut unresolved).await?;
    plan_ids::<GroupId>(gitlab, prior, &lists, &mut planned, &mut kept, &mut unresolved).await?;
    let mut notes = Map::new();
    planned_ids(&planned).note(&mut notes, &unresolved, context)?;
    unresolved.warn(context.client, &change::short_name(&planned), context.warnings).await;
    check::not_itself(&planned, &kept)?;

    if let Some((connection, project_id)) = context.client.zip(project_of(&planned)) {
        permitting::check(connection, project_id, prior, &planned, &kept, context.warnings).await?;
        notes.extend(warn_and_claim(
            connection, context, project_id, prior, &planned, &kept, &lists,
        ));
    }
    let requires_replace = match prior {
        Some(prior) => change::replaced(context, prior, &planned).await,
        None => Vec::new(),
    };
    Ok(Plan { planned, requires_replace, notes })
}

/// Reads the allowlist, and returns it with the configuration and the ID of its project, as far as
/// it is known. The allowlist of the prior state is read first: it has the project's current path.
async fn read(
    context: &PlanContext<'_, Connection>,
    prior: Option<&ExclusiveModel>,
    config: ExclusiveModel,
    is_changed: bool,
    unresolved: &mut Unresolved,
) -> Result<(ExclusiveModel, Lists), Errors> {
    let gitlab = context.client.map(|connection| &connection.gitlab);
    let kinds = lists::to_read(prior, &config);
    let before = prior.and_then(project_of);
    let lists_before = match gitlab.zip(before) {
        Some((gitlab, project_id)) => Lists::read(gitlab, project_id, kinds).await,
        None => Ok(Lists::default()),
    };
    let known = prior.map(|prior| Known {
        path_or_id: &prior.project,
        id: &prior.project_id,
        current_path: lists_before.as_ref().ok().and_then(Lists::project_path),
    });
    let project_id = project::plan_id(gitlab, &config.project, known, unresolved).await?;
    let id = project_id.clone().map(|id| id.to_string());
    let planned = ExclusiveModel { project_id, id, ..config };
    let Some((gitlab, project_id)) = gitlab.zip(project_of(&planned)) else {
        return Ok((planned, lists_before.unwrap_or_default()));
    };

    let lists = if Some(project_id) == before {
        lists_before
    } else {
        Lists::read(gitlab, project_id, kinds).await
    };
    let is_new_project = Some(project_id) != before;
    let lists = match lists {
        Ok(lists) => lists,
        Err(error) if is_new_project && prior.is_none() && is_out_of_reach(&error) => {
            let project = change::project_name(&planned);
            context.warnings.add(unread(cannot_read(&project, &error), &error, UNREAD));
            Lists::default()
        }
        // The warning about the project says that the apply fails.
        Err(error)
            if error.is_not_found()
                && context.client.is_some_and(|connection| {
                    connection.reads.was_gone(project::as_written(&planned.project))
                }) =>
        {
            Lists::default()
        }
        Err(error) if is_new_project || is_changed => {
            let is_gone = error.is_not_found();
            let error = unreadable(&planned, &error);
            return Err(if is_gone { of_a_plan(error) } else { error }.into());
        }
        // A plan without changes must not fail: hosts plan before they destroy.
        Err(_) => Lists::default(),
    };
    let has_maps = ProjectId::side(&planned).is_map() || GroupId::side(&planned).is_map();
    let lists = if is_changed && has_maps {
        lists.with_permissions(gitlab, project_id, &planned).await?
    } else {
        lists
    };
    Ok((planned, lists))
}

const UNREAD: &str = "The plan doesn't show which entries the exclusive allowlist removes.";

/// Returns whether the configuration differs from the prior state.
fn differs(prior: &ExclusiveModel, config: &ExclusiveModel) -> bool {
    let side_differs = |config: Side<'_>, prior: Side<'_>| {
        entries::differ(config, prior)
            || config.references != prior.references
            || (!config.target_ids.is_null() && config.target_ids != prior.target_ids)
            || config.is_managed() != prior.is_managed()
    };
    prior.project != config.project
        || side_differs(ProjectId::side(config), ProjectId::side(prior))
        || side_differs(GroupId::side(config), GroupId::side(prior))
}

/// Plans the IDs of one kind, and adds the targets that are certain to be on the allowlist to
/// `kept`.
async fn plan_ids<I: Managed>(
    gitlab: Option<&Client>,
    prior: Option<&ExclusiveModel>,
    lists: &Lists,
    planned: &mut ExclusiveModel,
    kept: &mut Named,
    unresolved: &mut Unresolved,
) -> Result<(), Errors> {
    let live = lists.live::<I>();
    let ids =
        ids::plan::<I>(gitlab, prior.map(I::side), I::side(planned), live.as_ref(), unresolved)
            .await?;
    *I::entries(planned) = ids.entries;
    *I::target_ids(planned) = ids.attribute;
    kept.extend(ids.kept.into_iter().map(|(id, name)| (id.into(), name)));
    Ok(())
}

fn planned_ids(planned: &ExclusiveModel) -> PlannedIds {
    PlannedIds::default()
        .with("project_id", ("project", &planned.project), &planned.project_id)
        .with_set("target_project_ids", "target_projects", &planned.target_project_ids)
        .with_set("target_group_ids", "target_groups", &planned.target_group_ids)
        .with_entries(ProjectId::ENTRIES, entries::ids(ProjectId::side(planned)))
        .with_entries(GroupId::ENTRIES, entries::ids(GroupId::side(planned)))
}

/// Warns of what the plan itself doesn't show, claims the entries, and returns the notes for the
/// apply.
fn warn_and_claim(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    project_id: ProjectId,
    prior: Option<&ExclusiveModel>,
    planned: &ExclusiveModel,
    kept: &Named,
    lists: &Lists,
) -> Map<String, Json> {
    let wanted = claims::wanted(project_id, planned, kept, Some(lists));
    let mut notes = claims::plan(connection, context, prior, planned, wanted);
    let project = names::project(&planned.project, project_id);
    permitting::warn_of_changes(&project, prior, planned, kept, lists, context.warnings);
    let adopted = lists::adopted(planned, prior, context.private.is_imported());
    if let Some(prior) = prior.filter(|_| !context.private.is_imported()) {
        permitting::warn_of_unmanaged(&project, prior, planned, kept, context.warnings);
    }
    warn::covered_projects(&project, (prior, planned), kept, lists, context.warnings);
    let kept: BTreeSet<Target> = kept.keys().copied().collect();
    // Removing a target that another resource of this run has just added is a conflict.
    let (ledger, own) = (&connection.ledger, context.instance.id);
    let stays = |target: &Target| ledger.was_added(Object::Entry(project_id, *target), own);
    let naming = warn::Naming {
        prior,
        planned,
        adopted,
        staying: kept.iter().copied().chain(lists.targets().filter(stays)).collect(),
        named_before: context.first_plan.map(lists::named).unwrap_or_default(),
        passes_names: context.host_stores_planned_private,
    };
    warn::loss_of_access(&project, &naming, lists, context.warnings);
    if let Some(prior) = prior {
        warn::no_longer_managed(&project, prior, planned, lists, context.warnings);
    }
    notes.extend(lists::note_of(lists, &kept, context.first_plan));
    notes
}
