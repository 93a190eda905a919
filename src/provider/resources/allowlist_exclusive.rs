//! `gitlab_job_token_allowlist_exclusive`: the whole allowlist of a project. What a managed kind
//! does not name is removed.

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
mod progress;
mod refresh;
mod warn;
mod write;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::framework::{
    ApplyError, Attr, Attribute, Change, Context, Diagnostic, Errors, IdentitySchema, ImportBy,
    MoveSource, Plan, PlanContext, Resource, Schema, Set, Type, Warnings, cannot_move, model,
};
use crate::gitlab::{Client, Error, Freshness, GroupId, ProjectId, Target};
use crate::provider::connection::{Connection, Paths};
use crate::provider::identity::{self, ProjectIdentity};
use crate::provider::ledger::{Manager, Object};
use crate::provider::planned_ids::PlannedIds;
use crate::provider::project::{self, Known, Stage};
use crate::provider::report::{gone_before_removal, is_out_of_reach, project_gone, report, unread};
use crate::provider::unresolved::Unresolved;
use crate::provider::{names, overlap, replacement};
use claims::Named;
use entries::{Entries, Keys};
use kind::{Managed, Side};
use lists::Lists;

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
                "ID or full path of the project whose allowlist it is. Changing this to a \
                 different project forces a new resource; a different path or ID for the same \
                 project doesn't.",
            ),
            Attribute::optional_map(
                "projects",
                entries::attributes(),
                "Projects on the allowlist, at most 200, with the permissions of their jobs. Keys \
                 are IDs or full paths. All other projects are removed from the allowlist; `{}` \
                 removes all of them. At most one of `projects`, `target_projects` and \
                 `target_project_ids` can be set; if none is, projects aren't managed. Projects or \
                 groups must be managed. Needs GitLab 18.3 or later.",
            ),
            Attribute::optional_map(
                "groups",
                entries::attributes(),
                "Groups on the allowlist, at most 200, with the permissions of their projects' \
                 jobs, including the projects of their subgroups. Keys are IDs or full paths. All \
                 other groups are removed from the allowlist; `{}` removes all of them. At most \
                 one of `groups`, `target_groups` and `target_group_ids` can be set; if none is, \
                 groups aren't managed. Needs GitLab 18.3 or later.",
            ),
            Attribute::optional(
                "target_projects",
                Type::set(Type::String),
                "IDs or full paths of the projects on the allowlist, at most 200, instead of \
                 `projects`. Permissions aren't managed, and new entries have the default \
                 permissions. All other projects are removed from the allowlist; `[]` removes all \
                 of them.",
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
                 permissions. All other groups are removed from the allowlist; `[]` removes all of \
                 them.",
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
        let description = "Manages a project's whole job token allowlist: its projects, its \
                           groups, or both. Entries that aren't in the configuration are removed, \
                           and the plan names each target that loses access. Destroying the \
                           resource removes the entries that it manages.";
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
        let Change { prior, config } = change;
        check::config(Stage::Planning, &config)?;
        let prior = prior.as_ref();
        let gitlab = context.client.map(|connection| &connection.gitlab);
        let kinds = lists::to_read(prior, &config);
        let before = prior.and_then(project_of);
        let lists_before = match gitlab.zip(before) {
            Some((gitlab, project_id)) => Lists::read(gitlab, project_id, kinds).await,
            None => Ok(Lists::default()),
        };
        let mut unresolved = Unresolved::default();
        let known = prior.map(|prior| Known {
            path_or_id: &prior.project,
            id: &prior.project_id,
            current_path: lists_before.as_ref().ok().and_then(Lists::project_path),
        });
        let project_id = project::plan_id(gitlab, &config.project, known, &mut unresolved).await?;
        let id = project_id.clone().map(|id| id.to_string());
        let changes =
            context.private.is_imported() || prior.is_none_or(|prior| changes(prior, &config));
        let mut planned = ExclusiveModel { project_id, id, ..config };
        let lists = match (gitlab.zip(project_of(&planned)), lists_before) {
            (Some((gitlab, project_id)), _) if Some(project_id) != before => {
                match Lists::read(gitlab, project_id, kinds).await {
                    Ok(lists) => lists,
                    Err(error) if prior.is_none() && is_out_of_reach(&error) => {
                        context.warnings.add(unread(
                            cannot_read(&change::project_name(&planned)),
                            &error,
                            UNREAD,
                        ));
                        Lists::default()
                    }
                    Err(error) => return Err(unreadable(&planned, &error).into()),
                }
            }
            (Some(_), Err(error)) if changes => return Err(unreadable(&planned, &error).into()),
            // A plan without changes must not fail: a host plans before it destroys.
            (_, lists) => lists.unwrap_or_default(),
        };
        let is_to_be_asked =
            changes && (ProjectId::side(&planned).is_map() || GroupId::side(&planned).is_map());
        let lists = match gitlab.zip(project_of(&planned)) {
            Some((gitlab, project_id)) if is_to_be_asked => {
                lists.with_permissions(gitlab, project_id, &planned).await?
            }
            _ => lists,
        };
        let mut kept = Named::new();
        plan_ids::<ProjectId>(gitlab, prior, &lists, &mut planned, &mut kept, &mut unresolved)
            .await?;
        plan_ids::<GroupId>(gitlab, prior, &lists, &mut planned, &mut kept, &mut unresolved)
            .await?;
        unresolved.warn(gitlab, context.warnings).await;
        check::not_itself(&planned, &kept)?;
        if let Some((connection, project_id)) = context.client.zip(project_of(&planned)) {
            permitting::check(connection, project_id, prior, &planned, &kept, context.warnings)
                .await?;
        }

        let mut notes = match context.client.zip(project_of(&planned)) {
            Some((connection, project_id)) => {
                warn_and_claim(connection, &context, project_id, prior, &planned, &kept, &lists)
            }
            None => Map::new(),
        };
        let ids = PlannedIds::default()
            .with("project_id", &planned.project_id)
            .with_set("target_project_ids", &planned.target_project_ids)
            .with_set("target_group_ids", &planned.target_group_ids)
            .with_entries(ProjectId::ENTRIES, entries::ids(ProjectId::side(&planned)))
            .with_entries(GroupId::ENTRIES, entries::ids(GroupId::side(&planned)));
        ids.note(&mut notes, &context)?;
        let requires_replace = match prior {
            Some(prior) => change::replaced(&context, prior, &planned).await,
            None => Vec::new(),
        };
        Ok(Plan { planned, requires_replace, notes })
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
        // A failed create leaves no state: a tainted list would be destroyed and built anew by the
        // next apply, with nobody allowed in between.
        write::converge(&context, project_id, None, &created).await.map_err(|errors| {
            let ledger = &context.client.ledger;
            let wanted = claims::wanted(project_id, &created, &claims::named(&created), None);
            let has_written = wanted.objects().any(|object| ledger.has_written(*object));
            let errors = if has_written { errors.with_suffix(NOT_IN_STATE) } else { errors };
            overlap::with_left(ApplyError { new_state: None, errors }, &ledger.left(&wanted))
        })?;
        Ok(created)
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        state: ExclusiveModel,
    ) -> Result<Option<ExclusiveModel>, Errors> {
        let Connection { gitlab, ledger, reads } = context.client;
        // Before the first request: a removal that is planned meanwhile finds it.
        ledger.note_names(claims::names(&state));
        ledger.note_read(context.private.instance(), Manager::Exclusive, claims::held(&state));
        let Some(project_id) = project::in_state(gitlab, &state.project, &state.project_id).await?
        else {
            context.warnings.add(project_gone(project::as_written(&state.project)));
            return Ok(None);
        };
        let name = names::project(&state.project, project_id);
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
                context.warnings.add(project_gone(&name));
                Ok(None)
            }
            Err(error) => Err(report(cannot_read(&name), &error).into()),
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

    /// Takes in both kinds; a kind that the configuration leaves out is let go by the next plan.
    async fn import(
        &self,
        context: Context<'_, Connection>,
        by: ImportBy<'_, ProjectIdentity>,
    ) -> Result<ExclusiveModel, Errors> {
        let id = by.id();
        let import = async {
            let gitlab = &context.client.gitlab;
            let (text, project_id) = identity::imported_project(gitlab, by).await?;
            let name = identity::name(text.as_deref(), project_id);
            let list = found(gitlab, (project_id, &name), context.warnings).await;
            let list = list.map_err(|error| report(cannot_read(&name), &error))?;
            let project = Attr::Known(identity::as_written(gitlab, text, project_id).await?);
            Ok(ExclusiveModel { project, ..list })
        };
        import.await.map_err(|errors| identity::of_import(id, errors))
    }

    fn move_from(
        &self,
        source: &MoveSource,
        warnings: &Warnings,
    ) -> Result<ExclusiveModel, Errors> {
        if !crate::provider::moved::is_official(source, moved::SOURCE_TYPE) {
            return Err(cannot_move(source, Self::TYPE_NAME).into());
        }
        moved::take_over(source, warnings)
    }
}

