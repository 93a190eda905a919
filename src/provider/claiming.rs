//! The use of the ledger that all resources share: a plan claims objects and warns of conflicts
//! with other resources, and a removal leaves the objects that others keep.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::conflicts;
use super::connection::Connection;
use super::ledger::{Finding, Manager, Object, Wanted, WriteGuard};
use crate::framework::{Context, PlanContext, Private};

/// The note that lists the objects which a removal leaves.
const LEAVES: &str = "leaves";

/// A planned resource, as the ledger needs it.
pub(super) struct Planned<'a> {
    pub(super) manager: Manager,
    /// The display name of its project.
    pub(super) project: &'a str,
    /// The objects in its state; `None` without a state.
    pub(super) held: Option<BTreeSet<Object>>,
    pub(super) wanted: Wanted,
    /// True if the apply has nothing to do.
    pub(super) unchanged: bool,
}

/// Claims the planned objects, warns of conflicts with other resources, and returns the notes that
/// the apply of a replacement needs.
pub(super) fn plan(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    planned: Planned<'_>,
) -> Map<String, Json> {
    let Planned { manager, project, held, wanted, unchanged } = planned;
    let Connection { ledger, .. } = connection;
    ledger.note_kept(context.first_plan.into_iter().flat_map(noted));
    let leaves = held.is_none().then(|| ledger.plan_replacement(context.instance, &wanted));
    let findings =
        ledger.claim(context.instance, manager, held.unwrap_or_default(), wanted, unchanged);
    for finding in findings {
        if context.host_stores_planned_private && matches!(finding, Finding::ReplacedObjects(_)) {
            continue;
        }
        context.warnings.add(conflicts::warning(finding, manager, project));
    }
    leaves.map(|leaves| note_of(&leaves)).unwrap_or_default()
}

/// Plans the removal of the objects in a state. Returns the objects that it leaves, and the notes
/// for its apply.
pub(super) fn plan_removal(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    manager: Manager,
    held: &BTreeSet<Object>,
) -> (BTreeSet<Object>, Map<String, Json>) {
    let leaves = connection.ledger.plan_removal(context.private.instance(), manager, held);
    let note = note_of(&leaves);
    (leaves, note)
}

/// Warns of objects of a replaced resource that other resources keep. Hosts that don't pass on
/// private data can't be kept from removing them if the old object is removed after the new one is
/// created.
pub(super) fn warn_of_replaced(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    held: &BTreeSet<Object>,
    project: &str,
) {
    let kept = connection.ledger.kept_by_others(context.instance.id, held);
    if !kept.is_empty() && !context.host_stores_planned_private {
        let named =
            |object| conflicts::named(&connection.ledger, object, conflicts::display_name(object));
        context.warnings.add(conflicts::replaced(&kept.into_iter().map(named).collect(), project));
    }
}

/// Returns whether a removal leaves the object, because its plan noted that or because another
/// resource of the run wants it, and records the result in the ledger.
pub(super) fn leave(context: &Context<'_, Connection>, guard: &WriteGuard<'_>) -> bool {
    let is_noted = noted(context.private).any(|left| left == guard.object().to_string());
    let leaves = is_noted || guard.is_wanted_by_another(context.private.instance_id());
    if leaves {
        guard.leave();
    }
    leaves
}

fn note_of(leaves: &BTreeSet<Object>) -> Map<String, Json> {
    let leaves: Vec<Json> = leaves.iter().map(|object| object.to_string().into()).collect();
    if leaves.is_empty() {
        Map::new()
    } else {
        Map::from_iter([(LEAVES.to_owned(), leaves.into())])
    }
}

fn noted(private: &Private) -> impl Iterator<Item = String> {
    let leaves = private.note(LEAVES).and_then(Json::as_array).into_iter().flatten();
    leaves.filter_map(Json::as_str).map(str::to_owned)
}
