//! `gitlab_job_token_allowlist_entry`: one project or group on a project's allowlist, whatever else
//! is on it.

mod adoption;
mod change;
mod check;
mod claims;
mod ids;
mod import;
mod moved;
mod own;
pub(in crate::provider) mod permissions;
mod target;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::framework::{
    ApplyError, Attribute, Change, Context, Errors, IdentityAttribute, IdentitySchema, ImportBy,
    MoveSource, Plan, PlanContext, Resource, Schema, Set, Type, Warnings, cannot_move, model,
};
use crate::gitlab::{Allowed, Freshness, GrantError, GroupId, ProjectId, Target};
use crate::provider::connection::{Connection, Paths};
use crate::provider::ledger::{Manager, Object, Value};
use crate::provider::planned_ids::PlannedIds;
use crate::provider::project::Stage;
use crate::provider::report::{gone_before_removal, project_gone, report, report_on};
use crate::provider::unresolved::Unresolved;
use crate::provider::{claiming, identity, names, overlap, project, replacement};
pub(in crate::provider) use ids::entry_id;
use ids::{identify, in_state, project_of, resolve_existing, target};
pub(in crate::provider) use import::project_in_import_id;

/// The resource.
pub(in crate::provider) struct AllowlistEntry;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct EntryModel {
        project: String,
        target_project: String,
        target_project_id: i64,
        target_group: String,
        target_group_id: i64,
        default_permissions: bool,
        job_token_policies: Set<String>,
        target_type: String,
        project_id: i64,
        id: String,
    }
}

model! {
    /// The IDs that make an entry: the project's, and one of the two of the target.
    pub(in crate::provider) struct EntryIdentity {
        project_id: i64,
        target_project_id: i64,
        target_group_id: i64,
    }
}

impl Resource for AllowlistEntry {
    type Client = Connection;
    type Model = EntryModel;
    type Identity = EntryIdentity;
    const TYPE_NAME: &'static str = "gitlab_job_token_allowlist_entry";

    fn schema(&self) -> Schema {
        let attributes =
            vec![
            Attribute::required(
                "project",
                Type::String,
                "ID or full path of the project whose allowlist it is. Changing this to a \
                 different project forces a new resource; a different path or ID for the same \
                 project doesn't.",
            ),
            Attribute::optional(
                "target_project",
                Type::String,
                "ID or full path of the project whose jobs get access. Exactly one of \
                 `target_project`, `target_project_id`, `target_group` and `target_group_id` must \
                 be set. Changing to a different target forces a new resource. The target can be \
                 the project itself if `default_permissions` or `job_token_policies` is set: the \
                 entry then sets the permissions of the project's own jobs.",
            ),
            Attribute::optional(
                "target_project_id",
                Type::Number,
                "ID of the project whose jobs get access, instead of `target_project`. Null if the \
                 target is a group.",
            )
            .or_computed(),
            Attribute::optional(
                "target_group",
                Type::String,
                "ID or full path of the group whose projects' jobs get access, including the \
                 projects of its subgroups.",
            ),
            Attribute::optional(
                "target_group_id",
                Type::Number,
                "ID of the group whose projects' jobs get access, instead of `target_group`. Null \
                 if the target is a project.",
            )
            .or_computed(),
            Attribute::optional(
                "default_permissions",
                Type::Bool,
                "Whether the target's jobs have the default permissions, which are all that a job \
                 token can have (`true`), or only those in `job_token_policies` (`false`). If \
                 neither attribute is set, permissions aren't managed: a new entry has the default \
                 permissions, an existing entry keeps its permissions, and both attributes are \
                 null. Needs GitLab 18.3 or later.",
            )
            .or_computed(),
            Attribute::optional(
                "job_token_policies",
                Type::set(Type::String),
                "Policies that the target's jobs are restricted to, such as `READ_JOBS` or \
                 `ADMIN_PACKAGES`: see [GitLab's \
                 list](https://docs.gitlab.com/ci/jobs/fine_grained_permissions/). `[]` gives no \
                 permissions. Conflicts with `default_permissions = true`. Needs GitLab 18.3 or \
                 later.",
            )
            .or_computed(),
            Attribute::computed("target_type", Type::String, "Type of the target: `project` or \
                `group`."),
            Attribute::computed("project_id", Type::Number, "ID of the project."),
            Attribute::computed(
                "id",
                Type::String,
                "ID of the entry: `<project ID>:project:<target ID>` or `<project \
                 ID>:group:<target ID>`.",
            ),
        ];
        let description = "Adds a project or group to a project's job token allowlist, so that its \
                           CI/CD jobs can access that project with `CI_JOB_TOKEN`. Other entries \
                           stay as they are. If the entry already exists, the resource adopts it \
                           and prints a warning. Destroying the resource removes the entry, even \
                           if it was adopted.";
        Schema { version: 0, description, attributes }
    }

