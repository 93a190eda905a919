//! Resolves projects and groups, and reads the token's user. Results are cached as long as the
//! client exists, except that an object wasn't found, because it may be created later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::handle::Client;
use super::snapshot::Freshness;
use crate::gitlab::endpoints::lookup::{self as endpoint, Resolved};
use crate::gitlab::endpoints::user::{self, User};
use crate::gitlab::names::{Id, Kind, ProjectId, ProjectRef, Reference, Target, folded};
use crate::gitlab::sender::{Call, Error, ErrorKind};

impl Client {
    /// Returns the ID of a project or group, or `None` if it doesn't exist or isn't visible to the
    /// token. The former path of a renamed project is resolved, too. A reference that is an ID
    /// makes no request.
    ///
    /// # Errors
    ///
    /// Returns the error of the request, but never [`ErrorKind::NotFound`].
    pub async fn resolve<I: Id>(&self, reference: &Reference<I>) -> Result<Option<I>, Error> {
        match reference.id() {
            Some(id) => Ok(Some(id)),
            None => Ok(self.find(reference).await?.and_then(|found| I::of(found.target))),
        }
    }

    /// Returns the project or group, or `None` if it doesn't exist or isn't visible to the token.
    pub(in crate::gitlab) async fn find<I: Id>(
        &self,
        reference: &Reference<I>,
    ) -> Result<Option<Arc<Resolved>>, Error> {
        self.named(I::KIND, &reference.to_string(), &reference.segment()).await
    }

    /// Resolves a project like [`resolve`](Self::resolve), and reads its data in the same request
    /// if several projects are resolved concurrently.
    ///
    /// # Errors
    ///
    /// See [`resolve`](Self::resolve).
    pub async fn resolve_to_read(
        &self,
        reference: &ProjectRef,
    ) -> Result<Option<ProjectId>, Error> {
        if let Some(id) = reference.id() {
            return Ok(Some(id));
        }
        let path = reference.to_string();
        let is_requested = AtomicBool::new(false);
        let work = async {
            is_requested.store(true, Ordering::Relaxed);
            match self.resolve_and_read_batched(&path).await {
                Some(found) => Ok(Some(found)),
                None => self.look_up(endpoint::show(Kind::Project, &reference.segment())).await,
            }
        };
        let found = self.known_or(Kind::Project, &path, work).await?;
        let project = found.and_then(|found| ProjectId::of(found.target));
        // Projects that were resolved as targets are read together with those that weren't.
        if let Some(project) = project
            && !is_requested.into_inner()
            && self.cache.lists.allowlist(project, Kind::Project).peek().is_none()
        {
            self.resolve_and_read_batched(&path).await;
        }
        Ok(project)
    }

    /// Returns the current full path of a project or group, or `None` if it doesn't exist or isn't
    /// visible to the token.
    ///
    /// # Errors
    ///
    /// Returns the error of the request, but never [`ErrorKind::NotFound`].
    pub async fn full_path(&self, target: Target) -> Result<Option<String>, Error> {
        let id = target.id().to_string();
        Ok(self.named(target.kind(), &id, &id).await?.map(|found| found.full_path.clone()))
    }

    /// Returns the target's current full path. If the target isn't visible to the token, the error
    /// has the kind `unseen`.
    pub(super) async fn path_of(&self, target: Target, unseen: ErrorKind) -> Result<String, Error> {
        let (kind, id) = (target.kind(), target.id().to_string());
        match self.named(kind, &id, &id).await? {
            Some(found) => Ok(found.full_path.clone()),
            None => Err(Error::not_shown(unseen, endpoint::show(kind, &id).line())),
        }
    }

    /// Returns the token's user, which shows whether GitLab accepts the token.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unauthorized`] for an invalid token, and the error of the request.
    pub async fn current_user(&self) -> Result<User, Error> {
        self.sender.send(&user::show()).await.map(|response| response.value)
    }

    /// Returns the result of reading a part of a project. A 404 is verified by reading the project
    /// itself: a gateway may return it only for the part.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::PartMissing`] if the project exists, and the error of the request.
    pub(super) async fn confirmed<T>(
        &self,
        project: &ProjectRef,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        let error = match outcome {
            Err(error) if error.is_not_found() => error,
            outcome => return outcome,
        };
        // Boxed, because it is rare and would enlarge the future of every read.
        match Box::pin(self.look_up(endpoint::show(Kind::Project, &project.segment()))).await? {
            None => Err(error),
            Some(_) => Err(error.with_kind(ErrorKind::PartMissing)),
        }
    }

    async fn named(
        &self,
        kind: Kind,
        name: &str,
        segment: &str,
    ) -> Result<Option<Arc<Resolved>>, Error> {
        self.known_or(kind, name, self.look_up_named(kind, name, segment)).await
    }

    /// Returns the cached result for a name, or runs `work` to find it.
    async fn known_or(
        &self,
        kind: Kind,
        name: &str,
        work: impl Future<Output = Result<Option<Arc<Resolved>>, Error>>,
    ) -> Result<Option<Arc<Resolved>>, Error> {
        let lookups = &self.cache.lookups;
        let known = lookups.named(kind, folded(name));
        let found = known.get(Freshness::Shared, work).await?;
        if let Some(found) = &found {
            lookups.alias(kind, folded(&found.full_path), &known);
            lookups.alias(kind, found.target.id().to_string(), &known);
        }
        Ok(found)
    }

    async fn look_up_named(
        &self,
        kind: Kind,
        name: &str,
        segment: &str,
    ) -> Result<Option<Arc<Resolved>>, Error> {
        let found = match (kind, name.parse::<ProjectRef>()) {
            (Kind::Project, Ok(Reference::Id(id))) => self.resolve_id_batched(id).await,
            (Kind::Project, Ok(Reference::Path(_))) => self.resolve_batched(name).await,
            (Kind::Project, Err(_)) | (Kind::Group, _) => None,
        };
        match found {
            Some(found) => Ok(Some(found)),
            None => self.look_up(endpoint::show(kind, segment)).await,
        }
    }

    async fn look_up(&self, call: Call<Resolved>) -> Result<Option<Arc<Resolved>>, Error> {
        match self.sender.send(&call).await {
            Ok(response) => Ok(Some(Arc::new(response.value))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
