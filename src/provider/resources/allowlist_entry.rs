//! `gitlab_job_token_allowlist_entry`: one project or group on a project's allowlist, whatever else is on it.

mod import;
mod moved;
mod numbers;
pub(in crate::provider) mod permissions;
mod takeover;
mod target;

use crate::framework::{
    Attr, Attribute, Change, Context, Diagnostic, Errors, Failed, IdentityAttribute, IdentitySchema,
    ImportBy, MoveSource, Plan, PlanContext, Resource, Schema, Set, Type, Warnings, cannot_move, model,
};
use crate::gitlab::{Allowed, Freshness, GroupId, NotGranted, ProjectId, Target};
use crate::provider::connection::Connection;
use crate::provider::identity;
use crate::provider::project;
use crate::provider::report::{gone_before_removal, project_gone, report, two_managers};
use numbers::{identify, in_state, owner, settle, target};
use target::target_attribute;

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
    /// The numbers that make an entry: the project's, and one of the two of the target.
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
                "Number or full path of the project that the allowlist belongs to: the one that is accessed. Another \
                 spelling of the same project changes nothing on the server; another project replaces the entry.",
            ),
            Attribute::optional(
                "target_project",
                Type::String,
                "Number or full path of the project whose jobs get access. Exactly one of `target_project`, \
                 `target_project_id`, `target_group` and `target_group_id` must be set.",
            ),
            Attribute::optional(
                "target_project_id",
                Type::Number,
                "Number of the project whose jobs get access; null if the target is a group. May be set in place of \
                 `target_project`.",
            )
            .or_computed(),
            Attribute::optional(
                "target_group",
                Type::String,
                "Number or full path of the group whose projects' jobs get access, those of its subgroups included.",
            ),
            Attribute::optional(
                "target_group_id",
                Type::Number,
                "Number of the group whose projects' jobs get access; null if the target is a project. May be set in \
                 place of `target_group`.",
            )
            .or_computed(),
            Attribute::optional(
                "default_permissions",
                Type::Bool,
                "Whether the target's jobs may do all that a job token can be used for (`true`), or only what \
                 `job_token_policies` names (`false`). Where neither is set, permissions are not managed: a new entry has \
                 the default ones, an existing one keeps what it has, and the attribute is null. Needs GitLab 18.3 or \
                 later.",
            )
            .or_computed(),
            Attribute::optional(
                "job_token_policies",
                Type::set(Type::String),
                "What the target's jobs may do and nothing else, by GitLab's names, such as `READ_JOBS` or \
                 `ADMIN_PACKAGES`; the empty set allows nothing of what has such a name. Not to be set beside \
                 `default_permissions = true`. Needs GitLab 18.3 or later.",
            )
            .or_computed(),
            Attribute::computed("target_type", Type::String, "What the target is: `project` or `group`."),
            Attribute::computed("project_id", Type::Number, "Number of the project, however `project` spells it."),
            Attribute::computed(
                "id",
                Type::String,
                "The entry as `<project number>:project:<target number>` or `<project number>:group:<target number>`.",
            ),
        ];
        let description = "Puts one project or group on the allowlist of a project, so that its CI/CD jobs may use \
                           their job token to access that project. Other entries of the list are left alone. An entry \
                           that is on the list already is taken over, with a warning; destroying the resource removes \
                           the entry in any case.";
        Schema { version: 0, description, attributes }
    }

    fn identity_schema(&self) -> IdentitySchema {
        let target =
            |name, description| IdentityAttribute { name, ty: Type::Number, required: false, description };
        let attributes = vec![
            identity::project_id(),
            target(
                "target_project_id",
                "Number of the project whose jobs have access, if the target is a project.",
            ),
            target(
                "target_group_id",
                "Number of the group whose projects' jobs have access, if the target is a group.",
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
        let problems = [
            project::check_spelling::<ProjectId>("project", &config.project),
            project::check_spelling::<ProjectId>("target_project", &config.target_project),
            project::check_number::<ProjectId>("target_project_id", &config.target_project_id),
            project::check_spelling::<GroupId>("target_group", &config.target_group),
            project::check_number::<GroupId>("target_group_id", &config.target_group_id),
            target::check_choice(config),
            target::check_same_spelling(config),
        ];
        Errors::check(problems.into_iter().flatten().chain(permissions::check(config)))
    }

    async fn plan(
        &self,
        context: PlanContext<'_, Connection>,
        change: Change<EntryModel>,
    ) -> Result<Plan<EntryModel>, Errors> {
        let Change { prior, config } = change;
        let gitlab = context.client.map(|connection| &connection.gitlab);
        let identified = identify(gitlab, prior.as_ref(), &config).await?;
        let (default_permissions, job_token_policies) = permissions::plan(&config);
        let planned = EntryModel {
            default_permissions,
            job_token_policies,
            project: config.project,
            target_project: config.target_project,
            target_group: config.target_group,
            ..identified
        };
        if let (Some(owner), Some(target)) = (owner(&planned), target(&planned)) {
            if target == Target::Project(owner) {
                return Err(target::is_owner(owner).at(target_attribute(&planned)).into());
            }
            if context.client.is_some_and(|connection| connection.planned.note_entry(owner, target)) {
                context.warnings.add(two_managers(owner, &[target]));
            }
            let is_new = prior.as_ref().is_none_or(|prior| !prior.id.is_null() && prior.id != planned.id);
            if let (true, Some(connection)) = (is_new, context.client) {
                takeover::foresee(connection, owner, target, context.warnings).await?;
            }
            let before = prior.as_ref().filter(|_| !is_new);
            permissions::foresee(gitlab, owner, before, &planned, context.warnings).await?;
        }
        if let Some(prior) = &prior {
            permissions::tell_if_abandoned(prior, &planned, context.warnings);
        }
        let numbers = prior.map(|prior| {
            [
                ("project_id", prior.project_id),
                ("target_project_id", prior.target_project_id),
                ("target_group_id", prior.target_group_id),
            ]
        });
        let known_before = numbers.into_iter().flatten().filter(|(_, number)| number.known().is_some());
        Ok(Plan { planned, replace: known_before.map(|(name, _)| name).collect(), private: None })
    }

    async fn create(
        &self,
        context: Context<'_, Connection>,
        planned: EntryModel,
    ) -> Result<EntryModel, Failed<EntryModel>> {
        let (owner, target) = settle(&context.client.gitlab, &planned).await?;
        if target == Target::Project(owner) {
            return Err(target::is_owner(owner).at(target_attribute(&planned)).into());
        }
        let gitlab = &context.client.gitlab;
        let added = match permissions::of(&planned) {
            None => gitlab.allow(owner, target).await.map_err(NotGranted::from),
            Some(wanted) => gitlab.allow_with(owner, target, &wanted).await,
        };
        let entry = planned.with_numbers(owner, target);
        match added {
            Ok(Allowed::AlreadyThere { explained_by_retry: false }) => {
                takeover::tell(context.client, owner, target, context.warnings);
                Ok(entry)
            }
            Ok(_) => Ok(entry),
            Err(failed) => {
                let attempted = format!("Can't add {target} to the allowlist of project {owner}");
                Err(permissions::failure(attempted, failed, entry))
            }
        }
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        state: EntryModel,
    ) -> Result<Option<EntryModel>, Errors> {
        let Some((owner, target)) = in_state(&context.client.gitlab, &state).await? else {
            context.warnings.add(project_gone(project::spelled(&state.project)));
            return Ok(None);
        };
        match context.client.gitlab.is_allowed(owner, target, Freshness::Shared).await {
            Ok(true) => {
                let state = state.with_numbers(owner, target);
                permissions::refresh(&context.client.gitlab, owner, target, state, context.warnings)
                    .await
                    .map(Some)
            }
            Ok(false) => Ok(None),
            Err(error) if error.is_not_found() => {
                context.warnings.add(project_gone(owner));
                Ok(None)
            }
            Err(error) => Err(report(cannot_read(owner), &error).into()),
        }
    }

    /// Spellings and permissions change in place; only the latter are the server's business.
    async fn update(
        &self,
        context: Context<'_, Connection>,
        prior: EntryModel,
        planned: EntryModel,
    ) -> Result<EntryModel, Failed<EntryModel>> {
        let (owner, target) = settle(&context.client.gitlab, &planned).await?;
        let updated = planned.with_numbers(owner, target);
        if updated.id != prior.id && prior.id.known().is_some() {
            let detail = format!("{:?} can't become {:?} in place.", prior.id.known(), updated.id.known());
            return Err(Diagnostic::defect("Unplanned change of an allowlist entry", detail).into());
        }
        match permissions::of(&updated).filter(|wanted| permissions::of(&prior).as_ref() != Some(wanted)) {
            None => Ok(updated),
            Some(wanted) => {
                let set = context.client.gitlab.set_permissions(owner, target, &wanted).await;
                set.map(|()| updated.clone()).map_err(|failed| {
                    let attempted = format!("Can't change what {target} may do in project {owner}");
                    permissions::failure(attempted, failed, updated)
                })
            }
        }
    }

    /// Over REST whatever the entry's permissions are: by number, which is exact even when a path has changed
    /// hands, and works for groups that the token can't see; GraphQL's removal means another direction by version.
    async fn delete(
        &self,
        context: Context<'_, Connection>,
        state: EntryModel,
    ) -> Result<(), Failed<EntryModel>> {
        let Some((owner, target)) = in_state(&context.client.gitlab, &state).await? else {
            context.warnings.add(gone_before_removal(project::spelled(&state.project)));
            return Ok(());
        };
        match context.client.gitlab.revoke(owner, target).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => {
                context.warnings.add(gone_before_removal(owner));
                Ok(())
            }
            Err(error) => {
                let attempted = format!("Can't remove {target} from the allowlist of project {owner}");
                Err(report(attempted, &error).into())
            }
        }
    }

    async fn import(
        &self,
        context: Context<'_, Connection>,
        by: ImportBy<'_, EntryIdentity>,
    ) -> Result<EntryModel, Errors> {
        let (spelling, owner, target) = import::find(&context.client.gitlab, by).await?;
        match context.client.gitlab.is_allowed(owner, target, Freshness::Shared).await {
            Ok(true) => {
                let spelled = EntryModel { project: Attr::Known(spelling), ..EntryModel::default() };
                let entry = spelled.with_numbers(owner, target);
                let held = context.client.gitlab.permissions_of(owner, target).await;
                let held = permissions::as_found(owner, held, context.warnings)?.flatten();
                Ok(entry.with_own_permissions(held.as_ref()))
            }
            Ok(false) => Err(import::not_on_the_list(owner, target).into()),
            Err(error) => Err(report(cannot_read(owner), &error).into()),
        }
    }

    fn move_from(&self, source: &MoveSource, _: &Warnings) -> Result<EntryModel, Errors> {
        if !crate::provider::moved::is_official(source, moved::SOURCE_TYPE) {
            return Err(cannot_move(source, Self::TYPE_NAME).into());
        }
        moved::take_over(source)
    }
}

fn cannot_read(owner: ProjectId) -> String {
    format!("Can't read the allowlist of project {owner}")
}
