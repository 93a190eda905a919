//! The checks of an entry's permissions against GitLab that a plan makes where it changes them.

use std::collections::BTreeSet;

use super::permissions::{POLICIES, attribute, cannot_read, is_hidden, of, switched_off};
use super::{EntryModel, own};
use crate::framework::{Diagnostic, Errors, Warnings};
use crate::gitlab::{Client, ErrorKind, Freshness, Permissions, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::ledger::Object;
use crate::provider::names;
use crate::provider::report::{is_out_of_reach, of_a_plan, report};

/// The most similar name is a suggestion from this similarity on, of 1.
const SIMILAR: f64 = 0.8;

/// Checks permissions that the plan changes: whether GitLab has them at all, whether it knows the policies, and whether they
/// restrict the project's own jobs. Where permissions of the entry were managed before, it may be the server that has changed
/// and not the configuration, and a warning does: an error would stand in the way of all else that is planned, and of the
/// entry's own removal, before which hosts plan it once more.
///
/// # Errors
///
/// Fails if GitLab doesn't have what is asked for, or can't be asked. A list that the token may not read is no failure of the
/// plan: what gives it the right may be part of the same apply, which tells the rest. So may the GitLab that can't be reached.
pub(super) async fn check(
    connection: Option<&Connection>,
    owner: ProjectId,
    before: Option<&EntryModel>,
    planned: &EntryModel,
    warnings: &Warnings,
) -> Result<(), Errors> {
    let held = before.and_then(of);
    let wanted = of(planned).filter(|wanted| held.as_ref() != Some(wanted));
    let (Some(connection), Some(wanted)) = (connection, wanted) else { return Ok(()) };
    let gitlab = &connection.gitlab;
    match is_possible(gitlab, owner, &wanted).await? {
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
        tell_if_own_jobs_are_restricted(connection, owner, planned, warnings).await;
    }
    Ok(())
}

const ONLY_REMOVAL_WORKS: &str = "As it is, the entry has other permissions than the configuration says, applying fails \
                                  for it, and destroying it works.";

/// Returns what is in the way of such permissions. All entries of a project look at the same list.
async fn is_possible(
    gitlab: &Client,
    owner: ProjectId,
    wanted: &Permissions,
) -> Result<Option<Diagnostic>, Errors> {
    let error = match gitlab.permissions(owner, Freshness::Shared).await {
        Ok(list) => {
            let is_impossible = list.is_switched_off() && *wanted != Permissions::Default;
            return Ok(is_impossible.then(|| switched_off(owner)));
        }
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::Forbidden
        | ErrorKind::NotAvailable
        | ErrorKind::FineGrained { .. } => Ok(None),
        _ if is_out_of_reach(&error) => Ok(None),
        ErrorKind::Unsupported => Ok(Some(report(cannot_read(owner), &error))),
        _ => Err(of_a_plan(report(cannot_read(owner), &error)).into()),
    }
}

/// Checks the names that the prior state lacks against those that GitLab knows. One that won't tell is no error.
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
    let unknown: Vec<&String> = new.into_iter().filter(|policy| !known.contains(*policy)).collect();
    Errors::check((!unknown.is_empty()).then(|| of_a_plan(unknown_policies(&unknown, &known))))
}

fn unknown_policies(unknown: &[&String], known: &BTreeSet<String>) -> Diagnostic {
    let suggested = |policy: &&String| match similar(policy, known) {
        Some(similar) => format!("  - {policy}: did you mean {similar}?"),
        None => format!("  - {policy}"),
    };
    let lines: Vec<String> = unknown.iter().map(suggested).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let detail = format!(
        "This GitLab doesn't know these policies:\n\n{}\n\nIt knows {}. Newer versions know more.",
        lines.join("\n"),
        known.join(", ")
    );
    Diagnostic::new("Unknown job token policy", detail).at(POLICIES)
}

/// Returns the name that was meant, if one is similar enough.
fn similar<'k>(policy: &str, known: &'k BTreeSet<String>) -> Option<&'k str> {
    let similarity = |name: &&String| strsim::normalized_damerau_levenshtein(policy, name);
    let nearest = known.iter().max_by(|one, other| similarity(one).total_cmp(&similarity(other)))?;
    (similarity(&nearest) >= SIMILAR).then_some(nearest)
}

/// Warns of an entry for a group that the project is in: GitLab restricts the project's own jobs by it, unless the project
/// has an entry for itself. Paths that can't be read cost the warning.
async fn tell_if_own_jobs_are_restricted(
    connection: &Connection,
    owner: ProjectId,
    planned: &EntryModel,
    warnings: &Warnings,
) {
    let Some(target @ Target::Group(_)) = super::ids::target(planned) else { return };
    let gitlab = &connection.gitlab;
    let paths = tokio::try_join!(gitlab.full_path(target), gitlab.full_path(owner.into()));
    let Ok((Some(group), Some(project))) = paths else { return };
    if !is_within(&project, &group) || connection.ledger.is_wanted(Object::Entry(owner, owner.into())) {
        return;
    }
    let has_own_entry = matches!(own::find(gitlab, owner).await, Ok(Some(_)))
        || is_hidden(gitlab, owner, owner.into()).await.unwrap_or_default();
    if !has_own_entry {
        warnings.add(restricts_own_jobs(&names::target(planned), &names::project(&planned.project, owner)));
    }
}

/// Checks whether a project is in a group or in one below it.
fn is_within(project: &str, group: &str) -> bool {
    let start = project.get(..group.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(group))
        && project.as_bytes().get(group.len()) == Some(&b'/')
}

fn restricts_own_jobs(group: &str, project: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Own jobs restricted: project {project}"),
        format!(
            "Project {project} is in {group}, and GitLab applies the permissions of an entry for a group to the project's own \
             jobs, too (gitlab-org/gitlab!262365). They fail with 403 for whatever `{POLICIES}` leaves out. To lift this, add \
             an entry for the project itself: the same project as `project` and `target_project`, with \
             `default_permissions = true`."
        ),
    )
    .at(POLICIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similar_policy_is_suggested() {
        let known: BTreeSet<String> =
            ["READ_PACKAGES", "READ_PIPELINES", "ADMIN_PACKAGES"].map(str::to_owned).into();
        for (policy, expected) in [
            ("READ_PACKAGE", Some("READ_PACKAGES")),
            ("READ_PACAKGES", Some("READ_PACKAGES")),
            ("ADMIN_PACKAGE", Some("ADMIN_PACKAGES")),
            ("WRITE_TEA", None),
        ] {
            assert_eq!(similar(policy, &known), expected, "{policy}");
        }
        assert_eq!(similar("READ_JOBS", &BTreeSet::new()), None);
    }

    #[test]
    fn a_group_covers_its_projects_and_those_below() {
        for (project, group, expected) in [
            ("acme/app", "acme", true),
            ("Acme/libs/app", "acme", true),
            ("acme/libs/app", "acme/libs", true),
            ("acmes/app", "acme", false),
            ("acme", "acme", false),
            ("a", "acme/long", false),
            ("äcme/app", "ä", false),
        ] {
            assert_eq!(is_within(project, group), expected, "{project} in {group}");
        }
    }
}
