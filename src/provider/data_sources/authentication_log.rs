//! Data source `gitlab_job_token_authentication_log`: the projects whose jobs have accessed a
//! project with their job token, the entries that allow it, and the entries that nobody used.

use std::collections::BTreeSet;

use super::entries::{Entry, entry_attributes, sorted};
use crate::framework::{
    Attr, Attribute, Context, DataSource, Diagnostic, Errors, Schema, Type, Warnings, model,
};
use crate::gitlab::{
    Client, Coverage, Error, ErrorKind, Freshness, Kind, LoggedProject, ProjectId, Target,
};
use crate::provider::connection::Connection;
use crate::provider::names;
use crate::provider::permissions;
use crate::provider::project::{self, Stage};
use crate::provider::report::{report, sentence};
use crate::provider::resources::entry_id;

/// The data source.
pub(in crate::provider) struct AuthenticationLog;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct LogModel {
        project: String,
        projects: Vec<Attr<Logged>>,
        unused_entries: Vec<Attr<Entry>>,
        project_id: i64,
    }
}

model! {
    /// One project in the log.
    pub(in crate::provider) struct Logged {
        id: i64,
        path: String,
        last_authorized_at: String,
        allowed_by: String,
    }
}

impl DataSource for AuthenticationLog {
    type Client = Connection;
    type Model = LogModel;
    const TYPE_NAME: &'static str = "gitlab_job_token_authentication_log";

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required(
                "project",
                Type::String,
                "ID or full path of the project that was accessed.",
            ),
            Attribute::computed_list(
                "projects",
                logged(),
                "Projects whose jobs have used their job token to access this project in the last \
                 30 days, most recent first, without the project itself.",
            ),
            Attribute::computed_list(
                "unused_entries",
                entry_attributes(),
                "Entries on the project's allowlist that cover none of `projects`, sorted by type \
                 and path, without the project's entry for itself. Null if GitLab shows only part \
                 of the log.",
            ),
            Attribute::computed("project_id", Type::Number, "ID of the project."),
        ];
        let description = "Reads a project's job token authentication log: the projects that have \
                           used their CI/CD job tokens to access it, the allowlist entry that \
                           gives each of them access, and the entries that none of them needed. \
                           Needs GitLab 17.6 or later.";
        Schema { version: 0, description, attributes }
    }

    fn validate(&self, config: &LogModel, _: &Warnings) -> Result<(), Errors> {
        check(Stage::Validation, config)
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        config: LogModel,
    ) -> Result<LogModel, Errors> {
        check(Stage::Planning, &config)?;
        let gitlab = &context.client.gitlab;
        let project_id: ProjectId =
            project::resolve_existing(gitlab, "project", &config.project, &Attr::Null).await?;
        let name = names::project(&config.project, project_id);
        let log = gitlab
            .authentication_log(project_id)
            .await
            .map_err(|error| unreadable(&name, &error))?;
        let entries = entries(gitlab, (project_id, &name), context.warnings).await?;
        let is_whole = log.hidden == 0 && !log.may_be_truncated;
        if log.hidden > 0 {
            context.warnings.add(hidden(log.hidden, &name));
        }
        if log.may_be_truncated {
            context.warnings.add(cut(&name));
        }
        let mut coverage = Coverage::default();
        for Allowing { target, shown } in &entries {
            coverage.add(*target, shown.path.known().map(String::as_str));
        }
        let mut used = BTreeSet::new();
        let mut logged = Vec::with_capacity(log.projects.len());
        for project in log.projects {
            let covering = coverage.of(&project);
            logged.push(Attr::Known(Logged::of(project_id, project, covering.first().copied())));
            used.extend(covering);
        }
        let unused = entries
            .into_iter()
            .filter(|entry| !used.contains(&entry.target) && entry.has_known_extent());
        let unused_entries = match is_whole {
            true => sorted(unused.map(|entry| entry.shown).collect()),
            false => Attr::Null,
        };
        Ok(LogModel {
            projects: Attr::Known(logged),
            unused_entries,
            project_id: Attr::Known(project_id.into()),
            ..config
        })
    }
}

fn check(stage: Stage, config: &LogModel) -> Result<(), Errors> {
    Errors::check(project::check_reference::<ProjectId>(stage, "project", &config.project))
}

