//! Lists the projects of a group page by page, so that callers can stop early. Nothing is cached.

use std::sync::atomic::{AtomicBool, Ordering};

use super::handle::Client;
use super::snapshot::Freshness;
use crate::gitlab::endpoints::group_projects::{self as endpoint, Below, Element, ListedProject};
use crate::gitlab::endpoints::job_token_scope::ScopeSettings;
use crate::gitlab::endpoints::job_token_settings::Settings;
use crate::gitlab::names::{Id as _, ProjectId};
use crate::gitlab::sender::{Error, ErrorKind, next_page};

/// Maximum number of pages of a group: 20,000 projects.
const MAX_PAGES: u64 = 200;

/// A project in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupProject {
    /// Its ID.
    pub id: ProjectId,
    /// Its full path.
    pub full_path: String,
    /// Its own settings; `None` if GraphQL doesn't show them to the token, or the list is read over
    /// REST.
    pub settings: Option<OwnSettings>,
}

/// The settings of a project in GraphQL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwnSettings {
    /// Whether access from the project is restricted; `None` if GitLab doesn't have the setting any
    /// more.
    pub outbound: Option<bool>,
    /// The other settings.
    pub own: Settings,
}

/// A list of the projects of a group, read page by page.
#[derive(Debug)]
pub struct GroupProjects {
    below: Below,
    next: Next,
    pages: u64,
    /// Number of listed projects that GitLab doesn't show.
    hidden: usize,
}

/// Whether the instance is known not to enforce allowlists.
#[derive(Debug, Default)]
pub struct Enforcement {
    is_absent: AtomicBool,
}

/// The page to read next.
#[derive(Debug)]
enum Next {
    /// The first page, over GraphQL if possible.
    First,
    /// The page after a cursor, over GraphQL.
    After {
        group: String,
        cursor: String,
    },
    /// A numbered page, over REST.
    Page(u64),
    End,
}

impl GroupProjects {
    /// Creates a list that starts at the first page.
    #[must_use]
    pub fn new(below: Below) -> Self {
        Self { below, next: Next::First, pages: 0, hidden: 0 }
    }

    /// Returns the number of projects so far that GitLab lists but doesn't show to the token.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Returns the projects on the next page, or `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if the group doesn't exist or isn't visible to the token,
    /// [`ErrorKind::TooManyProjects`] beyond 20,000 projects, and the error of the request.
    pub async fn next_page(&mut self, client: &Client) -> Result<Option<Vec<GroupProject>>, Error> {
        if self.pages == MAX_PAGES && !matches!(self.next, Next::End) {
            let line = endpoint::page(self.below, 1);
            return Err(Error::unsent(ErrorKind::TooManyProjects, line.line(), None));
        }
        self.pages += 1;
        match std::mem::replace(&mut self.next, Next::End) {
            Next::End => Ok(None),
            Next::Page(number) => self.read_page(client, number).await.map(Some),
            Next::After { group, cursor } => {
                self.read_after(client, group, Some(cursor)).await.map(Some)
            }
            Next::First => {
                let group = client.path_of(self.below.group.into(), ErrorKind::NotFound).await?;
                match self.read_after(client, group, None).await {
                    Err(error) if error.is_denied_by_graphql() || is_blocked(&error) => {
                        self.read_page(client, 1).await.map(Some)
                    }
                    read => read.map(Some),
                }
            }
        }
    }

    async fn read_after(
        &mut self,
        client: &Client,
        group: String,
        after: Option<String>,
    ) -> Result<Vec<GroupProject>, Error> {
        let call = endpoint::list(&group, self.below, after.as_deref());
        let (response, error) = client.sender.execute_partial(&call).await?;
        let failure = |kind, words: &str| {
            Error::new(kind, call.line(), None, Some(words.to_owned()), response.history)
        };
        // A fine-grained token sees some projects, but none of their settings.
        if let Some(error) = error.clone().filter(Error::is_fine_grained_token_error) {
            return Err(error);
        }
        let Some(listed) = response.value.group else {
            let unseen =
                || failure(ErrorKind::NotAvailable, "GitLab doesn't show a group with this path");
            return Err(error.unwrap_or_else(unseen));
        };
        let page = listed.projects;
        if page.has_next_page() {
            let cursor = page.end().map(str::to_owned).filter(|end| Some(end) != after.as_ref());
            let cursor =
                cursor.ok_or_else(|| failure(ErrorKind::InvalidResponse, "the list ends early"))?;
            self.next = Next::After { group, cursor };
        }
        let mut projects = Vec::new();
        for listed in page.nodes {
            match listed {
                Some(listed) if listed.archived == Some(true) && !self.below.with_archived => {}
                Some(ListedProject { id, full_path, ci_cd_settings, .. }) => {
                    let settings = ci_cd_settings.map(|settings| OwnSettings {
                        outbound: settings.job_token_scope_enabled,
                        own: settings.own,
                    });
                    let id = ProjectId::of(id.0);
                    projects.extend(id.map(|id| GroupProject { id, full_path, settings }));
                }
                None => self.hidden += 1,
            }
        }
        Ok(projects)
    }

