//! Whether a plan that changes the project or target of a resource replaces it. A project that is only unknown when the plan
//! is made is planned as an update in place. When it turns out to be another one during the apply, nobody was named by that
//! plan, so it must not become a replacement.

use crate::framework::{Diagnostic, PlanContext};

use super::connection::Connection;

/// What a plan does about an object that is not that of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The old object is removed, and the new one made.
    Replace,
    /// The apply takes the new one in place, if the old one is gone, and fails if not.
    InPlace,
}

/// Decides what a plan does about another object. `was_read` says whether this run has read the old one, which a host does
/// only before its first plan. Where nothing tells the first plan from that of the apply, `is_gone` and `warning` are asked
/// for.
pub(super) async fn of_object(
    context: &PlanContext<'_, Connection>,
    was_read: bool,
    is_gone: impl Future<Output = bool>,
    warning: impl FnOnce() -> Diagnostic,
) -> Change {
    if context.first_plan.is_some() {
        return Change::InPlace;
    }
    if context.hands_on_plans || was_read || context.client.is_none() {
        return Change::Replace;
    }
    if is_gone.await {
        return Change::InPlace;
    }
    context.warnings.add(warning());
    Change::Replace
}

/// Returns the warning of a plan that may be that of an apply: the host reports its own error then, which names no project.
/// `old` and `new` name the objects for people.
pub(super) fn may_be_unplanned(old: &str, new: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Replaced: {old}"),
        format!(
            "The configuration now names {new} in place of {old}. If an apply fails here with an inconsistent final plan: this \
             was not known when the plan was made, so the plan names nobody who would lose access. Nothing was changed. Plan \
             again; the next plan shows the replacement."
        ),
    )
}

/// Returns the error of an apply that finds another object than the plan has named.
pub(super) fn unplanned(old: &str, new: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Not planned: {new}"),
        format!(
            "The configuration turns out to name {new}, but the state has {old}, which still exists. When the plan was made, \
             this was not known, so the plan names nobody who would lose access. Nothing was changed. Plan again; the next \
             plan shows the replacement."
        ),
    )
}
