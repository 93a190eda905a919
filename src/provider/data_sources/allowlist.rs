//! Data source `gitlab_job_token_allowlist`: who is on a project's allowlist.

use crate::framework::{Attr, Attribute, Context, DataSource, Errors, Schema, Type, Warnings, model};
use crate::gitlab::{AllowedGroup, AllowedProject, ProjectId};
use crate::provider::connection::Connection;
use crate::provider::project;
use crate::provider::report::report;

/// The data source.
pub(in crate::provider) struct Allowlist;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct AllowlistModel {
        project: String,
        projects: Vec<Attr<Allowed>>,
        groups: Vec<Attr<Allowed>>,
        project_id: i64,
    }
}

model! {
    /// One project or group on the list.
    pub(in crate::provider) struct Allowed {
        path: String,
        id: i64,
        name: String,
        web_url: String,
    }
}

impl DataSource for Allowlist {
    type Client = Connection;
    type Model = AllowlistModel;
    const TYPE_NAME: &'static str = "gitlab_job_token_allowlist";

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required(
                "project",
                Type::String,
                "Number or full path of the project that the allowlist belongs to.",
            ),
            Attribute::computed_list(
                "projects",
                vec![
                    Attribute::computed("id", Type::Number, "Number of the project."),
                    Attribute::computed(
                        "name",
                        Type::String,
                        "Display name; null where the token may not see it.",
                    ),
                    Attribute::computed(
                        "path",
                        Type::String,
                        "Full path; null where the token may not see it.",
                    ),
                    Attribute::computed(
                        "web_url",
                        Type::String,
                        "Its page; null where the token may not see it.",
                    ),
                ],
                "The projects on the list, sorted by path, without the project itself, which always has access.",
            ),
            Attribute::computed_list(
                "groups",
                vec![
                    Attribute::computed("id", Type::Number, "Number of the group."),
                    Attribute::computed(
                        "name",
                        Type::String,
                        "Display name; null where the token may not see it.",
                    ),
                    Attribute::computed(
                        "path",
                        Type::String,
                        "Full path; null where the token may not see it.",
                    ),
                    Attribute::computed(
                        "web_url",
                        Type::String,
                        "Its page; null where the token may not see it.",
                    ),
                ],
                "The groups on the list, sorted by path. The projects of their subgroups have access too.",
            ),
            Attribute::computed(
                "project_id",
                Type::Number,
                "Number of the project, however `project` spells it.",
            ),
        ];
        let description =
            "Lists the projects and groups whose CI/CD jobs may use their job token to access a project.";
        Schema { version: 0, description, attributes }
    }

    fn validate(&self, config: &AllowlistModel, _: &Warnings) -> Result<(), Errors> {
        Errors::check(project::check_spelling::<ProjectId>("project", &config.project))
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        config: AllowlistModel,
    ) -> Result<AllowlistModel, Errors> {
        let gitlab = &context.client.gitlab;
        let project: ProjectId = project::settle(gitlab, "project", &config.project, &Attr::Null).await?;
        let lists = tokio::try_join!(
            gitlab.allowed_projects_in_full(project),
            gitlab.allowed_groups_in_full(project)
        );
        let (projects, groups) = lists.map_err(|error| {
            report(format!("Can't read the allowlist of project {project}"), &error).at("project")
        })?;
        Ok(AllowlistModel {
            projects: sorted(projects.iter().map(Allowed::from)),
            groups: sorted(groups.iter().map(Allowed::from)),
            project_id: Attr::Known(project.into()),
            ..config
        })
    }
}

/// By path, as the order of the model's fields has it; those whose path is hidden come last.
fn sorted(allowed: impl Iterator<Item = Allowed>) -> Attr<Vec<Attr<Allowed>>> {
    let mut allowed: Vec<Allowed> = allowed.collect();
    allowed.sort_by(|one, other| (one.path.is_null(), one).cmp(&(other.path.is_null(), other)));
    Attr::Known(allowed.into_iter().map(Attr::Known).collect())
}

impl From<&AllowedProject> for Allowed {
    fn from(project: &AllowedProject) -> Allowed {
        Allowed {
            path: known_or_null(&project.path_with_namespace),
            id: Attr::Known(project.id.into()),
            name: known_or_null(&project.name),
            web_url: known_or_null(&project.web_url),
        }
    }
}

impl From<&AllowedGroup> for Allowed {
    fn from(group: &AllowedGroup) -> Allowed {
        Allowed {
            path: known_or_null(&group.full_path),
            id: Attr::Known(group.id.into()),
            name: known_or_null(&group.name),
            web_url: known_or_null(&group.web_url),
        }
    }
}

fn known_or_null(text: &Option<String>) -> Attr<String> {
    text.clone().map_or(Attr::Null, Attr::Known)
}
