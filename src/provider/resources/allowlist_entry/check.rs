//! Checks the permissions of an entry against GitLab in a plan that changes them.

use std::collections::BTreeSet;

use super::EntryModel;
use super::own::is_own;
use super::permissions::{of, permission_setting};
use crate::framework::{Diagnostic, Errors, Warnings};
use crate::gitlab::{Client, Freshness, Permissions, ProjectId};
use crate::provider::connection::Connection;
use crate::provider::permissions::{POLICIES, attribute, described};
use crate::provider::report::of_a_plan;
use crate::provider::{names, permissions};

/// Returns whether GitLab has permissions and knows the policies, and warns if they restrict the
/// project's own jobs. If permissions of the entry were managed before, GitLab may have changed and
/// not the configuration, so the result is a warning: an error would block the rest of the plan,
/// and also the entry's removal, before which hosts plan it again.
///
/// # Errors
///
/// Fails if GitLab doesn't have these permissions, or can't be queried. It isn't an error if the
/// token isn't allowed to read the allowlist or if GitLab can't be reached: the same apply may
/// change that.
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
    let setting = permission_setting(planned);
    match permissions::obstacle(gitlab, (project_id, &project), setting, &wanted).await? {
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
    warn_of_change(gitlab, project_id, (held.as_ref(), &wanted), planned, warnings).await;
    if let Permissions::Only(policies) = &wanted {
        check_names(gitlab, policies, held.as_ref()).await?;
        warn_if_own_jobs_are_restricted(connection, project_id, planned, warnings).await;
    }
    Ok(())
}

const ONLY_REMOVAL_WORKS: &str = "The entry has other permissions than the configuration. Applying \
                                  fails for it; destroying it works.";

/// Checks that GitLab knows the policies that the prior state doesn't have. Succeeds if GitLab
/// doesn't return its policies.
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
    Errors::check(permissions::unknown(POLICIES, new, &known).map(|problem| problem.at(POLICIES)))
}

/// Warns if the permissions change from a value that the state doesn't have, so that the plan
/// doesn't show the change. A restriction of default permissions needs no warning: the plan shows
/// what remains. `held` are those in the state, if they are managed. All entries of a project share
/// one reading of its permissions, which [`permissions::obstacle`] also uses.
async fn warn_of_change(
    gitlab: &Client,
    project_id: ProjectId,
    (held, wanted): (Option<&Permissions>, &Permissions),
    planned: &EntryModel,
    warnings: &Warnings,
) {
    let target = super::ids::target_of(planned).filter(|target| !is_own(project_id, *target));
    let Some(target) = target else { return };
    let Ok(list) = gitlab.permissions(project_id, Freshness::Shared).await else { return };
    let Some(now) = list.get(target).map(|entry| &entry.permissions) else { return };
    if now != wanted && held != Some(now) && *now != Permissions::Default {
        let detail = format!(
            "Applying this changes the permissions of {}, which the plan doesn't show:\n\n  - from \
             {}\n    to   {}",
            names::entry(planned),
            described(now),
            described(wanted)
        );
        let title = format!("Permissions change: {}", names::short_entry(planned));
        warnings.add(Diagnostic::new(title, detail).at(attribute(wanted)));
    }
}

/// Warns if the target is a group that contains the project.
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
