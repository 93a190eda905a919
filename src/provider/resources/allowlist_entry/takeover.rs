//! Entries that are on the list before they are created here: they are taken over, and the practitioner is told, in the
//! plan where the list can be read by then.

use super::cannot_read;
use crate::framework::{Diagnostic, Errors, Warnings};
use crate::gitlab::{ErrorKind, Freshness, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::report::report;

/// Warns where the plan is to create what is there. All entries of a project look at the same list.
///
/// # Errors
///
/// Where GitLab can't be asked. A list that the token may not read is no failure of the plan: what gives it the right
/// may be part of the same apply, which tells the rest.
pub(super) async fn foresee(
    connection: &Connection,
    owner: ProjectId,
    target: Target,
    warnings: &Warnings,
) -> Result<(), Errors> {
    match connection.gitlab.is_allowed(owner, target, Freshness::Shared).await {
        Ok(true) => {
            tell(connection, owner, target, warnings);
            Ok(())
        }
        Ok(false) => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => Ok(()),
        Err(error) => Err(report(cannot_read(owner), &error).into()),
    }
}

/// Warns that the entry was there, once in a run.
pub(super) fn tell(connection: &Connection, owner: ProjectId, target: Target, warnings: &Warnings) {
    if connection.planned.note_takeover(owner, target) {
        warnings.add(taken_over(owner, target));
    }
}

fn taken_over(owner: ProjectId, target: Target) -> Diagnostic {
    Diagnostic::new(
        "Entry is on the allowlist already",
        format!(
            "The allowlist of project {owner} has an entry for {target} already. Applying this takes it over: destroying \
             the resource will then remove it. If something else manages the entry too, such as another resource, let \
             only one of them do so; a resource that was only renamed needs a `moved` block."
        ),
    )
}
