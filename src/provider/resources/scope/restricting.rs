//! The warning of a plan that restricts a project which is open now: all jobs of projects that
//! aren't on its allowlist lose access.

use super::ScopeModel;
use crate::framework::{Attr, Diagnostic, Warnings};
use crate::gitlab::{Client, Error, Freshness, Kind, ProjectId};
use crate::provider::connection::Connection;
use crate::provider::names;
use crate::provider::unresolved::warn_of_id;

/// Warns if the plan restricts a project that is open now, or if GitLab returns 404 for the
/// project. There is no warning if something can't be read: the apply returns the error.
pub(super) async fn check(
    connection: &Connection,
    project: ProjectId,
    prior: Option<&ScopeModel>,
    planned: &ScopeModel,
    warnings: &Warnings,
) {
    if planned.inbound_enabled != Attr::Known(true) {
        return;
    }
    let gitlab = &connection.gitlab;
    let is_open = match prior.filter(|prior| prior.project_id == planned.project_id) {
        Some(prior) => Ok(prior.inbound_enabled == Attr::Known(false)),
        None => gitlab
            .settings(project, Freshness::Shared)
            .await
            .map(|settings| !settings.inbound_enabled),
    };
    let name = names::project(&planned.project, project);
    if is_open.as_ref().is_err_and(Error::is_not_found) {
        warn_of_id(connection, &planned.project, &name, warnings);
    }
    if is_open.unwrap_or_default()
        && let Ok((projects, groups)) = count(gitlab, project).await
    {
        warnings.add(becomes_restricted(&name, projects, groups));
    }
}

async fn count(gitlab: &Client, project: ProjectId) -> Result<(usize, usize), Error> {
    let count =
        async |kind| Ok(gitlab.allowlist(project, kind, Freshness::Shared).await?.iter().count());
    tokio::try_join!(count(Kind::Project), count(Kind::Group))
}

fn becomes_restricted(project: &str, projects: usize, groups: usize) -> Diagnostic {
    let entries = match (projects, groups) {
        (0, 0) => {
            "Its allowlist is empty now: all other projects lose access, except for those that \
             this apply adds first"
                .to_owned()
        }
        _ => {
            format!(
                "It has {} and {} now; all other projects lose access, and so do targets that this \
                 apply removes",
                counted(projects, "project"),
                counted(groups, "group")
            )
        }
    };
    Diagnostic::new(
        format!("Project {project} becomes restricted"),
        format!(
            "Project {project} is open (`inbound_enabled = false`). Applying this restricts access \
             to its allowlist. {entries}. If more projects need access, add them to the allowlist \
             first."
        ),
    )
    .at("inbound_enabled")
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_counted_by_kind() {
        let diagnostic = becomes_restricted("acme/app (100)", 1, 2);
        assert_eq!(diagnostic.summary, "Project acme/app (100) becomes restricted");
        assert_eq!(
            diagnostic.detail,
            "Project acme/app (100) is open (`inbound_enabled = false`). Applying this restricts \
             access to its allowlist. It has 1 project and 2 groups now; all other projects lose \
             access, and so do targets that this apply removes. If more projects need access, add \
             them to the allowlist first."
        );
    }
}
