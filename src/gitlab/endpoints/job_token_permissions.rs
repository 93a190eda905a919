//! The permissions of allowlist entries, which only GraphQL has: one query and two mutations. They
//! take the project and target by path, so the response must confirm them by ID.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::global_id::GlobalId;
use crate::gitlab::names::{Id, Kind, ProjectId, Target};
use crate::gitlab::sender::Call;
use crate::gitlab::sender::{Document, Envelope, Optional, Page, bounded};

/// The permissions of the job tokens of an allowed target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permissions {
    /// The default permissions: those of the user who started the job, for all that job tokens
    /// support.
    Default,
    /// These permissions, such as `READ_JOBS`. An empty set means none.
    Only(BTreeSet<String>),
}

/// An entry of an allowlist with its permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermittedEntry {
    /// The project or group that has access.
    pub target: Target,
    /// Its full path, even if it isn't visible to the token.
    pub full_path: String,
    /// The permissions of its jobs.
    pub permissions: Permissions,
    /// The time of creation, as GitLab writes it: `2025-01-31T12:00:00Z`.
    pub created_at: Option<String>,
    /// Username of the user who added the entry, if GitLab shows one.
    pub added_by: Option<String>,
    /// Whether permissions are turned off: GitLab then doesn't return them.
    pub(in crate::gitlab) switched_off: bool,
}

impl PermittedEntry {
    /// Returns the total size of its texts in bytes.
    pub(in crate::gitlab) fn text_bytes(&self) -> usize {
        let policies = match &self.permissions {
            Permissions::Default => 0,
            Permissions::Only(policies) => policies.iter().map(String::len).sum(),
        };
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.full_path.len() + policies + optional(&self.created_at) + optional(&self.added_by)
    }
}

/// Completes a document that reads entries with the fields of an entry.
macro_rules! with_entry {
    ($text:literal) => {
        concat!(
            $text,
            "fragment entry on CiJobTokenScopeAllowlistEntry {
  target {
    ... on CiJobTokenAccessibleProject { id fullPath }
    ... on CiJobTokenAccessibleGroup { id fullPath }
  }
  direction
  defaultPermissions
  jobTokenPolicies
  createdAt
  addedBy { username }
}"
        )
    };
}
pub(super) use with_entry;

/// As `with_entry`, with the fields that REST returns, too.
macro_rules! listed_entry {
    () => {
        "fragment entry on CiJobTokenScopeAllowlistEntry {
  target {
    ... on CiJobTokenAccessibleProject { id fullPath name webUrl }
    ... on CiJobTokenAccessibleGroup { id fullPath name webUrl }
  }
  direction
  defaultPermissions
  jobTokenPolicies
  createdAt
  addedBy { username }
}"
    };
}
pub(super) use listed_entry;

/// The type of an entry's target project, which differs before GitLab 18.3.
pub(super) const TARGET_PROJECT: Optional = Optional {
    ty: "CiJobTokenAccessibleProject",
    field: None,
    text: "... on CiJobTokenAccessibleProject {",
    instead: "... on Project {",
};

const ENTRY: &str = "CiJobTokenScopeAllowlistEntry";

/// The type of an entry's target group, which differs before GitLab 18.3.
pub(super) const TARGET_GROUP: Optional = Optional {
    ty: "CiJobTokenAccessibleGroup",
    field: None,
    text: "... on CiJobTokenAccessibleGroup {",
    instead: "... on Group {",
};

pub(super) const DIRECTION: Optional = Optional::field(ENTRY, "direction", "  direction\n");
pub(super) const CREATED_AT: Optional = Optional::field(ENTRY, "createdAt", "  createdAt\n");
pub(super) const ADDED_BY: Optional = Optional::field(ENTRY, "addedBy", "  addedBy { username }\n");

/// The parts of the fragment that some versions lack: all its fields are marked as experiments, and
/// before GitLab 18.3 targets had other types.
const OPTIONAL: &[Optional] = &[TARGET_PROJECT, TARGET_GROUP, DIRECTION, CREATED_AT, ADDED_BY];

