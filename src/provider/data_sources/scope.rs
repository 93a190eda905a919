//! Data source `gitlab_job_token_scope`: the setting of a project that is managed elsewhere, or not at all.

use crate::framework::{Attr, Attribute, Context, DataSource, Errors, Schema, Type, Warnings, model};
use crate::gitlab::ProjectId;
use crate::provider::connection::Connection;
use crate::provider::project;
use crate::provider::report::report;

/// The data source.
pub(in crate::provider) struct JobTokenScope;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct ScopeModel {
        project: String,
        inbound_enabled: bool,
        outbound_enabled: bool,
        project_id: i64,
    }
}

impl DataSource for JobTokenScope {
    type Client = Connection;
    type Model = ScopeModel;
    const TYPE_NAME: &'static str = "gitlab_job_token_scope";

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required("project", Type::String, "Number or full path of the project."),
            Attribute::computed(
                "inbound_enabled",
                Type::Bool,
                "Whether only the projects and groups on the allowlist may use their job tokens to access this project.",
            ),
            Attribute::computed(
                "outbound_enabled",
                Type::Bool,
                "Whether the access of this project's own job tokens to other projects is limited. GitLab has deprecated \
                 the setting.",
            ),
            Attribute::computed(
                "project_id",
                Type::Number,
                "Number of the project, however `project` spells it.",
            ),
        ];
        let description = "Tells whether access to a project with CI/CD job tokens of other projects is limited to the \
                           project's allowlist.";
        Schema { version: 0, description, attributes }
    }

    fn validate(&self, config: &ScopeModel, _: &Warnings) -> Result<(), Errors> {
        Errors::check(project::check_spelling::<ProjectId>("project", &config.project))
    }

    async fn read(&self, context: Context<'_, Connection>, config: ScopeModel) -> Result<ScopeModel, Errors> {
        let gitlab = &context.client.gitlab;
        let project: ProjectId = project::settle(gitlab, "project", &config.project, &Attr::Null).await?;
        let settings = gitlab.scope(&project.into()).await.map_err(|error| {
            report(format!("Can't read the job token scope of project {project}"), &error).at("project")
        })?;
        Ok(ScopeModel {
            inbound_enabled: Attr::Known(settings.inbound_enabled),
            outbound_enabled: Attr::Known(settings.outbound_enabled),
            project_id: Attr::Known(project.into()),
            ..config
        })
    }
}
