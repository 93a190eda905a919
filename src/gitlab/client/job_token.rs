//! Reads and writes a project's job token scope. If a response doesn't show whether a change was
//! made, a fresh list decides, not the status or message.

use super::batched::settings_as_rest;
use super::handle::Client;
use super::snapshot::Freshness;
use super::write::PendingWrite;
use crate::gitlab::endpoints::job_token_scope::{self as endpoint, ScopeSettings};
use crate::gitlab::endpoints::job_token_settings::AllSettings;
use crate::gitlab::names::{ProjectId, ProjectRef, Target};
use crate::gitlab::sender::{AttemptHistory, Error, ErrorKind};
use tokio::time::Instant;

/// The result of an addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// This call added the entry.
    Added,
    /// The entry existed already.
    AlreadyExists {
        /// Whether an earlier attempt of this call, whose response was lost, may have added it.
        explained_by_retry: bool,
    },
}

/// The result of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// This call removed the entry.
    Removed,
    /// A fresh list shows that the entry doesn't exist.
    DidNotExist,
}

impl Client {
    /// Reads whether access to and from the project is restricted.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if the project doesn't exist or isn't visible to the token,
    /// and the error of the request.
    pub async fn scope(&self, project: &ProjectRef) -> Result<ScopeSettings, Error> {
        let began = Instant::now();
        let response = self.sender.send(&endpoint::show(project)).await;
        let settings = self.confirmed(project, response).await?.value;
        if !settings.inbound_enabled {
            self.cache.note_open_project(began);
        }
        Ok(settings)
    }

    /// Returns whether access to and from the project is restricted, with the given freshness.
    ///
    /// # Errors
    ///
    /// See [`Client::scope`].
    pub async fn settings(
        &self,
        project: ProjectId,
        freshness: Freshness,
    ) -> Result<ScopeSettings, Error> {
        let snapshot = self.cache.scopes.of(project);
        // The allowlists were read before it was known whether REST has the setting.
        if freshness == Freshness::Shared
            && snapshot.peek().is_none()
            && let Some(all) = self.cache.all_settings.of(project).peek()
            && let Some(converted) =
                Box::pin(self.settings_from_graphql(project, all, freshness)).await
        {
            return Ok(converted);
        }
        self.get_of(project, &snapshot, freshness, self.read_settings(project, freshness)).await
    }

    /// Returns the settings for a refresh: as they are now, or as they were read with the project's
    /// allowlists in the last 30 seconds. Each such reading is used for one refresh only, so that
    /// the next one shows changes.
    ///
    /// # Errors
    ///
    /// See [`Client::scope`].
    pub async fn refreshed_settings(&self, project: ProjectId) -> Result<ScopeSettings, Error> {
        let converted = match self.cache.all_settings.of(project).take_offered() {
            Some(all) => Box::pin(self.settings_from_graphql(project, all, Freshness::Now)).await,
            None => None,
        };
        match converted {
            Some(settings) => Ok(settings),
            None => self.settings(project, Freshness::Now).await,
        }
    }

    async fn read_settings(
        &self,
        project: ProjectId,
        freshness: Freshness,
    ) -> Result<ScopeSettings, Error> {
        let all = self.read_batched(project).await.and_then(|reading| reading.all_settings);
        // Used here, so it can't be used for a refresh.
        self.cache.all_settings.of(project).take_offered();
        let converted = match all {
            Some(all) => Box::pin(self.settings_from_graphql(project, all, freshness)).await,
            None => None,
        };
        match converted {
            Some(settings) => Ok(settings),
            None => self.scope(&project.into()).await,
        }
    }

    /// Converts the settings from GraphQL to those of REST, if possible.
    async fn settings_from_graphql(
        &self,
        project: ProjectId,
        all: AllSettings,
        freshness: Freshness,
    ) -> Option<ScopeSettings> {
        let project_ref = project.into();
        let read = async {
            self.scope(&project_ref).await.map(|settings| settings.outbound_enabled.is_some())
        };
        let has_outbound =
            self.cache.has_outbound.of(()).get(Freshness::Shared, read).await.ok()?;
        settings_as_rest(
            all,
            has_outbound,
            freshness != Freshness::Now && self.cache.is_unenforced(),
        )
    }