/// Both kinds in one request. A page has up to 200 entries of each, like an allowlist.
const LIST: Document = Document {
    name: "JobTokenPermissions",
    optional: OPTIONAL,
    text: with_entry!(
        "query JobTokenPermissions($project: ID!, $projectsAfter: String, $groupsAfter: String) {
  project(fullPath: $project) {
    id
    ciJobTokenScopeAllowlist {
      projectsAllowlist(first: 200, after: $projectsAfter) {
        nodes { ...entry }
        pageInfo { hasNextPage endCursor }
      }
      groupsAllowlist(first: 200, after: $groupsAfter) {
        nodes { ...entry }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"
    ),
};

/// Adds an entry with its permissions, so that it never has more.
const ALLOW: Document = Document {
    name: "AllowWithPermissions",
    optional: OPTIONAL,
    text: with_entry!(
        "mutation AllowWithPermissions(
  $project: ID!, $target: ID!, $default: Boolean!, $policies: [CiJobTokenScopePolicies!]!
) {
  written: ciJobTokenScopeAddGroupOrProject(input: {
    projectPath: $project, targetPath: $target, defaultPermissions: $default, jobTokenPolicies: $policies
  }) {
    ciJobTokenScopeAllowlistEntry { sourceProject { id } ...entry }
    errors
  }
}
"
    ),
};

/// Changes the permissions of an entry.
const CHANGE: Document = Document {
    name: "ChangePermissions",
    optional: OPTIONAL,
    text: with_entry!(
        "mutation ChangePermissions(
  $project: ID!, $target: ID!, $default: Boolean!, $policies: [CiJobTokenScopePolicies!]!
) {
  written: ciJobTokenScopeUpdatePolicies(input: {
    projectPath: $project, targetPath: $target, defaultPermissions: $default, jobTokenPolicies: $policies
  }) {
    ciJobTokenScopeAllowlistEntry { sourceProject { id } ...entry }
    errors
  }
}
"
    ),
};

/// The response to [`list`].
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Listed {
    /// `None` if the path isn't that of a project that is visible to the token.
    pub(in crate::gitlab) project: Option<ListedProject>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct ListedProject {
    pub(in crate::gitlab) id: GlobalId,
    /// `None` if the token's user lacks the Maintainer role.
    pub(in crate::gitlab) ci_job_token_scope_allowlist: Option<Lists>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct Lists {
    pub(in crate::gitlab) projects_allowlist: Page<Entry>,
    pub(in crate::gitlab) groups_allowlist: Page<Entry>,
}

/// The response to a mutation.
#[derive(Debug, Deserialize)]
pub(in crate::gitlab) struct Changed {
    pub(in crate::gitlab) written: Option<Written>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct Written {
    /// `None` if there are errors.
    pub(in crate::gitlab) ci_job_token_scope_allowlist_entry: Option<Entry>,
    #[serde(default, deserialize_with = "bounded::list")]
    pub(in crate::gitlab) errors: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitlab) struct Entry {
    source_project: Option<Source>,
    target: Option<ReceivedRequest>,
    direction: Option<String>,
    default_permissions: Option<bool>,
    #[serde(default, deserialize_with = "bounded::optional_texts")]
    job_token_policies: Option<BTreeSet<String>>,
    #[serde(default, deserialize_with = "bounded::optional_text")]
    created_at: Option<String>,
    added_by: Option<User>,
}

#[derive(Debug, Deserialize)]
struct User {
    #[serde(default, deserialize_with = "bounded::optional_text")]
    username: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Source {
    id: GlobalId,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceivedRequest {
    id: Option<GlobalId>,
    #[serde(default, deserialize_with = "bounded::optional_text")]
    full_path: Option<String>,
    #[serde(default, deserialize_with = "bounded::optional_text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "bounded::optional_text")]
    web_url: Option<String>,
}

/// The target of an entry, with all data that REST returns for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gitlab) struct ListedTarget {
    pub(in crate::gitlab) target: Target,
    pub(in crate::gitlab) full_path: String,
    pub(in crate::gitlab) name: String,
    pub(in crate::gitlab) web_url: String,
}

/// The cursors of the next page of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::gitlab) struct Cursors {
    projects: Option<String>,
    groups: Option<String>,
}

/// Creates the query for a page of the permissions of a project's entries.
pub(in crate::gitlab) fn list(project: &str, from: &Cursors) -> Call<Envelope<Listed>> {
    let Cursors { projects, groups } = from;
    Call::query(
        LIST,
        json!({ "project": project, "projectsAfter": projects, "groupsAfter": groups }),
    )
}

/// Parses the response to the query for a project's entries. Returns the inbound ones, or `None` if
/// it has another format.
#[must_use]
pub fn entries_in(body: &[u8]) -> Option<Vec<PermittedEntry>> {
    let envelope: Envelope<Listed> = serde_json::from_slice(body).ok()?;
    let lists = envelope.into_data()?.project?.ci_job_token_scope_allowlist?;
    Some(lists.into_entries().collect())
}

/// Creates the mutation that adds an entry with permissions.
pub(in crate::gitlab) fn allow(
    project: &str,
    target: &str,
    with: &Permissions,
) -> Call<Envelope<Changed>> {
    Call::mutation(ALLOW, variables(project, target, with))
}

/// Creates the mutation that changes the permissions of an entry.
pub(in crate::gitlab) fn change(
    project: &str,
    target: &str,
    to: &Permissions,
) -> Call<Envelope<Changed>> {
    Call::mutation(CHANGE, variables(project, target, to))
}

fn variables(project: &str, target: &str, permissions: &Permissions) -> Value {
    let (default, policies) = match permissions {
        Permissions::Default => (true, Vec::new()),
        Permissions::Only(policies) => (false, policies.iter().collect()),
    };
    json!({ "project": project, "target": target, "default": default, "policies": policies })
}

impl Lists {
    /// Returns the number of links in this part of the lists.
    pub(in crate::gitlab) fn len(&self) -> usize {
        self.projects_allowlist.nodes.len() + self.groups_allowlist.nodes.len()
    }

    /// Returns whether both lists are complete.
    pub(in crate::gitlab) fn is_whole(&self) -> bool {
        self.projects_allowlist.whole().is_some() && self.groups_allowlist.whole().is_some()
    }

    /// Returns whether another page follows.
    pub(in crate::gitlab) fn has_next_page(&self) -> bool {
        self.projects_allowlist.has_next_page() || self.groups_allowlist.has_next_page()
    }

    /// Returns the number of entries on this page whose target or permissions GitLab hides.
    pub(in crate::gitlab) fn hidden(&self) -> usize {
        let nodes = self.projects_allowlist.nodes.iter().chain(&self.groups_allowlist.nodes);
        nodes.filter(|entry| entry.as_ref().is_none_or(Entry::is_hidden)).count()
    }

    /// Returns the targets of one kind that have access, including the project itself if it has an
    /// entry for itself. Returns `None` if the list may be incomplete, or lacks data that REST
    /// returns.
    pub(in crate::gitlab) fn targets(&self, kind: Kind) -> Option<Vec<ListedTarget>> {
        let page = match kind {
            Kind::Project => &self.projects_allowlist,
            Kind::Group => &self.groups_allowlist,
        };
        let mut targets = Vec::new();
        for entry in page.whole()? {
            let entry = entry.as_ref()?;
            // Versions that don't return the direction also list outbound projects.
            if kind == Kind::Project && is_outbound(Some(entry.direction.as_deref()?)) {
                continue;
            }
            targets.push(
                entry.target.as_ref()?.listed().filter(|listed| listed.target.kind() == kind)?,
            );
        }
        Some(targets)
    }

    /// Returns the cursors of the next page, or `None` after the last page.
    pub(in crate::gitlab) fn next(&self, from: &Cursors) -> Option<Cursors> {
        let (projects, groups) = (&self.projects_allowlist, &self.groups_allowlist);
        let end = |page: &Page<Entry>, before: &Option<String>| {
            page.end().map(str::to_owned).or_else(|| before.clone())
        };
        let next =
            Cursors { projects: end(projects, &from.projects), groups: end(groups, &from.groups) };
        self.has_next_page().then_some(next)
    }

    /// Returns the entries of both kinds, without the outbound links that GitLab lists with its
    /// projects. Entries without a target are left out.
    pub(in crate::gitlab) fn into_entries(self) -> impl Iterator<Item = PermittedEntry> {
        let nodes = self.projects_allowlist.nodes.into_iter().chain(self.groups_allowlist.nodes);
        nodes
            .flatten()
            .filter(|entry| !is_outbound(entry.direction.as_deref()))
            .filter_map(Entry::into_model)
    }
}

/// Returns whether a link restricts access *from* the source project, as GitLab did until 16.0. A
/// link without a direction is an entry of the allowlist.
pub(in crate::gitlab) fn is_outbound(direction: Option<&str>) -> bool {
    direction.is_some_and(|direction| direction.eq_ignore_ascii_case("outbound"))
}

impl ReceivedRequest {
    fn listed(&self) -> Option<ListedTarget> {
        Some(ListedTarget {
            target: self.id?.0,
            full_path: self.full_path.clone()?,
            name: self.name.clone()?,
            web_url: self.web_url.clone()?,
        })
    }
}

impl Entry {
    /// Returns the project that the allowlist belongs to, if GitLab shows it.
    pub(in crate::gitlab) fn project(&self) -> Option<ProjectId> {
        ProjectId::of(self.source_project.as_ref()?.id.0)
    }

    /// Returns whether the entry gives others access to the project: it is neither an outbound link
    /// nor the project's entry for itself.
    pub(in crate::gitlab) fn gives_access_to(&self, project: ProjectId) -> bool {
        let target = self.target.as_ref().and_then(|target| target.id);
        let is_itself = target.is_some_and(|id| id.0 == Target::Project(project));
        !is_itself && !is_outbound(self.direction.as_deref())
    }

    /// Returns whether the entry has the default permissions, which is assumed if GitLab doesn't
    /// return them.
    pub(in crate::gitlab) fn has_default_permissions(&self) -> bool {
        self.default_permissions != Some(false)
    }

    /// Returns whether [`into_model`](Self::into_model) returns `None` for an entry that gives
    /// access.
    fn is_hidden(&self) -> bool {
        let target = self.target.as_ref();
        let is_shown =
            target.is_some_and(|target| target.id.is_some() && target.full_path.is_some());
        let is_model = is_shown && self.default_permissions.is_some();
        !is_outbound(self.direction.as_deref()) && !is_model
    }

    /// Returns the entry, or `None` if GitLab hides its target or permissions.
    pub(in crate::gitlab) fn into_model(self) -> Option<PermittedEntry> {
        let ReceivedRequest { id, full_path, .. } = self.target?;
        let (GlobalId(target), full_path) = (id?, full_path?);
        let permissions = if self.default_permissions? {
            Permissions::Default
        } else {
            Permissions::Only(self.job_token_policies.clone().unwrap_or_default())
        };
        Some(PermittedEntry {
            target,
            full_path,
            permissions,
            switched_off: self.job_token_policies.is_none(),
            created_at: self.created_at,
            added_by: self.added_by.and_then(|user| user.username),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_variables_and_never_in_the_query() {
        let only = Permissions::Only(["READ_JOBS".to_owned(), "ADMIN_PACKAGES".to_owned()].into());
        let call = allow("a/b", "c/\"d", &only);
        assert_eq!(call.line().to_string(), "POST /api/graphql (AllowWithPermissions)");
        let body = call.body().unwrap();
        assert_eq!(body["query"], ALLOW.text);
        assert_eq!(
            body["variables"],
            json!({"project": "a/b", "target": "c/\"d", "default": false, "policies": ["ADMIN_PACKAGES", "READ_JOBS"]})
        );
        let body = change("a/b", "c/d", &Permissions::Default);
        assert_eq!(
            body.body().unwrap()["variables"],
            json!({"project": "a/b", "target": "c/d", "default": true, "policies": []})
        );
    }

    #[test]
    fn documents_name_their_operation() {
        for Document { name, text, optional } in [LIST, ALLOW, CHANGE] {
            assert!(
                text.starts_with(&format!("query {name}("))
                    || text.starts_with(&format!("mutation {name}("))
            );
            assert!(optional.iter().all(|part| text.matches(part.text).count() == 1), "{name}");
        }
    }
}
