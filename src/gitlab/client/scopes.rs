//! Reads the job token settings of all projects of a group. Nothing is cached.

use std::collections::BTreeMap;

use super::handle::Client;
use super::permission_list::PermissionList;
use crate::gitlab::endpoints::job_token_permissions::{Entry, Lists, Permissions, PermittedEntry};
use crate::gitlab::endpoints::job_token_scopes::{self as endpoint, Detail, ListedProject};
use crate::gitlab::endpoints::job_token_settings::Settings;
use crate::gitlab::names::{GroupId, Id, Kind, ProjectId, Target};
use crate::gitlab::sender::{Error, ErrorKind, Page};

/// Maximum number of projects of a group. Their settings fit into 64 MiB of memory.
const MAX_PROJECTS: usize = 20_000;

/// Maximum total size of the paths in bytes.
const MAX_PATHS: usize = 4 * 1024 * 1024;

/// Maximum total size of the entries in bytes: about 50,000 entries.
const MAX_ENTRIES: usize = 64 * 1024 * 1024;

/// Size in bytes of an entry without its texts, as an object of the caller.
const ENTRY_SIZE: usize = 1024;

/// A project of a group with its job token settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectScope {
    /// Its ID.
    pub id: ProjectId,
    /// Its full path.
    pub full_path: String,
    /// Whether it is archived, as far as GitLab shows it.
    pub archived: Option<bool>,
    /// Its own settings, all `None` if the token's user isn't a Maintainer of the project.
    pub settings: Settings,
    /// The numbers of entries, `None` if the token's user isn't a Maintainer of the project.
    pub allowed: Option<AllowedCounts>,
    /// The entries, without the one for itself; `None` if the token's user isn't a Maintainer of
    /// the project, or if they weren't requested.
    pub entries: Option<Vec<PermittedEntry>>,
}

/// The projects of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectScopes {
    /// The projects that GitLab shows.
    pub projects: Vec<ProjectScope>,
    /// The number of listed projects that GitLab doesn't show.
    pub hidden: usize,
}

/// The numbers of projects and groups that have access to a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedCounts {
    /// Projects on the allowlist, without the project itself.
    pub projects: usize,
    /// Groups on the allowlist.
    pub groups: usize,
    /// Targets with the default permissions.
    pub with_default_permissions: usize,
}

impl Client {
    /// Returns the projects of the group and of its subgroups that the token can see, sorted by
    /// path. Archived projects and entries are included only if requested.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unsupported`] if this GitLab version doesn't support permissions of
    /// entries, [`ErrorKind::NotFound`] (over GraphQL [`ErrorKind::NotAvailable`]) if the group
    /// doesn't exist or isn't visible to the token, [`ErrorKind::FineGrained`] if the token can't
    /// read settings over GraphQL, [`ErrorKind::TooManyProjects`] beyond 20,000 projects,
    /// [`ErrorKind::TooManyEntries`] beyond about 50,000 entries, and the error of the request.
    pub async fn scopes_below(
        &self,
        group: GroupId,
        with_archived: bool,
        with_entries: bool,
    ) -> Result<ProjectScopes, Error> {
        let detail = if with_entries { Detail::Entries } else { Detail::Counts };
        let group = self.path_of(group.into(), ErrorKind::NotFound).await?;
        let mut projects = BTreeMap::new();
        let mut after = None::<String>;
        let (mut paths, mut entries, mut hidden) = (0, 0, 0);
        for _ in 0..MAX_PROJECTS / detail.page_size() {
            let call = endpoint::list(&group, with_archived, detail, after.as_deref());
            let (response, error) = self.sender.execute_partial(&call).await?;
            let failure = |kind, words: &str| {
                Error::new(kind, call.line(), None, Some(words.to_owned()), response.history)
            };
            if let Some(error) = error.clone().filter(Error::is_fine_grained_token_error) {
                return Err(error);
            }
            let page = match response.value.group {
                Some(group) => group.projects,
                None => {
                    let unseen = || {
                        failure(
                            ErrorKind::NotAvailable,
                            "GitLab doesn't show a group with this path",
                        )
                    };
                    return Err(error.unwrap_or_else(unseen));
                }
            };
            let (has_next_page, next) = (page.has_next_page(), page.end().map(str::to_owned));
            for listed in page.nodes {
                let Some(listed) = listed else {
                    hidden += 1;
                    continue;
                };
                paths += listed.full_path.len();
                // A project may move between pages during the read.
                if let Some(project) = self.project_scope(listed, detail).await? {
                    let texts = project.entries.iter().flatten().map(PermittedEntry::text_bytes);
                    entries += texts.map(|texts| texts + ENTRY_SIZE).sum::<usize>();
                    projects.insert(project.id, project);
                }
                if entries > MAX_ENTRIES {
                    return Err(Error::unsent(ErrorKind::TooManyEntries, call.line(), None));
                }
            }
            if paths > MAX_PATHS {
                break;
            }
            if !has_next_page {
                let mut projects: Vec<_> = projects.into_values().collect();
                projects.retain(|project| with_archived || project.archived != Some(true));
                projects.sort_by(|one, other| one.full_path.cmp(&other.full_path));
                return Ok(ProjectScopes { projects, hidden });
            }
            if next.is_none() || next == after {
                return Err(failure(ErrorKind::InvalidResponse, "the list ends early"));
            }
            after = next;
        }
        let call = endpoint::list(&group, with_archived, detail, after.as_deref());
        Err(Error::unsent(ErrorKind::TooManyProjects, call.line(), None))
    }

