//! `gitlab_job_token_allowlist_exclusive`: the whole allowlist of a project. Entries of a managed
//! kind that aren't in the configuration are removed.

mod change;
mod check;
mod claims;
mod converge;
mod entries;
mod ids;
mod import;
mod kind;
mod lists;
mod moved;
mod outcome;
mod permitting;
mod plan;
mod progress;
mod refresh;
mod warn;
mod write;

use serde_json::{Map, Value as Json};

use crate::framework::{
    ApplyError, Attr, Attribute, Change, Context, Diagnostic, Errors, IdentitySchema, ImportBy,
    MoveSource, Plan, PlanContext, Resource, Schema, Set, Type, Warnings, cannot_import, model,
};
use crate::gitlab::{Client, Error, Freshness, GroupId, ProjectId};
use crate::provider::connection::{Connection, Paths};
use crate::provider::identity::{self, ProjectIdentity};
use crate::provider::ledger::Manager;
use crate::provider::project::{self, Stage};
use crate::provider::report::{gone_before_removal, of_a_refresh, report};
use crate::provider::{conflicts, names, permissions, replacement};
use entries::{Entries, Keys};
use kind::Managed;

pub(in crate::provider) use check::LIMIT;
pub(in crate::provider) use import::found;

/// The resource.
pub(in crate::provider) struct AllowlistExclusive;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct ExclusiveModel {
        project: String,
        projects: Entries,
        target_projects: Set<String>,
        target_project_ids: Set<i64>,
        groups: Entries,
        target_groups: Set<String>,
        target_group_ids: Set<i64>,
        project_id: i64,
        id: String,
    }
}

