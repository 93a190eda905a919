//! The checks of an entry's permissions against GitLab that a plan makes where it changes them.

use std::collections::BTreeSet;

use super::EntryModel;
use super::permissions::{asking, of};
use crate::framework::{Diagnostic, Errors, Warnings};
use crate::gitlab::{Client, Permissions, ProjectId};
use crate::provider::connection::Connection;
use crate::provider::permissions::{POLICIES, attribute};
use crate::provider::report::of_a_plan;
use crate::provider::{names, permissions};

/// Checks permissions that the plan changes: whether GitLab has them at all, whether it knows the
/// policies, and whether they restrict the project's own jobs. Where permissions of the entry were
/// managed before, it may be the server that has changed and not the configuration, and a warning
/// does: an error would stand in the way of all else that is planned, and of the entry's own
/// removal, before which hosts plan it once more.
///
/// # Errors
///
/// Fails if GitLab doesn't have what is asked for, or can't be asked. A list that the token may not
/// read is no failure of the plan: what gives it the right may be part of the same apply, which
/// tells the rest. So may the GitLab that can't be reached.
pub(super) async fn check(
    connection: &Connection,
    project_id: ProjectId,
    before: Option<&EntryModel>,
    planned: &EntryModel,
    warnings: &Warnings,
) -> Result<(), Errors> {
    let held = before.and_then(of);
    let wanted = of(planned).filter(|wanted| held.as_ref() != Some(wanted));
    let Some(wanted) = wanted else { return Ok(()) };
    let gitlab = &connection.gitlab;
    let project = names::project(&planned.project, project_id);
    let asking = asking(planned);
    match permissions::obstacle(gitlab, (project_id, &project), asking, &wanted).await? {
        None => {}
        Some(problem) => {
            let problem = problem.at(attribute(&wanted));
            if held.is_none() {
                return Err(of_a_plan(problem).into());
            }
            let detail = format!("{}\n\n{ONLY_REMOVAL_WORKS}", problem.detail);
            warnings.add(Diagnostic { detail, ..problem });
            return Ok(());
        }
    }
    if let Permissions::Only(policies) = &wanted {
        check_names(gitlab, policies, held.as_ref()).await?;
        warn_if_own_jobs_are_restricted(connection, project_id, planned, warnings).await;
    }
    Ok(())
}

const ONLY_REMOVAL_WORKS: &str = "The entry has other permissions than the configuration. Applying \
                                  fails for it; destroying it works.";

/// Checks the names that the prior state lacks against those that GitLab knows. One that won't tell
/// is no error.
async fn check_names(
    gitlab: &Client,
    policies: &BTreeSet<String>,
    held: Option<&Permissions>,
) -> Result<(), Errors> {
    let is_new = |policy: &&String| match held {
        Some(Permissions::Only(held)) => !held.contains(*policy),
        Some(Permissions::Default) | None => true,
    };
    let new: Vec<&String> = policies.iter().filter(is_new).collect();
    if new.is_empty() {
        return Ok(());
    }
    let Ok(known) = gitlab.policies().await else { return Ok(()) };
    Errors::check(permissions::unknown(new, &known).map(|problem| problem.at(POLICIES)))
}

/// Warns of an entry for a group that the project is in.
async fn warn_if_own_jobs_are_restricted(
    connection: &Connection,
    project_id: ProjectId,
    planned: &EntryModel,
    warnings: &Warnings,
) {
    let Some(target) = super::ids::target_of(planned) else { return };
    if permissions::restricts_own_jobs(connection, project_id, target).await {
        let (group, project) =
            (names::target(planned), names::project(&planned.project, project_id));
        warnings.add(permissions::own_jobs_restricted(&group, &project).at(POLICIES));
    }
}
