//! Adopts entries that exist before they are created. The plan warns if it can read the allowlist,
//! and otherwise the apply does.

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

/// Returns whether the entry to create exists, and warns if it does, if the allowlist is full, or
/// if GitLab returns 404 for the project.
///
/// All entries of a project share one reading of its allowlist. Returns false if the token isn't
/// allowed to read it, or if GitLab can't be reached: the same apply may change that.
///
/// # Errors
///
/// Fails if the allowlist can't be read for another reason.
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
            // Warns again without a first plan: hosts that plan twice may drop the warnings of the
            // first time.
            if context.first_plan.is_none_or(|first| first.note(ADOPTED).is_none())
                && !is_of_this_run
            {
                warnings.add(already_exists((project_id, target), planned));
            }
            Ok(true)
        }
        Ok(list) => {
            // The apply finds out whether there is space by then.
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

/// The note of a plan that has warned of an adoption, so that the plan during apply doesn't.
const ADOPTED: &str = "adopted";

/// Returns the note of a plan that adopts an entry.
pub(super) fn note() -> (String, Json) {
    (ADOPTED.to_owned(), true.into())
}

/// Returns the warning of a full allowlist. It isn't an error: the same apply may remove an entry.
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

/// Warns that the entry existed before, unless a plan of this run has warned.
pub(super) fn warn(
    connection: &Connection,
    (project_id, target): (ProjectId, Target),
    entry: &EntryModel,
    warnings: &Warnings,
) {
    if connection.ledger.note_adoption(project_id, target) {
        let title = format!("Entry already exists: {}", names::short_entry(entry));
        let detail = format!("There was an entry for {} already.", names::entry(entry));
        warnings.add(Diagnostic::new(title, detail).with_cause(ADOPTED_NOW));
    }
}

const ADOPTED_NOW: &str = "\n\nThis apply has adopted the entry, and destroying the resource \
                           removes it. If another resource manages the entry, too, keep only one \
                           of them.";

fn already_exists((project_id, target): (ProjectId, Target), entry: &EntryModel) -> Diagnostic {
    let title = format!("Entry already exists: {}", names::short_entry(entry));
    let detail = format!(
        "There is an entry for {} already. Its import ID is `{}`.",
        names::entry(entry),
        entry_id(project_id, target)
    );
    Diagnostic::new(title, detail).with_cause(format!("\n\n{ADOPTION} {IMPORT} {OTHERS}"))
}

const ADOPTION: &str =
    "Applying this adopts the entry, and destroying the resource then removes it.";

/// The advice to import an entry. It follows the import ID.
pub(super) const IMPORT: &str = "Import the entry instead, with an `import` block or `terraform \
                                 import`, and the plan shows what changes.";

const OTHERS: &str = "If another resource manages the entry, too, keep only one of them. If the \
                      resource was renamed, add a `moved` block.";
