//! Entries that are on the allowlist before they are created here: they are adopted, with a
//! warning, which the plan gives if it can read the allowlist.

use super::{EntryModel, cannot_read, entry_id};
use serde_json::Value as Json;

use crate::framework::{Diagnostic, Errors, PlanContext, Warnings};
use crate::gitlab::{ErrorKind, Freshness, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::ledger::Object;
use crate::provider::names;
use crate::provider::report::{is_out_of_reach, report, unread};
use crate::provider::resources::allowlist_exclusive::LIMIT;
use crate::provider::unresolved::unknown_id;

const UNREAD: &str =
    "So the plan doesn't show whether the entry exists already. If it does, applying adopts it.";

/// Warns if the plan is to create what is there. All entries of a project share one reading of the
/// list. Returns whether the entry is there; a list that the token may not read counts as one
/// without it, since the same apply may give the token the right, and so does one of a GitLab that
/// can't be reached yet. Warns of a project that isn't there.
///
/// # Errors
///
/// Whatever else keeps GitLab from answering.
pub(super) async fn check(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    (project_id, target): (ProjectId, Target),
    planned: &EntryModel,
) -> Result<bool, Errors> {
    let warnings = context.warnings;
    let project = names::project(&planned.project, project_id);
    match connection.gitlab.allowlist(project_id, target.kind(), Freshness::Shared).await {
        Ok(list) if list.get(target).is_some() => {
            connection.ledger.note_adoption(project_id, target);
            let object = Object::Entry(project_id, target);
            let is_of_this_run = connection.ledger.was_added(object, context.instance.id);
            // Otherwise each time: a host that plans a resource twice may drop the warnings of the
            // first plan.
            if context.first_plan.is_none_or(|first| first.note(ADOPTED).is_none())
                && !is_of_this_run
            {
                warnings.add(to_be_adopted((project_id, target), planned));
            }
            Ok(true)
        }
        Ok(list) => {
            // The apply tells whether there is room by then.
            if context.first_plan.is_none() && list.iter().count() >= LIMIT {
                warnings.add(full(project_id, target, planned));
            }
            Ok(false)
        }
        Err(error) if error.is_not_found() => {
            warnings.add(unknown_id(&project));
            Ok(false)
        }
        Err(error) if *error.kind() == ErrorKind::Forbidden => Ok(false),
        Err(error) if is_out_of_reach(&error) => {
            warnings.add(unread(cannot_read(&project), &error, UNREAD));
            Ok(false)
        }
        Err(error) => Err(report(cannot_read(&project), &error).into()),
    }
}

/// The note of a plan that has told of an adoption, so that the plan of its apply need not.
const ADOPTED: &str = "adopted";

/// Returns what the apply must know of an entry that its plan adopts.
pub(super) fn note() -> (String, Json) {
    (ADOPTED.to_owned(), true.into())
}

/// Returns the warning of an allowlist without room for the entry. It isn't an error, since the
/// same apply may remove another.
fn full(project_id: ProjectId, target: Target, planned: &EntryModel) -> Diagnostic {
    let project = names::project(&planned.project, project_id);
    let detail = format!(
        "The allowlist of project {project} has {LIMIT} {}s, which is the most that GitLab allows. \
         Adding {} fails unless the same apply removes another entry first. Add a group instead of \
         its projects, or remove entries that are no longer needed.",
        target.kind(),
        names::target(planned)
    );
    Diagnostic::new(format!("Allowlist is full: project {project}"), detail)
}

/// Warns that the entry was there, unless a plan of this run has told it.
pub(super) fn tell(
    connection: &Connection,
    (project_id, target): (ProjectId, Target),
    entry: &EntryModel,
    warnings: &Warnings,
) {
    if connection.ledger.note_adoption(project_id, target) {
        let title = format!("Entry already exists: {}", names::target(entry));
        let detail = format!("There was an entry for {} already.", names::entry(entry));
        warnings.add(Diagnostic::new(title, detail).with_cause(ADOPTED_NOW));
    }
}

const ADOPTED_NOW: &str = "\n\nThis apply has adopted the entry, and destroying the resource \
                           removes it. If another resource manages the entry, too, keep only one \
                           of them.";

fn to_be_adopted((project_id, target): (ProjectId, Target), entry: &EntryModel) -> Diagnostic {
    let title = format!("Entry already exists: {}", names::target(entry));
    let detail = format!(
        "There is an entry for {} already. Its import ID is `{}`.",
        names::entry(entry),
        entry_id(project_id, target)
    );
    Diagnostic::new(title, detail).with_cause(format!("\n\n{ADOPTION} {IMPORT} {OTHERS}"))
}

const ADOPTION: &str =
    "Applying this adopts the entry, and destroying the resource then removes it.";

/// The advice to import an entry whose import ID stands before it.
pub(super) const IMPORT: &str = "Import the entry instead, with an `import` block or `terraform \
                                 import`, and the plan shows what changes.";

const OTHERS: &str = "If another resource manages the entry, too, keep only one of them. If the \
                      resource was renamed, add a `moved` block.";
