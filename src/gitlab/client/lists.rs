//! Reads allowlists. Concurrent readers of a project's allowlist share a snapshot.

use std::sync::Arc;

use super::allowlist::Allowlist;
use super::handle::Client;
use super::snapshot::Freshness;
use crate::gitlab::endpoints::job_token_scope as endpoint;
use crate::gitlab::names::{Kind, ProjectId, Target};
use crate::gitlab::sender::Error;

impl Client {
    /// Returns the project's allowlist of that kind.
    ///
    /// # Errors
    ///
    /// Returns the error of the request;
    /// [`ErrorKind::NotFound`](crate::gitlab::ErrorKind::NotFound) if the project doesn't exist or
    /// isn't visible to the token.
    pub async fn allowlist(
        &self,
        project: ProjectId,
        kind: Kind,
        freshness: Freshness,
    ) -> Result<Arc<Allowlist>, Error> {
        let snapshot = self.cache.lists.allowlist(project, kind);
        self.get_of(project, &snapshot, freshness, self.read_allowlist(project, kind)).await
    }

    /// Returns the project's allowlist of that kind with all data of each entry. A cached list with
    /// entries that this client has added, which have only an ID, is read again.
    ///
    /// # Errors
    ///
    /// See [`Client::allowlist`].
    pub async fn complete_allowlist(
        &self,
        project: ProjectId,
        kind: Kind,
    ) -> Result<Arc<Allowlist>, Error> {
        let list = self.allowlist(project, kind, Freshness::Shared).await?;
        if list.is_complete() {
            Ok(list)
        } else {
            self.allowlist(project, kind, Freshness::Now).await
        }
    }

    /// Returns the project's allowlist of that kind if it is cached. Use it only to save requests:
    /// the result must be the same without it.
    pub(super) fn peek_allowlist(&self, project: ProjectId, kind: Kind) -> Option<Arc<Allowlist>> {
        self.cache.lists.allowlist(project, kind).peek()
    }

    /// Returns whether the target is on the project's allowlist.
    ///
    /// # Errors
    ///
    /// See [`Client::allowlist`].
    pub async fn is_allowed(
        &self,
        project: ProjectId,
        target: Target,
        freshness: Freshness,
    ) -> Result<bool, Error> {
        let list = self.allowlist(project, target.kind(), freshness).await?;
        Ok(list.get(target).is_some())
    }

    /// Returns whether a fresh list has the target, which may be the project itself.
    pub(super) async fn is_listed(
        &self,
        project: ProjectId,
        target: Target,
    ) -> Result<bool, Error> {
        let list = self.allowlist(project, target.kind(), Freshness::Now).await?;
        Ok(if target == Target::Project(project) {
            list.has_own_entry()
        } else {
            list.get(target).is_some()
        })
    }

    async fn read_allowlist(
        &self,
        project: ProjectId,
        kind: Kind,
    ) -> Result<Arc<Allowlist>, Error> {
        if let Some(list) =
            self.read_batched(project).await.and_then(|reading| reading.allowlist(kind))
        {
            return Ok(list);
        }
        // The project is on its own list, and a second time if it has an entry for itself.
        let itself = matches!(kind, Kind::Project).then(|| project.get());
        let listed = self
            .sender
            .list(&endpoint::list(project, kind), |listed| listed.id.get(), itself)
            .await;
        let listed = self.confirmed(&project.into(), listed).await?;
        Ok(Arc::new(Allowlist::of(project, kind, listed, self.base_url().root())))
    }
}

#[cfg(test)]
mod tests;
