//! The job token settings of all projects below a group, in one GraphQL query for each hundred
//! projects, or for each twenty projects with the entries on their allowlists.

use serde::Deserialize;
use serde_json::json;

use super::global_id::GlobalId;
use super::group_projects::Listed;
use super::job_token_permissions::{
    ADDED_BY, CREATED_AT, DIRECTION, Lists, TARGET_GROUP, TARGET_PROJECT, with_entry,
};
use super::job_token_settings::{CROSS_PROJECT_PUSH, Settings};
use crate::gitlab::sender::{Call, Document, Envelope, Optional, bounded};

/// A hundred projects is as many as GitLab gives a page, and two hundred entries likewise. GitLab
/// reckons the query at some 130 of the 250 points that it allows.
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

/// Twenty projects a page, since each can have 400 entries: 8,000 of a KiB each are as long an
/// answer as is read. GitLab reckons the query at 129 points; 200 are allowed to anybody.
const LIST_WITH_ENTRIES: Document = Document {
    name: "JobTokenScopesWithEntries",
    optional: &[TARGET_PROJECT, TARGET_GROUP, DIRECTION, CREATED_AT, ADDED_BY, CROSS_PROJECT_PUSH],
    text: with_entry!(
        "query JobTokenScopesWithEntries($group: ID!, $archived: Boolean!, $after: String) {
  group(fullPath: $group) {
    projects(includeSubgroups: true, includeArchived: $archived, first: 20, after: $after) {
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
          projectsAllowlist(first: 200) { nodes { ...entry } pageInfo { hasNextPage endCursor } }
          groupsAllowlist(first: 200) { nodes { ...entry } pageInfo { hasNextPage endCursor } }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"
    ),
};

/// The parts of the lists that are read with each project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gitlab) enum Detail {
    /// The parts of an entry that counts are made from.
    Counts,
    /// The entries themselves.
    Entries,
}

impl Detail {
    /// The number of projects in a page.
    pub(in crate::gitlab) fn page_size(self) -> usize {
        match self {
            Self::Counts => 100,
            Self::Entries => 20,
        }
    }
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

/// Projects of the group at that path and of its subgroups, from this cursor on.
pub(in crate::gitlab) fn list(
    group: &str,
    archived: bool,
    detail: Detail,
    after: Option<&str>,
) -> Call<Envelope<Listed<ListedProject>>> {
    let document = match detail {
        Detail::Counts => LIST,
        Detail::Entries => LIST_WITH_ENTRIES,
    };
    Call::query(document, json!({ "group": group, "archived": archived, "after": after }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_optional_part_is_in_its_document_once() {
        for Document { name, text, optional } in [LIST, LIST_WITH_ENTRIES] {
            assert!(text.starts_with(&format!("query {name}(")));
            assert!(optional.iter().all(|part| text.matches(part.text).count() == 1), "{name}");
        }
    }

    #[test]
    fn a_page_has_the_size_that_its_document_asks_for() {
        for (detail, document) in [(Detail::Counts, LIST), (Detail::Entries, LIST_WITH_ENTRIES)] {
            let asked = format!("includeArchived: $archived, first: {},", detail.page_size());
            assert!(document.text.contains(&asked), "{asked}");
        }
    }
}
