//! Permissions of entries, shared by all resources and data sources: names of policies, checks
//! against GitLab, and warnings if GitLab doesn't show permissions.

use std::collections::BTreeSet;

use super::connection::Connection;
use super::ledger::Object;
use super::report::{
    self, PermissionSetting, how_to_read, is_out_of_reach, of_a_plan, quoted, report,
    report_permissions, sentence,
};
use crate::framework::{Attr, Diagnostic, Errors, Set, Warnings};
use crate::gitlab::{
    Client, Error, ErrorKind, Freshness, Kind, Permissions, ProjectId, RollbackError, Target,
};

/// The attribute that gives an entry the default permissions.
pub(super) const DEFAULT: &str = "default_permissions";
/// The attribute that restricts an entry to policies.
pub(super) const POLICIES: &str = "job_token_policies";

/// The minimum similarity of a suggested name, from 0 to 1.
const MIN_SIMILARITY: f64 = 0.8;

/// Returns the attribute that usually sets these permissions.
pub(super) fn attribute(wanted: &Permissions) -> &'static str {
    match wanted {
        Permissions::Only(policies) if !policies.is_empty() => POLICIES,
        Permissions::Only(_) | Permissions::Default => DEFAULT,
    }
}

/// Returns the known names in a set of policies.
pub(super) fn names(policies: &Set<String>) -> impl Iterator<Item = &String> {
    policies.0.iter().filter_map(Attr::known)
}

/// Returns the errors of malformed names of policies, as far as they are known. `attribute` is the
/// display name of the attribute.
pub(super) fn malformed(
    attribute: &str,
    policies: &Set<String>,
) -> impl Iterator<Item = Diagnostic> {
    policies.0.iter().filter_map(move |policy| match policy {
        Attr::Known(policy) => check_name(attribute, policy),
        Attr::Null => Some(null_policy(attribute)),
        Attr::Unknown => None,
    })
}

fn null_policy(attribute: &str) -> Diagnostic {
    Diagnostic::new("Invalid job token policy", format!("`{attribute}` must not contain null."))
}

/// Policies have upper-case names. Only GitLab knows which ones exist.
fn check_name(attribute: &str, policy: &str) -> Option<Diagnostic> {
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
        "`{attribute}` has {}, but policy names consist of uppercase letters, digits and \
         underscores. {advice}",
        quoted(policy)
    );
    Some(Diagnostic::new("Invalid job token policy", detail))
}

/// Returns the reason why GitLab can't set such permissions, if there is one. All entries of a
/// project share one reading of its allowlist. `project` is its display name.
pub(super) async fn obstacle(
    gitlab: &Client,
    (project_id, project): (ProjectId, &str),
    setting: PermissionSetting,
    wanted: &Permissions,
) -> Result<Option<Diagnostic>, Errors> {
    let error = match gitlab.permissions(project_id, Freshness::Shared).await {
        Ok(list) => {
            let is_impossible = list.is_switched_off() && *wanted != Permissions::Default;
            return Ok(is_impossible.then(|| switched_off(project, setting)));
        }
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::Forbidden
        | ErrorKind::NotAvailable
        | ErrorKind::FineGrained { .. } => Ok(None),
        _ if is_out_of_reach(&error) => Ok(None),
        ErrorKind::Unsupported => {
            Ok(Some(report_permissions(cannot_read(project), setting, &error)))
        }
        _ => Err(of_a_plan(report(cannot_read(project), &error)).into()),
    }
}

/// Returns the error of policies that GitLab doesn't know. `attribute` is the display name of the
/// attribute.
pub(super) fn unknown<'p>(
    attribute: &str,
    policies: impl IntoIterator<Item = &'p String>,
    known: &BTreeSet<String>,
) -> Option<Diagnostic> {
    let unknown: Vec<&String> =
        policies.into_iter().filter(|policy| !known.contains(*policy)).collect();
    (!unknown.is_empty()).then(|| of_a_plan(unknown_policies(attribute, &unknown, known)))
}

fn unknown_policies(attribute: &str, unknown: &[&String], known: &BTreeSet<String>) -> Diagnostic {
    let suggested = |policy: &&String| match similar(policy, known) {
        Some(similar) => format!("  - {policy}: did you mean {similar}?"),
        None => format!("  - {policy}"),
    };
    let lines: Vec<String> = unknown.iter().map(suggested).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let has = if lines.len() == 1 { "has a policy" } else { "has policies" };
    let title = match lines.len() {
        1 => "Unknown job token policy",
        _ => "Unknown job token policies",
    };
    let detail = format!(
        "`{attribute}` {has} that this GitLab version doesn't have:\n\n{}",
        lines.join("\n")
    );
    let cause = format!(
        "\n\nIt has {}.\n\nCorrect the names, or remove them. A name that is right belongs to a \
         newer version: upgrade GitLab. The `gitlab_job_token_policies` data source reads the \
         names that your GitLab accepts.",
        known.join(", ")
    );
    Diagnostic::new(title, detail).with_cause(cause)
}