fn project_of(model: &ExclusiveModel) -> Option<ProjectId> {
    ProjectId::try_from(*model.project_id.known()?).ok()
}

/// The state after a failed create.
const NOT_IN_STATE: &str = "\n\nThe resource isn't in the state, so destroying doesn't remove the \
    entries that were added. The next apply adopts them.";

/// Returns what a failed write has left on the server. Also after an interrupt: the state must say
/// how far it came.
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

const UNREAD: &str = "So the plan doesn't show which entries the exclusive allowlist removes.";

fn cannot_read(project: &str) -> String {
    format!("Can't read allowlist: project {project}")
}

async fn plan_ids<I: Managed>(
    gitlab: Option<&Client>,
    prior: Option<&ExclusiveModel>,
    lists: &Lists,
    planned: &mut ExclusiveModel,
    kept: &mut Named,
    unresolved: &mut Unresolved,
) -> Result<(), Errors> {
    let live = lists.live::<I>();
    let ids =
        ids::plan::<I>(gitlab, prior.map(I::side), I::side(planned), live.as_ref(), unresolved)
            .await?;
    *I::entries(planned) = ids.entries;
    *I::target_ids(planned) = ids.attribute;
    kept.extend(ids.kept.into_iter().map(|(id, name)| (id.into(), name)));
    Ok(())
}

