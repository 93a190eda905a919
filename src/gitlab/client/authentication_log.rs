//! Reads the authentication log of a project. The log isn't cached.

use std::collections::{BTreeMap, BTreeSet};

use super::handle::Client;
use crate::gitlab::endpoints::authentication_log as endpoint;
use crate::gitlab::endpoints::authentication_log::LoggedProject;
use crate::gitlab::names::{ProjectId, Target, folded};
use crate::gitlab::sender::{Error, ErrorKind};

/// Maximum number of pages of a log. Its 20,000 projects fit into 64 MiB of memory.
const MAX_PAGES: usize = 200;

/// Maximum total size of the texts in bytes.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// Number of rows at which newer GitLab versions truncate the log without notice
/// (`AUTHORIZATION_ROW_LIMIT` of `Ci::JobToken::Authorization`).
const ROW_LIMIT: usize = 1000;

/// The authentication log of a project, which covers the last 30 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationLog {
    /// The projects that GitLab shows, latest use first, without the project itself.
    pub projects: Vec<LoggedProject>,
    /// The number of listed projects that GitLab doesn't show.
    pub hidden: usize,
    /// Whether GitLab may have left out projects.
    pub may_be_truncated: bool,
}

/// The entries of an allowlist, to look up those that cover a project.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    projects: BTreeSet<ProjectId>,
    groups: BTreeMap<String, Target>,
}

impl Coverage {
    /// Adds an entry. A group without a known path covers no project.
    pub fn add(&mut self, target: Target, full_path: Option<&str>) {
        match (target, full_path) {
            (Target::Project(id), _) => drop(self.projects.insert(id)),
            (Target::Group(_), Some(path)) => drop(self.groups.insert(folded(path), target)),
            (Target::Group(_), None) => {}
        }
    }

    /// Returns the targets of the entries that cover a project: the project itself first, then
    /// groups, the nearest first.
    pub fn of(&self, project: &LoggedProject) -> Vec<Target> {
        let itself = self.projects.get(&project.id).copied().map(Target::Project);
        let path = folded(&project.full_path);
        let groups =
            path.rmatch_indices('/').filter_map(|(end, _)| self.groups.get(&path[..end]).copied());
        itself.into_iter().chain(groups).collect()
    }
}

impl Client {
    /// Returns the authentication log of a project.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unsupported`] if this GitLab version has no such log,
    /// [`ErrorKind::NotAvailable`] and [`ErrorKind::FineGrained`] if the token isn't allowed to
    /// read it, [`ErrorKind::NotFound`] if the project doesn't exist or isn't visible to the token,
    /// [`ErrorKind::TooManyLogProjects`] beyond 20,000 projects, and the error of the request.
    pub async fn authentication_log(&self, project: ProjectId) -> Result<AuthenticationLog, Error> {
        let path = self.project_path(project).await?;
        if let Some(log) = self.authentication_log_at(&path, project).await? {
            return Ok(log);
        }
        let call = endpoint::list(&path, None);
        let present = self.current_path(project, &path, call.line()).await?;
        let log = self.authentication_log_at(&present, project).await?;
        log.ok_or_else(|| Error::unsent(ErrorKind::NotAvailable, call.line(), None))
    }

