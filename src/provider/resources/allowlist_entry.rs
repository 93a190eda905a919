//! `gitlab_job_token_allowlist_entry`: one project or group on a project's allowlist.

mod adoption;
mod change;
mod check;
mod claims;
mod ids;
mod import;
mod moved;
mod own;
pub(in crate::provider) mod permissions;
mod plan;
mod target;
mod write;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::framework::{
    ApplyError, Attribute, Change, Context, Errors, IdentityAttribute, IdentitySchema, ImportBy,
    MoveSource, Plan, PlanContext, Resource, Schema, Set, Type, Warnings, model,
};
use crate::gitlab::{Freshness, GroupId, ProjectId};
use crate::provider::connection::{Connection, Paths};
use crate::provider::ledger::Manager;
use crate::provider::project::Stage;
use crate::provider::report::{gone_before_removal, report};
use crate::provider::{identity, names, project, replacement};
pub(in crate::provider) use ids::entry_id;
use ids::{in_state, resolve_existing};
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
    /// The IDs that identify an entry: the project's, and that of the target project or group.
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
        let attributes = vec![
            Attribute::required(
                "project",
                Type::String,
                "ID or full path of the project that the allowlist belongs to. Changing this to a \
                 different project forces a new resource; a different path or ID for the same \
                 project doesn't.",
            ),
            Attribute::optional(
                "target_project",
                Type::String,
                "ID or full path of the project whose jobs get access. Exactly one of \
                 `target_project`, `target_project_id`, `target_group` and `target_group_id` must \
                 be set. Changing this to a different target forces a new resource. The target \
                 can be the project itself, to restrict its own jobs.",
            ),
            Attribute::optional(
                "target_project_id",
                Type::Number,
                "ID of the project whose jobs get access, instead of `target_project`. Changing \
                 this to a different target forces a new resource. Null if the target is a group.",
            )
            .or_computed(),
            Attribute::optional(
                "target_group",
                Type::String,
                "ID or full path of the group. Jobs of all projects in the group and its subgroups \
                 get access. Changing this to a different target forces a new resource.",
            ),
            Attribute::optional(
                "target_group_id",
                Type::Number,
                "ID of the group whose projects' jobs get access, instead of `target_group`. \
                 Changing this to a different target forces a new resource. Null if the target is \
                 a project.",
            )
            .or_computed(),
            Attribute::optional(
                "default_permissions",
                Type::Bool,
                "Whether the target's jobs have the default permissions, which are all that a job \
                 token can have (`true`), or only those in `job_token_policies` (`false`). If \
                 neither attribute is set, permissions aren't managed, and both attributes are \
                 null: a new entry has the default permissions, and an existing entry keeps its \
                 permissions. Needs GitLab 18.3 or later.",
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
            Attribute::computed(
                "target_type",
                Type::String,
                "Type of the target: `project` or `group`.",
            ),
            Attribute::computed("project_id", Type::Number, "ID of the project."),
            Attribute::computed(
                "id",
                Type::String,
                "ID of the entry: `<project ID>:project:<target ID>` or `<project \
                 ID>:group:<target ID>`.",
            ),
        ];
        let description = "Adds a target (a project or group) to a project's job token allowlist, \
                           so that the target's CI/CD jobs can access that project with \
                           `CI_JOB_TOKEN`. Other entries stay as they are. If the entry already \
                           exists, the resource adopts it and prints a warning. Destroying the \
                           resource removes the entry, even if it was adopted.";
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
        plan::plan(&context, change).await
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
        let Connection { gitlab, ledger, .. } = context.client;
        let (project_id, target) = resolve_existing(gitlab, &planned).await?;
        if own::is_own(project_id, target) {
            own::check(&planned)?;
        }
        let entry = planned.with_ids(project_id, target);
        let Err(failed) = write::add(&context, (project_id, target), &entry).await else {
            return Ok(entry);
        };
        // If a removal has kept the entry for this resource, no other state has it.
        let is_kept = !ledger.left(&claims::wanted(project_id, target, &entry)).is_empty();
        Err(ApplyError {
            new_state: failed.new_state.or_else(|| is_kept.then_some(entry)),
            ..failed
        })
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        state: EntryModel,
    ) -> Result<Option<EntryModel>, Errors> {
        let connection = context.client;
        let instance = context.private.instance();
        // Noted before the first request, so that a removal planned in the meantime finds it.
        let held = claims::held(&state);
        connection.ledger.note_names(held.iter().map(|entry| (*entry, names::target(&state))));
        connection.ledger.note_read(instance, Manager::Entry, held);
        let Some((project_id, target)) = in_state(&connection.gitlab, &state).await? else {
            let name = project::as_written(&state.project);
            connection.warn_project_gone(&state.project, name, context.warnings);
            return Ok(None);
        };
        if own::is_own(project_id, target) {
            let state = state.with_ids(project_id, target);
            let found = own::read(connection, project_id, state, context.warnings).await?;
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
                let name = names::project(&state.project, project_id);
                connection.warn_project_gone(&state.project, name, context.warnings);
                Ok(None)
            }
            Err(error) => {
                Err(report(cannot_read(&names::project(&state.project, project_id)), &error).into())
            }
        }
    }

    /// Changes permissions. A different path for the same object changes only the state.
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
        let is_removed = match context.private.instance_id() {
            Some(own) => {
                ledger.has_removed(own, &claims::wanted(project_id, target, &updated)).await
            }
            None => false,
        };
        if is_another || is_removed {
            write::add(&context, (project_id, target), &updated).await?;
        } else {
            write::set_permissions(&context, (project_id, target), &prior, &updated).await?;
        }
        Ok(updated)
    }

    async fn delete(
        &self,
        context: Context<'_, Connection>,
        state: EntryModel,
    ) -> Result<(), ApplyError<EntryModel>> {
        match in_state(&context.client.gitlab, &state).await? {
            Some(entry) => write::remove(&context, entry, state).await,
            None => {
                context.warnings.add(gone_before_removal(project::as_written(&state.project)));
                Ok(())
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
            return Err(crate::provider::moved::cannot_move(source, Self::TYPE_NAME).into());
        }
        moved::convert(source)
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
        target::check_same_reference(config),
    ];
    Errors::check(problems.into_iter().flatten().chain(permissions::check(config)))
}

fn cannot_read(project: &str) -> String {
    format!("Can't read allowlist: project {project}")
}
