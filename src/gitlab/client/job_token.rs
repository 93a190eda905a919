//! Reads and writes a project's job token scope. If a response doesn't show whether a change was made,
//! a fresh list decides, not the status or message.

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
        let asked = Instant::now();
        let answer = self.sender.send(&endpoint::show(project)).await;
        let settings = self.confirmed(project, answer).await?.value;
        if !settings.inbound_enabled {
            self.cache.note_open_project(asked);
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
        // A reading for the sake of the lists came before it was known how REST tells it.
        if freshness == Freshness::Shared
            && snapshot.peek().is_none()
            && let Some(all) = self.cache.all_settings.of(project).peek()
            && let Some(told) = Box::pin(self.settings_from_graphql(project, all, freshness)).await
        {
            return Ok(told);
        }
        self.get_of(project, &snapshot, freshness, self.read_settings(project, freshness)).await
    }

    /// Returns the settings for a refresh of them: as they are now, or as they were read within 30
    /// seconds for the sake of the project's lists. Such a reading serves one refresh, so that
    /// another one shows what has changed meanwhile.
    ///
    /// # Errors
    ///
    /// See [`Client::scope`].
    pub async fn refreshed_settings(&self, project: ProjectId) -> Result<ScopeSettings, Error> {
        let told = match self.cache.all_settings.of(project).take_offered() {
            Some(all) => Box::pin(self.settings_from_graphql(project, all, Freshness::Now)).await,
            None => None,
        };
        match told {
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
        // They serve this question, and so no refresh any more.
        self.cache.all_settings.of(project).take_offered();
        let told = match all {
            Some(all) => Box::pin(self.settings_from_graphql(project, all, freshness)).await,
            None => None,
        };
        match told {
            Some(settings) => Ok(settings),
            None => self.scope(&project.into()).await,
        }
    }

    /// Returns the settings as REST tells them, if a reading over GraphQL allows that.
    async fn settings_from_graphql(
        &self,
        project: ProjectId,
        all: AllSettings,
        freshness: Freshness,
    ) -> Option<ScopeSettings> {
        let project_ref = project.into();
        let ask = async {
            self.scope(&project_ref).await.map(|settings| settings.outbound_enabled.is_some())
        };
        let has_outbound = self.cache.has_outbound.of(()).get(Freshness::Shared, ask).await.ok()?;
        settings_as_rest(
            all,
            has_outbound,
            freshness != Freshness::Now && self.cache.is_unenforced(),
        )
    }

    /// Limits access to the project to its allowlist, or opens it to all. GitLab does not say what
    /// came of it; older versions ignore an order to open where the instance enforces the limit, so
    /// read [`Client::scope`] afterwards.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::BadRequest`] where the instance enforces the limit; and the error of
    /// the request, unless the setting shows that it was carried out.
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
    /// Returns [`ErrorKind::BadRequest`] when GitLab refuses and a fresh list does not show the
    /// target (not visible to the token's user, list full, target equal to the project);
    /// [`ErrorKind::NotFound`] when there is no such target or project; and the error of the
    /// request, unless a fresh list shows that it was carried out.
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
                // It may have been there when GitLab refused, and somebody has removed it since; or
                // the connection was closed just when the request was sent.
                Ok(false)
                    if (error.is_bad_request() || error.is_about_the_connection())
                        && !is_repeated =>
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
    /// Returns [`ErrorKind::StillAllowed`] when GitLab refuses and the target keeps its access;
    /// [`ErrorKind::NotFound`] when the project does not exist any more, as far as the token can
    /// see, and its list with it; and the error of the request, unless a fresh list shows that it
    /// was carried out.
    pub async fn revoke(&self, project: ProjectId, target: Target) -> Result<Revoked, Error> {
        let error = match self.remove(project, target).await {
            Ok(()) => return Ok(Revoked::Removed),
            Err(error) => error,
        };
        let refused = error.is_not_found() || error.is_bad_request();
        // The project is on its list by nature and left out of ours, so that the list has no say on
        // it.
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
        let outcome = self.sender.send(&call).await.and_then(|answer| {
            if answer.value.is(project, target) {
                return Ok(());
            }
            let words = format!("GitLab added something other than {target}");
            let history = AttemptHistory { maybe_carried_out: true, ..answer.history };
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
        let outcome =
            self.sender.send(&endpoint::revoke(project, target)).await.map(|answer| answer.value);
        write.finish(&outcome, |()| lists.removed(project, target));
        outcome
    }
}

#[cfg(test)]
mod tests;