fn unreadable(project: &str, error: &Error) -> Diagnostic {
    let title = format!("Can't read job token log: project {project}");
    let advice = match error.kind() {
        ErrorKind::Unsupported => {
            "Authentication logs need GitLab 17.6 or later. Upgrade GitLab, or remove the data \
             source."
        }
        ErrorKind::NotAvailable => {
            "The token needs the `read_api` or `api` scope, and its user at least the Maintainer \
             role in the project. Fine-grained tokens can't read authentication logs: use a \
             classic token."
        }
        ErrorKind::FineGrained { needed: None } => {
            "Fine-grained tokens can't read authentication logs: use a classic token with the \
             `read_api` or `api` scope."
        }
        _ => return report(title, error).at("project"),
    };
    Diagnostic::new(title, format!("{}\n\n{advice}", sentence(error))).at("project")
}

fn hidden(count: usize, project: &str) -> Diagnostic {
    let detail = format!(
        "The authentication log of project {project} has {count} more projects, which aren't \
         visible to the token. They may use entries that look unused, so `unused_entries` is null."
    );
    Diagnostic::new(format!("Incomplete job token log: project {project}"), detail).at("project")
}

fn cut(project: &str) -> Diagnostic {
    let detail = format!(
        "GitLab shows at most 1,000 projects of an authentication log, and the log of project \
         {project} has as many, so projects may be missing. They may use entries that look unused, \
         so `unused_entries` is null."
    );
    Diagnostic::new(format!("Incomplete job token log: project {project}"), detail).at("project")
}

/// Returns the attributes of [`Logged`].
fn logged() -> Vec<Attribute> {
    vec![
        Attribute::computed("id", Type::Number, "ID of the project."),
        Attribute::computed("path", Type::String, "Full path of the project."),
        Attribute::computed(
            "last_authorized_at",
            Type::String,
            "Time when one of its jobs last accessed this project, such as `2025-01-31T12:00:00Z`.",
        ),
        Attribute::computed(
            "allowed_by",
            Type::String,
            "ID of the entry that gives the project access, in the form of the `id` of \
             `gitlab_job_token_allowlist_entry`: the entry for this project, or for the nearest \
             group that contains it. Null if there is none: the project loses access when the \
             accessed project is restricted to its allowlist.",
        ),
    ]
}

/// An entry that gives others access.
struct Allowing {
    target: Target,
    shown: Entry,
}

/// Returns the entries on the project's allowlist, except for its own. GraphQL is enough unless it
/// hides some or isn't supported: in that case, REST is read as well.
async fn entries(
    gitlab: &Client,
    (project_id, project): (ProjectId, &str),
    warnings: &Warnings,
) -> Result<Vec<Allowing>, Errors> {
    let result = gitlab.permissions(project_id, Freshness::Shared).await;
    let permitted =
        permissions::as_found(project, result, permissions::NULL_PERMISSIONS, warnings)?;
    let known = permitted.iter().flat_map(|list| list.iter());
    let mut entries: Vec<Allowing> =
        known.map(|entry| Allowing { target: entry.target, shown: entry.into() }).collect();
    if permitted.is_none_or(|list| !list.is_whole()) {
        for kind in Kind::ALL {
            let listed = match gitlab.complete_allowlist(project_id, kind).await {
                Ok(listed) => listed,
                // This version of GitLab doesn't have group entries.
                Err(error) if kind == Kind::Group && !error.is_supported() => continue,
                Err(error) => {
                    return Err(report(format!("Can't read allowlist: project {project}"), &error)
                        .at("project")
                        .into());
                }
            };
            for entry in listed.iter() {
                if entries.iter().all(|known| known.target != entry.target) {
                    entries.push(Allowing { target: entry.target, shown: entry.into() });
                }
            }
        }
    }
    entries.retain(|entry| entry.target != Target::Project(project_id));
    Ok(entries)
}

impl Allowing {
    /// Returns whether the projects that the entry covers are known. A group whose path isn't
    /// visible may cover any.
    fn has_known_extent(&self) -> bool {
        self.target.kind() == Kind::Project || self.shown.path.known().is_some()
    }
}

impl Logged {
    fn of(project_id: ProjectId, project: LoggedProject, allowed_by: Option<Target>) -> Self {
        Self {
            id: Attr::Known(project.id.into()),
            path: Attr::Known(project.full_path),
            last_authorized_at: Attr::Known(project.last_authorized_at),
            allowed_by: allowed_by
                .map_or(Attr::Null, |target| Attr::Known(entry_id(project_id, target))),
        }
    }
}