/// Returns the known name that is most similar, if it is similar enough.
fn similar<'k>(policy: &str, known: &'k BTreeSet<String>) -> Option<&'k str> {
    let similarity = |name: &&String| strsim::normalized_damerau_levenshtein(policy, name);
    let nearest =
        known.iter().max_by(|one, other| similarity(one).total_cmp(&similarity(other)))?;
    (similarity(&nearest) >= MIN_SIMILARITY).then_some(nearest)
}

/// Returns whether an entry for the target restricts the project's own jobs: GitLab applies entries
/// for groups that contain the project, unless the project has an entry for itself. Returns false
/// if paths can't be read.
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

/// Returns whether a project is in a group or in one of its subgroups.
fn is_within(project: &str, group: &str) -> bool {
    let start = project.get(..group.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(group))
        && project.as_bytes().get(group.len()) == Some(&b'/')
}

/// Returns the warning of a group's entry that restricts the project's own jobs.
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

/// Returns a paragraph about an entry that a failed addition created and couldn't remove again.
/// `target` and `project` are display names.
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

/// Returns whether REST shows an entry that GraphQL doesn't.
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

/// Returns whether the error is permanent: GitLab doesn't have permissions, or hides them while it
/// shows the entries, for example behind a proxy that blocks GraphQL.
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

/// Returns the permissions that GitLab returned, or `None` with a warning if they are hidden, which
/// says what the `consequence` is. For permissions that no resource manages yet.
///
/// # Errors
///
/// Fails if a retry may succeed.
pub(in crate::provider) fn as_found<T>(
    project: &str,
    result: Result<T, Error>,
    consequence: &str,
    warnings: &Warnings,
) -> Result<Option<T>, Errors> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if *error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) if are_hidden(&error) => {
            warnings.add(not_shown(project, &error, consequence));
            Ok(None)
        }
        Err(error) => Err(report(cannot_read(project), &error).into()),
    }
}

/// Returns the warning of permissions that aren't visible to the token.
pub(super) fn not_shown(project: &str, error: &Error, consequence: &str) -> Diagnostic {
    let advice = how_to_read("them", error);
    let title = format!("Permissions not visible: project {project}");
    Diagnostic::new(title, sentence(error)).with_cause(format!(
        "\n\nGitLab shows the allowlist over REST, and permissions only over GraphQL \
         (`/api/graphql`). {consequence} {advice}"
    ))
}

/// The consequence for imports and queries of permissions that aren't visible.
pub(in crate::provider) const NOT_IMPORTED: &str = "The permissions of the entries aren't \
    in the state. If the configuration sets them, applying it overwrites them; otherwise they stay \
    as they are, and plans don't show them.";

/// The consequence for data sources.
pub(in crate::provider) const NULL_PERMISSIONS: &str = "`default_permissions`, \
    `job_token_policies`, `created_at` and `added_by` of its entries are null.";

/// Returns permissions as a part of a sentence.
pub(super) fn described(permissions: &Permissions) -> String {
    match permissions {
        Permissions::Default => "the default permissions".to_owned(),
        Permissions::Only(policies) if policies.is_empty() => "no permissions".to_owned(),
        Permissions::Only(policies) => {
            Vec::from_iter(policies.iter().map(String::as_str)).join(", ")
        }
    }
}

pub(super) fn cannot_read(project: &str) -> String {
    format!("Can't read permissions: project {project}")
}

pub(super) fn switched_off(project: &str, setting: PermissionSetting) -> Diagnostic {
    let detail =
        format!("GitLab ignores permissions of entries on the allowlist of project {project}.");
    let title = format!("Permissions turned off: project {project}");
    Diagnostic::new(title, detail).with_cause(format!("\n\n{}", report::switched_off(setting)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_policy_is_suggested() {
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
    fn group_covers_its_projects_and_those_of_subgroups() {
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
    fn misspelled_policy_is_corrected() {
        let advice = |policy: &str| {
            check_name(POLICIES, policy)
                .map(|problem| problem.detail.rsplit_once(". ").unwrap().1.to_owned())
        };
        for policy in ["READ_JOBS", "ADMIN_X2", "FUTURE"] {
            assert_eq!(advice(policy), None, "{policy}");
        }
        for policy in
            ["read_jobs", "Read_Jobs", " READ_JOBS", "READ_JOBS\n", "read jobs", "READ-JOBS"]
        {
            assert_eq!(advice(policy).as_deref(), Some("Write \"READ_JOBS\"."), "{policy:?}");
        }
        for policy in ["", "*", "_JOBS", "2", "READ_JÖBS", "READ_JOBS,READ_PACKAGES"] {
            assert_eq!(
                advice(policy).as_deref(),
                Some("Write a name such as \"READ_JOBS\"."),
                "{policy:?}"
            );
        }
    }
}