impl Resource for AllowlistExclusive {
    type Client = Connection;
    type Model = ExclusiveModel;
    type Identity = ProjectIdentity;
    const TYPE_NAME: &'static str = "gitlab_job_token_allowlist_exclusive";

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required(
                "project",
                Type::String,
                "ID or full path of the project that the allowlist belongs to. Changing this to a \
                 different project forces a new resource; a different path or ID for the same \
                 project doesn't.",
            ),
            Attribute::optional_map(
                "projects",
                entries::attributes(),
                "Projects on the allowlist, at most 200, with the permissions of their jobs. Keys \
                 are IDs or full paths. All other projects are removed from the allowlist; `{}` \
                 removes all projects. At most one of `projects`, `target_projects` and \
                 `target_project_ids` can be set. If none is set, projects aren't managed, and \
                 groups must be. Needs GitLab 18.3 or later.",
            ),
            Attribute::optional_map(
                "groups",
                entries::attributes(),
                "Groups on the allowlist, at most 200, with the permissions of the jobs of all \
                 projects in each group and its subgroups. Keys are IDs or full paths. All other \
                 groups are removed from the allowlist; `{}` removes all groups. At most one of \
                 `groups`, `target_groups` and `target_group_ids` can be set. If none is set, \
                 groups aren't managed, and projects must be. Needs GitLab 18.3 or later.",
            ),
            Attribute::optional(
                "target_projects",
                Type::set(Type::String),
                "IDs or full paths of the projects on the allowlist, at most 200, instead of \
                 `projects`. Permissions aren't managed, and new entries have the default \
                 permissions. All other projects are removed from the allowlist; `[]` removes all \
                 projects.",
            ),
            Attribute::optional(
                "target_project_ids",
                Type::set(Type::Number),
                "IDs of the projects on the allowlist, instead of `target_projects`. Null if \
                 projects aren't managed, or are managed by `projects`.",
            )
            .or_computed(),
            Attribute::optional(
                "target_groups",
                Type::set(Type::String),
                "IDs or full paths of the groups on the allowlist, at most 200, instead of \
                 `groups`. Permissions aren't managed, and new entries have the default \
                 permissions. All other groups are removed from the allowlist; `[]` removes all \
                 groups.",
            ),
            Attribute::optional(
                "target_group_ids",
                Type::set(Type::Number),
                "IDs of the groups on the allowlist, instead of `target_groups`. Null if groups \
                 aren't managed, or are managed by `groups`.",
            )
            .or_computed(),
            Attribute::computed("project_id", Type::Number, "ID of the project."),
            Attribute::computed("id", Type::String, "ID of the project, as a string."),
        ];
        let description = "Manages a project's whole job token allowlist, or only the projects or \
                           only the groups on it. The resource removes entries that aren't in the \
                           configuration; the plan names each target that loses access. Destroying \
                           the resource removes the entries that it manages.";
        Schema { version: 0, description, attributes }
    }

    fn identity_schema(&self) -> IdentitySchema {
        identity::of_project()
    }

    fn identity(&self, state: &ExclusiveModel) -> ProjectIdentity {
        ProjectIdentity { project_id: state.project_id.clone() }
    }

    fn validate(&self, config: &ExclusiveModel, _: &Warnings) -> Result<(), Errors> {
        check::config(Stage::Validation, config)
    }

    async fn plan(
        &self,
        context: PlanContext<'_, Connection>,
        change: Change<ExclusiveModel>,
    ) -> Result<Plan<ExclusiveModel>, Errors> {
        plan::plan(&context, change).await
    }

    async fn plan_removal(
        &self,
        context: PlanContext<'_, Connection>,
        prior: ExclusiveModel,
    ) -> Result<Map<String, Json>, Errors> {
        let plan = |connection| claims::plan_removal(connection, &context, &prior);
        Ok(context.client.map(plan).unwrap_or_default())
    }

    async fn create(
        &self,
        context: Context<'_, Connection>,
        planned: ExclusiveModel,
    ) -> Result<ExclusiveModel, ApplyError<ExclusiveModel>> {
        let (project_id, created) = resolve_existing(&context.client.gitlab, planned).await?;
        // A failed create leaves no state: the next apply would destroy a tainted allowlist and
        // create it again, and no target would have access in between.
        write::converge(&context, project_id, None, &created).await.map_err(|errors| {
            let ledger = &context.client.ledger;
            let wanted = claims::wanted(project_id, &created, &claims::named(&created), None);
            let own = context.private.instance_id();
            let has_written = wanted.objects().any(|object| ledger.is_written_by(own, *object));
            let errors = if has_written { errors.with_suffix(NOT_IN_STATE) } else { errors };
            conflicts::with_left(ApplyError { new_state: None, errors }, &ledger.left(&wanted))
        })?;
        Ok(created)
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        state: ExclusiveModel,
    ) -> Result<Option<ExclusiveModel>, Errors> {
        let Connection { gitlab, ledger, reads } = context.client;
        // Noted before the first request, so that a removal planned in the meantime finds it.
        ledger.note_names(claims::names(&state));
        ledger.note_read(context.private.instance(), Manager::Exclusive, claims::held(&state));
        let Some(project_id) = project::in_state(gitlab, &state.project, &state.project_id).await?
        else {
            let name = project::as_written(&state.project);
            context.client.warn_project_gone(&state.project, name, context.warnings);
            return Ok(None);
        };
        let (project, name) = (state.project.clone(), names::project(&state.project, project_id));
        let read = refresh::observe(
            gitlab,
            (project_id, &name),
            state,
            Freshness::Shared,
            Keys::Paths,
            context.warnings,
        );
        match read.await {
            Ok(state) => {
                reads.note(Manager::Exclusive, project_id, None, Paths::default());
                ledger.note_read(
                    context.private.instance(),
                    Manager::Exclusive,
                    claims::held(&state),
                );
                Ok(Some(state))
            }
            Err(error) if error.is_not_found() => {
                context.client.warn_project_gone(&project, &name, context.warnings);
                Ok(None)
            }
            Err(error) => Err(of_a_refresh(cannot_read(&name, &error), &error).into()),
        }
    }

    async fn update(
        &self,
        context: Context<'_, Connection>,
        prior: ExclusiveModel,
        planned: ExclusiveModel,
    ) -> Result<ExclusiveModel, ApplyError<ExclusiveModel>> {
        let Connection { gitlab, ledger, .. } = context.client;
        let (project, updated) = resolve_existing(gitlab, planned).await?;
        let is_another = change::is_another_project(&prior, &updated);
        if is_another && !change::is_gone(gitlab, &prior).await {
            let [old, new] = [&prior, &updated].map(change::name);
            let error = replacement::unplanned(&change::short_name(&updated), &old, &new);
            return Err(error.into());
        }
        let only_paths = !is_another && change::is_in_names_only(&prior, &updated);
        let wanted = claims::wanted(project, &updated, &claims::named(&updated), None);
        let own = context.private.instance_id();
        let is_removed = match own {
            Some(own) if only_paths => ledger.has_removed(own, &wanted).await,
            _ => false,
        };
        if only_paths && !is_removed {
            return Ok(updated);
        }
        match write::converge(&context, project, Some(&prior).filter(|_| !is_another), &updated)
            .await
        {
            Ok(()) => Ok(updated),
            Err(errors) => {
                Err(ApplyError { new_state: left(&context, project, updated).await, errors })
            }
        }
    }

    async fn delete(
        &self,
        context: Context<'_, Connection>,
        state: ExclusiveModel,
    ) -> Result<(), ApplyError<ExclusiveModel>> {
        let gitlab = &context.client.gitlab;
        let Some(project_id) = project::in_state(gitlab, &state.project, &state.project_id).await?
        else {
            context.warnings.add(gone_before_removal(project::as_written(&state.project)));
            return Ok(());
        };
        match write::remove_all(&context, project_id, &state).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                context
                    .warnings
                    .add(gone_before_removal(names::project(&state.project, project_id)));
                Ok(())
            }
            Err(errors) => {
                Err(ApplyError { new_state: left(&context, project_id, state).await, errors })
            }
        }
    }

    /// Imports both kinds. The next plan stops managing a kind that the configuration doesn't set.
    async fn import(
        &self,
        context: Context<'_, Connection>,
        by: ImportBy<'_, ProjectIdentity>,
    ) -> Result<ExclusiveModel, Errors> {
        let source = identity::import_source(&by);
        let import = async {
            let gitlab = &context.client.gitlab;
            let (text, project_id) = identity::imported_project(gitlab, by).await?;
            let name = identity::name(text.as_deref(), project_id);
            let list = found(gitlab, (project_id, &name), context.warnings).await;
            let list = list.map_err(|error| report(cannot_read(&name, &error), &error))?;
            let project = Attr::Known(identity::as_written(gitlab, text, project_id).await?);
            Ok(ExclusiveModel { project, ..list })
        };
        import.await.map_err(|errors| cannot_import(&source, errors))
    }

    fn move_from(
        &self,
        source: &MoveSource,
        warnings: &Warnings,
    ) -> Result<ExclusiveModel, Errors> {
        if !crate::provider::moved::is_official(source, moved::SOURCE_TYPE) {
            return Err(crate::provider::moved::cannot_move(source, Self::TYPE_NAME).into());
        }
        moved::convert(source, warnings)
    }
}