    async fn read_page(
        &mut self,
        client: &Client,
        number: u64,
    ) -> Result<Vec<GroupProject>, Error> {
        let call = endpoint::page(self.below, number);
        let response = client.sender.send(&call).await?;
        let next = next_page(number, &response.headers, response.value.len()).map_err(|words| {
            Error::new(
                ErrorKind::InvalidResponse,
                call.line(),
                None,
                Some(words.to_owned()),
                response.history,
            )
        })?;
        self.next = next.map_or(Next::End, Next::Page);
        let project = |Element { id, path_with_namespace: full_path }| GroupProject {
            id,
            full_path,
            settings: None,
        };
        Ok(response.value.into_iter().map(project).collect())
    }
}

/// Returns whether a gateway blocks GraphQL.
fn is_blocked(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Blocked { .. })
}

impl Client {
    /// Returns the settings of a listed project as REST does. If a project's own setting is off,
    /// the instance may still restrict access, so such projects are read over REST until one of
    /// them shows that the instance doesn't enforce allowlists.
    ///
    /// # Errors
    ///
    /// See [`Client::settings`].
    pub async fn listed_settings(
        &self,
        project: &GroupProject,
        enforcement: &Enforcement,
    ) -> Result<ScopeSettings, Error> {
        let listed = project.settings.unwrap_or_default();
        let own = listed.own.inbound_job_token_scope_enabled;
        let is_exact = own == Some(true) || enforcement.is_absent.load(Ordering::Relaxed);
        if let (Some(inbound_enabled), Some(outbound), true) = (own, listed.outbound, is_exact) {
            return Ok(ScopeSettings { inbound_enabled, outbound_enabled: Some(outbound) });
        }
        let settings = self.settings(project.id, Freshness::Now).await?;
        if own == Some(false) && !settings.inbound_enabled {
            enforcement.is_absent.store(true, Ordering::Relaxed);
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::gitlab::names::GroupId;
    use crate::gitlab::testing::{MockServer, Reply, json as reply, shown};

    async fn read(mut replies: Vec<Reply>) -> (MockServer, Vec<Result<usize, Error>>) {
        let acme = json!({ "id": 7, "full_path": "acme", "name": "Acme", "web_url": "http://x/groups/acme" });
        replies.insert(0, reply(200, &acme));
        let server = MockServer::replying(replies).await;
        let group = GroupId::try_from(7_u64).unwrap();
        let mut list =
            GroupProjects::new(Below { group, with_subgroups: true, with_archived: false });
        let mut pages = Vec::new();
        while let Some(page) = list.next_page(&server.client()).await.transpose() {
            let is_end = page.is_err();
            pages.push(page.map(|page| page.len()));
            if is_end {
                break;
            }
        }
        (server, pages)
    }

    fn page(nodes: &[Value], end: &Value) -> Reply {
        reply(
            200,
            &json!({ "data": { "group": { "projects": { "nodes": nodes, "pageInfo": end } } } }),
        )
    }

    fn node(id: u64, archived: bool) -> Value {
        let id = format!("gid://gitlab/Project/{id}");
        json!({ "id": id, "fullPath": "acme/a", "archived": archived, "ciCdSettings": null })
    }

    #[tokio::test]
    async fn archived_projects_are_omitted_even_if_gitlab_lists_them() {
        let end = json!({ "hasNextPage": false, "endCursor": null });
        let (_, pages) = read(vec![page(&[node(1, false), node(2, true)], &end)]).await;
        assert_eq!(pages.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1]);
    }

    #[tokio::test]
    async fn list_that_ends_early_is_an_error() {
        let without_cursor = json!({ "hasNextPage": true, "endCursor": null });
        let repeating = json!({ "hasNextPage": true, "endCursor": "c" });
        for replies in
            [vec![page(&[], &without_cursor)], vec![page(&[], &repeating), page(&[], &repeating)]]
        {
            let (_, mut pages) = read(replies).await;
            let error = pages.pop().unwrap().unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::InvalidResponse);
            assert!(shown(&error).contains("the list ends early"), "{error}");
        }
    }

    #[tokio::test]
    async fn rest_lists_a_group_that_graphql_does_not_show() {
        let unseen = reply(200, &json!({ "data": { "group": null } }));
        let projects = json!([{ "id": 1, "path_with_namespace": "acme/a" }]);
        let (server, pages) = read(vec![unseen, reply(200, &projects)]).await;
        assert_eq!(pages.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1]);
        assert_eq!(server.lines().last().unwrap(), "GET /groups/7/projects");
    }
}
