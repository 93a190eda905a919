//! Decides whether a plan that changes the project or target of a resource replaces it. A project
//! that is unknown in the first plan is planned as an update in place. If it turns out during apply
//! to be a different one, the user hasn't seen a replacement, so it must not become one.

use std::collections::BTreeSet;

use super::claiming;
use super::connection::Connection;
use super::ledger::Object;
use crate::framework::{Diagnostic, PlanContext};
use crate::gitlab::Client;

/// The object in the state, when the plan is for another one.
pub(super) struct Former<'a> {
    /// True if this run has read it. A host reads only before its first plan.
    pub(super) was_read: bool,
    pub(super) held: &'a BTreeSet<Object>,
    /// The display name of its project.
    pub(super) project: &'a str,
    /// The short display name of this object, for titles.
    pub(super) title: &'a str,
    /// The display names of this object and of the new one.
    pub(super) names: [String; 2],
}

/// Decides whether a plan for another object replaces the resource. Otherwise the apply writes the
/// new object, provided that the old one is gone. `is_gone` is called if nothing distinguishes the
/// first plan from the plan during apply.
pub(super) async fn is_replaced(
    context: &PlanContext<'_, Connection>,
    former: Former<'_>,
    is_gone: impl AsyncFnOnce(&Client) -> bool,
) -> bool {
    if context.first_plan.is_some() {
        return false;
    }
    let Some(connection) = context.client else { return true };
    if !context.host_stores_planned_private && !former.was_read {
        if is_gone(&connection.gitlab).await {
            return false;
        }
        let [old, new] = &former.names;
        context.warnings.add(may_be_unplanned(former.title, old, new));
    }
    claiming::warn_of_replaced(connection, context, former.held, former.project);
    true
}

/// Returns the warning of a plan that may be the one during apply: the error of the host that
/// follows names no project. `old` and `new` are display names, `title` is the short one of the old
/// object.
fn may_be_unplanned(title: &str, old: &str, new: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Replaced: {title}"),
        format!(
            "The configuration now has {new} instead of {old}. If the apply fails with \"Provider \
             produced inconsistent final plan\", the new value was unknown in the plan, and \
             nothing was changed: plan again, and the next plan shows the replacement. Otherwise, \
             ignore this warning."
        ),
    )
}

/// Returns the error of an apply that finds another object than the one in the plan. `title` is the
/// short display name of the new one.
pub(super) fn unplanned(title: &str, old: &str, new: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Not planned: {title}"),
        format!(
            "The configuration has {new} now, and the state has {old}, which still exists. The new \
             value was unknown in the plan, so the plan doesn't show the replacement. This \
             resource changed nothing. Plan again: the next plan shows it."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Attr;
    use crate::gitlab::{ProjectId, Target};
    use crate::provider::names;
    use crate::provider::resources::EntryModel;

    #[test]
    fn titles_name_an_entry_in_short() {
        let id = |id: i64| ProjectId::try_from(id).unwrap();
        let known = |text: &str| Attr::Known(text.to_owned());
        let entry = EntryModel {
            project: known("platform/apps/app-1"),
            target_project: known("platform/deploy"),
            ..EntryModel::default()
        };
        let entry = entry.with_ids(id(42), Target::Project(id(99)));
        let title = may_be_unplanned(&names::short_entry(&entry), "", "").summary;
        assert_eq!(title, "Replaced: platform/deploy on platform/apps/app-1");
        let title = unplanned(&names::target(&entry), "", "").summary;
        assert_eq!(title, "Not planned: project platform/deploy (99)");
    }
}
