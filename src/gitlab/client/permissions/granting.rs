//! Adds entries with permissions, and changes permissions. A write is confirmed if its response
//! shows the requested project and target by ID, and the requested permissions. A wrong addition is
//! rolled back.

use crate::gitlab::client::handle::Client;
use crate::gitlab::client::job_token::Allowed;
use crate::gitlab::client::snapshot::Freshness;
use crate::gitlab::client::write::PendingWrite;
use crate::gitlab::endpoints::job_token_permissions::{self as endpoint, Changed};
use crate::gitlab::endpoints::job_token_permissions::{Permissions, PermittedEntry};
use crate::gitlab::names::{ProjectId, Target};
use crate::gitlab::sender::Envelope;
use crate::gitlab::sender::{AttemptHistory, Error, ErrorKind};
use crate::gitlab::sender::{Call, RequestLine};

/// The result of an addition with permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// Whether the entry was added or existed already.
    pub allowed: Allowed,
    /// Whether GitLab has shown the permissions.
    pub confirmation: Confirmation,
}

/// Whether GitLab has shown that an entry has the permissions that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// GitLab has shown the entry with the permissions.
    Shown,
    /// GitLab made the change, but the token can't see permissions, like fine-grained tokens.
    Hidden,
}

/// The error of a grant: what went wrong, and what is left on the server.
#[derive(Debug, Clone)]
pub struct GrantError {
    /// The error.
    pub error: Error,
    /// The permissions that the entry has now, if this call set them or may have set them.
    pub left: Option<Permissions>,
    /// The result of rolling back a wrong addition.
    pub rollback: Option<Result<(), RollbackError>>,
}

/// The error of a rollback: a wrong entry that this client added and that may still exist.
#[derive(Debug, Clone)]
pub struct RollbackError {
    /// The project on whose allowlist it is.
    pub project: ProjectId,
    /// The project or group that has access.
    pub target: Target,
    /// The error of the removal.
    pub error: Error,
}

/// GitLab's response to a write.
struct Written {
    project: ProjectId,
    entry: PermittedEntry,
    line: RequestLine,
    history: AttemptHistory,
}

impl Client {
    /// Adds the target to the project's allowlist with permissions, in one step. If the entry
    /// already exists, its permissions are changed.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unsupported`] and [`ErrorKind::PermissionsDisabled`] if this GitLab
    /// version or project doesn't have permissions of entries, [`ErrorKind::UnknownValues`] for
    /// unknown permissions, [`ErrorKind::BadRequest`] and [`ErrorKind::NotAvailable`] if GitLab
    /// rejects the addition, [`ErrorKind::TargetNotVisible`] and [`ErrorKind::WrongEntry`] for
    /// problems with the target's path, and the error of the request, unless a fresh list shows
    /// that the entry was added.
    pub async fn allow_with(
        &self,
        project: ProjectId,
        target: Target,
        permissions: &Permissions,
    ) -> Result<Granted, GrantError> {
        let call = endpoint::allow(
            &self.project_path(project).await?,
            &self.path_of(target, ErrorKind::TargetNotVisible).await?,
            permissions,
        );
        let granted = |allowed, confirmation| Ok(Granted { allowed, confirmation });
        // Also after an interrupt: an entry must not keep more permissions than requested.
        let client = self.with_grace_period();
        let mut is_repeated = false;
        let error = loop {
            let error = match self.add_with(project, target, permissions, &call).await? {
                Ok(confirmation) => return granted(Allowed::Added, confirmation),
                Err(error) => error,
            };
            if !(error.is_bad_request() || error.maybe_carried_out()) {
                return Err(error.into());
            }
            match client.is_allowed(project, target, Freshness::Now).await {
                Ok(true) => break error,
                // Someone may have removed the entry since GitLab's response, or the connection was
                // closed when the request was sent.
                Ok(false)
                    if (error.is_bad_request() || error.is_connection_error()) && !is_repeated =>
                {
                    is_repeated = true
                }
                Ok(false) => return Err(error.into()),
                Err(_) => {
                    let left = error.maybe_carried_out().then(|| permissions.clone());
                    return Err(GrantError { error: error.unresolved(), left, rollback: None });
                }
            }
        };
        let ours = error.maybe_carried_out();
        let held = client.permissions(project, Freshness::Now).await.ok();
        let held = held.and_then(|list| list.get(target).map(|entry| entry.permissions.clone()));
        let mut confirmation = Confirmation::Shown;
        if held.as_ref() != Some(permissions) {
            confirmation = match client.set_permissions(project, target, permissions).await {
                Ok(confirmation) => confirmation,
                Err(failed) => {
                    // If it can't be read, these permissions were requested.
                    let left = failed
                        .left
                        .clone()
                        .or_else(|| ours.then(|| held.unwrap_or_else(|| permissions.clone())));
                    return Err(GrantError { left, ..failed });
                }
            };
        }
        let allowed = match error.is_bad_request() {
            true => Allowed::AlreadyExists { explained_by_retry: ours },
            false => Allowed::Added,
        };
        granted(allowed, confirmation)
    }