    fn identity_schema(&self) -> IdentitySchema {
        let target = |name, description| IdentityAttribute {
            name,
            ty: Type::Number,
            required: false,
            description,
        };
        let attributes = vec![
            identity::project_id(),
            target(
                "target_project_id",
                "ID of the project whose jobs have access, if the target is a project.",
            ),
            target(
                "target_group_id",
                "ID of the group whose projects' jobs have access, if the target is a group.",
            ),
        ];
        IdentitySchema { version: 0, attributes }
    }

    fn identity(&self, state: &EntryModel) -> EntryIdentity {
        EntryIdentity {
            project_id: state.project_id.clone(),
            target_project_id: state.target_project_id.clone(),
            target_group_id: state.target_group_id.clone(),
        }
    }

    fn validate(&self, config: &EntryModel, _: &Warnings) -> Result<(), Errors> {
        check_config(Stage::Validation, config)
    }

    async fn plan(
        &self,
        context: PlanContext<'_, Connection>,
        change: Change<EntryModel>,
    ) -> Result<Plan<EntryModel>, Errors> {
        let Change { prior, config } = change;
        check_config(Stage::Planning, &config)?;
        let gitlab = context.client.map(|connection| &connection.gitlab);
        let mut unresolved = Unresolved::default();
        let identified = identify(context.client, prior.as_ref(), &config, &mut unresolved).await?;
        unresolved.warn(gitlab, context.warnings).await;
        let (default_permissions, job_token_policies) = permissions::plan(&config);
        let planned = EntryModel {
            default_permissions,
            job_token_policies,
            project: config.project,
            target_project: config.target_project,
            target_group: config.target_group,
            ..identified
        };
        let mut notes = permissions::plan_unknown(&context, &planned);
        if let (Some(project_id), Some(target)) = (project_of(&planned), target(&planned)) {
            let is_own = own::is_own(project_id, target);
            if is_own {
                own::check(&planned)?;
            }
            let is_new =
                prior.as_ref().is_none_or(|prior| !prior.id.is_null() && prior.id != planned.id);
            // A removal of this run has left the entry for this one: without an apply, it would be
            // in no state.
            let is_left = context.client.is_some_and(|connection| {
                !connection.ledger.left(&claims::wanted(project_id, target, &planned)).is_empty()
            });
            if let Some(connection) = context.client {
                let is_there = match (is_new, is_own) {
                    (false, _) => true,
                    (true, false) => {
                        match adoption::check(connection, &context, (project_id, target), &planned)
                            .await
                        {
                            Err(_) if is_left => true,
                            is_there => is_there?,
                        }
                    }
                    (true, true) => {
                        own::tell_if_adopted(connection, project_id, &planned, context.warnings)
                            .await;
                        false
                    }
                };
                notes.extend((is_new && is_there).then(adoption::note));
                notes.extend(claims::plan(
                    connection,
                    &context,
                    prior.as_ref(),
                    &planned,
                    is_there,
                ));
            }
            let before = prior.as_ref().filter(|_| !is_new);
            let checked =
                check::check(context.client, project_id, before, &planned, context.warnings).await;
            if !is_left {
                checked?;
            }
        }
        let ids = PlannedIds::default()
            .with("project_id", &planned.project_id)
            .with("target_project_id", &planned.target_project_id)
            .with("target_group_id", &planned.target_group_id);
        ids.note(&mut notes, &context)?;
        if let Some(prior) = &prior {
            permissions::tell_if_abandoned(prior, &planned, context.warnings);
        }
        let requires_replace = match &prior {
            Some(prior) => change::replaced(&context, prior, &planned).await,
            None => Vec::new(),
        };
        Ok(Plan { planned, requires_replace, notes })
    }

    async fn plan_removal(
        &self,
        context: PlanContext<'_, Connection>,
        prior: EntryModel,
    ) -> Result<Map<String, Json>, Errors> {
        let plan = |connection| claims::plan_removal(connection, &context, &prior);
        Ok(context.client.map(plan).unwrap_or_default())
    }

