//! List resource `gitlab_job_token_scope`: the access settings of a project, or of the projects of
//! a group, for `terraform query`.

use tokio::sync::mpsc::Sender;

use super::query::{self, Query};
use super::walk::{self, Find, Unread};
use crate::framework::{
    Attr, Context, Errors, ListRequest, ListResource, ListResult, Schema, Warnings,
};
use crate::gitlab::{Client, Enforcement, Error, Freshness, GroupProject, ProjectId, Settings};
use crate::provider::connection::Connection;
use crate::provider::names;
use crate::provider::resources::scope::{found, found_with};
use crate::provider::resources::{JobTokenScope, ScopeModel};

/// The list resource.
pub(in crate::provider) struct JobTokenScopes;

impl ListResource for JobTokenScopes {
    type Resource = JobTokenScope;
    type Config = Query;

    fn schema(&self) -> Schema {
        query::schema(
            "Lists the job token scope of a project, or of each project of a group. Every project \
             has one.",
        )
    }

    fn validate(&self, config: &Query, _: &Warnings) -> Result<(), Errors> {
        query::validate(config)
    }

    async fn list(
        &self,
        context: Context<'_, Connection>,
        ListRequest { config, include_object, limit }: ListRequest<Query>,
        found: Sender<ListResult<ScopeModel>>,
    ) -> Result<(), Errors> {
        let gitlab = &context.client.gitlab;
        let find = Scopes { gitlab, include_object, enforcement: Enforcement::default() };
        walk::search(gitlab, &config, limit, &find, found, context.warnings).await
    }
}

struct Scopes<'a> {
    gitlab: &'a Client,
    include_object: bool,
    enforcement: Enforcement,
}

impl Find for Scopes<'_> {
    type Object = ScopeModel;

    async fn in_listed(
        &self,
        project: &GroupProject,
        _: usize,
        warnings: &Warnings,
    ) -> Result<Vec<ListResult<ScopeModel>>, Unread> {
        let GroupProject { id, full_path, settings: own } = project;
        let (id, gitlab) = (*id, self.gitlab);
        let name = names::known(Some(full_path), id);
        let cannot_read = |error: Error| Unread::of(cannot_read(&name), &error);
        let scope = match own {
            Some(_) if !self.include_object => bare(id),
            Some(own) => {
                let settings = gitlab
                    .listed_settings(project, &self.enforcement)
                    .await
                    .map_err(cannot_read)?;
                found_with(id, settings, pushes(own.own))
            }
            None => {
                let settings = gitlab.settings(id, Freshness::Now).await.map_err(cannot_read)?;
                match self.include_object {
                    true => found(gitlab, (id, &name), settings, warnings).await?,
                    false => bare(id),
                }
            }
        };
        Ok(vec![listed(scope, full_path)])
    }

    async fn in_project(
        &self,
        (project, name): (ProjectId, &str),
        _: usize,
        warnings: &Warnings,
    ) -> Result<Vec<ListResult<ScopeModel>>, Unread> {
        let gitlab = self.gitlab;
        let cannot_read = |error: Error| Unread::of(cannot_read(name), &error);
        let settings = gitlab.settings(project, Freshness::Now).await.map_err(cannot_read)?;
        let scope = match self.include_object {
            true => found(gitlab, (project, name), settings, warnings).await?,
            false => bare(project),
        };
        let path = gitlab.project_path(project).await.map_err(cannot_read)?;
        Ok(vec![listed(scope, &path)])
    }
}

fn listed(scope: ScopeModel, path: &str) -> ListResult<ScopeModel> {
    let project = Attr::Known(path.to_owned());
    ListResult { object: ScopeModel { project, ..scope }, display_name: path.to_owned() }
}

/// Returns a scope with only its identity.
fn bare(project: ProjectId) -> ScopeModel {
    ScopeModel { project_id: Attr::Known(project.into()), ..ScopeModel::default() }
}

/// Returns the imported push settings: null if they have GitLab's default.
fn pushes(own: Settings) -> [Attr<bool>; 2] {
    let settings =
        [own.push_repository_for_job_token_allowed, own.cross_project_push_for_job_token_allowed];
    settings.map(|setting| if setting == Some(true) { Attr::Known(true) } else { Attr::Null })
}

fn cannot_read(project: &str) -> String {
    format!("Can't read job token scope: project {project}")
}