fn project_of(model: &ExclusiveModel) -> Option<ProjectId> {
    ProjectId::try_from(*model.project_id.known()?).ok()
}

/// The addition to the errors of a failed create.
const NOT_IN_STATE: &str = "\n\nThe resource isn't in the state, so destroying doesn't remove the \
    entries that were added. The next apply adopts them.";

/// Returns the state after a failed write, read even after an interrupt: the state must match the
/// server.
async fn left(
    context: &Context<'_, Connection>,
    project_id: ProjectId,
    state: ExclusiveModel,
) -> Option<ExclusiveModel> {
    let gitlab = context.client.gitlab.with_grace_period();
    let name = names::project(&state.project, project_id);
    let project = (project_id, name.as_str());
    refresh::observe(&gitlab, project, state, Freshness::Now, Keys::Paths, context.warnings)
        .await
        .ok()
}

fn cannot_read(project: &str, error: &Error) -> String {
    match error.is_over_graphql() {
        true => permissions::cannot_read(project),
        false => format!("Can't read allowlist: project {project}"),
    }
}

/// Resolves all IDs of the plan, which must exist now.
async fn resolve_existing(
    gitlab: &Client,
    mut planned: ExclusiveModel,
) -> Result<(ProjectId, ExclusiveModel), Errors> {
    let project_id: ProjectId =
        project::resolve_existing(gitlab, "project", &planned.project, &planned.project_id).await?;
    planned.project_id = Attr::Known(project_id.into());
    planned.id = Attr::Known(project_id.to_string());
    let (projects, missing_projects) =
        ids::resolve_existing::<ProjectId>(gitlab, ProjectId::side(&planned)).await;
    let (groups, missing_groups) =
        ids::resolve_existing::<GroupId>(gitlab, GroupId::side(&planned)).await;
    Errors::check(missing_projects.into_iter().chain(missing_groups))?;
    planned.target_project_ids = projects;
    planned.target_group_ids = groups;
    planned.projects = ids::resolve_entries::<ProjectId>(gitlab, ProjectId::side(&planned)).await?;
    planned.groups = ids::resolve_entries::<GroupId>(gitlab, GroupId::side(&planned)).await?;
    check::not_itself(&planned, &claims::named(&planned))?;
    Ok((project_id, planned))
}

/// Returns the error of an allowlist that can't be read.
fn unreadable(planned: &ExclusiveModel, error: &Error) -> Diagnostic {
    let diagnostic = report(cannot_read(&change::project_name(planned), error), error);
    if error.is_not_found() { diagnostic.at("project") } else { diagnostic }
}
