//! The decision of a plan that changes the project or target of a resource: to replace it or not. A
//! project that is only unknown when the plan is made is planned as an update in place. When it
//! turns out to be another one during the apply, nobody was named by that plan, so it must not
//! become a replacement.

use std::collections::BTreeSet;

use super::claiming;
use super::connection::Connection;
use super::ledger::Object;
use crate::framework::{Diagnostic, PlanContext};
use crate::gitlab::Client;

/// The object of a state in a plan that names another one.
pub(super) struct Former<'a> {
    /// True if this run has read it, which a host does only before its first plan.
    pub(super) was_read: bool,
    pub(super) held: &'a BTreeSet<Object>,
    /// The name of its project for people.
    pub(super) project: &'a str,
    /// The names of this object and of the new one for people.
    pub(super) names: [String; 2],
}

/// Decides whether a plan that names another object replaces the resource, or leaves it to the
/// apply to take the new object in place if the old one is gone. `is_gone` is asked where nothing
/// tells the first plan from that of the apply.
pub(super) async fn is_replaced(
    context: &PlanContext<'_, Connection>,
    former: Former<'_>,
    is_gone: impl AsyncFnOnce(&Client) -> bool,
) -> bool {
    if context.first_plan.is_some() {
        return false;
    }
    let Some(connection) = context.client else { return true };
    if !context.hands_on_plans && !former.was_read {
        if is_gone(&connection.gitlab).await {
            return false;
        }
        let [old, new] = &former.names;
        context.warnings.add(may_be_unplanned(old, new));
    }
    claiming::warn_of_replaced(connection, context, former.held, former.project);
    true
}

/// Returns the warning of a plan that may be that of an apply: the host reports its own error then,
/// which names no project. `old` and `new` name the objects for people.
fn may_be_unplanned(old: &str, new: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Replaced: {old}"),
        format!(
            "The configuration now has {new} instead of {old}. If the apply fails with an \
             inconsistent final plan, this value was unknown in the plan, so the plan doesn't show \
             who loses access. Nothing was changed. Plan again: the next plan shows the \
             replacement."
        ),
    )
}

/// Returns the error of an apply that finds another object than the plan has named.
pub(super) fn unplanned(old: &str, new: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Not planned: {new}"),
        format!(
            "The configuration has {new}, but the state has {old}, which still exists. This value \
             was unknown in the plan, so the plan doesn't show who loses access. Nothing was \
             changed. Plan again: the next plan shows the replacement."
        ),
    )
}