    /// Returns the settings of a project, and reads the other pages of long allowlists. Outbound
    /// entries take up space on a page, too.
    async fn project_scope(
        &self,
        listed: ListedProject,
        detail: Detail,
    ) -> Result<Option<ProjectScope>, Error> {
        let Some(id) = ProjectId::of(listed.id.0) else { return Ok(None) };
        // A token that can't see the settings may get empty allowlists.
        let lists = listed.ci_job_token_scope_allowlist.filter(|_| listed.ci_cd_settings.is_some());
        let (allowed, entries) = match lists {
            None => (None, None),
            Some(lists) if lists.has_next_page() => {
                let whole = self.permissions_at(&listed.full_path, id).await?;
                let counts = whole.as_ref().map(|list| AllowedCounts::of_list(id, list));
                (counts, whole.map(|list| list.iter().cloned().collect()))
            }
            Some(lists) => (
                Some(AllowedCounts::of_page(id, &lists)),
                Some(lists.into_entries().collect::<Vec<_>>()),
            ),
        };
        let entries = entries.filter(|_| detail == Detail::Entries).map(|mut entries| {
            entries.retain(|entry| entry.target != Target::Project(id));
            entries
        });
        Ok(Some(ProjectScope {
            id,
            full_path: listed.full_path,
            archived: listed.archived,
            settings: listed.ci_cd_settings.unwrap_or_default(),
            allowed,
            entries,
        }))
    }
}

impl AllowedCounts {
    fn of_page(project: ProjectId, lists: &Lists) -> Self {
        let entries = |page: &Page<Entry>| {
            let entries = page.nodes.iter().map(Option::as_ref);
            let counted: Vec<bool> = entries
                .filter(|entry| entry.is_none_or(|entry| entry.gives_access_to(project)))
                .map(|entry| entry.is_none_or(Entry::has_default_permissions))
                .collect();
            (counted.len(), counted.into_iter().filter(|is_default| *is_default).count())
        };
        let ((projects, by_projects), (groups, by_groups)) =
            (entries(&lists.projects_allowlist), entries(&lists.groups_allowlist));
        Self { projects, groups, with_default_permissions: by_projects + by_groups }
    }

