//! The job token settings of all projects of a group, in one GraphQL query per 100 projects, or per
//! 20 projects with the entries on their allowlists.

use serde::Deserialize;
use serde_json::json;

use super::global_id::GlobalId;
use super::group_projects::Listed;
use super::job_token_permissions::{
    ADDED_BY, CREATED_AT, DIRECTION, Lists, TARGET_GROUP, TARGET_PROJECT, with_entry,
};
use super::job_token_settings::{CROSS_PROJECT_PUSH, Settings};
use crate::gitlab::sender::{Call, Document, Envelope, Optional, bounded};

/// 100 projects and 200 entries are GitLab's maximum page sizes. The query has a complexity of
/// about 130; GitLab allows 250.
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

/// 20 projects per page, because each can have 400 entries: 8,000 entries of 1 KiB are the maximum
/// size of a response. The query has a complexity of 129; GitLab allows 200 for every user.
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

/// The parts of the allowlists to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gitlab) enum Detail {
    /// The fields that are needed to count entries.
    Counts,
    /// Whole entries.
    Entries,
}

impl Detail {
    /// Returns the number of projects per page.
    pub(in crate::gitlab) fn page_size(self) -> usize {
        match self {
            Self::Counts => 100,
            Self::Entries => 20,
        }
    }
}

/// Only Maintainers of the project can read the last two.
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

/// Creates the query for the projects of a group and its subgroups, from a cursor on.
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
    fn optional_parts_occur_once_in_their_document() {
        for Document { name, text, optional } in [LIST, LIST_WITH_ENTRIES] {
            assert!(text.starts_with(&format!("query {name}(")));
            assert!(optional.iter().all(|part| text.matches(part.text).count() == 1), "{name}");
        }
    }

    #[test]
    fn page_has_the_size_that_its_document_requests() {
        for (detail, document) in [(Detail::Counts, LIST), (Detail::Entries, LIST_WITH_ENTRIES)] {
            let asked = format!("includeArchived: $archived, first: {},", detail.page_size());
            assert!(document.text.contains(&asked), "{asked}");
        }
    }
}
