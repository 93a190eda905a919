//! List resource `gitlab_job_token_allowlist_exclusive`: the allowlist of a project, or of the
//! projects of a group, for `terraform query`.

use tokio::sync::mpsc::Sender;

use super::query::{self, Query};
use super::walk::{self, Find, Unread};
use crate::framework::{
    Attr, Context, Errors, ListRequest, ListResource, ListResult, Schema, Warnings,
};
use crate::gitlab::{Client, Error, Freshness, GroupProject, ProjectId};
use crate::provider::connection::Connection;
use crate::provider::names;
use crate::provider::resources::allowlist_exclusive::found;
use crate::provider::resources::{AllowlistExclusive, ExclusiveModel};

/// The list resource.
pub(in crate::provider) struct Allowlists;

impl ListResource for Allowlists {
    type Resource = AllowlistExclusive;
    type Config = Query;

    fn schema(&self) -> Schema {
        query::schema(
            "Lists the whole allowlist of a project, or of each project of a group. Every project \
             has an allowlist, which can be empty.",
        )
    }

    fn validate(&self, config: &Query, _: &Warnings) -> Result<(), Errors> {
        query::validate(config)
    }

    async fn list(
        &self,
        context: Context<'_, Connection>,
        ListRequest { config, include_object, limit }: ListRequest<Query>,
        found: Sender<ListResult<ExclusiveModel>>,
    ) -> Result<(), Errors> {
        let gitlab = &context.client.gitlab;
        walk::search(
            gitlab,
            &config,
            limit,
            &Lists { gitlab, include_object },
            found,
            context.warnings,
        )
        .await
    }
}

struct Lists<'a> {
    gitlab: &'a Client,
    include_object: bool,
}

impl Lists<'_> {
    /// Returns the allowlist. It isn't read if only its identity is needed and the token can read
    /// it according to `is_visible`.
    async fn of(
        &self,
        (project, name): (ProjectId, &str),
        is_visible: bool,
        warnings: &Warnings,
    ) -> Result<ExclusiveModel, Unread> {
        let cannot_read = |error: Error| Unread::of(cannot_read(name), &error);
        if self.include_object {
            return found(self.gitlab, (project, name), warnings).await.map_err(cannot_read);
        }
        if !is_visible {
            self.gitlab.settings(project, Freshness::Shared).await.map_err(cannot_read)?;
        }
        Ok(ExclusiveModel { project_id: Attr::Known(project.into()), ..ExclusiveModel::default() })
    }
}

impl Find for Lists<'_> {
    type Object = ExclusiveModel;

    async fn in_listed(
        &self,
        project: &GroupProject,
        _: usize,
        warnings: &Warnings,
    ) -> Result<Vec<ListResult<ExclusiveModel>>, Unread> {
        let name = names::known(Some(&project.full_path), project.id);
        let list = self.of((project.id, &name), project.settings.is_some(), warnings).await?;
        Ok(vec![listed(list, &project.full_path)])
    }

    async fn in_project(
        &self,
        (project, name): (ProjectId, &str),
        _: usize,
        warnings: &Warnings,
    ) -> Result<Vec<ListResult<ExclusiveModel>>, Unread> {
        let list = self.of((project, name), false, warnings).await?;
        // The allowlist has the path.
        let path = self.gitlab.project_path(project).await;
        let path = path.map_err(|error: Error| Unread::of(cannot_read(name), &error))?;
        Ok(vec![listed(list, &path)])
    }
}

fn listed(list: ExclusiveModel, path: &str) -> ListResult<ExclusiveModel> {
    let project = Attr::Known(path.to_owned());
    ListResult { object: ExclusiveModel { project, ..list }, display_name: path.to_owned() }
}

fn cannot_read(project: &str) -> String {
    format!("Can't read allowlist: project {project}")
}
