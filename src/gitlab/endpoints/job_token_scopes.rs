//! The job token settings of all projects below a group, in one GraphQL query for each hundred projects.

use serde::Deserialize;
use serde_json::json;

use super::global_id::GlobalId;
use super::job_token_permissions::{TARGET_PROJECT, is_outbound};
use super::job_token_settings::{CROSS_PROJECT_PUSH, Settings};
use crate::gitlab::names::{ProjectId, Target};
use crate::gitlab::sender::{Call, Document, Envelope, Optional, Page, bounded};

/// A hundred projects is as many as GitLab gives a page, and two hundred entries likewise. GitLab reckons the query at some
/// 130 of the 250 points that it allows.
const LIST: Document = Document {
    name: "JobTokenScopes",
    optional: &[
        TARGET_PROJECT,
        CROSS_PROJECT_PUSH,
        Optional::field("CiJobTokenScopeAllowlistEntry", "direction", " direction"),
    ],
    text: "query JobTokenScopes($group: ID!, $archived: Boolean!, $after: String) {
  group(fullPath: $group) {
    projects(includeSubgroups: true, includeArchived: $archived, first: 100, after: $after) {
      nodes {
        id
        fullPath
        archived
        ciCdSettings {
          inboundJobTokenScopeEnabled
          pushRepositoryForJobTokenAllowed
          crossProjectPushForJobTokenAllowed
        }
        ciJobTokenScopeAllowlist {
          projectsAllowlist(first: 200) {
            nodes { target { ... on CiJobTokenAccessibleProject { id } } direction defaultPermissions }
            pageInfo { hasNextPage endCursor }
          }
          groupsAllowlist(first: 200) {
            nodes { defaultPermissions }
            pageInfo { hasNextPage endCursor }
          }
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
    #[serde(deserialize_with = "bounded::text")]
    pub(in crate::gitlab) full_path: String,
    pub(in crate::gitlab) archived: Option<bool>,
    pub(in crate::gitlab) ci_cd_settings: Option<Settings>,
    pub(in crate::gitlab) ci_job_token_scope_allowlist: Option<Lists>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct Lists {
    pub(in crate::gitlab) projects_allowlist: Page<Entry>,
    pub(in crate::gitlab) groups_allowlist: Page<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct Entry {
    target: Option<Seen>,
    direction: Option<String>,
    default_permissions: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Seen {
    id: Option<GlobalId>,
}

/// Projects of the group at that path and of its subgroups, from this cursor on.
pub(in crate::gitlab) fn list(group: &str, archived: bool, after: Option<&str>) -> Call<Envelope<Listed>> {
    Call::reading(LIST, json!({ "group": group, "archived": archived, "after": after }))
}

impl Lists {
    /// Checks whether the lists go on behind this part of them.
    pub(in crate::gitlab) fn is_followed(&self) -> bool {
        self.projects_allowlist.is_followed() || self.groups_allowlist.is_followed()
    }
}

impl Entry {
    /// Checks whether this gives others access to the owner: neither an outbound link nor the owner's entry for itself.
    pub(in crate::gitlab) fn gives_access_to(&self, owner: ProjectId) -> bool {
        let target = self.target.as_ref().and_then(|target| target.id);
        let is_owner = target.is_some_and(|id| id.0 == Target::Project(owner));
        !is_owner && !is_outbound(self.direction.as_deref())
    }

    /// Checks whether it gives all that a job token can be used for. An entry of which GitLab does not tell counts as such.
    pub(in crate::gitlab) fn has_default_permissions(&self) -> bool {
        self.default_permissions != Some(false)
    }
}
