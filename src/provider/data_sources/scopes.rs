//! Data source `gitlab_job_token_scopes`: settings and counts of all projects of a group, for
//! checks and reports.

use super::entries::{Entry, entry_attributes, sorted};
use crate::framework::{
    Attr, Attribute, Context, DataSource, Diagnostic, Errors, Schema, Type, Warnings, model,
};
use crate::gitlab::{GroupId, ProjectScope};
use crate::provider::connection::Connection;
use crate::provider::names;
use crate::provider::project::{self, Stage};
use crate::provider::report::report;

/// The data source.
pub(in crate::provider) struct JobTokenScopes;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct ScopesModel {
        group: String,
        include_archived: bool,
        include_entries: bool,
        projects: Vec<Attr<ProjectSummary>>,
        group_id: i64,
    }
}

model! {
    /// The settings and counts of one project.
    pub(in crate::provider) struct ProjectSummary {
        id: i64,
        path: String,
        archived: bool,
        inbound_enabled: bool,
        push_repository_for_job_token_allowed: bool,
        cross_project_push_for_job_token_allowed: bool,
        allowed_project_count: i64,
        allowed_group_count: i64,
        default_permissions_count: i64,
        entries: Vec<Attr<Entry>>,
    }
}

impl DataSource for JobTokenScopes {
    type Client = Connection;
    type Model = ScopesModel;
    const TYPE_NAME: &'static str = "gitlab_job_token_scopes";

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required(
                "group",
                Type::String,
                "ID or full path of the group. The data source reads its projects and those of its \
                 subgroups.",
            ),
            Attribute::optional(
                "include_archived",
                Type::Bool,
                "Whether to include archived projects. Defaults to `false`.",
            ),
            Attribute::optional(
                "include_entries",
                Type::Bool,
                "Whether to read the entries of each project's allowlist, up to about 50,000 in \
                 total. Takes one request per 20 projects. Defaults to `false`.",
            ),
            Attribute::computed_list(
                "projects",
                project_attributes(),
                "Projects of the group that are visible to the token, sorted by path.",
            ),
            Attribute::computed("group_id", Type::Number, "ID of the group."),
        ];
        let description = "Reads the job token settings of all projects of a group and its \
                           subgroups: whether each project is restricted to its allowlist, how \
                           many entries the allowlist has, and how many of them have the default \
                           permissions. Reads up to 20,000 projects. Needs GitLab 18.3 or later, \
                           or the beta in 18.0 to 18.2.";
        Schema { version: 0, description, attributes }
    }

    fn validate(&self, config: &ScopesModel, _: &Warnings) -> Result<(), Errors> {
        check(Stage::Validation, config)
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        config: ScopesModel,
    ) -> Result<ScopesModel, Errors> {
        check(Stage::Planning, &config)?;
        let gitlab = &context.client.gitlab;
        let group: GroupId =
            project::resolve_existing(gitlab, "group", &config.group, &Attr::Null).await?;
        let with_archived = config.include_archived == Attr::Known(true);
        let with_entries = config.include_entries == Attr::Known(true);
        let found =
            gitlab.scopes_below(group, with_archived, with_entries).await.map_err(|error| {
                report(
                    format!(
                        "Can't read job token scopes: group {}",
                        names::project(&config.group, group)
                    ),
                    &error,
                )
                .at("group")
            })?;
        if found.hidden > 0 {
            context.warnings.add(hidden(found.hidden, &names::project(&config.group, group)));
        }
        Ok(ScopesModel {
            projects: Attr::Known(
                found.projects.into_iter().map(ProjectSummary::from).map(Attr::Known).collect(),
            ),
            group_id: Attr::Known(group.into()),
            ..config
        })
    }
}

fn check(stage: Stage, config: &ScopesModel) -> Result<(), Errors> {
    Errors::check(project::check_reference::<GroupId>(stage, "group", &config.group))
}

fn hidden(count: usize, group: &str) -> Diagnostic {
    let detail = format!(
        "Group {group} has {count} more projects, which aren't visible to the token and are \
         missing from `projects`. Give the token's user the Maintainer role in group {group}."
    );
    Diagnostic::new(format!("Projects not visible: group {group}"), detail).at("group")
}

/// Returns the attributes of [`ProjectSummary`].
fn project_attributes() -> Vec<Attribute> {
    vec![
        Attribute::computed("id", Type::Number, "ID of the project."),
        Attribute::computed("path", Type::String, "Full path of the project."),
        Attribute::computed("archived", Type::Bool, "Whether the project is archived."),
        Attribute::computed(
            "inbound_enabled",
            Type::Bool,
            "Whether the project restricts access to its allowlist; null unless the token's user \
             is at least a Maintainer of the project. If the instance enforces the allowlist, this \
             setting has no effect.",
        ),
        Attribute::computed(
            "push_repository_for_job_token_allowed",
            Type::Bool,
            "Whether the project's own jobs can push to its repository with their job token; null \
             without the Maintainer role.",
        ),
        Attribute::computed(
            "cross_project_push_for_job_token_allowed",
            Type::Bool,
            "Whether jobs of other projects can push to the project's repository, if their entry \
             on the allowlist has the permission; null without the Maintainer role, and before \
             GitLab 19.1.",
        ),
        Attribute::computed(
            "allowed_project_count",
            Type::Number,
            "Number of projects on the allowlist, without the project itself; null without the \
             Maintainer role.",
        ),
        Attribute::computed(
            "allowed_group_count",
            Type::Number,
            "Number of groups on the allowlist; null without the Maintainer role.",
        ),
        Attribute::computed(
            "default_permissions_count",
            Type::Number,
            "Number of these projects and groups that have the default permissions, which are all \
             that a job token can have; null without the Maintainer role.",
        ),
        Attribute::computed_list(
            "entries",
            entry_attributes(),
            "Entries on the project's allowlist, sorted by type and path, without the project's \
             entry for itself; null without the Maintainer role, and unless `include_entries` is \
             `true`.",
        ),
    ]
}

impl From<ProjectScope> for ProjectSummary {
    fn from(project: ProjectScope) -> Self {
        let count = |number: Option<usize>| {
            number.and_then(|number| i64::try_from(number).ok()).map_or(Attr::Null, Attr::Known)
        };
        let (allowed, settings, entries) = (project.allowed, project.settings, project.entries);
        let known = |setting: Option<bool>| setting.map_or(Attr::Null, Attr::Known);
        Self {
            id: Attr::Known(project.id.into()),
            path: Attr::Known(project.full_path),
            archived: known(project.archived),
            inbound_enabled: known(settings.inbound_job_token_scope_enabled),
            push_repository_for_job_token_allowed: known(
                settings.push_repository_for_job_token_allowed,
            ),
            cross_project_push_for_job_token_allowed: known(
                settings.cross_project_push_for_job_token_allowed,
            ),
            allowed_project_count: count(allowed.map(|counts| counts.projects)),
            allowed_group_count: count(allowed.map(|counts| counts.groups)),
            default_permissions_count: count(allowed.map(|counts| counts.with_default_permissions)),
            entries: entries
                .map_or(Attr::Null, |entries| sorted(entries.iter().map(Entry::from).collect())),
        }
    }
}
