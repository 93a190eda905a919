//! `gitlab_job_token_allowlist_exclusive`: the whole allowlist of a project. What a managed kind does not name is
//! removed.

mod check;
mod converge;
mod kind;
mod moved;
mod numbers;
mod outcome;
mod progress;
mod spelling;
mod takeover;
mod warn;

use crate::framework::{
    Attr, Attribute, Change, Context, Diagnostic, Errors, Failed, IdentitySchema, ImportBy, MoveSource, Plan,
    PlanContext, Resource, Schema, Set, Type, Warnings, cannot_move, model,
};
use crate::gitlab::{Client, Error, Freshness, GroupId, ProjectId};
use crate::provider::connection::Connection;
use crate::provider::identity::{self, ProjectIdentity};
use crate::provider::project::{self, Known};
use crate::provider::report::{gone_before_removal, project_gone, report};
use converge::Goal;
use kind::{Live, Managed};
use takeover::{Lists, TakenOver};

/// The resource.
pub(in crate::provider) struct AllowlistExclusive;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct ExclusiveModel {
        project: String,
        target_projects: Set<String>,
        target_project_ids: Set<i64>,
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
                "Number or full path of the project that the allowlist belongs to: the one that is accessed. Another \
                 spelling of the same project changes nothing on the server; another project replaces the resource, and \
                 nothing else ever does.",
            ),
            Attribute::optional(
                "target_projects",
                Type::set(Type::String),
                "Numbers or full paths of the projects that are allowed, at most 200. Any other project is removed from \
                 the list; an empty set allows none. If neither this nor `target_project_ids` is set, the projects on the \
                 list are left alone. At least one kind, projects or groups, must be managed.",
            ),
            Attribute::optional(
                "target_project_ids",
                Type::set(Type::Number),
                "Numbers of the projects that are allowed; null if the projects are left alone. May be set in place of \
                 `target_projects`.",
            )
            .or_computed(),
            Attribute::optional(
                "target_groups",
                Type::set(Type::String),
                "Numbers or full paths of the groups whose projects are allowed, those of their subgroups included, at \
                 most 200. Any other group is removed from the list; an empty set allows none. If neither this nor \
                 `target_group_ids` is set, the groups on the list are left alone.",
            ),
            Attribute::optional(
                "target_group_ids",
                Type::set(Type::Number),
                "Numbers of the groups whose projects are allowed; null if the groups are left alone. May be set in \
                 place of `target_groups`.",
            )
            .or_computed(),
            Attribute::computed("project_id", Type::Number, "Number of the project, however `project` spells it."),
            Attribute::computed("id", Type::String, "Number of the project, as text."),
        ];
        let description = "Manages the whole allowlist of a project: which projects and groups may access it with the \
                           job tokens of their CI/CD jobs, and that no others may. **Creating it removes every entry of \
                           a managed kind that it does not name**; the plan warns and names them. The project itself \
                           always has access and is never named. Destroying it removes the entries it manages; to leave \
                           them in place, use a `removed` block with `destroy = false`. Whether the allowlist limits \
                           access at all is decided by `gitlab_job_token_scope`.";
        Schema { version: 0, description, attributes }
    }

    fn identity_schema(&self) -> IdentitySchema {
        identity::of_project()
    }

    fn identity(&self, state: &ExclusiveModel) -> ProjectIdentity {
        ProjectIdentity { project_id: state.project_id.clone() }
    }

    fn validate(&self, config: &ExclusiveModel, _: &Warnings) -> Result<(), Errors> {
        check::config(config)
    }

    async fn plan(
        &self,
        context: PlanContext<'_, Connection>,
        change: Change<ExclusiveModel>,
    ) -> Result<Plan<ExclusiveModel>, Errors> {
        let Change { prior, config } = change;
        let gitlab = context.client.map(|connection| &connection.gitlab);
        let at_hand = prior.as_ref().zip(gitlab).and_then(|(prior, gitlab)| {
            let owner = owner(prior)?;
            Some(Lists::at_hand(gitlab, owner))
        });
        let known = prior.as_ref().map(|prior| Known {
            spelling: &prior.project,
            number: &prior.project_id,
            present_path: at_hand.as_ref().and_then(Lists::owner_path),
        });
        let project_id = project::plan_number::<ProjectId>(gitlab, "project", &config.project, known).await?;
        let id = project_id.clone().map(|number| number.to_string());
        let mut planned = ExclusiveModel { project_id, id, ..config };

        let taken_over = TakenOver::by(&planned, prior.as_ref(), context.private.is_imported());
        let lists = match gitlab.zip(owner(&planned)) {
            Some((gitlab, owner)) => {
                taken_over.read_lists(gitlab, owner).await.map_err(|error| unreadable(owner, &error))?
            }
            None => Lists::default(),
        };
        // What is on a list needs no look-up.
        plan_numbers::<ProjectId>(gitlab, prior.as_ref(), &lists, &mut planned).await?;
        plan_numbers::<GroupId>(gitlab, prior.as_ref(), &lists, &mut planned).await?;
        check::not_owner(&planned)?;

        if let (Some(connection), Some(owner)) = (context.client, owner(&planned)) {
            warn::two_managers(connection, owner, &planned, context.warnings);
            warn::loss_of_access(owner, &planned, taken_over, &lists, context.warnings);
            warn::covered_projects(owner, prior.as_ref(), &planned, &lists, context.warnings);
        }
        let known_before = prior.is_some_and(|prior| prior.project_id.known().is_some());
        let replace = if known_before { vec!["project_id"] } else { Vec::new() };
        Ok(Plan { planned, replace, private: None })
    }

    async fn create(
        &self,
        context: Context<'_, Connection>,
        planned: ExclusiveModel,
    ) -> Result<ExclusiveModel, Failed<ExclusiveModel>> {
        let (owner, created) = settle(&context.client.gitlab, planned).await?;
        // A failed create leaves no state: a tainted list would be destroyed and built anew by the next apply, with
        // nobody allowed in between.
        converge(&context.client.gitlab, owner, &created)
            .await
            .map_err(|errors| Failed { left: None, errors })?;
        Ok(created)
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        state: ExclusiveModel,
    ) -> Result<Option<ExclusiveModel>, Errors> {
        let gitlab = &context.client.gitlab;
        let Some(owner) = project::in_state(gitlab, &state.project, &state.project_id).await? else {
            context.warnings.add(project_gone(project::spelled(&state.project)));
            return Ok(None);
        };
        match spelling::observe(gitlab, owner, state, Freshness::Shared).await {
            Ok(state) => Ok(Some(state)),
            Err(error) if error.is_not_found() => {
                context.warnings.add(project_gone(owner));
                Ok(None)
            }
            Err(error) => Err(report(cannot_read(owner), &error).into()),
        }
    }

    async fn update(
        &self,
        context: Context<'_, Connection>,
        prior: ExclusiveModel,
        planned: ExclusiveModel,
    ) -> Result<ExclusiveModel, Failed<ExclusiveModel>> {
        let gitlab = &context.client.gitlab;
        let (owner, updated) = settle(gitlab, planned).await?;
        let only_spellings = updated.target_project_ids == prior.target_project_ids
            && updated.target_group_ids == prior.target_group_ids;
        if only_spellings {
            return Ok(updated);
        }
        match converge(gitlab, owner, &updated).await {
            Ok(()) => Ok(updated),
            Err(errors) => {
                // Also after an interrupt: the state must say how far it came.
                let left = spelling::observe(&gitlab.despite_stop(), owner, updated, Freshness::Now).await;
                Err(Failed { left: left.ok(), errors })
            }
        }
    }

    async fn delete(
        &self,
        context: Context<'_, Connection>,
        state: ExclusiveModel,
    ) -> Result<(), Failed<ExclusiveModel>> {
        let gitlab = &context.client.gitlab;
        let Some(owner) = project::in_state(gitlab, &state.project, &state.project_id).await? else {
            context.warnings.add(gone_before_removal(project::spelled(&state.project)));
            return Ok(());
        };
        let managed = ProjectId::side(&state).ids::<ProjectId>().map(Into::into);
        let managed = managed.chain(GroupId::side(&state).ids::<GroupId>().map(Into::into)).collect();
        match converge::remove_all(gitlab, owner, managed).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                context.warnings.add(gone_before_removal(owner));
                Ok(())
            }
            Err(errors) => {
                let left = spelling::observe(&gitlab.despite_stop(), owner, state, Freshness::Now).await;
                Err(Failed { left: left.ok(), errors })
            }
        }
    }

    /// Takes in both kinds; a kind that the configuration leaves out is let go by the next plan.
    async fn import(
        &self,
        context: Context<'_, Connection>,
        by: ImportBy<'_, ProjectIdentity>,
    ) -> Result<ExclusiveModel, Errors> {
        let gitlab = &context.client.gitlab;
        let (spelling, owner) = identity::imported_project(gitlab, by).await?;
        let both_kinds = ExclusiveModel {
            project: Attr::Known(spelling),
            target_project_ids: Attr::Known(Set(Vec::new())),
            target_group_ids: Attr::Known(Set(Vec::new())),
            ..ExclusiveModel::default()
        };
        let observed = spelling::observe(gitlab, owner, both_kinds, Freshness::Shared).await;
        observed.map_err(|error| report(cannot_read(owner), &error).into())
    }

    fn move_from(&self, source: &MoveSource, warnings: &Warnings) -> Result<ExclusiveModel, Errors> {
        if !crate::provider::moved::is_official(source, moved::SOURCE_TYPE) {
            return Err(cannot_move(source, Self::TYPE_NAME).into());
        }
        moved::take_over(source, warnings)
    }
}

