//! The claims of an entry in the ledger of the run.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::ids::{project_of, target_of};
use super::{EntryModel, permissions};
use crate::framework::{Context, Diagnostic, PlanContext};
use crate::gitlab::{ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::ledger::{Manager, Object, Value, Wanted, WriteGuard};
use crate::provider::{claiming, conflicts, names};

/// Returns the object and value of a planned entry.
pub(super) fn wanted(project_id: ProjectId, target: Target, entry: &EntryModel) -> Wanted {
    let value = Value::Entry(permissions::of(entry));
    Wanted::default().with(Object::Entry(project_id, target), value, names::target(entry))
}

/// Claims the planned entry, warns of conflicts with other resources, and returns the notes for its
/// apply. `is_there` is true if the server has the entry already.
pub(super) fn plan(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    prior: Option<&EntryModel>,
    planned: &EntryModel,
    is_there: bool,
) -> Map<String, Json> {
    let (Some(project_id), Some(target)) = (project_of(planned), target_of(planned)) else {
        return Map::new();
    };
    let mut wanted = wanted(project_id, target, planned);
    if !is_there {
        wanted = wanted.new_on_the_server(Object::Entry(project_id, target));
    }
    let planned = claiming::Planned {
        manager: Manager::Entry,
        project: &names::project(&planned.project, project_id),
        held: prior.map(held),
        wanted,
        unchanged: prior == Some(planned),
    };
    claiming::plan(connection, context, planned)
}

/// Plans the removal of a state's entry, and returns the notes for its apply.
pub(super) fn plan_removal(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    state: &EntryModel,
) -> Map<String, Json> {
    let (leaves, note) = claiming::plan_removal(connection, context, Manager::Entry, &held(state));
    if let (Some(project_id), Some(entry)) = (project_of(state), leaves.first()) {
        let project = names::project(&state.project, project_id);
        let target = conflicts::named(&connection.ledger, *entry, names::target(state));
        context.warnings.add(conflicts::entry_left(&target, &project));
    }
    note
}

/// Claims the entry, and locks it, to write it.
///
/// # Errors
///
/// Fails if this would undo a write of another resource of the run.
pub(super) async fn lock<'a>(
    context: &Context<'a, Connection>,
    project_id: ProjectId,
    target: Target,
    entry: &EntryModel,
) -> Result<WriteGuard<'a>, Diagnostic> {
    let ledger = &context.client.ledger;
    let object = Object::Entry(project_id, target);
    let Some(instance) = context.private.instance() else { return Ok(ledger.lock(object).await) };
    ledger.claim(
        instance,
        Manager::Entry,
        BTreeSet::new(),
        wanted(project_id, target, entry),
        false,
    );
    let guard = ledger.lock(object).await;
    match guard.undoes(instance.id, &Value::Entry(permissions::of(entry))) {
        Some(by) => {
            let project = names::project(&entry.project, project_id);
            let target = conflicts::named(ledger, object, names::target(entry));
            Err(conflicts::would_undo(&conflicts::entry_for(&target), by, &project))
        }
        None => Ok(guard),
    }
}

/// Returns the entry of a state as an object of the ledger.
pub(super) fn held(state: &EntryModel) -> BTreeSet<Object> {
    project_of(state)
        .zip(target_of(state))
        .map(|(project_id, target)| Object::Entry(project_id, target))
        .into_iter()
        .collect()
}
