//! Entries that are on the allowlist before they are created here: they are adopted, with a warning, which the plan gives if it
//! can read the allowlist.

use super::cannot_read;
use crate::framework::{Diagnostic, Errors, Warnings};
use crate::gitlab::{ErrorKind, Freshness, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::report::{is_out_of_reach, report, unread};

const UNREAD: &str =
    "So the plan doesn't say whether an entry is on the allowlist already; applying takes it over then.";

/// Warns if the plan is to create what is there. All entries of a project share one reading of the list. Returns whether
/// the entry is there; a list that the token may not read counts as one without it, since the same apply may give the
/// token the right, and so does one of a GitLab that can't be reached yet.
///
/// # Errors
///
/// Whatever else keeps GitLab from answering.
pub(super) async fn check(
    connection: &Connection,
    owner: ProjectId,
    target: Target,
    warnings: &Warnings,
) -> Result<bool, Errors> {
    match connection.gitlab.is_allowed(owner, target, Freshness::Shared).await {
        Ok(true) => {
            // Each time: a host that plans a resource twice may drop the warnings of the first plan.
            connection.ledger.note_adoption(owner, target);
            warnings.add(adopted(owner, target));
            Ok(true)
        }
        Ok(false) => Ok(false),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => Ok(false),
        Err(error) if is_out_of_reach(&error) => {
            warnings.add(unread(cannot_read(owner), &error, UNREAD));
            Ok(false)
        }
        Err(error) => Err(report(cannot_read(owner), &error).into()),
    }
}

/// Warns that the entry was there, unless a plan of this run has told it.
pub(super) fn tell(connection: &Connection, owner: ProjectId, target: Target, warnings: &Warnings) {
    if connection.ledger.note_adoption(owner, target) {
        warnings.add(adopted(owner, target));
    }
}

fn adopted(owner: ProjectId, target: Target) -> Diagnostic {
    Diagnostic::new(
        "Entry is on the allowlist already",
        format!(
            "The allowlist of project {owner} has an entry for {target} already. Applying this takes it over: destroying \
             the resource will then remove it. If something else manages the entry too, such as another resource, let \
             only one of them do so; a resource that was only renamed needs a `moved` block."
        ),
    )
}