fn owner(model: &ExclusiveModel) -> Option<ProjectId> {
    ProjectId::try_from(*model.project_id.known()?).ok()
}

fn cannot_read(owner: ProjectId) -> String {
    format!("Can't read the allowlist of project {owner}")
}

async fn plan_numbers<I: Managed>(
    gitlab: Option<&Client>,
    prior: Option<&ExclusiveModel>,
    lists: &Lists,
    planned: &mut ExclusiveModel,
) -> Result<(), Errors> {
    let live = lists.live::<I>();
    let numbers = numbers::plan::<I>(gitlab, prior.map(I::side), I::side(planned), live.as_ref()).await?;
    *I::numbers(planned) = numbers;
    Ok(())
}

/// The planned list with all numbers, which must be known by now.
async fn settle(gitlab: &Client, mut planned: ExclusiveModel) -> Result<(ProjectId, ExclusiveModel), Errors> {
    let owner: ProjectId = project::settle(gitlab, "project", &planned.project, &planned.project_id).await?;
    planned.project_id = Attr::Known(owner.into());
    planned.id = Attr::Known(owner.to_string());
    planned.target_project_ids = numbers::settle::<ProjectId>(gitlab, ProjectId::side(&planned)).await?;
    planned.target_group_ids = numbers::settle::<GroupId>(gitlab, GroupId::side(&planned)).await?;
    check::not_owner(&planned)?;
    Ok((owner, planned))
}

