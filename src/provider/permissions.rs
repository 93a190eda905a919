//! Permissions of entries, for all resources and data sources that have them: the names of
//! policies, what stands in the way of permissions, and what is told where GitLab doesn't show
//! them.

use std::collections::BTreeSet;

use super::connection::Connection;
use super::ledger::Object;
use super::report::{
    self, Asking, is_out_of_reach, of_a_plan, quoted, report, report_asking, sentence,
};
use crate::framework::{Attr, Diagnostic, Errors, Set, Warnings};
use crate::gitlab::{
    Client, Error, ErrorKind, Freshness, Kind, Permissions, ProjectId, RollbackError, Target,
};

/// The attribute that gives an entry all permissions.
pub(super) const DEFAULT: &str = "default_permissions";
/// The attribute that gives an entry the permissions that it names.
pub(super) const POLICIES: &str = "job_token_policies";

/// The most similar name is a suggestion from this similarity on, of 1.
const SIMILAR: f64 = 0.8;

/// Returns the attribute that asks for these permissions, as a rule.
pub(super) fn attribute(wanted: &Permissions) -> &'static str {
    match wanted {
        Permissions::Only(policies) if !policies.is_empty() => POLICIES,
        Permissions::Only(_) | Permissions::Default => DEFAULT,
    }
}

/// Returns the names of policies that are known.
pub(super) fn names(policies: &Set<String>) -> impl Iterator<Item = &String> {
    policies.0.iter().filter_map(Attr::known)
}

/// Returns what is wrong with the names of policies, as far as they are known.
pub(super) fn misspelled(policies: &Set<String>) -> impl Iterator<Item = Diagnostic> {
    policies.0.iter().filter_map(|policy| match policy {
        Attr::Known(policy) => check_name(policy),
        Attr::Null => Some(null_policy()),
        Attr::Unknown => None,
    })
}

fn null_policy() -> Diagnostic {
    Diagnostic::new("Invalid job token policy", format!("`{POLICIES}` must not contain null."))
}

/// GitLab's names are upper-case words. Which ones there are, only GitLab knows.
fn check_name(policy: &str) -> Option<Diagnostic> {
    let is_word = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_uppercase())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if is_word(policy) {
        return None;
    }
    let meant = policy.trim().to_ascii_uppercase().replace([' ', '-'], "_");
    let advice = match is_word(&meant) {
        true => format!("Write {meant:?}."),
        false => "Write a name such as \"READ_JOBS\".".to_owned(),
    };
    let detail = format!(
        "`{POLICIES}` has {}, but policy names consist of uppercase letters, digits and \
         underscores. {advice}",
        quoted(policy)
    );
    Some(Diagnostic::new("Invalid job token policy", detail))
}

/// Returns what is in the way of such permissions of an entry. All entries of a project look at the
/// same list. `project` is its name for people.
pub(super) async fn obstacle(
    gitlab: &Client,
    (project_id, project): (ProjectId, &str),
    asking: Asking,
    wanted: &Permissions,
) -> Result<Option<Diagnostic>, Errors> {
    let error = match gitlab.permissions(project_id, Freshness::Shared).await {
        Ok(list) => {
            let is_impossible = list.is_switched_off() && *wanted != Permissions::Default;
            return Ok(is_impossible.then(|| switched_off(project, asking)));
        }
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::Forbidden
        | ErrorKind::NotAvailable
        | ErrorKind::FineGrained { .. } => Ok(None),
        _ if is_out_of_reach(&error) => Ok(None),
        ErrorKind::Unsupported => Ok(Some(report_asking(cannot_read(project), asking, &error))),
        _ => Err(of_a_plan(report(cannot_read(project), &error)).into()),
    }
}

/// Returns the problem of policies that GitLab doesn't know, if there are any.
pub(super) fn unknown<'p>(
    policies: impl IntoIterator<Item = &'p String>,
    known: &BTreeSet<String>,
) -> Option<Diagnostic> {
    let unknown: Vec<&String> =
        policies.into_iter().filter(|policy| !known.contains(*policy)).collect();
    (!unknown.is_empty()).then(|| of_a_plan(unknown_policies(&unknown, known)))
}

fn unknown_policies(unknown: &[&String], known: &BTreeSet<String>) -> Diagnostic {
    let suggested = |policy: &&String| match similar(policy, known) {
        Some(similar) => format!("  - {policy}: did you mean {similar}?"),
        None => format!("  - {policy}"),
    };
    let lines: Vec<String> = unknown.iter().map(suggested).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let detail = format!(
        "This GitLab version doesn't have these policies:\n\n{}\n\nIt has {}.\n\nCorrect the \
         names, or remove them. A name that is right belongs to a newer version: upgrade GitLab. \
         The data source `gitlab_job_token_policies` reads the names that your GitLab accepts.",
        lines.join("\n"),
        known.join(", ")
    );
    Diagnostic::new("Unknown job token policy", detail)
}

/// Returns the name that was meant, if one is similar enough.
fn similar<'k>(policy: &str, known: &'k BTreeSet<String>) -> Option<&'k str> {
    let similarity = |name: &&String| strsim::normalized_damerau_levenshtein(policy, name);
    let nearest =
        known.iter().max_by(|one, other| similarity(one).total_cmp(&similarity(other)))?;
    (similarity(&nearest) >= SIMILAR).then_some(nearest)
}