    async fn create(
        &self,
        context: Context<'_, Connection>,
        planned: EntryModel,
    ) -> Result<EntryModel, ApplyError<EntryModel>> {
        let (project_id, target) = resolve_existing(&context.client.gitlab, &planned).await?;
        if own::is_own(project_id, target) {
            own::check(&planned)?;
        }
        let entry = planned.with_ids(project_id, target);
        match add(&context, project_id, target, &entry).await {
            Ok(()) => Ok(entry),
            Err(failed) => {
                // What a removal has left for this resource is in no other state.
                let is_left = !context
                    .client
                    .ledger
                    .left(&claims::wanted(project_id, target, &entry))
                    .is_empty();
                Err(ApplyError {
                    new_state: failed.new_state.or_else(|| is_left.then_some(entry)),
                    ..failed
                })
            }
        }
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        state: EntryModel,
    ) -> Result<Option<EntryModel>, Errors> {
        let connection = context.client;
        let instance = context.private.instance();
        // Before the first request: a removal that is planned meanwhile finds it.
        let held = claims::held(&state);
        connection.ledger.note_names(held.iter().map(|entry| (*entry, names::target(&state))));
        connection.ledger.note_read(instance, Manager::Entry, held);
        let Some((project_id, target)) = in_state(&connection.gitlab, &state).await? else {
            context.warnings.add(project_gone(project::as_written(&state.project)));
            return Ok(None);
        };
        if own::is_own(project_id, target) {
            let state = state.with_ids(project_id, target);
            let found = own::read(&connection.gitlab, project_id, state, context.warnings).await?;
            connection.reads.note(Manager::Entry, project_id, Some(target), Paths::default());
            let held = found.as_ref().map(claims::held).unwrap_or_default();
            connection.ledger.note_read(instance, Manager::Entry, held);
            return Ok(found);
        }
        match connection.gitlab.allowlist(project_id, target.kind(), Freshness::Shared).await {
            Ok(list) => {
                let Some(entry) = list.get(target) else {
                    connection.ledger.note_read(instance, Manager::Entry, BTreeSet::new());
                    return Ok(None);
                };
                let paths = Paths {
                    project: list.project_path().map(str::to_owned),
                    target: entry.full_path.clone(),
                };
                connection.reads.note(Manager::Entry, project_id, Some(target), paths);
                let state = state.with_ids(project_id, target);
                connection.ledger.note_read(instance, Manager::Entry, claims::held(&state));
                permissions::refresh(
                    &connection.gitlab,
                    project_id,
                    target,
                    state,
                    context.warnings,
                )
                .await
            }
            Err(error) if error.is_not_found() => {
                context.warnings.add(project_gone(names::project(&state.project, project_id)));
                Ok(None)
            }
            Err(error) => {
                Err(report(cannot_read(&names::project(&state.project, project_id)), &error).into())
            }
        }
    }

    /// Paths and permissions change in place; only the latter are the server's business.
    async fn update(
        &self,
        context: Context<'_, Connection>,
        prior: EntryModel,
        planned: EntryModel,
    ) -> Result<EntryModel, ApplyError<EntryModel>> {
        let Connection { gitlab, ledger, .. } = context.client;
        let (project_id, target) = resolve_existing(gitlab, &planned).await?;
        let updated = planned.with_ids(project_id, target);
        let is_another = prior.id.known().is_some() && updated.id != prior.id;
        if is_another && !change::is_gone(gitlab, &prior).await {
            let (old, new) = (names::entry(&prior), names::entry(&updated));
            return Err(replacement::unplanned(&names::target(&updated), &old, &new).into());
        }
        let own = context.private.instance_id();
        let is_removed = match own {
            Some(own) => {
                ledger.has_removed(own, &claims::wanted(project_id, target, &updated)).await
            }
            None => false,
        };
        if is_another || is_removed {
            add(&context, project_id, target, &updated).await?;
            return Ok(updated);
        }
        if let Some(wanted) = permissions::of(&updated)
            .filter(|wanted| permissions::of(&prior).as_ref() != Some(wanted))
        {
            let turn = claims::turn(&context, project_id, target, &updated).await?;
            if own::is_own(project_id, target) {
                own::write(&context, project_id, &updated).await?;
            } else {
                let written = gitlab.set_permissions(project_id, target, &wanted).await.map_err(
                    |failed| {
                        let attempted =
                            format!("Can't set permissions: {}", names::target(&updated));
                        let objects = format!(
                            "Setting the permissions of {} failed.",
                            names::entry(&updated)
                        );
                        permissions::failed_change(
                            attempted,
                            Some(&objects),
                            failed,
                            updated.clone(),
                        )
                    },
                )?;
                permissions::tell_if_hidden(written, &updated, context.warnings);
            }
            turn.wrote(own, Value::Entry(Some(wanted)));
        }
        Ok(updated)
    }

