//! The part in the ledger that all resources share: a plan claims what it wants and tells of
//! others, and notes for its apply what a removal leaves.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::connection::Connection;
use super::ledger::{Finding, Manager, Object, Turn, Wanted};
use super::overlap;
use crate::framework::{Context, PlanContext, Private};

/// The note with the objects that a removal leaves.
const LEAVES: &str = "leaves";

/// A planned resource, as the ledger sees it.
pub(super) struct Planned<'a> {
    pub(super) manager: Manager,
    /// The name of its project for people.
    pub(super) project: &'a str,
    /// The objects in its state; `None` without a state.
    pub(super) held: Option<BTreeSet<Object>>,
    pub(super) wanted: Wanted,
    /// True if the apply has nothing to do.
    pub(super) unchanged: bool,
}

/// Claims the planned objects, warns of what other resources have to do with them, and returns what
/// the apply must know of a replacement.
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
        context.warnings.add(overlap::told(finding, manager, project));
    }
    leaves.map(|leaves| note_of(&leaves)).unwrap_or_default()
}

/// Plans the removal of objects in a state. Returns those that it leaves, and what the apply must
/// know of them.
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

/// Warns of objects of a replaced resource that other resources keep. Hosts that don't hand on
/// plans can't be told so where the old object is removed after the new one is made.
pub(super) fn warn_of_replaced(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    held: &BTreeSet<Object>,
    project: &str,
) {
    let kept = connection.ledger.kept_by_others(context.instance.id, held);
    if !kept.is_empty() && !context.host_stores_planned_private {
        let named = |object| overlap::named(&connection.ledger, object, overlap::described(object));
        context.warnings.add(overlap::replaced(&kept.into_iter().map(named).collect(), project));
    }
}

/// Checks whether a removal leaves the object, as its plan has noted or because another resource of
/// the run wants it, and keeps that in the ledger.
pub(super) fn leave(context: &Context<'_, Connection>, turn: &Turn<'_>) -> bool {
    let is_noted = noted(context.private).any(|left| left == turn.object().to_string());
    let leaves = is_noted || turn.is_wanted_by_another(context.private.instance_id());
    if leaves {
        turn.leave();
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
