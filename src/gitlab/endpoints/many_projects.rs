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

/// The most projects of one query for their lists: each can have 400 entries, and 8,000 of them are
/// as long an answer as is read. GitLab reckons the query at 150 points of the 200 that anybody may
/// spend.
pub(in crate::gitlab) const MAX_WHOLE: usize = 20;

/// The most paths that GitLab takes (`Resolvers::ProjectsResolver`).
pub(in crate::gitlab) const MAX_PLACES: usize = 50;

/// The most projects of one query for their paths: as many as GitLab has on a page.
pub(in crate::gitlab) const MAX_PLACES_BY_ID: usize = 100;

/// A query for whole projects.
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

/// A query for where projects are.
macro_rules! places {
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

const PLACES: Document =
    places!("ProjectPlaces", "$paths: [String!]!", "fullPaths: $paths, first: 50");
const PLACES_BY_ID: Document =
    places!("ProjectPlacesById", "$ids: [ID!]!", "ids: $ids, first: 100");

/// The answer to a query for projects, with `P` of each. Those that the token doesn't see are left
/// out.
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Shown<P> {
    pub(in crate::gitlab) projects: Option<Page<P>>,
}

/// A project with all that a plan reads of it. The last two are kept from those who are not at
/// least Maintainers of it.
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
pub(in crate::gitlab) struct Place {
    pub(in crate::gitlab) id: GlobalId,
    #[serde(deserialize_with = "bounded::text")]
    pub(in crate::gitlab) full_path: String,
}

/// Creates the query for these projects, at most [`MAX_WHOLE`].
pub(in crate::gitlab) fn by_id(ids: &[ProjectId]) -> Call<Envelope<Shown<WholeProject>>> {
    Call::query(BY_ID, json!({ "ids": global_ids(ids) }))
}

/// Creates the query for the projects at these full paths, at most [`MAX_WHOLE`]. Former paths
/// lead nowhere.
pub(in crate::gitlab) fn by_path(paths: &[String]) -> Call<Envelope<Shown<WholeProject>>> {
    Call::query(BY_PATH, json!({ "paths": paths }))
}

/// Creates the query for what these full paths stand for, at most [`MAX_PLACES`]. Former paths
/// lead nowhere.
pub(in crate::gitlab) fn places(paths: &[String]) -> Call<Envelope<Shown<Place>>> {
    Call::query(PLACES, json!({ "paths": paths }))
}

/// Creates the query for the paths of these projects, at most [`MAX_PLACES_BY_ID`].
pub(in crate::gitlab) fn places_by_id(ids: &[ProjectId]) -> Call<Envelope<Shown<Place>>> {
    Call::query(PLACES_BY_ID, json!({ "ids": global_ids(ids) }))
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
            (PLACES, MAX_PLACES),
            (PLACES_BY_ID, MAX_PLACES_BY_ID),
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
