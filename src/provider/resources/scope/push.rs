//! The two settings for pushes with job tokens, which GitLab shows next to the job token scope: by
//! the project's own jobs, over REST, and by jobs of other projects, over GraphQL. Null means that
//! a setting isn't managed, which makes no requests.

use super::ScopeModel;
use crate::framework::{Attr, Diagnostic, Warnings};
use crate::gitlab::{Client, Error, Freshness, ProjectId};
use crate::provider::ledger::Object;
use crate::provider::names::{self, short};
use crate::provider::report::{how_to_read, of_a_plan, of_a_refresh, report, sentence};

/// One of the two settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Push {
    /// Pushes by the project's own jobs.
    Own,
    /// Pushes by jobs of other projects.
    CrossProject,
}

impl Push {
    /// Both settings, in the order in which they are written.
    pub(super) const ALL: [Self; 2] = [Self::Own, Self::CrossProject];

    /// Returns the name of the attribute.
    pub(super) const fn attribute(self) -> &'static str {
        match self {
            Self::Own => "push_repository_for_job_token_allowed",
            Self::CrossProject => "cross_project_push_for_job_token_allowed",
        }
    }

    /// Returns the first version of GitLab that has the setting.
    fn since(self) -> &'static str {
        match self {
            Self::Own => "17.2",
            Self::CrossProject => "19.1",
        }
    }

    /// Returns the value of the attribute.
    pub(super) fn of(self, scope: &ScopeModel) -> &Attr<bool> {
        match self {
            Self::Own => &scope.push_repository_for_job_token_allowed,
            Self::CrossProject => &scope.cross_project_push_for_job_token_allowed,
        }
    }

    /// Returns the scope with another value of the attribute.
    pub(super) fn with(self, scope: ScopeModel, value: Attr<bool>) -> ScopeModel {
        match self {
            Self::Own => ScopeModel { push_repository_for_job_token_allowed: value, ..scope },
            Self::CrossProject => {
                ScopeModel { cross_project_push_for_job_token_allowed: value, ..scope }
            }
        }
    }

    /// Returns the setting as an object of the ledger.
    pub(super) fn object(self, project: ProjectId) -> Object {
        match self {
            Self::Own => Object::Pushes(project),
            Self::CrossProject => Object::CrossProjectPushes(project),
        }
    }

    /// Returns the current value, or `None` if GitLab doesn't return it.
    async fn read(self, client: &Client, project: ProjectId) -> Result<Option<bool>, Error> {
        match self {
            Self::Own => client.push_allowed(project).await,
            Self::CrossProject => {
                let settings = client.own_settings(project, Freshness::Now).await?;
                Ok(settings.cross_project_push_for_job_token_allowed)
            }
        }
    }

    /// Returns whether the setting has this value. Returns false if it isn't visible.
    ///
    /// # Errors
    ///
    /// Fails if GitLab doesn't have the setting, or can't be queried.
    pub(super) async fn is_there(
        self,
        client: &Client,
        (project, name): (ProjectId, &str),
        wanted: bool,
    ) -> Result<bool, Diagnostic> {
        match self.read(client, project).await {
            Ok(Some(allowed)) => Ok(allowed == wanted),
            Ok(None) => Err(self.not_returned(name)),
            Err(error)
                if self == Self::CrossProject
                    && error.is_denied_by_graphql()
                    && error.is_supported() =>
            {
                Ok(false)
            }
            Err(error) if !error.is_supported() => Err(self.not_returned(name)),
            Err(error) => Err(report(self.cannot_read(name), &error).at(self.attribute())),
        }
    }

    /// Checks in a plan that changes the setting that GitLab has it.
    ///
    /// # Errors
    ///
    /// Fails if GitLab is known not to have it. If GitLab can't be queried, the apply finds out.
    pub(super) async fn check_supported(
        self,
        client: &Client,
        (project, name): (ProjectId, &str),
        prior: Option<&ScopeModel>,
        planned: &ScopeModel,
    ) -> Result<(), Diagnostic> {
        let wanted = self.of(planned);
        if wanted.known().is_none() || prior.is_some_and(|prior| self.of(prior) == wanted) {
            return Ok(());
        }
        let is_supported = match self {
            // Without the Maintainer role, which the same apply may give, GitLab doesn't return it.
            Self::Own => {
                !matches!(client.push_allowed(project).await, Ok(None))
                    || client.settings(project, Freshness::Shared).await.is_err()
            }
            Self::CrossProject => match client.own_settings(project, Freshness::Shared).await {
                Ok(settings) => settings.cross_project_push_for_job_token_allowed.is_some(),
                Err(error) => error.is_supported(),
            },
        };
        if is_supported { Ok(()) } else { Err(of_a_plan(self.not_returned(name))) }
    }

    /// Returns the current value if the state manages the setting. If GitLab doesn't have the
    /// setting, for example after a downgrade, it becomes unmanaged, so that the scope can still be
    /// removed.
    pub(super) async fn refreshed(
        self,
        client: &Client,
        (project, name): (ProjectId, &str),
        state: &ScopeModel,
        warnings: &Warnings,
    ) -> Result<Attr<bool>, Diagnostic> {
        if self.of(state).known().is_none() {
            return Ok(Attr::Null);
        }
        match self.read(client, project).await {
            Ok(Some(allowed)) => Ok(Attr::Known(allowed)),
            Ok(None) => {
                warnings.add(self.not_returned(name));
                Ok(Attr::Null)
            }
            // The setting isn't affected, and a later read shows it.
            Err(error) if self == Self::CrossProject && error.is_denied_by_graphql() => {
                warnings.add(self.hidden(name, &error));
                Ok(self.of(state).clone())
            }
            Err(error) => {
                // Destroying a scope that allows these pushes needs GraphQL, too.
                let error = match self == Self::CrossProject && self.of(state) == &Attr::Known(true)
                {
                    true => report(self.cannot_read(name), &error),
                    false => of_a_refresh(self.cannot_read(name), &error),
                };
                Err(error.at(self.attribute()))
            }
        }
    }

    /// Returns the imported value: null if it is GitLab's default.
    pub(super) async fn imported(
        self,
        client: &Client,
        (project, name): (ProjectId, &str),
        warnings: &Warnings,
    ) -> Result<Attr<bool>, Diagnostic> {
        match self.read(client, project).await {
            Ok(Some(true)) => Ok(Attr::Known(true)),
            Ok(Some(false) | None) => Ok(Attr::Null),
            Err(error) if error.is_denied_by_graphql() => {
                if error.is_supported() {
                    warnings.add(self.not_imported(name, &error));
                }
                Ok(Attr::Null)
            }
            Err(error) => Err(report(self.cannot_read(name), &error).at(self.attribute())),
        }
    }

    /// Sets the value, and verifies it as far as it is visible.
    ///
    /// # Errors
    ///
    /// The error says whether the change may have been made, if it couldn't be verified.
    pub(super) async fn set(
        self,
        client: &Client,
        (project, name): (ProjectId, &str),
        wanted: bool,
        warnings: &Warnings,
    ) -> Result<(), (Diagnostic, bool)> {
        let outcome = match self {
            Self::Own => client.set_push_allowed(project, wanted).await,
            Self::CrossProject => client.set_cross_project_push(project, wanted).await,
        };
        match outcome {
            Ok(Some(now)) if now == wanted => Ok(()),
            Ok(None) if self == Self::CrossProject => {
                warnings.add(self.unconfirmed(name, wanted));
                Ok(())
            }
            Ok(_) => Err((self.not_taken(name, wanted), false)),
            Err(error) if !error.is_supported() => Err((self.not_returned(name), false)),
            Err(error) => {
                let diagnostic = report(self.cannot_set(name), &error).at(self.attribute());
                Err((diagnostic, error.is_unresolved()))
            }
        }
    }

    /// Restores GitLab's default, if GitLab has the setting.
    pub(super) async fn restore(
        self,
        client: &Client,
        (project, name): (ProjectId, &str),
        warnings: &Warnings,
    ) -> Result<(), Diagnostic> {
        match self.read(client, project).await {
            Ok(Some(false) | None) => return Ok(()),
            Err(error) if !error.is_supported() => return Ok(()),
            Ok(Some(true)) | Err(_) => {}
        }
        self.set(client, (project, name), false, warnings)
            .await
            .map_err(|(diagnostic, _)| diagnostic)
    }

    /// Warns if pushes are allowed and the plan stops managing the setting.
    pub(super) fn warn_if_unmanaged(
        self,
        prior: &ScopeModel,
        planned: &ScopeModel,
        warnings: &Warnings,
    ) {
        if *self.of(prior) != Attr::Known(true) || !self.of(planned).is_null() {
            return;
        }
        let attribute = self.attribute();
        let project = match super::project_id_of(prior) {
            Some(id) => names::project(&prior.project, id),
            None => prior.project.known().cloned().unwrap_or_default(),
        };
        let detail = format!(
            "The configuration no longer sets `{attribute}` for project {project}. GitLab keeps \
             `true`, and plans no longer show changes. To disallow pushes, set it to `false` first."
        );
        let summary = match self {
            Self::Own => format!("Push setting not managed: project {project}"),
            Self::CrossProject => format!("Cross-project push not managed: {}", short(&project)),
        };
        warnings.add(Diagnostic::new(summary, detail));
    }

    fn cannot_read(self, project: &str) -> String {
        match self {
            Self::Own => format!("Can't read push setting: project {project}"),
            Self::CrossProject => format!("Can't read cross-project push: {}", short(project)),
        }
    }

    fn cannot_set(self, project: &str) -> String {
        match self {
            Self::Own => format!("Can't set push setting: project {project}"),
            Self::CrossProject => format!("Can't set cross-project push: {}", short(project)),
        }
    }

    fn not_returned(self, project: &str) -> Diagnostic {
        let (attribute, since) = (self.attribute(), self.since());
        let detail = format!(
            "GitLab's response doesn't have `{attribute}`. It needs GitLab {since} or later, and \
             at least the Maintainer role in the project. Upgrade GitLab, give the token's user \
             this role, or remove the attribute from the configuration. Everything else works \
             without it."
        );
        Diagnostic::new(self.cannot_read(project), detail).at(attribute)
    }

    fn not_taken(self, project: &str, wanted: bool) -> Diagnostic {
        let attribute = self.attribute();
        let detail = format!(
            "GitLab accepted the change, but doesn't return `{attribute} = {wanted}`. Try again. \
             If the error persists, check the setting in GitLab: Settings > CI/CD > Job token \
             permissions."
        );
        Diagnostic::new(self.cannot_set(project), detail).at(attribute)
    }

    fn hidden(self, project: &str, error: &Error) -> Diagnostic {
        let detail = format!(
            "{}\n\nThe state keeps `{}`, and plans don't show drift. {}",
            sentence(error),
            self.attribute(),
            how_to_read("it", error)
        );
        Diagnostic::new(self.cannot_read(project), detail).at(self.attribute())
    }

    fn not_imported(self, project: &str, error: &Error) -> Diagnostic {
        let detail = format!(
            "{}\n\n`{}` isn't managed unless the configuration sets it. {}",
            sentence(error),
            self.attribute(),
            how_to_read("it", error)
        );
        Diagnostic::new(self.cannot_read(project), detail).at(self.attribute())
    }

    fn unconfirmed(self, project: &str, wanted: bool) -> Diagnostic {
        let attribute = self.attribute();
        let detail = format!(
            "GitLab accepted `{attribute} = {wanted}` for project {project} without an error, but \
             doesn't show the setting to the token, so it couldn't be verified. Fine-grained \
             tokens can't read it; a classic token with the `api` scope can."
        );
        Diagnostic::new(format!("Cross-project push unknown: {}", short(project)), detail)
            .at(attribute)
    }
}

/// Returns the display name of the project for warnings of a plan, if its path or ID is known.
pub(super) fn project_name(planned: &ScopeModel, project: Option<ProjectId>) -> Option<String> {
    match project {
        Some(project) => Some(names::project(&planned.project, project)),
        None => planned.project.known().cloned(),
    }
}
