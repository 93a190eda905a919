//! `projects` in GraphQL: several projects in one query, by ID with their job token settings and
//! allowlists, or by path.

use serde::Deserialize;
use serde_json::json;

use super::global_id::GlobalId;
use super::job_token_permissions::{
    ADDED_BY, CREATED_AT, DIRECTION, Lists, TARGET_GROUP, TARGET_PROJECT, listed_entry,
};
use super::job_token_settings::{AllSettings, CROSS_PROJECT_PUSH, OUTBOUND, PUSH};
use crate::gitlab::names::ProjectId;
use crate::gitlab::sender::{Call, Document, Envelope, Page, bounded};

/// Maximum number of projects in a query for their allowlists: each can have 400 entries, and 8,000
/// entries are the maximum size of a response. The query has a complexity of 150; GitLab allows 200
/// for every user.
pub(in crate::gitlab) const MAX_WHOLE: usize = 20;

/// Maximum number of paths that GitLab accepts (`Resolvers::ProjectsResolver`).
pub(in crate::gitlab) const MAX_PATHS: usize = 50;

/// Maximum number of projects in a query for their paths: GitLab's maximum page size.
pub(in crate::gitlab) const MAX_PATHS_BY_ID: usize = 100;

/// A query for all data of projects.
macro_rules! whole_projects {
    ($name:literal, $variable:literal, $argument:literal) => {
        Document {
            name: $name,
            optional: &[
                TARGET_PROJECT,
                TARGET_GROUP,
                DIRECTION,
                CREATED_AT,
                ADDED_BY,
                OUTBOUND,
                PUSH,
                CROSS_PROJECT_PUSH,
            ],
            text: concat!(
                "query ",
                $name,
                "(",
                $variable,
                ") {
  projects(",
                $argument,
                ", first: 20) {
    nodes {
      id
      fullPath
      ciCdSettings {
        inboundJobTokenScopeEnabled
        jobTokenScopeEnabled
        pushRepositoryForJobTokenAllowed
        crossProjectPushForJobTokenAllowed
      }
      ciJobTokenScopeAllowlist {
        projectsAllowlist(first: 200) { ...page }
        groupsAllowlist(first: 200) { ...page }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
fragment page on CiJobTokenScopeAllowlistEntryConnection {
  nodes { ...entry }
  pageInfo { hasNextPage endCursor }
  count
}
",
                listed_entry!()
            ),
        }
    };
}

const BY_ID: Document = whole_projects!("JobTokenProjects", "$ids: [ID!]!", "ids: $ids");
const BY_PATH: Document =
    whole_projects!("JobTokenProjectsByPath", "$paths: [String!]!", "fullPaths: $paths");

/// A query for the paths of projects.
macro_rules! project_paths {
    ($name:literal, $variable:literal, $arguments:literal) => {
        Document {
            name: $name,
            optional: &[],
            text: concat!(
                "query ",
                $name,
                "(",
                $variable,
                ") {
  projects(",
                $arguments,
                ") {
    nodes { id fullPath }
    pageInfo { hasNextPage endCursor }
  }
}
"
            ),
        }
    };
}

const PATHS: Document =
    project_paths!("ProjectPaths", "$paths: [String!]!", "fullPaths: $paths, first: 50");
const PATHS_BY_ID: Document =
    project_paths!("ProjectPathsById", "$ids: [ID!]!", "ids: $ids, first: 100");

/// The response to a query for projects, each as `P`. Projects that aren't visible to the token are
/// left out.
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Shown<P> {
    pub(in crate::gitlab) projects: Option<Page<P>>,
}

/// A project with all data that a plan reads. Only Maintainers can read the last two.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct WholeProject {
    pub(in crate::gitlab) id: GlobalId,
    #[serde(deserialize_with = "bounded::text")]
    pub(in crate::gitlab) full_path: String,
    pub(in crate::gitlab) ci_cd_settings: Option<AllSettings>,
    pub(in crate::gitlab) ci_job_token_scope_allowlist: Option<Lists>,
}

/// A project's ID and path.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct ProjectPath {
    pub(in crate::gitlab) id: GlobalId,
    #[serde(deserialize_with = "bounded::text")]
    pub(in crate::gitlab) full_path: String,
}

/// Creates the query for these projects, at most [`MAX_WHOLE`].
pub(in crate::gitlab) fn by_id(ids: &[ProjectId]) -> Call<Envelope<Shown<WholeProject>>> {
    Call::query(BY_ID, json!({ "ids": global_ids(ids) }))
}

/// Creates the query for the projects at these current full paths, at most [`MAX_WHOLE`].
pub(in crate::gitlab) fn by_path(paths: &[String]) -> Call<Envelope<Shown<WholeProject>>> {
    Call::query(BY_PATH, json!({ "paths": paths }))
}

/// Creates the query for the IDs at these current full paths, at most [`MAX_PATHS`].
pub(in crate::gitlab) fn paths(paths: &[String]) -> Call<Envelope<Shown<ProjectPath>>> {
    Call::query(PATHS, json!({ "paths": paths }))
}

/// Creates the query for the paths of these projects, at most [`MAX_PATHS_BY_ID`].
pub(in crate::gitlab) fn paths_by_id(ids: &[ProjectId]) -> Call<Envelope<Shown<ProjectPath>>> {
    Call::query(PATHS_BY_ID, json!({ "ids": global_ids(ids) }))
}

fn global_ids(ids: &[ProjectId]) -> Vec<String> {
    ids.iter().map(|id| format!("gid://gitlab/Project/{id}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_hold_their_operation_and_bounds() {
        let documents = [
            (BY_ID, MAX_WHOLE),
            (BY_PATH, MAX_WHOLE),
            (PATHS, MAX_PATHS),
            (PATHS_BY_ID, MAX_PATHS_BY_ID),
        ];
        for (document, most) in documents {
            let Document { name, text, optional } = document;
            assert!(
                text.contains(&format!("query {name}("))
                    && text.contains(&format!("first: {most})"))
            );
            assert!(optional.iter().all(|part| text.matches(part.text).count() == 1), "{name}");
        }
    }

    #[test]
    fn ids_are_global() {
        let call = by_id(&[7_u64.try_into().unwrap()]);
        assert_eq!(call.body().unwrap()["variables"], json!({ "ids": ["gid://gitlab/Project/7"] }));
    }
}
