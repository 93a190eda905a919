//! Reads and writes the setting that allows job tokens to push to the project's own repository.

use super::handle::Client;
use crate::gitlab::endpoints::projects as endpoint;
use crate::gitlab::names::ProjectId;
use crate::gitlab::sender::Error;

impl Client {
    /// Returns whether job tokens of the project can push to its repository. Returns `None` if
    /// GitLab doesn't show it: it is older than 17.2, or the token's user isn't a Maintainer of the
    /// project.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`](crate::gitlab::ErrorKind::NotFound) if the project doesn't
    /// exist or isn't visible to the token, and the error of the request.
    pub async fn push_allowed(&self, project: ProjectId) -> Result<Option<bool>, Error> {
        let response = self.sender.send(&endpoint::settings(project)).await?;
        Ok(response.value.ci_push_repository_for_job_token_allowed)
    }

    /// Allows or forbids job tokens of the project to push to its repository. Returns the setting
    /// from GitLab's response.
    ///
    /// # Errors
    ///
    /// See [`Client::push_allowed`], unless the setting shows that the change was made.
    pub async fn set_push_allowed(
        &self,
        project: ProjectId,
        allowed: bool,
    ) -> Result<Option<bool>, Error> {
        let error = match self.sender.send(&endpoint::set_push_allowed(project, allowed)).await {
            Ok(response) => return Ok(response.value.ci_push_repository_for_job_token_allowed),
            Err(error) => error,
        };
        if !error.maybe_carried_out() {
            return Err(error);
        }
        match self.with_grace_period().push_allowed(project).await {
            Ok(Some(now)) if now == allowed => Ok(Some(now)),
            Ok(_) => Err(error),
            Err(_) => Err(error.unresolved()),
        }
    }
}

#[cfg(test)]
mod tests;
