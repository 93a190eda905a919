//! Adopts entries that exist before they are created. The plan warns if it can read the allowlist,
//! and otherwise the apply does.

use super::{EntryModel, cannot_read, entry_id};
use serde_json::Value as Json;

use crate::framework::{Diagnostic, Errors, PlanContext, Warnings};
use crate::gitlab::{ErrorKind, Freshness, Kind, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::ledger::Object;
use crate::provider::names;
use crate::provider::report::{is_out_of_reach, report, unread};
use crate::provider::resources::allowlist_exclusive::LIMIT;
use crate::provider::unresolved::warn_of_id;

const UNREAD: &str =
    "The plan doesn't show whether the entry exists already. If it does, applying adopts it.";

/// The state of the allowlist, as a plan has read it.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Found {
    /// True if the entry exists.
    pub(super) is_there: bool,
    /// The number of entries of the target's kind.
    entries: usize,
}

impl Found {
    /// An entry that exists.
    pub(super) const THERE: Self = Self { is_there: true, entries: 0 };
}

/// Returns whether the entry to create exists, and warns if it does, or if GitLab returns 404 for
/// the project.
///
/// All entries of a project share one reading of its allowlist. Returns the default if the token
/// isn't allowed to read it, or if GitLab can't be reached: the same apply may change that.
///
/// # Errors
///
/// Fails if the allowlist can't be read for another reason.
pub(super) async fn check(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    (project_id, target): (ProjectId, Target),
    planned: &EntryModel,
) -> Result<Found, Errors> {
    let warnings = context.warnings;
    let project = names::project(&planned.project, project_id);
    match connection.gitlab.allowlist(project_id, target.kind(), Freshness::Shared).await {
        Ok(list) if list.get(target).is_some() => {
            connection.ledger.note_adoption(project_id, target);
            let object = Object::Entry(project_id, target);
            let is_of_this_run = connection.ledger.was_added(object, context.instance.id)
                || connection.ledger.is_left(object);
            // Warns again without a first plan: hosts that plan twice may drop the warnings of the
            // first time.
            if context.first_plan.is_none_or(|first| first.note(ADOPTED).is_none())
                && !is_of_this_run
            {
                warnings.add(already_exists((project_id, target), planned));
            }
            Ok(Found::THERE)
        }
        Ok(list) => Ok(Found { is_there: false, entries: list.iter().count() }),
        Err(error) if error.is_not_found() => {
            warn_of_id(connection, &planned.project, &project, warnings);
            Ok(Found::default())
        }
        Err(error) if *error.kind() == ErrorKind::Forbidden => Ok(Found::default()),
        Err(error) if is_out_of_reach(&error) => {
            warnings.add(unread(cannot_read(&project), &error, UNREAD));
            Ok(Found::default())
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

/// Warns if the allowlist is full with the entries that this run has planned so far, once for each
/// allowlist. It isn't an error: a removal that is planned later may make space.
pub(super) fn warn_if_full(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    (project_id, target): (ProjectId, Target),
    found: Found,
    planned: &EntryModel,
) {
    let kind = target.kind();
    let ledger = &connection.ledger;
    let entries = (found.entries + ledger.additions(context.instance.id, project_id, kind))
        .saturating_sub(ledger.removals(project_id, kind));
    // The plan during apply doesn't warn: the apply finds out whether there is space by then.
    if found.is_there || context.first_plan.is_some() || entries <= LIMIT {
        return;
    }
    if !ledger.note_full(project_id, kind) {
        return;
    }
    let project = names::project(&planned.project, project_id);
    let smaller = match kind {
        Kind::Project => "its projects",
        Kind::Group => "its subgroups",
    };
    let detail = format!(
        "GitLab allows at most {LIMIT} {kind}s on an allowlist. With {}, the allowlist of project \
         {project} has {entries}, and this plan may add more. Additions beyond the limit fail, \
         unless the same apply removes other entries first.",
        names::target(planned)
    );
    let advice = format!(
        "\n\nAdd a group instead of {smaller}, or remove entries that aren't needed any more."
    );
    let title = format!("Allowlist limit: project {project}");
    context.warnings.add(Diagnostic::new(title, detail).with_cause(advice));
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
        let detail = format!(
            "The allowlist of project {} already had an entry for {}.",
            names::project_of(entry),
            names::target(entry)
        );
        warnings.add(Diagnostic::new(title, detail).with_cause(ADOPTED_NOW));
    }
}

const ADOPTED_NOW: &str = "\n\nThis apply has adopted the entry, and destroying the resource \
                           removes it. If another resource manages the entry, too, keep only one \
                           of them.";

fn already_exists((project_id, target): (ProjectId, Target), entry: &EntryModel) -> Diagnostic {
    let title = format!("Entry already exists: {}", names::short_entry(entry));
    let detail = format!(
        "The allowlist of project {} already has an entry for {}. The entry's import ID is `{}`.",
        names::project_of(entry),
        names::target(entry),
        entry_id(project_id, target)
    );
    Diagnostic::new(title, detail).with_cause(format!("\n\n{ADOPTION} {IMPORT} {OTHERS}"))
}

const ADOPTION: &str =
    "Applying this adopts the entry, and destroying the resource then removes it.";

/// The advice to import an entry. It follows the import ID.
pub(super) const IMPORT: &str = "Import the entry instead, with an `import` block or the \
                                 `import` command, and the plan shows what changes.";

const OTHERS: &str = "If another resource manages the entry, too, keep only one of them; if this \
                      plan destroys that one, the entry stays. If the resource was renamed, add a \
                      `moved` block.";