/// Makes the list on the server what the model says of the managed kinds.
async fn converge(gitlab: &Client, owner: ProjectId, wanted: &ExclusiveModel) -> Result<(), Errors> {
    let goals = async {
        Ok::<_, Error>((
            goal::<ProjectId>(gitlab, owner, wanted).await?,
            goal::<GroupId>(gitlab, owner, wanted).await?,
        ))
    };
    let (projects, groups) = goals.await.map_err(|error| unreadable(owner, &error))?;
    converge::reach(gitlab, owner, projects, groups).await
}

async fn goal<I: Managed>(gitlab: &Client, owner: ProjectId, wanted: &ExclusiveModel) -> Result<Goal, Error> {
    let side = I::side(wanted);
    if side.numbers.is_null() {
        return Ok(Goal::default());
    }
    // What the plan of this same step has read, so that those are removed of whom it warned; never an older list, for
    // nobody who got onto it meanwhile may stay.
    let Live(live) = Live::<I>::from(gitlab.allowlist(owner, I::KIND, Freshness::Recent).await?);
    Ok(Goal::new(live.into_keys().map(Into::into).collect(), side.ids::<I>().map(Into::into).collect()))
}

fn unreadable(owner: ProjectId, error: &Error) -> Diagnostic {
    let diagnostic = report(cannot_read(owner), error);
    if error.is_not_found() { diagnostic.at("project") } else { diagnostic }
}
