//! The projects of a group, page by page: over GraphQL with their job token settings, or over REST
//! without them.

use serde::Deserialize;
use serde_json::json;

use super::global_id::GlobalId;
use super::job_token_settings::{AllSettings, CROSS_PROJECT_PUSH, OUTBOUND, PUSH};
use crate::gitlab::names::{GroupId, ProjectId};
use crate::gitlab::sender::{Call, Document, Envelope, Optional, Page, bounded};

/// Number of elements on a page: GitLab's maximum.
pub(in crate::gitlab) const PER_PAGE: usize = 100;

/// The query, with the argument for archived projects as text: versions before 18.0 list them all,
/// and don't have the argument. Without allowlists, it is much cheaper than the query of
/// `gitlab_job_token_scopes`.
macro_rules! listing {
    ($archived:literal) => {
        Document {
            name: "GroupProjects",
            optional: &[
                Optional { ty: "Field", field: None, text: $archived, instead: "" },
                OUTBOUND,
                PUSH,
                CROSS_PROJECT_PUSH,
            ],
            text: concat!(
                "query GroupProjects($group: ID!, $subgroups: Boolean!, $after: String) {
  group(fullPath: $group) {
    projects(includeSubgroups: $subgroups, first: 100, after: $after",
                $archived,
                ") {
      nodes {
        id
        fullPath
        archived
        ciCdSettings {
          inboundJobTokenScopeEnabled
          jobTokenScopeEnabled
          pushRepositoryForJobTokenAllowed
          crossProjectPushForJobTokenAllowed
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"
            ),
        }
    };
}

const ALL: Document = listing!(", includeArchived: true");
const ACTIVE: Document = listing!(", includeArchived: false");

/// A selection of the projects of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Below {
    /// The group.
    pub group: GroupId,
    /// Whether to include the projects of subgroups.
    pub with_subgroups: bool,
    /// Whether to include archived projects.
    pub with_archived: bool,
}

/// The response to a query for the projects of a group, each as `P`.
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Listed<P> {
    /// `None` if the path isn't that of a group that is visible to the token.
    pub(in crate::gitlab) group: Option<ListedGroup<P>>,
}

#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct ListedGroup<P> {
    pub(in crate::gitlab) projects: Page<P>,
}

/// The settings require the Maintainer role.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct ListedProject {
    pub(in crate::gitlab) id: GlobalId,
    #[serde(deserialize_with = "bounded::text")]
    pub(in crate::gitlab) full_path: String,
    pub(in crate::gitlab) archived: Option<bool>,
    pub(in crate::gitlab) ci_cd_settings: Option<AllSettings>,
}

/// An element of the list over REST.
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Element {
    pub(in crate::gitlab) id: ProjectId,
    #[serde(deserialize_with = "bounded::text")]
    pub(in crate::gitlab) path_with_namespace: String,
}

/// Creates the query for a page of the projects of a group.
pub(in crate::gitlab) fn list(
    group: &str,
    below: Below,
    after: Option<&str>,
) -> Call<Envelope<Listed<ListedProject>>> {
    let variables = json!({ "group": group, "subgroups": below.with_subgroups, "after": after });
    Call::query(if below.with_archived { ALL } else { ACTIVE }, variables)
}

/// `GET /groups/:id/projects`, one page of it: in an order that new projects don't change, without
/// those that are only shared with the group.
pub(in crate::gitlab) fn page(below: Below, number: u64) -> Call<Vec<Element>> {
    let call = Call::get_list(format!("/groups/{}/projects", below.group))
        .with("include_subgroups", below.with_subgroups)
        .with("with_shared", false)
        .with("simple", true)
        .with("order_by", "id")
        .with("sort", "asc")
        .with("per_page", PER_PAGE)
        .with("page", number);
    if below.with_archived { call } else { call.with("archived", false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_holds_its_operation_and_optional_parts() {
        for Document { name, text, optional } in [ALL, ACTIVE] {
            assert!(text.contains(&format!(" {name}(")), "{name}");
            assert!(optional.iter().all(|part| text.matches(part.text).count() == 1), "{name}");
        }
    }
}