    /// Uses REST whatever the entry's permissions are: by ID, which is exact even when a path has
    /// changed hands, and works for groups that the token can't see; GraphQL's removal means
    /// another direction by version.
    async fn delete(
        &self,
        context: Context<'_, Connection>,
        state: EntryModel,
    ) -> Result<(), ApplyError<EntryModel>> {
        let Connection { gitlab, ledger, .. } = context.client;
        let Some((project_id, target)) = in_state(gitlab, &state).await? else {
            context.warnings.add(gone_before_removal(project::as_written(&state.project)));
            return Ok(());
        };
        let turn = ledger.turn(Object::Entry(project_id, target)).await;
        if claiming::leave(&context, &turn) {
            let project = names::project(&state.project, project_id);
            let name = overlap::named(ledger, turn.object(), names::target(&state));
            context.warnings.add(overlap::left(&name, &project));
            return Ok(());
        }
        if own::is_own(project_id, target) {
            own::restore(&context, project_id, state).await?;
            turn.wrote(context.private.instance_id(), Value::Default);
            return Ok(());
        }
        match gitlab.revoke(project_id, target).await {
            Ok(_) => {
                turn.wrote(context.private.instance_id(), Value::Default);
                Ok(())
            }
            Err(error) if error.is_not_found() => {
                context
                    .warnings
                    .add(gone_before_removal(names::project(&state.project, project_id)));
                Ok(())
            }
            Err(error) => {
                let state = state.with_ids(project_id, target);
                let asking = permissions::asking(&state);
                let attempted = format!("Can't remove entry: {}", names::target(&state));
                let objects = format!(
                    "Removing {} from the allowlist of project {} failed.",
                    names::target(&state),
                    names::project_of(&state)
                );
                Err(report_on(attempted, Some(&objects), Some(asking), &error).into())
            }
        }
    }

    async fn import(
        &self,
        context: Context<'_, Connection>,
        by: ImportBy<'_, EntryIdentity>,
    ) -> Result<EntryModel, Errors> {
        import::import(&context, by).await
    }

    fn move_from(&self, source: &MoveSource, _: &Warnings) -> Result<EntryModel, Errors> {
        if !crate::provider::moved::is_official(source, moved::SOURCE_TYPE) {
            return Err(cannot_move(source, Self::TYPE_NAME).into());
        }
        moved::take_over(source)
    }
}

fn check_config(stage: Stage, config: &EntryModel) -> Result<(), Errors> {
    let problems = [
        project::check_reference::<ProjectId>(stage, "project", &config.project),
        project::check_reference::<ProjectId>(stage, "target_project", &config.target_project),
        project::check_id::<ProjectId>(stage, "target_project_id", &config.target_project_id),
        project::check_reference::<GroupId>(stage, "target_group", &config.target_group),
        project::check_id::<GroupId>(stage, "target_group_id", &config.target_group_id),
        target::check_choice(config),
        target::check_same_reference(stage, config),
    ];
    Errors::check(problems.into_iter().flatten().chain(permissions::check(config)))
}

/// The outcome of an addition that may have been carried out, and that couldn't be checked.
const MAY_BE_THERE: &str = "\n\nThe entry may have been added: GitLab couldn't be asked. It is in \
                            the state, so that it can't be left behind; the next apply replaces \
                            it.";

/// Adds the entry, or adopts it.
async fn add(
    context: &Context<'_, Connection>,
    project_id: ProjectId,
    target: Target,
    entry: &EntryModel,
) -> Result<(), ApplyError<EntryModel>> {
    let Connection { gitlab, ledger, .. } = context.client;
    let wanted = claims::wanted(project_id, target, entry);
    let turn = claims::turn(context, project_id, target, entry).await?;
    let permissions = permissions::of(entry);
    let left = ledger.left(&wanted);
    let own = context.private.instance_id();
    if own::is_own(project_id, target) {
        own::write(context, project_id, entry)
            .await
            .map_err(|failed| overlap::with_left(failed, &left))?;
        turn.wrote(own, Value::Entry(permissions));
        return Ok(());
    }
    let added = match &permissions {
        None => gitlab.allow(project_id, target).await.map_err(GrantError::from),
        Some(permissions) => {
            gitlab.allow_with(project_id, target, permissions).await.map(|granted| {
                permissions::tell_if_hidden(granted.confirmation, entry, context.warnings);
                granted.allowed
            })
        }
    };
    match added {
        Ok(Allowed::AlreadyExists { explained_by_retry }) => {
            if left.is_empty() && !explained_by_retry {
                adoption::tell(context.client, (project_id, target), entry, context.warnings);
            }
            if permissions.is_none() {
                return Ok(());
            }
        }
        Ok(Allowed::Added) => {}
        Err(failed) => {
            let attempted = format!("Can't add entry: {}", names::target(entry));
            let objects = format!(
                "Adding {} to the allowlist of project {} failed.",
                names::target(entry),
                names::project_of(entry)
            );
            let is_unresolved = failed.error.is_unresolved();
            let mut failed = permissions::failure(attempted, Some(&objects), failed, entry.clone());
            if is_unresolved {
                failed.new_state = failed.new_state.or_else(|| Some(entry.clone()));
                failed.errors = failed.errors.with_suffix(MAY_BE_THERE);
            }
            return Err(overlap::with_left(failed, &left));
        }
    }
    turn.wrote(own, Value::Entry(permissions));
    Ok(())
}

fn cannot_read(project: &str) -> String {
    format!("Can't read allowlist: project {project}")
}