    /// Sends the addition once. Returns GitLab's error as a value, because a list may show that the
    /// entry exists.
    async fn add_with(
        &self,
        project: ProjectId,
        target: Target,
        permissions: &Permissions,
        call: &Call<Envelope<Changed>>,
    ) -> Result<Result<Confirmation, Error>, GrantError> {
        match self.write(project, target, call).await {
            Ok(Some(written)) if written.is(project, target, permissions) => {
                Ok(Ok(Confirmation::Shown))
            }
            Ok(Some(written)) => Err(self.roll_back(project, target, written, permissions).await),
            Ok(None) => Ok(self.confirm(project, target, permissions, call).await),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Reads the result of a write whose response has no error and doesn't show the entry.
    async fn confirm(
        &self,
        project: ProjectId,
        target: Target,
        permissions: &Permissions,
        call: &Call<Envelope<Changed>>,
    ) -> Result<Confirmation, Error> {
        let client = self.with_grace_period();
        let maybe_carried_out = || unclear(call, AttemptHistory::default());
        if !client.is_listed(project, target).await.is_ok_and(|is_there| is_there) {
            return Err(maybe_carried_out());
        }
        let list = client.permissions(project, Freshness::Now).await.ok();
        match list.and_then(|list| list.get(target).map(|entry| entry.permissions == *permissions))
        {
            Some(true) => Ok(Confirmation::Shown),
            Some(false) => Err(maybe_carried_out()),
            None => Ok(Confirmation::Hidden),
        }
    }

    /// Sets the permissions of the target's entry on the project's allowlist, in one step. Creates
    /// the project's entry for itself if it doesn't exist.
    ///
    /// # Errors
    ///
    /// See [`Client::allow_with`]. Returns [`ErrorKind::BadRequest`] if the entry doesn't exist.
    pub async fn set_permissions(
        &self,
        project: ProjectId,
        target: Target,
        permissions: &Permissions,
    ) -> Result<Confirmation, GrantError> {
        let project_path = self.project_path(project).await?;
        // Without a list, GitLab's response to the write has the error.
        let list = self.permissions(project, Freshness::Shared).await.ok();
        let listed = list.and_then(|list| list.get(target).map(|entry| entry.full_path.clone()));
        let target_path = match listed {
            _ if target == Target::Project(project) => project_path.clone(),
            Some(path) => path,
            None => self.path_of(target, ErrorKind::TargetNotVisible).await?,
        };
        let call = endpoint::change(&project_path, &target_path, permissions);
        let error = match self.write(project, target, &call).await {
            Ok(Some(written)) if written.is(project, target, permissions) => {
                return Ok(Confirmation::Shown);
            }
            Ok(Some(written)) => {
                let left =
                    written.is_entry(project, target).then(|| written.entry.permissions.clone());
                let error = written.mismatch(project, target, permissions);
                return Err(GrantError { error, left, rollback: None });
            }
            Ok(None) => match self.confirm(project, target, permissions, &call).await {
                Ok(confirmation) => return Ok(confirmation),
                Err(error) => error,
            },
            Err(error) => error,
        };
        let refused = error.is_bad_request() || *error.kind() == ErrorKind::NotAvailable;
        if !(refused || error.maybe_carried_out()) {
            return Err(error.into());
        }
        let list = match self.with_grace_period().permissions(project, Freshness::Now).await {
            Ok(list) => list,
            // The change was made; only the entry isn't visible to the token.
            Err(_) if error.maybe_carried_out() && error.is_fine_grained_token_error() => {
                return Ok(Confirmation::Hidden);
            }
            Err(_) => {
                let left = error.maybe_carried_out().then(|| permissions.clone());
                return Err(GrantError { error: error.unresolved(), left, rollback: None });
            }
        };
        let held = list.get(target).map(|entry| entry.permissions.clone());
        if held.as_ref() == Some(permissions) {
            return Ok(Confirmation::Shown);
        }
        let left = held.filter(|_| error.maybe_carried_out());
        let switched_off = list.is_switched_off() && refused;
        let error =
            if switched_off { error.with_kind(ErrorKind::PermissionsDisabled) } else { error };
        Err(GrantError { error, left, rollback: None })
    }

    /// Sends a mutation, and updates the cache with the entry in the response, even if it isn't the
    /// requested one. Returns `None` if the response has neither an error nor an entry.
    async fn write(
        &self,
        project: ProjectId,
        target: Target,
        call: &Call<Envelope<Changed>>,
    ) -> Result<Option<Written>, Error> {
        let lists = &self.cache.lists;
        let write = PendingWrite::begin(lists, project, target);
        let outcome = self.send_write(project, call).await;
        write.finish(&outcome, |written| match written {
            Some(written) => lists.permitted(written.project, &written.entry),
            None => lists.invalidate(project, target),
        });
        outcome
    }

    async fn send_write(
        &self,
        project: ProjectId,
        call: &Call<Envelope<Changed>>,
    ) -> Result<Option<Written>, Error> {
        let (mut response, fault) = self.sender.execute_partial(call).await?;
        let Some(written) = response.value.written.take() else {
            return Err(fault.unwrap_or_else(|| unclear(call, response.history)));
        };
        if !written.errors.is_empty() {
            return Err(self.sender.refused(call, &response, &written.errors));
        }
        let Some(entry) = written.ci_job_token_scope_allowlist_entry else { return Ok(None) };
        let project = entry.project().unwrap_or(project);
        let Some(entry) = entry.into_model() else { return Ok(None) };
        Ok(Some(Written { project, entry, line: call.line().clone(), history: response.history }))
    }

    /// Removes a wrong entry that an addition created.
    async fn roll_back(
        &self,
        project: ProjectId,
        target: Target,
        written: Written,
        wanted: &Permissions,
    ) -> GrantError {
        let added = (written.project, written.entry.target);
        let undone = self.with_grace_period().revoke(added.0, added.1).await;
        let undone = undone.map(|_| ()).map_err(|error| RollbackError {
            project: added.0,
            target: added.1,
            error,
        });
        let stays = undone.is_err() && written.is_entry(project, target);
        GrantError {
            left: stays.then(|| written.entry.permissions.clone()),
            rollback: Some(undone),
            error: written.mismatch(project, target, wanted),
        }
    }
}

impl Written {
    fn is_entry(&self, project: ProjectId, target: Target) -> bool {
        (self.project, self.entry.target) == (project, target)
    }

    fn is(&self, project: ProjectId, target: Target, permissions: &Permissions) -> bool {
        self.is_entry(project, target) && self.entry.permissions == *permissions
    }

    /// Returns the error of a write that changed something else.
    fn mismatch(self, project: ProjectId, target: Target, wanted: &Permissions) -> Error {
        let (kind, words) = if !self.is_entry(project, target) {
            (ErrorKind::WrongEntry { project: self.project, target: self.entry.target }, None)
        } else if self.entry.permissions == Permissions::Default && *wanted != Permissions::Default
        {
            (
                ErrorKind::PermissionsDisabled,
                Some("GitLab returned the default permissions".to_owned()),
            )
        } else {
            let words = "GitLab returned other permissions than requested".to_owned();
            (ErrorKind::InvalidResponse, Some(words))
        };
        Error::new(kind, &self.line, None, words, self.history)
    }
}

/// Returns the error of a response that has neither an error nor an entry.
fn unclear(call: &Call<Envelope<Changed>>, history: AttemptHistory) -> Error {
    let words = Some("the response doesn't show what was changed".to_owned());
    Error::new(
        ErrorKind::InvalidResponse,
        call.line(),
        None,
        words,
        AttemptHistory { maybe_carried_out: true, ..history },
    )
}

impl From<Error> for GrantError {
    fn from(error: Error) -> Self {
        Self { error, left: None, rollback: None }
    }
}