    fn of_list(project: ProjectId, list: &PermissionList) -> Self {
        let entries = || list.iter().filter(|entry| entry.target != Target::Project(project));
        let count = |kind| entries().filter(|entry| entry.target.kind() == kind).count();
        Self {
            projects: count(Kind::Project),
            groups: count(Kind::Group),
            with_default_permissions: entries()
                .filter(|entry| entry.permissions == Permissions::Default)
                .count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::gitlab::testing::{MockServer, Reply, json as reply, shown};

    fn acme() -> Reply {
        reply(
            200,
            &json!({ "id": 7, "full_path": "acme", "name": "Acme", "web_url": "http://x/groups/acme" }),
        )
    }

    async fn read(
        mut replies: Vec<Reply>,
        with_archived: bool,
    ) -> (MockServer, Result<ProjectScopes, Error>) {
        replies.insert(0, acme());
        let server = MockServer::replying(replies).await;
        let scopes = server
            .client()
            .scopes_below(GroupId::try_from(7_u64).unwrap(), with_archived, false)
            .await;
        (server, scopes)
    }

    fn node(id: u64, path: &str) -> Value {
        let entry = |default: Option<bool>| json!({ "defaultPermissions": default });
        let end = json!({ "hasNextPage": false, "endCursor": null });
        json!({
            "id": format!("gid://gitlab/Project/{id}"), "fullPath": path, "archived": false,
            "ciCdSettings": { "inboundJobTokenScopeEnabled": true },
            "ciJobTokenScopeAllowlist": {
                "projectsAllowlist": { "nodes": [entry(Some(true)), entry(Some(false)), entry(None), null], "pageInfo": end },
                "groupsAllowlist": { "nodes": [entry(Some(false))], "pageInfo": end },
            },
        })
    }

    fn page(nodes: &[Value], next: Option<&str>) -> Reply {
        page_info(nodes, &json!({ "hasNextPage": next.is_some(), "endCursor": next }))
    }

    fn page_info(nodes: &[Value], page: &Value) -> Reply {
        reply(
            200,
            &json!({ "data": { "group": { "projects": { "nodes": nodes, "pageInfo": page } } } }),
        )
    }

    #[tokio::test]
    async fn pages_are_merged_sorted_and_deduplicated() {
        let replies = vec![
            page(&[node(2, "acme/z"), node(1, "acme/b")], Some("c")),
            page(&[node(1, "acme/b"), Value::Null, node(3, "acme/a")], None),
        ];
        let (server, scopes) = read(replies, false).await;
        let ProjectScopes { projects: scopes, hidden } = scopes.unwrap();
        assert_eq!(hidden, 1);
        let paths: Vec<_> = scopes.iter().map(|project| project.full_path.as_str()).collect();
        assert_eq!(paths, ["acme/a", "acme/b", "acme/z"]);
        assert_eq!(scopes[0].settings.inbound_job_token_scope_enabled, Some(true));
        let counts = AllowedCounts { projects: 4, groups: 1, with_default_permissions: 3 };
        assert_eq!(scopes[0].allowed, Some(counts), "unknown permissions count as default");
        let variables: Vec<_> =
            server.seen().iter().skip(1).map(|seen| seen.body["variables"].clone()).collect();
        assert_eq!(variables[0], json!({ "group": "acme", "archived": false, "after": null }));
        assert_eq!(variables[1]["after"], "c");
    }

    #[tokio::test]
    async fn entries_beyond_the_bound_are_an_error() {
        let end = json!({ "hasNextPage": false, "endCursor": null });
        let long = "x".repeat(1000);
        let entry = |id: u64| {
            json!({
                "target": { "id": format!("gid://gitlab/Group/{id}"), "fullPath": long },
                "defaultPermissions": true,
            })
        };
        let project = |id: u64| {
            let mut project = node(id, "acme/a");
            let groups: Vec<Value> = (1..=200).map(entry).collect();
            project["ciJobTokenScopeAllowlist"] = json!({
                "projectsAllowlist": { "nodes": [], "pageInfo": end },
                "groupsAllowlist": { "nodes": groups, "pageInfo": end },
            });
            project
        };
        let replies = (0..20_u64).map(|number| {
            let projects: Vec<Value> = (1..=20).map(|id| project(number * 20 + id)).collect();
            page(&projects, Some(&number.to_string()))
        });
        let mut replies: Vec<Reply> = replies.collect();
        replies.insert(0, acme());
        let server = MockServer::replying(replies).await;
        let group = GroupId::try_from(7_u64).unwrap();
        let error = server.client().scopes_below(group, false, true).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::TooManyEntries);
        assert!(server.seen().len() <= 10, "it is noticed before all is read");
    }

    #[tokio::test]
    async fn hidden_settings_of_a_project_are_none() {
        let project = json!({
            "id": "gid://gitlab/Project/1", "fullPath": "acme/a", "archived": null,
            "ciCdSettings": null, "ciJobTokenScopeAllowlist": null,
        });
        let scopes = read(vec![page(&[project], None)], false).await.1.unwrap().projects;
        assert_eq!((scopes[0].settings, scopes[0].allowed), (Settings::default(), None));
    }

    #[tokio::test]
    async fn archived_projects_are_omitted_even_if_gitlab_lists_them() {
        let mut archived = node(1, "acme/a");
        archived["archived"] = json!(true);
        let replies = || vec![page(&[archived.clone(), node(2, "acme/b")], None)];
        assert_eq!(read(replies(), false).await.1.unwrap().projects.len(), 1);
        assert_eq!(read(replies(), true).await.1.unwrap().projects.len(), 2);
    }

    #[tokio::test]
    async fn list_that_ends_early_is_an_error() {
        let repeating = || page(&[node(1, "acme/a")], Some("c"));
        let without_cursor = page_info(&[], &json!({ "hasNextPage": true, "endCursor": null }));
        for replies in [vec![repeating(), repeating()], vec![without_cursor]] {
            let error = read(replies, false).await.1.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::InvalidResponse);
            assert!(shown(&error).contains("the list ends early"), "{error}");
        }
    }

    #[tokio::test]
    async fn hidden_group_is_an_error() {
        let unseen = reply(200, &json!({ "data": { "group": null } }));
        let error = read(vec![unseen], false).await.1.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::NotAvailable);
    }
}