    /// Restricts access to the project to its allowlist, or opens it. GitLab doesn't return the
    /// result, and older versions ignore opening if the instance enforces allowlists, so read
    /// [`Client::scope`] afterwards.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::BadRequest`] if the instance enforces allowlists, and the error of the
    /// request, unless the setting shows that the change was made.
    pub async fn set_inbound_enabled(
        &self,
        project: ProjectId,
        enabled: bool,
    ) -> Result<(), Error> {
        let outcome = self.sender.send(&endpoint::set_inbound_enabled(project, enabled)).await;
        self.cache.scopes.of(project).invalidate();
        self.cache.all_settings.of(project).invalidate();
        let error = match outcome {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if !error.maybe_carried_out() {
            return Err(error);
        }
        match self.with_grace_period().settings(project, Freshness::Now).await {
            Ok(settings) if settings.inbound_enabled == enabled => Ok(()),
            Ok(_) => Err(error),
            Err(_) => Err(error.unresolved()),
        }
    }

    /// Adds the target to the project's allowlist. Succeeds if the entry already exists.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::BadRequest`] if GitLab rejects the addition and a fresh list doesn't
    /// show the target (not visible to the token's user, list full, target equal to the project),
    /// [`ErrorKind::NotFound`] if the target or project doesn't exist, and the error of the
    /// request, unless a fresh list shows that the entry was added.
    pub async fn allow(&self, project: ProjectId, target: Target) -> Result<Allowed, Error> {
        let mut is_repeated = false;
        loop {
            let error = match self.add(project, target).await {
                Ok(()) => return Ok(Allowed::Added),
                Err(error) => error,
            };
            if !(error.is_bad_request() || error.maybe_carried_out()) {
                return Err(error);
            }
            return match self.with_grace_period().is_allowed(project, target, Freshness::Now).await
            {
                // Someone may have removed the entry since GitLab's response, or the connection was
                // closed when the request was sent.
                Ok(false)
                    if (error.is_bad_request() || error.is_connection_error()) && !is_repeated =>
                {
                    is_repeated = true;
                    continue;
                }
                Ok(true) if error.is_bad_request() => {
                    Ok(Allowed::AlreadyExists { explained_by_retry: error.maybe_carried_out() })
                }
                Ok(true) => Ok(Allowed::Added),
                Ok(false) => Err(error),
                Err(_) => Err(error.unresolved()),
            };
        }
    }

    /// Removes the target from the project's allowlist. Succeeds if a list shows that the entry
    /// doesn't exist; a 404 alone doesn't prove that.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::StillAllowed`] if GitLab rejects the removal and the target keeps
    /// access, [`ErrorKind::NotFound`] if the project doesn't exist or isn't visible to the token,
    /// and the error of the request, unless a fresh list shows that the entry was removed.
    pub async fn revoke(&self, project: ProjectId, target: Target) -> Result<Revoked, Error> {
        let error = match self.remove(project, target).await {
            Ok(()) => return Ok(Revoked::Removed),
            Err(error) => error,
        };
        let refused = error.is_not_found() || error.is_bad_request();
        // Every project is on its own allowlist, and cached lists leave it out, so they can't
        // decide.
        let project_itself = target == Target::Project(project) && error.is_bad_request();
        if project_itself || !(refused || error.maybe_carried_out()) {
            return Err(error);
        }
        match self.with_grace_period().is_allowed(project, target, Freshness::Now).await {
            Ok(true) if refused => Err(error.with_kind(ErrorKind::StillAllowed)),
            Ok(true) => Err(error),
            Ok(false) if error.maybe_carried_out() => Ok(Revoked::Removed),
            Ok(false) => Ok(Revoked::DidNotExist),
            Err(list) => {
                Err(if refused || list.is_not_found() { list } else { error.unresolved() })
            }
        }
    }

    async fn add(&self, project: ProjectId, target: Target) -> Result<(), Error> {
        let lists = &self.cache.lists;
        let write = PendingWrite::begin(lists, project, target);
        let call = endpoint::allow(project, target);
        let outcome = self.sender.send(&call).await.and_then(|response| {
            if response.value.is(project, target) {
                return Ok(());
            }
            let words = format!("GitLab added something other than {target}");
            let history = AttemptHistory { maybe_carried_out: true, ..response.history };
            Err(Error::new(
                ErrorKind::InvalidResponse,
                call.line(),
                Some(call.success()),
                Some(words),
                history,
            ))
        });
        write.finish(&outcome, |()| lists.added(project, target));
        outcome
    }

    async fn remove(&self, project: ProjectId, target: Target) -> Result<(), Error> {
        let lists = &self.cache.lists;
        let write = PendingWrite::begin(lists, project, target);
        let outcome = self
            .sender
            .send(&endpoint::revoke(project, target))
            .await
            .map(|response| response.value);
        write.finish(&outcome, |()| lists.removed(project, target));
        outcome
    }
}

#[cfg(test)]
mod tests;