    /// Returns the log of the project at the path, or `None` if the path doesn't lead to the
    /// project.
    async fn authentication_log_at(
        &self,
        path: &str,
        project: ProjectId,
    ) -> Result<Option<AuthenticationLog>, Error> {
        let mut projects = BTreeMap::new();
        let mut after = None::<String>;
        let (mut text, mut hidden, mut rows) = (0, 0, 0);
        for _ in 0..MAX_PAGES {
            let call = endpoint::list(path, after.as_deref());
            let (response, fault) = self.sender.execute_partial(&call).await?;
            let failure = |kind, words: &str| {
                Err(Error::new(kind, call.line(), None, Some(words.to_owned()), response.history))
            };
            let Some(logged) = response.value.project else { return fault.map_or(Ok(None), Err) };
            if logged.id.0 != Target::Project(project) {
                return Ok(None);
            }
            let Some(page) = logged.into_log() else {
                if let Some(fault) = fault {
                    return Err(fault);
                }
                return failure(
                    ErrorKind::NotAvailable,
                    "GitLab doesn't show the project's authentication log",
                );
            };
            let (has_next_page, next) = (page.has_next_page(), page.end().map(str::to_owned));
            for row in page.nodes {
                rows += 1;
                match row.and_then(endpoint::Row::into_model) {
                    None => hidden += 1,
                    // Some versions also log the project's own jobs, which don't need an entry.
                    Some(logged) if logged.id == project => {}
                    Some(logged) => {
                        text += logged.full_path.len() + logged.last_authorized_at.len();
                        projects.insert(logged.id, logged);
                    }
                }
            }
            if text > MAX_TEXT {
                break;
            }
            if !has_next_page {
                let mut projects: Vec<_> = projects.into_values().collect();
                projects.sort_by(|one, other| {
                    let time = other.last_authorized_at.cmp(&one.last_authorized_at);
                    time.then_with(|| one.full_path.cmp(&other.full_path))
                });
                return Ok(Some(AuthenticationLog {
                    projects,
                    hidden,
                    may_be_truncated: rows == ROW_LIMIT,
                }));
            }
            if next.is_none() || next == after {
                return failure(ErrorKind::InvalidResponse, "the log ends early");
            }
            after = next;
        }
        let call = endpoint::list(path, after.as_deref());
        Err(Error::unsent(ErrorKind::TooManyLogProjects, call.line(), None))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::gitlab::names::Kind;
    use crate::gitlab::testing::{MockServer, Reply, json as reply, shown};

    fn row(id: u64, time: &str) -> Value {
        json!({
            "lastAuthorizedAt": time,
            "originProject": { "id": format!("gid://gitlab/Project/{id}"), "fullPath": format!("acme/p{id}") },
        })
    }

    fn page(nodes: &[Value], next: Option<&str>) -> Reply {
        let page = json!({ "nodes": nodes, "pageInfo": { "hasNextPage": next.is_some(), "endCursor": next } });
        project(&json!({ "inboundJobTokenScopeEnabled": true }), &page)
    }

    fn project(settings: &Value, log: &Value) -> Reply {
        let project = json!({ "id": "gid://gitlab/Project/1", "ciCdSettings": settings, "ciJobTokenAuthLogs": log });
        reply(200, &json!({ "data": { "project": project } }))
    }

    async fn read(mut replies: Vec<Reply>) -> (MockServer, Result<AuthenticationLog, Error>) {
        replies.insert(0, reply(200, &json!({ "id": 1, "path_with_namespace": "acme/app" })));
        let server = MockServer::replying(replies).await;
        let log = server.client().authentication_log(ProjectId::try_from(1_u64).unwrap()).await;
        (server, log)
    }

    #[test]
    fn groups_are_sorted_from_the_nearest() {
        let target = |kind, id: i64| Target::new(kind, id).unwrap();
        let project = |id: u64, path: &str| LoggedProject {
            id: ProjectId::try_from(id).unwrap(),
            full_path: path.to_owned(),
            last_authorized_at: String::new(),
        };
        let mut coverage = Coverage::default();
        for (id, path) in [
            (1, Some("platform")),
            (2, Some("Platform/Apps")),
            (3, Some("platform/app")),
            (4, None),
        ] {
            coverage.add(target(Kind::Group, id), path);
        }
        coverage.add(target(Kind::Project, 7), Some("platform/apps/shop"));
        let (near, far) = (target(Kind::Group, 2), target(Kind::Group, 1));
        assert_eq!(
            coverage.of(&project(7, "platform/apps/Shop")),
            [target(Kind::Project, 7), near, far]
        );
        assert_eq!(coverage.of(&project(8, "platform/apps/web/site")), [near, far]);
        assert_eq!(coverage.of(&project(9, "platformer/apps")), []);
    }

    #[tokio::test]
    async fn all_pages_are_read_and_sorted_by_latest_use() {
        let hidden = json!({ "lastAuthorizedAt": "2026-11-20T10:00:00Z", "originProject": null });
        let replies = vec![
            page(
                &[row(4, "2026-11-18T10:00:00Z"), row(1, "2026-11-25T10:00:00Z"), Value::Null],
                Some("c"),
            ),
            page(&[row(3, "2026-11-20T10:00:00Z"), row(2, "2026-11-20T10:00:00Z"), hidden], None),
        ];
        let (server, log) = read(replies).await;
        let AuthenticationLog { projects, hidden, may_be_truncated } = log.unwrap();
        let paths: Vec<_> = projects.iter().map(|project| project.full_path.as_str()).collect();
        assert_eq!(paths, ["acme/p2", "acme/p3", "acme/p4"], "without the project itself");
        assert_eq!((hidden, may_be_truncated), (2, false));
        let variables: Vec<_> =
            server.seen().iter().skip(1).map(|seen| seen.body["variables"].clone()).collect();
        assert_eq!(variables[0], json!({ "project": "acme/app", "after": null }));
        assert_eq!(variables[1]["after"], "c");
    }

    #[tokio::test]
    async fn log_of_a_thousand_rows_may_be_incomplete() {
        let rows: Vec<Value> = (2..102).map(|id| row(id, "2026-11-20T10:00:00Z")).collect();
        let cursors = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        let mut replies: Vec<Reply> =
            cursors.iter().map(|cursor| page(&rows, Some(cursor))).collect();
        replies.push(page(&rows, None));
        assert!(read(replies).await.1.unwrap().may_be_truncated);
    }

    #[tokio::test]
    async fn empty_log_without_settings_is_an_error() {
        let empty = json!({ "nodes": [], "pageInfo": { "hasNextPage": false, "endCursor": null } });
        for log in [Value::Null, empty] {
            let error = read(vec![project(&Value::Null, &log)]).await.1.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::NotAvailable);
        }
    }

    #[tokio::test]
    async fn log_that_ends_early_is_an_error() {
        let repeating = || page(&[row(2, "2026-11-20T10:00:00Z")], Some("c"));
        let error = read(vec![repeating(), repeating()]).await.1.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidResponse);
        assert!(shown(&error).contains("the log ends early"), "{error}");
    }

    #[tokio::test]
    async fn endless_log_is_an_error() {
        let long = |cursor: usize| {
            let mut row = row(2, "2026-11-20T10:00:00Z");
            row["originProject"]["fullPath"] = "x".repeat(1000).into();
            page(&vec![row; 100], Some(&cursor.to_string()))
        };
        let error = read((0..60).map(long).collect()).await.1.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::TooManyLogProjects);
    }
}
