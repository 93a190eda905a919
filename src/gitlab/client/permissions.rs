//! Reads the permissions of allowlist entries. One read covers all entries of a project.

mod granting;

use std::sync::Arc;

use super::handle::Client;
use super::permission_list::PermissionList;
use super::snapshot::Freshness;
use crate::gitlab::endpoints::job_token_permissions::{
    self as endpoint, Cursors, ListedProject, Permissions,
};
use crate::gitlab::endpoints::lookup;
use crate::gitlab::names::{Kind, ProjectId, Target, same_path};
use crate::gitlab::sender::{Error, ErrorKind, RequestLine};

pub use granting::{Confirmation, GrantError, Granted, RollbackError};

/// Maximum number of pages of a project's entries. A page has 200 entries, and the projects of both
/// directions are at most 401.
const MAX_PAGES: usize = 5;

/// Maximum number of entries of a project: 200 of each kind inbound, 200 outbound, and the project
/// itself.
const MAX_ENTRIES: usize = 601;

impl Client {
    /// Returns the permissions of the entries on the project's allowlists.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unsupported`] if this GitLab version doesn't support permissions of
    /// entries, [`ErrorKind::NotAvailable`] if the token isn't allowed to read them,
    /// [`ErrorKind::NotFound`] if the project doesn't exist or isn't visible to the token, and the
    /// error of the request.
    pub async fn permissions(
        &self,
        project: ProjectId,
        freshness: Freshness,
    ) -> Result<Arc<PermissionList>, Error> {
        let snapshot = self.cache.lists.permissions(project);
        self.get_of(project, &snapshot, freshness, self.read_permissions(project)).await
    }

    /// Returns the permissions of one entry, or `None` if it doesn't exist. If a cached list
    /// doesn't have the entry, it is read again.
    ///
    /// # Errors
    ///
    /// See [`Client::permissions`].
    pub async fn permissions_of(
        &self,
        project: ProjectId,
        target: Target,
    ) -> Result<Option<Permissions>, Error> {
        let held =
            |list: Arc<PermissionList>| list.get(target).map(|entry| entry.permissions.clone());
        match held(self.permissions(project, Freshness::Shared).await?) {
            None => self.permissions(project, Freshness::Now).await.map(held),
            found => Ok(found),
        }
    }

    async fn read_permissions(&self, project: ProjectId) -> Result<Arc<PermissionList>, Error> {
        if let Some(list) =
            self.read_batched(project).await.and_then(|reading| reading.permissions.clone())
        {
            return Ok(list);
        }
        let path = self.project_path(project).await?;
        if let Some(list) = self.permissions_at(&path, project).await? {
            return Ok(list);
        }
        let call = endpoint::list(&path, &Cursors::default());
        let present = self.current_path(project, &path, call.line()).await?;
        let list = self.permissions_at(&present, project).await?;
        list.ok_or_else(|| Error::unsent(ErrorKind::NotAvailable, call.line(), None))
    }

    /// Returns the project's current path after GraphQL found no project at `path`. GraphQL doesn't
    /// follow former paths, and a cached path may be outdated.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotAvailable`] if the path is current, and the error of the request.
    pub(super) async fn current_path(
        &self,
        project: ProjectId,
        path: &str,
        request: &RequestLine,
    ) -> Result<String, Error> {
        let response = self.sender.send(&lookup::show(Kind::Project, &project.to_string())).await?;
        let present = response.value.full_path;
        if same_path(&present, path) {
            return Err(Error::new(ErrorKind::NotAvailable, request, None, None, response.history));
        }
        Ok(present)
    }

    /// Returns the permissions of the project at the path, or `None` if the path doesn't lead to
    /// the project.
    pub(super) async fn permissions_at(
        &self,
        path: &str,
        project: ProjectId,
    ) -> Result<Option<Arc<PermissionList>>, Error> {
        let mut list = PermissionList::default();
        let (mut from, mut read) = (Cursors::default(), 0);
        for _ in 0..MAX_PAGES {
            let call = endpoint::list(path, &from);
            let (response, fault) = self.sender.execute_partial(&call).await?;
            let failure = |kind, words: &str| {
                Err(Error::new(kind, call.line(), None, Some(words.to_owned()), response.history))
            };
            let Some(ListedProject { id, ci_job_token_scope_allowlist: lists }) =
                response.value.project
            else {
                return fault.map_or(Ok(None), Err);
            };
            if id.0 != Target::Project(project) {
                return Ok(None);
            }
            let Some(lists) = lists else {
                if let Some(fault) = fault {
                    return Err(fault);
                }
                return failure(
                    ErrorKind::NotAvailable,
                    "GitLab doesn't show the project's allowlist",
                );
            };
            let next = lists.next(&from);
            read += lists.len();
            if read > MAX_ENTRIES {
                return failure(
                    ErrorKind::InvalidResponse,
                    "the list is longer than GitLab's limit",
                );
            }
            list.hidden += lists.hidden();
            lists.into_entries().for_each(|entry| list.insert(entry));
            match next {
                None => return Ok(Some(Arc::new(list))),
                Some(next) if next == from => {
                    return failure(ErrorKind::InvalidResponse, "the list ends early");
                }
                Some(next) => from = next,
            }
        }
        let call = endpoint::list(path, &from);
        Err(Error::unsent(ErrorKind::InvalidResponse, call.line(), Some("the list does not end")))
    }

    /// Returns the project's full path, which its allowlist of projects or a request has.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if the project doesn't exist or isn't visible to the token,
    /// and the error of the request.
    pub async fn project_path(&self, project: ProjectId) -> Result<String, Error> {
        let listed = self.peek_allowlist(project, Kind::Project);
        match listed.as_ref().and_then(|list| list.project_path()) {
            Some(path) => Ok(path.to_owned()),
            None => self.path_of(project.into(), ErrorKind::NotFound).await,
        }
    }
}

#[cfg(test)]
mod tests;
