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
    /// The name of this object in a title, which must be short.
    pub(super) title: &'a str,
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

/// Returns the warning of a plan that may be that of an apply: the host reports its own error then,
/// which names no project. `old` and `new` name the objects for people, and `title` the old one in
/// short.
fn may_be_unplanned(title: &str, old: &str, new: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Replaced: {title}"),
        format!(
            "The configuration now has {new} instead of {old}. If the apply fails with an \
             inconsistent final plan, this value was unknown in the plan, so the plan doesn't show \
             who loses access. Nothing was changed. Plan again: the next plan shows the \
             replacement."
        ),
    )
}

/// Returns the error of an apply that finds another object than the plan has named. `title` names
/// the new one in short.
pub(super) fn unplanned(title: &str, old: &str, new: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Not planned: {title}"),
        format!(
            "The configuration has {new}, but the state has {old}, which still exists. This value \
             was unknown in the plan, so the plan doesn't show who loses access. Nothing was \
             changed. Plan again: the next plan shows the replacement."
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

    /// The longest fixed part of a title that names two objects.
    const LONGEST: usize = 25;

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
        let objects = ["platform/deploy (99)", "platform/apps/app-1 (42)"];
        assert_eq!(title, format!("Replaced: project {} on {}", objects[0], objects[1]));
        assert!(title.len() - objects.concat().len() <= LONGEST, "{title}");
        let title = unplanned(&names::target(&entry), "", "").summary;
        assert_eq!(title, "Not planned: project platform/deploy (99)");
    }
}
