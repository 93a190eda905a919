//! Resolves projects and groups, and reads the token's user. Results are cached as long as the client
//! exists, except that an object wasn't found, because it may be created later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::handle::Client;
use super::snapshot::Freshness;
use crate::gitlab::endpoints::lookup::{self as endpoint, Resolved};
use crate::gitlab::endpoints::user::{self, User};
use crate::gitlab::names::{Id, Kind, ProjectId, ProjectRef, Reference, Target, folded};
use crate::gitlab::sender::{Call, Error, ErrorKind};

impl Client {
    /// Returns the ID that the reference stands for, or `None` if the project or group is absent or
    /// not visible to the token. The old path of a renamed project leads to it as well. A reference
    /// that is an ID costs no request.
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

    /// Returns the project or group of that name, or `None` if it is absent or not visible to the
    /// token.
    pub(in crate::gitlab) async fn find<I: Id>(
        &self,
        reference: &Reference<I>,
    ) -> Result<Option<Arc<Resolved>>, Error> {
        self.named(I::KIND, &reference.to_string(), &reference.segment()).await
    }

    /// Returns the ID as [`resolve`](Self::resolve) does, of a project that is about to be read:
    /// where others are looked up at the same time, one request does both.
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
        let is_asked = AtomicBool::new(false);
        let work = async {
            is_asked.store(true, Ordering::Relaxed);
            match self.resolve_and_read_batched(&path).await {
                Some(found) => Ok(Some(found)),
                None => self.look_up(endpoint::show(Kind::Project, &reference.segment())).await,
            }
        };
        let found = self.known_or(Kind::Project, &path, work).await?;
        let project = found.and_then(|found| ProjectId::of(found.target));
        // Projects that were looked up as targets are read together with those that weren't.
        if let Some(project) = project
            && !is_asked.into_inner()
            && self.cache.lists.allowlist(project, Kind::Project).peek().is_none()
        {
            self.resolve_and_read_batched(&path).await;
        }
        Ok(project)
    }

    /// Returns the present full path of a project or group, or `None` if it is absent or not
    /// visible to the token.
    ///
    /// # Errors
    ///
    /// Returns the error of the request, but never [`ErrorKind::NotFound`].
    pub async fn full_path(&self, target: Target) -> Result<Option<String>, Error> {
        let id = target.id().to_string();
        Ok(self.named(target.kind(), &id, &id).await?.map(|found| found.full_path.clone()))
    }

    /// Returns the target's present full path. Where the token sees no such target, the error is of
    /// that kind.
    pub(super) async fn path_of(&self, target: Target, unseen: ErrorKind) -> Result<String, Error> {
        let (kind, id) = (target.kind(), target.id().to_string());
        match self.named(kind, &id, &id).await? {
            Some(found) => Ok(found.full_path.clone()),
            None => Err(Error::unsent(unseen, endpoint::show(kind, &id).line(), None)),
        }
    }

    /// Returns the user behind the token: one request that shows whether GitLab accepts it.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unauthorized`] for a bad token, and the error of the request.
    pub async fn current_user(&self) -> Result<User, Error> {
        self.sender.send(&user::show()).await.map(|answer| answer.value)
    }

    /// Returns the outcome of reading a part of a project. That the project isn't there is believed
    /// only if it can't be found either, since something in front of GitLab may answer 404 for a
    /// part of it alone.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::PartMissing`] for such an answer, and the error of the request.
    pub(super) async fn confirmed<T>(
        &self,
        project: &ProjectRef,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        let error = match outcome {
            Err(error) if error.is_not_found() => error,
            outcome => return outcome,
        };
        // Boxed, since it is rare and would make the future of every read larger.
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

    /// Returns what is known by that name, or does the work that finds it.
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
            Ok(answer) => Ok(Some(Arc::new(answer.value))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
