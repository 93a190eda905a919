//! The job token settings of all projects below a group, in one GraphQL query for each hundred projects.

use serde::Deserialize;
use serde_json::json;

use super::global_id::GlobalId;
use crate::gitlab::sender::Call;
use crate::gitlab::sender::{Document, Envelope, Page};

/// A hundred projects is as many as GitLab gives a page, and two hundred entries as many as a list holds. GitLab reckons
/// the query at some 80 of the 250 points that it allows.
const LIST: Document = Document {
    name: "JobTokenScopes",
    text: "query JobTokenScopes($group: ID!, $archived: Boolean!, $after: String) {
  group(fullPath: $group) {
    projects(includeSubgroups: true, includeArchived: $archived, first: 100, after: $after) {
      nodes {
        id
        fullPath
        archived
        ciCdSettings { inboundJobTokenScopeEnabled }
        ciJobTokenScopeAllowlist {
          projectsAllowlist(first: 200) { nodes { defaultPermissions } }
          groupsAllowlist(first: 200) { nodes { defaultPermissions } }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
",
};

/// The answer to [`list`].
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Listed {
    /// None where the token sees no group at that path.
    pub(in crate::gitlab) group: Option<ListedGroup>,
}

#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct ListedGroup {
    pub(in crate::gitlab) projects: Page<ListedProject>,
}

/// The last two are kept from those who are not at least Maintainers of the project.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct ListedProject {
    pub(in crate::gitlab) id: GlobalId,
    pub(in crate::gitlab) full_path: String,
    pub(in crate::gitlab) archived: Option<bool>,
    pub(in crate::gitlab) ci_cd_settings: Option<Settings>,
    pub(in crate::gitlab) ci_job_token_scope_allowlist: Option<Lists>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct Settings {
    pub(in crate::gitlab) inbound_job_token_scope_enabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct Lists {
    pub(in crate::gitlab) projects_allowlist: Entries,
    pub(in crate::gitlab) groups_allowlist: Entries,
}

#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Entries {
    pub(in crate::gitlab) nodes: Vec<Option<Entry>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct Entry {
    default_permissions: Option<bool>,
}

/// Projects of the group at that path and of its subgroups, from this cursor on.
pub(in crate::gitlab) fn list(group: &str, archived: bool, after: Option<&str>) -> Call<Envelope<Listed>> {
    Call::reading(LIST, json!({ "group": group, "archived": archived, "after": after }))
}

impl Entries {
    /// How many give all that a job token can be used for. What GitLab does not tell counts as that much.
    pub(in crate::gitlab) fn with_default_permissions(&self) -> usize {
        let limited = |entry: &&Option<Entry>| {
            entry.as_ref().is_some_and(|entry| entry.default_permissions == Some(false))
        };
        self.nodes.len() - self.nodes.iter().filter(limited).count()
    }
}