/// Checks whether an entry for the target restricts the project's own jobs: GitLab applies one for
/// a group that the project is in to them, unless the project has an entry for itself. If paths
/// can't be read, no is the answer.
pub(super) async fn restricts_own_jobs(
    connection: &Connection,
    project_id: ProjectId,
    target: Target,
) -> bool {
    let Target::Group(_) = target else { return false };
    let gitlab = &connection.gitlab;
    let paths = tokio::try_join!(gitlab.full_path(target), gitlab.full_path(project_id.into()));
    let Ok((Some(group), Some(project))) = paths else { return false };
    if !is_within(&project, &group)
        || connection.ledger.is_wanted(Object::Entry(project_id, project_id.into()))
    {
        return false;
    }
    let own = gitlab
        .permissions(project_id, Freshness::Shared)
        .await
        .map(|list| list.get(project_id.into()).is_some());
    !(own.unwrap_or_default()
        || is_hidden(gitlab, project_id, project_id.into()).await.unwrap_or_default())
}

/// Checks whether a project is in a group or in one below it.
fn is_within(project: &str, group: &str) -> bool {
    let start = project.get(..group.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(group))
        && project.as_bytes().get(group.len()) == Some(&b'/')
}

/// Returns the warning of an entry for a group that restricts the project's own jobs.
pub(super) fn own_jobs_restricted(group: &str, project: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Own jobs restricted: project {project}"),
        format!(
            "Project {project} is in {group}, and GitLab also applies the permissions of a group's \
             entry to the project's own jobs (gitlab-org/gitlab!262365). Their requests fail with \
             403 unless `{POLICIES}` allows them. To prevent this, add an entry for the project \
             itself: the same project as `project` and `target_project`, with `default_permissions \
             = true`."
        ),
    )
}

/// Returns a paragraph for an entry that a failed addition has made and that couldn't be taken off
/// the list again. `target` and `project` are names for people.
pub(super) fn still_there(
    RollbackError { error, .. }: &RollbackError,
    target: &str,
    project: &str,
) -> String {
    format!(
        "\n\nGitLab added the entry without its permissions, and it couldn't be removed again: \
         {target} has access to project {project} with the default permissions until the entry is \
         removed.\n{}",
        sentence(error)
    )
}

/// Checks whether an entry that GraphQL doesn't show is on the allowlist all the same.
pub(super) async fn is_hidden(
    client: &Client,
    project_id: ProjectId,
    target: Target,
) -> Result<bool, Error> {
    if target == Target::Project(project_id) {
        let list = client.allowlist(project_id, Kind::Project, Freshness::Now).await?;
        return Ok(list.has_own_entry());
    }
    client.is_allowed(project_id, target, Freshness::Now).await
}

/// Checks whether the error says that GitLab knows no permissions, or shows none while it shows the
/// entries, as behind a proxy that lets no GraphQL through. Others may go away when it is asked
/// again.
pub(super) fn are_hidden(error: &Error) -> bool {
    use ErrorKind::{
        Blocked, FineGrained, Forbidden, NotAvailable, Redirected, UnexpectedStatus, Unsupported,
    };
    matches!(
        error.kind(),
        Unsupported
            | FineGrained { .. }
            | Forbidden
            | Blocked { .. }
            | NotAvailable
            | Redirected { .. }
            | UnexpectedStatus
    )
}

/// Returns GitLab's answer about permissions that nobody manages yet; nothing where they are
/// hidden. Then no more is lost than a warning says.
///
/// # Errors
///
/// Fails if asking again may give an answer.
pub(in crate::provider) fn as_found<T>(
    project: &str,
    asked: Result<T, Error>,
    warnings: &Warnings,
) -> Result<Option<T>, Errors> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(error) if *error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) if are_hidden(&error) => {
            warnings.add(not_shown(project, &error));
            Ok(None)
        }
        Err(error) => Err(report(cannot_read(project), &error).into()),
    }
}

/// Returns the warning of permissions that are hidden from the token.
pub(super) fn not_shown(project: &str, error: &Error) -> Diagnostic {
    let advice = if error.is_about_fine_grained_token() {
        "Most fine-grained tokens can't read them; a classic token with the scope `api` can."
    } else {
        "To manage them, let requests to `/api/graphql` through any proxy in front of GitLab."
    };
    let title = format!("Permissions not visible: project {project}");
    Diagnostic::new(title, sentence(error)).with_cause(format!(
        "\n\nGitLab shows the allowlist over REST, and permissions only over GraphQL \
         (`/api/graphql`). The permissions of these entries aren't managed: they stay as they are, \
         and plans don't show them. {advice}"
    ))
}

pub(super) fn cannot_read(project: &str) -> String {
    format!("Can't read permissions: project {project}")
}

pub(super) fn switched_off(project: &str, asking: Asking) -> Diagnostic {
    let detail =
        format!("GitLab ignores permissions of entries on the allowlist of project {project}.");
    let title = format!("Permissions turned off: project {project}");
    Diagnostic::new(title, detail).with_cause(format!("\n\n{}", report::switched_off(asking)))
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

    #[test]
    fn a_name_is_told_how_to_be_written() {
        let told = |policy: &str| {
            check_name(policy).map(|told| told.detail.rsplit_once(". ").unwrap().1.to_owned())
        };
        for policy in ["READ_JOBS", "ADMIN_X2", "FUTURE"] {
            assert_eq!(told(policy), None, "{policy}");
        }
        for policy in
            ["read_jobs", "Read_Jobs", " READ_JOBS", "READ_JOBS\n", "read jobs", "READ-JOBS"]
        {
            assert_eq!(told(policy).as_deref(), Some("Write \"READ_JOBS\"."), "{policy:?}");
        }
        for policy in ["", "*", "_JOBS", "2", "READ_JÖBS", "READ_JOBS,READ_PACKAGES"] {
            assert_eq!(
                told(policy).as_deref(),
                Some("Write a name such as \"READ_JOBS\"."),
                "{policy:?}"
            );
        }
    }
}
