//! The authentication log of a project: the projects whose jobs have accessed it with their job
//! token in the last 30 days, with the time of the last access. Only GraphQL has it, since GitLab
//! 17.6.

use serde::Deserialize;
use serde_json::json;

use super::global_id::GlobalId;
use crate::gitlab::names::{Id, ProjectId};
use crate::gitlab::sender::{Call, Document, Envelope, Page, bounded};

/// 100 is GitLab's maximum page size. The settings show whether the token can read the project's
/// own data: GitLab may return an empty log to a token that can't.
const LIST: Document = Document {
    name: "JobTokenAuthenticationLog",
    optional: &[],
    text: "query JobTokenAuthenticationLog($project: ID!, $after: String) {
  project(fullPath: $project) {
    id
    ciCdSettings { inboundJobTokenScopeEnabled }
    ciJobTokenAuthLogs(first: 100, after: $after) {
      nodes { lastAuthorizedAt originProject { id fullPath } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
",
};

/// The response to [`list`].
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Listed {
    /// `None` if the path isn't that of a project that is visible to the token.
    pub(in crate::gitlab) project: Option<ListedProject>,
}

/// Only Maintainers of the project can read the last two.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct ListedProject {
    pub(in crate::gitlab) id: GlobalId,
    ci_cd_settings: Option<Present>,
    ci_job_token_auth_logs: Option<Page<Row>>,
}

/// An object whose content isn't used.
#[derive(Debug, Deserialize)]
struct Present {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct Row {
    #[serde(deserialize_with = "bounded::text")]
    last_authorized_at: String,
    origin_project: Option<Origin>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Origin {
    id: GlobalId,
    #[serde(deserialize_with = "bounded::text")]
    full_path: String,
}

/// A project whose jobs have accessed another project with their job token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedProject {
    /// Its ID.
    pub id: ProjectId,
    /// Its full path, even if it isn't visible to the token.
    pub full_path: String,
    /// The time of the last use, as GitLab writes it: `2025-01-31T12:00:00Z`.
    pub last_authorized_at: String,
}

/// Creates the query for a page of the authentication log of a project.
pub(in crate::gitlab) fn list(project: &str, after: Option<&str>) -> Call<Envelope<Listed>> {
    Call::query(LIST, json!({ "project": project, "after": after }))
}

impl ListedProject {
    /// Returns this page of the log, or `None` if the token isn't allowed to read it.
    pub(in crate::gitlab) fn into_log(self) -> Option<Page<Row>> {
        self.ci_job_token_auth_logs.filter(|_| self.ci_cd_settings.is_some())
    }
}

impl Row {
    /// Returns the project, or `None` if GitLab hides it.
    pub(in crate::gitlab) fn into_model(self) -> Option<LoggedProject> {
        let Self { last_authorized_at, origin_project } = self;
        let Origin { id, full_path } = origin_project?;
        Some(LoggedProject { id: ProjectId::of(id.0)?, full_path, last_authorized_at })
    }
}
