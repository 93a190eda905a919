//! Data source `gitlab_job_token_scope`: the settings of one project.

use crate::framework::{
    Attr, Attribute, Context, DataSource, Errors, Schema, Type, Warnings, model,
};
use crate::gitlab::{Client, ErrorKind, Freshness, ProjectId, Settings};
use crate::provider::connection::Connection;
use crate::provider::names;
use crate::provider::project::{self, Stage};
use crate::provider::report::{report, unread};

/// The data source.
pub(in crate::provider) struct JobTokenScope;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct ScopeModel {
        project: String,
        inbound_enabled: bool,
        outbound_enabled: bool,
        push_repository_for_job_token_allowed: bool,
        cross_project_push_for_job_token_allowed: bool,
        project_id: i64,
    }
}

impl DataSource for JobTokenScope {
    type Client = Connection;
    type Model = ScopeModel;
    const TYPE_NAME: &'static str = "gitlab_job_token_scope";

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required("project", Type::String, "ID or full path of the project."),
            Attribute::computed(
                "inbound_enabled",
                Type::Bool,
                "Whether the project is restricted to its allowlist (`true`), or open to the jobs \
                 of all projects of the instance (`false`).",
            ),
            Attribute::computed(
                "outbound_enabled",
                Type::Bool,
                "Whether GitLab limits which projects this project's own job tokens can access \
                 (\"Limit access from this project\"). Deprecated in GitLab; null if GitLab doesn't \
                 return it.",
            ),
            Attribute::computed(
                "push_repository_for_job_token_allowed",
                Type::Bool,
                "Whether this project's own jobs can push to its repository with their job token; \
                 null before GitLab 17.2.",
            ),
            Attribute::computed(
                "cross_project_push_for_job_token_allowed",
                Type::Bool,
                "Whether jobs of other projects can push to this project's repository with their \
                 job token, if their entry on the allowlist has the permission; null before GitLab \
                 19.1, and if it isn't visible to the token.",
            ),
            Attribute::computed("project_id", Type::Number, "ID of the project."),
        ];
        let description = "Reads whether only the projects and groups on a project's allowlist can \
                           access it with their CI/CD job tokens, and whether jobs can push to the \
                           project's repository.";
        Schema { version: 0, description, attributes }
    }

    fn validate(&self, config: &ScopeModel, _: &Warnings) -> Result<(), Errors> {
        check(Stage::Validation, config)
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        config: ScopeModel,
    ) -> Result<ScopeModel, Errors> {
        check(Stage::Planning, &config)?;
        let gitlab = &context.client.gitlab;
        let project: ProjectId =
            project::resolve_existing(gitlab, "project", &config.project, &Attr::Null).await?;
        let name = names::project(&config.project, project);
        let settings = gitlab.scope(&project.into()).await.map_err(|error| {
            report(format!("Can't read job token scope: project {name}"), &error).at("project")
        })?;
        let own = own_settings(gitlab, (project, &name), context.warnings).await?;
        let known = |setting: Option<bool>| setting.map_or(Attr::Null, Attr::Known);
        Ok(ScopeModel {
            inbound_enabled: Attr::Known(settings.inbound_enabled),
            outbound_enabled: known(settings.outbound_enabled),
            push_repository_for_job_token_allowed: known(own.push_repository_for_job_token_allowed),
            cross_project_push_for_job_token_allowed: known(
                own.cross_project_push_for_job_token_allowed,
            ),
            project_id: Attr::Known(project.into()),
            ..config
        })
    }
}

fn check(stage: Stage, config: &ScopeModel) -> Result<(), Errors> {
    Errors::check(project::check_reference::<ProjectId>(stage, "project", &config.project))
}

const NO_CROSS_PROJECT_PUSH: &str =
    "Until then, `cross_project_push_for_job_token_allowed` is null.";

/// Returns the project's own settings from GraphQL, or the one that REST has if GraphQL can't be
/// read.
async fn own_settings(
    gitlab: &Client,
    (project, name): (ProjectId, &str),
    warnings: &Warnings,
) -> Result<Settings, Errors> {
    let cannot_read = || format!("Can't read push settings: project {name}");
    let error = match gitlab.own_settings(project, Freshness::Shared).await {
        Ok(settings) => return Ok(settings),
        Err(error) => error,
    };
    if !error.is_denied_by_graphql() {
        return Err(report(cannot_read(), &error).at("project").into());
    }
    if *error.kind() != ErrorKind::Unsupported {
        warnings.add(unread(cannot_read(), &error, NO_CROSS_PROJECT_PUSH));
    }
    let push = match gitlab.push_allowed(project).await {
        Ok(push) => push,
        Err(error) if error.is_fine_grained_token_error() => None,
        Err(error) => return Err(report(cannot_read(), &error).at("project").into()),
    };
    Ok(Settings { push_repository_for_job_token_allowed: push, ..Settings::default() })
}
