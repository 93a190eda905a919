//! Reads and writes a project's settings that only GraphQL has, and reads the instance setting that
//! overrides one of them.

use super::handle::Client;
use super::snapshot::Freshness;
use crate::gitlab::endpoints::instance;
use crate::gitlab::endpoints::job_token_settings::{self as endpoint, Settings};
use crate::gitlab::names::{ProjectId, Target};
use crate::gitlab::sender::{AttemptHistory, Error, ErrorKind};

impl Client {
    /// Returns the project's own settings with the given freshness. Settings that this GitLab
    /// version doesn't have are `None`.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unsupported`] if this GitLab version has no such settings in GraphQL,
    /// [`ErrorKind::NotAvailable`] if the token isn't allowed to read them, [`ErrorKind::NotFound`]
    /// if the project doesn't exist or isn't visible to the token, and the error of the request.
    pub async fn own_settings(
        &self,
        project: ProjectId,
        freshness: Freshness,
    ) -> Result<Settings, Error> {
        let snapshot = self.cache.own_settings.of(project);
        self.get_of(project, &snapshot, freshness, self.read_own_settings(project)).await
    }

    async fn read_own_settings(&self, project: ProjectId) -> Result<Settings, Error> {
        if let Some(settings) =
            self.read_batched(project).await.and_then(|reading| reading.own_settings)
        {
            return Ok(settings);
        }
        let path = self.project_path(project).await?;
        if let Some(settings) = self.own_settings_at(&path, project).await? {
            return Ok(settings);
        }
        let call = endpoint::show(&path);
        let present = self.current_path(project, &path, call.line()).await?;
        let settings = self.own_settings_at(&present, project).await?;
        settings.ok_or_else(|| Error::unsent(ErrorKind::NotAvailable, call.line(), None))
    }

    /// Returns the settings of the project at the path, or `None` if the path doesn't lead to the
    /// project.
    async fn own_settings_at(
        &self,
        path: &str,
        project: ProjectId,
    ) -> Result<Option<Settings>, Error> {
        let call = endpoint::show(path);
        let (response, fault) = self.sender.execute_partial(&call).await?;
        let Some(shown) = response.value.project else { return fault.map_or(Ok(None), Err) };
        if shown.id.0 != Target::Project(project) {
            return Ok(None);
        }
        let unseen = || {
            if let Some(fault) = fault {
                return fault;
            }
            let message = Some("GitLab doesn't show the project's settings".to_owned());
            Error::new(ErrorKind::NotAvailable, call.line(), None, message, response.history)
        };
        shown.ci_cd_settings.ok_or_else(unseen).map(Some)
    }

    /// Allows or forbids job tokens of other projects to push to the project's repository. Returns
    /// the setting from GitLab's response, or `None` if GitLab made the change and the token can't
    /// see the setting.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unsupported`] if this GitLab version doesn't have the setting,
    /// [`ErrorKind::BadRequest`] and [`ErrorKind::NotAvailable`] if GitLab rejects the change, and
    /// the errors of [`Client::own_settings`], unless the setting shows that the change was made.
    pub async fn set_cross_project_push(
        &self,
        project: ProjectId,
        allowed: bool,
    ) -> Result<Option<bool>, Error> {
        let call = endpoint::set_cross_project_push(&self.project_path(project).await?, allowed);
        let outcome = self.sender.execute_partial(&call).await;
        self.cache.own_settings.of(project).invalidate();
        let error = match outcome {
            Ok((mut response, fault)) => match response.value.written.take() {
                Some(written) if !written.errors.is_empty() => {
                    return Err(self.sender.refused(&call, &response, &written.errors));
                }
                Some(written) => {
                    let settings = written.ci_cd_settings;
                    let confirmed =
                        settings.and_then(|now| now.cross_project_push_for_job_token_allowed);
                    return match confirmed {
                        Some(now) => Ok(Some(now)),
                        None => self.cross_project_push_after(project).await,
                    };
                }
                None => fault.unwrap_or_else(|| {
                    let message = Some("the response doesn't show what was changed".to_owned());
                    let history = AttemptHistory { maybe_carried_out: true, ..response.history };
                    Error::new(ErrorKind::InvalidResponse, call.line(), None, message, history)
                }),
            },
            Err(error) => error,
        };
        if !error.maybe_carried_out() {
            return Err(error);
        }
        match self.with_grace_period().own_settings(project, Freshness::Now).await {
            Ok(settings) if settings.cross_project_push_for_job_token_allowed == Some(allowed) => {
                Ok(Some(allowed))
            }
            // GitLab processed the change; only the setting isn't visible to the token.
            Err(hidden)
                if hidden.is_denied_by_graphql()
                    && error.is_denied_by_graphql()
                    && error.is_of_graphql() =>
            {
                Ok(None)
            }
            Ok(_) | Err(_) => Err(error.unresolved()),
        }
    }

    /// Returns the setting after a change whose response doesn't have it, or `None` if it isn't
    /// visible to the token.
    async fn cross_project_push_after(&self, project: ProjectId) -> Result<Option<bool>, Error> {
        match self.with_grace_period().own_settings(project, Freshness::Now).await {
            Ok(settings) => Ok(settings.cross_project_push_for_job_token_allowed),
            Err(hidden) if hidden.is_denied_by_graphql() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns whether the instance enforces allowlists for all projects, or `None` if GitLab
    /// doesn't show it, which it does only to administrators. The result is cached.
    ///
    /// # Errors
    ///
    /// Returns the error of the request.
    pub async fn is_enforced(&self) -> Result<Option<bool>, Error> {
        let read = async {
            match self.sender.send(&instance::show()).await {
                Ok(response) => Ok(response.value.enforce_ci_inbound_job_token_scope_enabled),
                Err(error) if error.is_token_error() || error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.cache.enforcement.of(()).get(Freshness::Shared, read).await
    }
}
