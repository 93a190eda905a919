//! The authentication log of a project: the projects whose jobs have used a job token against it in
//! the last 30 days, each with the time of the last use. GraphQL alone has it, from GitLab 17.6 on.

use serde::Deserialize;
use serde_json::json;

use super::global_id::GlobalId;
use crate::gitlab::names::{Id, ProjectId};
use crate::gitlab::sender::{Call, Document, Envelope, Page, bounded};

/// A hundred rows are as many as GitLab gives a page. The settings show whether the token can read
/// a project's own data: GitLab may answer an empty log to a token that can't.
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

/// The last two are kept from those who are not at least Maintainers of the project.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct ListedProject {
    pub(in crate::gitlab) id: GlobalId,
    ci_cd_settings: Option<Present>,
    ci_job_token_auth_logs: Option<Page<Row>>,
}

/// An object of which only the presence is used.
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

/// A project whose jobs have used a job token against another project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedProject {
    /// Its ID.
    pub id: ProjectId,
    /// Its full path, also where the token can't see it.
    pub full_path: String,
    /// The time of the last use, as GitLab writes it: `2025-01-31T12:00:00Z`.
    pub last_authorized_at: String,
}

/// Creates the query for a page of the authentication log of a project.
pub(in crate::gitlab) fn list(project: &str, after: Option<&str>) -> Call<Envelope<Listed>> {
    Call::query(LIST, json!({ "project": project, "after": after }))
}

impl ListedProject {
    /// Returns this part of the log, or `None` if the token may not see it.
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
