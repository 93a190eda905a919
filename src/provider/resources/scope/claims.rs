//! The claims of a scope in the ledger of the run.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::push::Push;
use super::{ScopeModel, project_id_of};
use crate::framework::{Context, Diagnostic, PlanContext};
use crate::gitlab::ProjectId;
use crate::provider::connection::Connection;
use crate::provider::ledger::{Manager, Object, Value, Wanted, WriteGuard};
use crate::provider::{claiming, conflicts, names};

/// Returns the objects and values of a planned scope.
pub(super) fn wanted(project: ProjectId, planned: &ScopeModel) -> Wanted {
    let access = [(Object::Access(project), &planned.inbound_enabled)];
    let pushes = Push::ALL.map(|push| (push.object(project), push.of(planned)));
    access.into_iter().chain(pushes).fold(Wanted::default(), |wanted, (object, setting)| {
        match setting.known() {
            Some(value) => {
                wanted.with(object, Value::Setting(*value), conflicts::display_name(object))
            }
            None => wanted,
        }
    })
}

/// Returns the managed settings of a state as objects of the ledger.
pub(super) fn held(state: &ScopeModel) -> BTreeSet<Object> {
    project_id_of(state)
        .map(|project| wanted(project, state).objects().copied().collect())
        .unwrap_or_default()
}

/// Claims the planned settings, warns of conflicts with other resources, and returns the notes that
/// the apply of a replacement needs.
pub(super) fn plan(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    prior: Option<&ScopeModel>,
    planned: &ScopeModel,
    project: ProjectId,
) -> Map<String, Json> {
    let planned = claiming::Planned {
        manager: Manager::Scope,
        project: &names::project(&planned.project, project),
        held: prior.map(held),
        wanted: wanted(project, planned),
        unchanged: prior == Some(planned),
    };
    claiming::plan(connection, context, planned)
}

/// Plans the removal of a state's scope, and returns the notes for its apply.
pub(super) fn plan_removal(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    state: &ScopeModel,
) -> Map<String, Json> {
    let (leaves, note) = claiming::plan_removal(connection, context, Manager::Scope, &held(state));
    if let (Some(project), false) = (project_id_of(state), leaves.is_empty()) {
        let project = names::project(&state.project, project);
        context.warnings.add(conflicts::settings_left(&leaves, &project));
    }
    note
}

/// Claims the planned settings, and locks one of them, to write it.
pub(super) async fn lock<'a>(
    context: &Context<'a, Connection>,
    project: ProjectId,
    planned: &ScopeModel,
    object: Object,
) -> WriteGuard<'a> {
    let ledger = &context.client.ledger;
    if let Some(instance) = context.private.instance() {
        ledger.claim(instance, Manager::Scope, BTreeSet::new(), wanted(project, planned), false);
    }
    ledger.lock(object).await
}

/// Checks that a write doesn't undo one of another resource in this run.
pub(super) fn check(
    context: &Context<'_, Connection>,
    guard: &WriteGuard<'_>,
    project: ProjectId,
    planned: &ScopeModel,
    value: bool,
) -> Result<(), Diagnostic> {
    let own = context.private.instance_id();
    match own.and_then(|own| guard.undoes(own, &Value::Setting(value))) {
        Some(by) => {
            let project = names::project(&planned.project, project);
            Err(conflicts::would_undo(&conflicts::display_name(guard.object()), by, &project))
        }
        None => Ok(()),
    }
}
