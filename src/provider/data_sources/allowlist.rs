//! Data source `gitlab_job_token_allowlist`: who is on a project's allowlist, and with which permissions.

use std::sync::Arc;

use crate::framework::{Attr, Attribute, Context, DataSource, Errors, Schema, Type, Warnings, model};
use crate::gitlab::{
    Client, ErrorKind, Freshness, Kind, ListedEntry, PermissionList, Permissions, PermittedEntry, ProjectId,
};
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
        default_permissions: bool,
        job_token_policies: Vec<Attr<String>>,
        autopopulated: bool,
        created_at: String,
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
                allowed("Number of the project."),
                "The projects on the list, sorted by path, without the project itself, which always has access.",
            ),
            Attribute::computed_list(
                "groups",
                allowed("Number of the group."),
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
        // Both are waited for, so that of two refusals the same one is told each time.
        let (projects, groups) = tokio::join!(
            gitlab.complete_allowlist(project, Kind::Project),
            gitlab.complete_allowlist(project, Kind::Group)
        );
        let lists = projects.and_then(|projects| Ok((projects, groups?)));
        let (projects, groups) = lists.map_err(|error| {
            report(format!("Can't read the allowlist of project {project}"), &error).at("project")
        })?;
        let permissions = permissions(gitlab, project).await?;
        let allowed = |listed: &ListedEntry| {
            Allowed::from(listed).with(permissions.as_ref().and_then(|list| list.get(listed.target)))
        };
        Ok(AllowlistModel {
            projects: sorted(projects.iter().map(allowed)),
            groups: sorted(groups.iter().map(allowed)),
            project_id: Attr::Known(project.into()),
            ..config
        })
    }
}

/// What GitLab tells of the entries' permissions; none where its version knows nothing of them.
async fn permissions(gitlab: &Client, project: ProjectId) -> Result<Option<Arc<PermissionList>>, Errors> {
    match gitlab.permissions(project, Freshness::Shared).await {
        Ok(list) => Ok(Some(list)),
        Err(error) if *error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) => {
            let attempted = format!("Can't read the permissions on the allowlist of project {project}");
            Err(report(attempted, &error).at("project").into())
        }
    }
}

/// The attributes of one project or group on the list.
fn allowed(id: &'static str) -> Vec<Attribute> {
    vec![
        Attribute::computed("id", Type::Number, id),
        Attribute::computed("name", Type::String, "Display name; null where the token may not see it."),
        Attribute::computed("path", Type::String, "Full path; null where the token may not see it."),
        Attribute::computed("web_url", Type::String, "Its page; null where the token may not see it."),
        Attribute::computed(
            "default_permissions",
            Type::Bool,
            "Whether its jobs may do all that a job token can be used for; null before GitLab 18.0.",
        ),
        Attribute::computed(
            "job_token_policies",
            Type::list(Type::String),
            "What its jobs may do and nothing else, by GitLab's names, such as `READ_JOBS`, sorted. Empty with the default \
             permissions; null before GitLab 18.0.",
        ),
        Attribute::computed(
            "autopopulated",
            Type::Bool,
            "Whether GitLab made the entry from its record of past accesses; null before GitLab 18.0.",
        ),
        Attribute::computed(
            "created_at",
            Type::String,
            "When the entry was made, such as `2025-01-31T12:00:00Z`; null before GitLab 18.0.",
        ),
    ]
}

/// By path, as the order of the model's fields has it; those whose path is hidden come last.
fn sorted(allowed: impl Iterator<Item = Allowed>) -> Attr<Vec<Attr<Allowed>>> {
    let mut allowed: Vec<Allowed> = allowed.collect();
    allowed.sort_by(|one, other| (one.path.is_null(), one).cmp(&(other.path.is_null(), other)));
    Attr::Known(allowed.into_iter().map(Attr::Known).collect())
}

impl Allowed {
    fn with(self, entry: Option<&PermittedEntry>) -> Allowed {
        let Some(entry) = entry else { return self };
        let (default, policies) = match &entry.permissions {
            Permissions::Default => (true, Vec::new()),
            Permissions::Only(policies) => (false, policies.iter().cloned().map(Attr::Known).collect()),
        };
        Allowed {
            default_permissions: Attr::Known(default),
            job_token_policies: Attr::Known(policies),
            autopopulated: entry.autopopulated.map_or(Attr::Null, Attr::Known),
            created_at: known_or_null(&entry.created_at),
            ..self
        }
    }
}

impl From<&ListedEntry> for Allowed {
    fn from(entry: &ListedEntry) -> Allowed {
        Allowed {
            path: known_or_null(&entry.full_path),
            id: Attr::Known(entry.target.into()),
            name: known_or_null(&entry.name),
            web_url: known_or_null(&entry.web_url),
            ..Allowed::default()
        }
    }
}

fn known_or_null(text: &Option<String>) -> Attr<String> {
    text.clone().map_or(Attr::Null, Attr::Known)
}