/// Warns of all that the plan itself doesn't show, claims what it wants, and returns what the apply
/// must know.
fn warn_and_claim(
    connection: &Connection,
    context: &PlanContext<'_, Connection>,
    project_id: ProjectId,
    prior: Option<&ExclusiveModel>,
    planned: &ExclusiveModel,
    kept: &Named,
    lists: &Lists,
) -> Map<String, Json> {
    let wanted = claims::wanted(project_id, planned, kept, Some(lists));
    let mut notes = claims::plan(connection, context, prior, planned, wanted);
    let project = names::project(&planned.project, project_id);
    permitting::warn_of_changes(&project, prior, planned, kept, lists, context.warnings);
    let adopted = lists::adopted(planned, prior, context.private.is_imported());
    if let Some(prior) = prior.filter(|_| !context.private.is_imported()) {
        permitting::warn_of_abandoned(&project, prior, planned, kept, context.warnings);
    }
    warn::covered_projects(&project, (prior, planned), kept, lists, context.warnings);
    let kept: BTreeSet<Target> = kept.keys().copied().collect();
    // To remove what another resource of this run has just added is a conflict.
    let (ledger, own) = (&connection.ledger, context.instance.id);
    let stays = |target: &Target| ledger.was_added(Object::Entry(project_id, *target), own);
    let staying = kept.iter().copied().chain(lists.targets().filter(stays)).collect();
    warn::loss_of_access(&project, (prior, planned), adopted, &staying, lists, context.warnings);
    if let Some(prior) = prior {
        warn::no_longer_managed(&project, prior, planned, lists, context.warnings);
    }
    notes.extend(lists::note_of(lists, &kept, context.first_plan));
    notes
}

/// Checks whether the configuration says something else than the state does.
fn changes(prior: &ExclusiveModel, config: &ExclusiveModel) -> bool {
    let differs = |config: Side<'_>, prior: Side<'_>| {
        entries::differ(config, prior)
            || config.references != prior.references
            || (!config.target_ids.is_null() && config.target_ids != prior.target_ids)
            || config.is_managed() != prior.is_managed()
    };
    prior.project != config.project
        || differs(ProjectId::side(config), ProjectId::side(prior))
        || differs(GroupId::side(config), GroupId::side(prior))
}

/// Returns the planned list with all IDs, which must be known by now.
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

fn unreadable(planned: &ExclusiveModel, error: &Error) -> Diagnostic {
    let diagnostic = report(cannot_read(&change::project_name(planned)), error);
    if error.is_not_found() { diagnostic.at("project") } else { diagnostic }
}
