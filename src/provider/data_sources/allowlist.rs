//! Data source `gitlab_job_token_allowlist`: the entries on a project's allowlist, with their
//! permissions.

use super::entries::{added, held_permissions, known_or_null, permissions_of};
use crate::framework::{
    Attr, Attribute, Context, DataSource, Diagnostic, Errors, Schema, Type, Warnings, model,
};
use crate::gitlab::{Freshness, Kind, ListedEntry, PermittedEntry, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::project::{self, Stage};
use crate::provider::report::report;
use crate::provider::{names, permissions};

/// The data source.
pub(in crate::provider) struct Allowlist;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct AllowlistModel {
        project: String,
        projects: Vec<Attr<Allowed>>,
        groups: Vec<Attr<Allowed>>,
        own_permissions: OwnPermissions,
        project_id: i64,
    }
}

model! {
    /// A project or group on the allowlist.
    pub(in crate::provider) struct Allowed {
        path: String,
        id: i64,
        name: String,
        web_url: String,
        default_permissions: bool,
        job_token_policies: Vec<Attr<String>>,
        created_at: String,
        added_by: String,
    }
}

model! {
    /// The permissions of the project's own jobs.
    pub(in crate::provider) struct OwnPermissions {
        default_permissions: bool,
        job_token_policies: Vec<Attr<String>>,
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
                "ID or full path of the project that the allowlist belongs to.",
            ),
            Attribute::computed_list(
                "projects",
                allowed("ID of the project."),
                "Projects on the allowlist, sorted by path, without the project itself, which \
                 always has access.",
            ),
            Attribute::computed_list(
                "groups",
                allowed("ID of the group."),
                "Groups on the allowlist, sorted by path. The projects of their subgroups also \
                 have access.",
            ),
            Attribute::computed_object(
                "own_permissions",
                held_permissions(),
                "Permissions of the project's own jobs, if the project has an entry for itself \
                 (\"Current project\" in GitLab); null if there is no such entry, or if it isn't \
                 visible to the token.",
            ),
            Attribute::computed("project_id", Type::Number, "ID of the project."),
        ];
        let description = "Lists the projects and groups on a project's job token allowlist, with \
                           the permissions of their jobs.";
        Schema { version: 0, description, attributes }
    }

    fn validate(&self, config: &AllowlistModel, _: &Warnings) -> Result<(), Errors> {
        check(Stage::Validation, config)
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        config: AllowlistModel,
    ) -> Result<AllowlistModel, Errors> {
        check(Stage::Planning, &config)?;
        let gitlab = &context.client.gitlab;
        let project: ProjectId =
            project::resolve_existing(gitlab, "project", &config.project, &Attr::Null).await?;
        let name = names::project(&config.project, project);
        // Waits for both, so that of two errors always the same one is returned.
        let (projects, groups) = tokio::join!(
            gitlab.complete_allowlist(project, Kind::Project),
            gitlab.complete_allowlist(project, Kind::Group)
        );
        let groups = match groups {
            // This version of GitLab doesn't have group entries.
            Err(error) if !error.is_supported() => Ok(None),
            groups => groups.map(Some),
        };
        let lists = projects.and_then(|projects| Ok((projects, groups?)));
        let (projects, groups) = lists.map_err(|error| {
            report(format!("Can't read allowlist: project {name}"), &error).at("project")
        })?;
        let result = gitlab.permissions(project, Freshness::Shared).await;
        let permissions =
            permissions::as_found(&name, result, permissions::NULL_PERMISSIONS, context.warnings)?;
        let entry = |target| permissions.as_ref().and_then(|list| list.get(target));
        let groups = || groups.iter().flat_map(|groups| groups.iter());
        let listed = || projects.iter().chain(groups());
        let mut targets: Vec<Target> = listed().map(|listed| listed.target).collect();
        targets.extend(projects.has_own_entry().then_some(Target::Project(project)));
        if permissions.is_some() && targets.into_iter().any(|target| entry(target).is_none()) {
            context.warnings.add(incomplete(&name));
        }
        let allowed = |listed: &ListedEntry| Allowed::from(listed).with(entry(listed.target));
        Ok(AllowlistModel {
            projects: sorted(projects.iter().map(allowed)),
            groups: sorted(groups().map(allowed)),
            own_permissions: entry(project.into())
                .map_or(Attr::Null, |own| Attr::Known(own.into())),
            project_id: Attr::Known(project.into()),
            ..config
        })
    }
}

fn check(stage: Stage, config: &AllowlistModel) -> Result<(), Errors> {
    Errors::check(project::check_reference::<ProjectId>(stage, "project", &config.project))
}

fn incomplete(project: &str) -> Diagnostic {
    let detail = format!(
        "GitLab shows some entries of project {project} over REST, but not over GraphQL, so their \
         permissions are null. Fine-grained tokens can't read permissions; a classic token \
         with the `api` scope can."
    );
    Diagnostic::new(format!("Permissions not visible: project {project}"), detail)
}

/// Returns the attributes of [`Allowed`].
fn allowed(id: &'static str) -> Vec<Attribute> {
    let mut attributes = vec![
        Attribute::computed("id", Type::Number, id),
        Attribute::computed(
            "name",
            Type::String,
            "Display name; null if it isn't visible to the token.",
        ),
        Attribute::computed(
            "path",
            Type::String,
            "Full path; null if it isn't visible to the token.",
        ),
        Attribute::computed(
            "web_url",
            Type::String,
            "URL of its page; null if it isn't visible to the \
                                                      token.",
        ),
    ];
    attributes.extend(held_permissions());
    attributes.extend(added());
    attributes
}

/// Returns the entries sorted by path, which is the model's first field. Entries with hidden paths
/// come last.
fn sorted(allowed: impl Iterator<Item = Allowed>) -> Attr<Vec<Attr<Allowed>>> {
    let mut allowed: Vec<Allowed> = allowed.collect();
    allowed.sort_by(|one, other| (one.path.is_null(), one).cmp(&(other.path.is_null(), other)));
    Attr::Known(allowed.into_iter().map(Attr::Known).collect())
}

impl Allowed {
    fn with(self, entry: Option<&PermittedEntry>) -> Self {
        let Some(entry) = entry else { return self };
        let (default_permissions, job_token_policies) = permissions_of(entry);
        Self {
            default_permissions,
            job_token_policies,
            created_at: known_or_null(&entry.created_at),
            added_by: known_or_null(&entry.added_by),
            ..self
        }
    }
}

impl From<&PermittedEntry> for OwnPermissions {
    fn from(entry: &PermittedEntry) -> Self {
        let (default_permissions, job_token_policies) = permissions_of(entry);
        Self { default_permissions, job_token_policies }
    }
}

impl From<&ListedEntry> for Allowed {
    fn from(entry: &ListedEntry) -> Self {
        Self {
            path: known_or_null(&entry.full_path),
            id: Attr::Known(entry.target.into()),
            name: known_or_null(&entry.name),
            web_url: known_or_null(&entry.web_url),
            ..Self::default()
        }
    }
}
