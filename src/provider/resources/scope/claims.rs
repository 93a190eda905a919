//! A scope's part in the ledger of the run.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::{ScopeModel, project_id_of};
use crate::framework::{Context, Diagnostic, PlanContext};
use crate::gitlab::ProjectId;
use crate::provider::connection::Connection;
use crate::provider::ledger::{Manager, Object, Turn, Value, Wanted};
use crate::provider::{names, overlap};

/// Returns the claim of a planned scope.
pub(super) fn wanted(project: ProjectId, planned: &ScopeModel) -> Wanted {
    let settings = [
        (Object::Access(project), &planned.inbound_enabled),
        (Object::Pushes(project), &planned.push_repository_for_job_token_allowed),
    ];
    settings.into_iter().fold(Wanted::default(), |wanted, (object, setting)| match setting.known() {
        Some(value) => wanted.with(object, Value::Setting(*value), name(object)),
        None => wanted,
    })
}

/// Returns the settings that a state manages.
pub(super) fn held(state: &ScopeModel) -> BTreeSet<Object> {
    project_id_of(state)
        .map(|project| wanted(project, state).objects().copied().collect())
        .unwrap_or_default()
}

/// Claims the planned settings, warns of what other resources have to do with them, and returns what the apply must know of
/// a replacement.
pub(super) fn plan(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    prior: Option<&ScopeModel>,
    planned: &ScopeModel,
    project: ProjectId,
) -> Map<String, Json> {
    let wanted = wanted(project, planned);
    let held = prior.map(held).unwrap_or_default();
    let unchanged = prior == Some(planned);
    connection.ledger.note_kept(context.first_plan.into_iter().flat_map(overlap::noted));
    let leaves = prior.is_none().then(|| connection.ledger.plan_replacement(context.instance, &wanted));
    let findings = connection.ledger.claim(context.instance, Manager::Scope, held, wanted, unchanged);
    overlap::warn(findings, Manager::Scope, &names::project(&planned.project, project), context);
    leaves.map(|leaves| overlap::note_of(&leaves)).unwrap_or_default()
}

/// Plans the removal of the scope of a state, and returns what its apply must know.
pub(super) fn plan_removal(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    state: &ScopeModel,
) -> Map<String, Json> {
    let leaves = connection.ledger.plan_removal(context.private.instance(), Manager::Scope, &held(state));
    if let Some(project) = project_id_of(state) {
        let project = names::project(&state.project, project);
        leaves.iter().for_each(|object| context.warnings.add(overlap::left(name(*object), &project)));
    }
    overlap::note_of(&leaves)
}

/// Claims the planned settings, and waits for the turn to write one of them.
pub(super) async fn turn<'a>(
    context: &Context<'a, Connection>,
    project: ProjectId,
    planned: &ScopeModel,
    object: Object,
) -> Turn<'a> {
    let ledger = &context.client.ledger;
    if let Some(instance) = context.private.instance() {
        ledger.claim(instance, Manager::Scope, BTreeSet::new(), wanted(project, planned), false);
    }
    ledger.turn(object).await
}

/// Checks that a write doesn't undo what another resource of this run has just written.
pub(super) fn check(
    context: &Context<'_, Connection>,
    turn: &Turn<'_>,
    project: ProjectId,
    planned: &ScopeModel,
    value: bool,
) -> Result<(), Diagnostic> {
    let own = context.private.instance().map(|own| own.mark);
    match own.and_then(|own| turn.undoes(own, &Value::Setting(value))) {
        Some(by) => {
            let project = names::project(&planned.project, project);
            Err(overlap::undone(name(turn.object()), by, &project))
        }
        None => Ok(()),
    }
}

/// Checks whether a removal leaves the setting to another resource, and warns if it does.
pub(super) fn is_left(
    context: &Context<'_, Connection>,
    turn: &Turn<'_>,
    project: ProjectId,
    state: &ScopeModel,
) -> bool {
    let own = context.private.instance().map(|own| own.mark);
    let object = turn.object();
    let is_left = overlap::is_left(context.private, object) || turn.is_wanted_by_another(own);
    if is_left {
        turn.leave();
        context.warnings.add(overlap::left(name(object), &names::project(&state.project, project)));
    }
    is_left
}

fn name(object: Object) -> &'static str {
    match object {
        Object::Pushes(_) => "`push_repository_for_job_token_allowed`",
        Object::Access(_) | Object::Entry(..) => "`inbound_enabled`",
    }
}
