//! `gitlab_job_token_scope`: whether access to a project is restricted to its allowlist.

mod change;
mod claims;
mod opening;
mod plan;
mod push;
mod restricting;
mod write;

use serde_json::{Map, Value as Json};

use crate::framework::{
    ApplyError, Attr, Attribute, Change, Context, Diagnostic, Errors, IdentitySchema, ImportBy,
    MoveSource, Plan, PlanContext, Resource, Schema, Type, Value, Warnings, cannot_import, model,
};
use crate::gitlab::{Client, Freshness, ProjectId, ScopeSettings};
use crate::provider::connection::{Connection, Paths};
use crate::provider::identity::{self, ProjectIdentity};
use crate::provider::ledger::Manager;
use crate::provider::project::{self, Stage};
use crate::provider::report::{gone_before_removal, report};
use crate::provider::{moved, names, replacement};
use push::Push;
use write::Step;

/// The resource.
pub(in crate::provider) struct JobTokenScope;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct ScopeModel {
        project: String,
        inbound_enabled: bool,
        push_repository_for_job_token_allowed: bool,
        cross_project_push_for_job_token_allowed: bool,
        outbound_enabled: bool,
        project_id: i64,
        id: String,
    }
}

impl Resource for JobTokenScope {
    type Client = Connection;
    type Model = ScopeModel;
    type Identity = ProjectIdentity;
    const TYPE_NAME: &'static str = "gitlab_job_token_scope";

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required(
                "project",
                Type::String,
                "ID or full path of the project. Changing this to a different project forces a new \
                 resource; a different path or ID for the same project doesn't.",
            ),
            Attribute::optional(
                "inbound_enabled",
                Type::Bool,
                "Whether the project is restricted to its allowlist (`true`), or open to the jobs \
                 of all projects of the instance (`false`), within the rights of the user who runs \
                 the job. Defaults to `true`, as in GitLab.",
            )
            .with_default(Value::Bool(true)),
            Attribute::optional(
                Push::Own.attribute(),
                Type::Bool,
                "Whether this project's own jobs can push to its repository with their job token. \
                 If not set, the setting isn't managed, and the attribute is null. Needs GitLab \
                 17.2 or later. On GitLab Self-Managed before 18.4, GitLab ignores the setting \
                 unless an administrator enables the feature flag \
                 `allow_push_repository_for_job_token`; since 18.4 it is always available.",
            )
            .or_computed(),
            Attribute::optional(
                Push::CrossProject.attribute(),
                Type::Bool,
                "Whether jobs of other projects on the allowlist can push to this project's \
                 repository with their job token. Their entries must have the default permissions \
                 or the `ADMIN_REPOSITORIES` policy, and `push_repository_for_job_token_allowed` \
                 must also be on. If not set, the setting isn't managed, and the attribute is \
                 null. Needs GitLab 19.1 or later.",
            )
            .or_computed(),
            Attribute::computed(
                "outbound_enabled",
                Type::Bool,
                "Whether GitLab limits which projects this project's own job tokens can access \
                 (\"Limit access from this project\"). Deprecated in GitLab; null if GitLab doesn't \
                 return it.",
            ),
            Attribute::computed("project_id", Type::Number, "ID of the project."),
            Attribute::computed("id", Type::String, "ID of the project, as a string."),
        ];
        let description = "Manages whether only the projects and groups on a project's allowlist \
                           can access it with their CI/CD job tokens (the inbound job token \
                           scope). Every project has this setting: creating the resource adopts \
                           it, and destroying the resource restores GitLab's default, which \
                           restricts the project to its allowlist.";
        Schema { version: 0, description, attributes }
    }

    fn identity_schema(&self) -> IdentitySchema {
        identity::of_project()
    }

    fn identity(&self, state: &ScopeModel) -> ProjectIdentity {
        ProjectIdentity { project_id: state.project_id.clone() }
    }

    fn validate(&self, config: &ScopeModel, _: &Warnings) -> Result<(), Errors> {
        check(Stage::Validation, config)
    }

    async fn plan(
        &self,
        context: PlanContext<'_, Connection>,
        change: Change<ScopeModel>,
    ) -> Result<Plan<ScopeModel>, Errors> {
        plan::plan(&context, change).await
    }

    async fn plan_removal(
        &self,
        context: PlanContext<'_, Connection>,
        prior: ScopeModel,
    ) -> Result<Map<String, Json>, Errors> {
        let plan = |connection| claims::plan_removal(connection, &context, &prior);
        Ok(context.client.map(plan).unwrap_or_default())
    }

    async fn create(
        &self,
        context: Context<'_, Connection>,
        planned: ScopeModel,
    ) -> Result<ScopeModel, ApplyError<ScopeModel>> {
        let project = resolve_existing(&context.client.gitlab, &planned).await?;
        write::create(&context, project, planned).await
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        state: ScopeModel,
    ) -> Result<Option<ScopeModel>, Errors> {
        let Connection { gitlab, ledger, reads } = context.client;
        // Noted before the first request, so that a removal planned in the meantime finds it.
        ledger.note_read(context.private.instance(), Manager::Scope, claims::held(&state));
        let Some(project) = in_state(gitlab, &state).await? else {
            let name = project::as_written(&state.project);
            context.client.warn_project_gone(&state.project, name, context.warnings);
            return Ok(None);
        };
        match gitlab.refreshed_settings(project).await {
            Ok(settings) => {
                let name = names::project(&state.project, project);
                if state.inbound_enabled == Attr::Known(false) && settings.inbound_enabled {
                    context.warnings.add(not_open(&name));
                }
                let mut state = state;
                for push in Push::ALL {
                    let refreshed =
                        push.refreshed(gitlab, (project, &name), &state, context.warnings).await?;
                    state = push.with(state, refreshed);
                }
                let state = observed(state, project, settings);
                reads.note(Manager::Scope, project, None, Paths::default());
                ledger.note_read(context.private.instance(), Manager::Scope, claims::held(&state));
                Ok(Some(state))
            }
            Err(error) if error.is_not_found() => {
                let name = names::project(&state.project, project);
                context.client.warn_project_gone(&state.project, name, context.warnings);
                Ok(None)
            }
            Err(error) => {
                Err(report(cannot_read(&names::project(&state.project, project)), &error).into())
            }
        }
    }

    async fn update(
        &self,
        context: Context<'_, Connection>,
        prior: ScopeModel,
        planned: ScopeModel,
    ) -> Result<ScopeModel, ApplyError<ScopeModel>> {
        let Connection { gitlab, ledger, .. } = context.client;
        let project = resolve_existing(gitlab, &planned).await?;
        if project_id_of(&prior).is_some_and(|before| before != project) {
            if !change::is_gone(gitlab, &prior).await {
                let new = ScopeModel { project_id: Attr::Known(project.into()), ..planned };
                let (old, new) = (change::name(&prior), change::name(&new));
                return Err(replacement::unplanned(&new, &old, &new).into());
            }
            return write::create(&context, project, planned).await;
        }
        let own = context.private.instance_id();
        let is_restored = match own {
            Some(own) => ledger.has_removed(own, &claims::wanted(project, &planned)).await,
            None => false,
        };
        let mut done = write::Progress::new(prior.clone());
        for step in write::steps(&planned) {
            let differs = match step {
                Step::Access => planned.inbound_enabled != prior.inbound_enabled,
                Step::Push(push) => push.of(&planned) != push.of(&prior),
            };
            if (is_restored || differs)
                && let Err(failed) = done.take(step, &context, project, &planned, false).await
            {
                return Err(done.failed(failed, project));
            }
        }
        Ok(done.finished(planned, project))
    }

    async fn delete(
        &self,
        context: Context<'_, Connection>,
        state: ScopeModel,
    ) -> Result<(), ApplyError<ScopeModel>> {
        let gitlab = &context.client.gitlab;
        let Some(project) = in_state(gitlab, &state).await? else {
            context.warnings.add(gone_before_removal(project::as_written(&state.project)));
            return Ok(());
        };
        write::restore(&context, project, state).await
    }

    async fn import(
        &self,
        context: Context<'_, Connection>,
        by: ImportBy<'_, ProjectIdentity>,
    ) -> Result<ScopeModel, Errors> {
        let source = identity::import_source(&by);
        let import = async {
            let gitlab = &context.client.gitlab;
            let (text, project) = identity::imported_project(gitlab, by).await?;
            let name = identity::name(text.as_deref(), project);
            let settings = write::read_settings(gitlab, (project, &name), Freshness::Now).await?;
            let scope = found(gitlab, (project, &name), settings, context.warnings).await?;
            let project = Attr::Known(identity::as_written(gitlab, text, project).await?);
            Ok(ScopeModel { project, ..scope })
        };
        import.await.map_err(|errors| cannot_import(&source, errors))
    }

    fn move_from(&self, source: &MoveSource, _: &Warnings) -> Result<ScopeModel, Errors> {
        Err(moved::cannot_move(source, Self::TYPE_NAME).into())
    }
}

/// Returns the scope of a project that no resource manages yet, for imports and queries. The caller
/// sets `project`.
pub(in crate::provider) async fn found(
    client: &Client,
    (project, name): (ProjectId, &str),
    settings: ScopeSettings,
    warnings: &Warnings,
) -> Result<ScopeModel, Errors> {
    let mut pushes = [Attr::Null, Attr::Null];
    for (push, found) in Push::ALL.into_iter().zip(&mut pushes) {
        *found = push.imported(client, (project, name), warnings).await?;
    }
    Ok(found_with(project, settings, pushes))
}

/// As [`found`], with known push settings: the project's own and the cross-project one, null unless
/// they are on.
pub(in crate::provider) fn found_with(
    project: ProjectId,
    settings: ScopeSettings,
    pushes: [Attr<bool>; 2],
) -> ScopeModel {
    let scope = Push::ALL
        .into_iter()
        .zip(pushes)
        .fold(ScopeModel::default(), |scope, (push, setting)| push.with(scope, setting));
    observed(scope, project, settings)
}

fn check(stage: Stage, config: &ScopeModel) -> Result<(), Errors> {
    Errors::check(project::check_reference::<ProjectId>(stage, "project", &config.project))
}

/// Returns the ID of the project, which must exist now.
async fn resolve_existing(client: &Client, model: &ScopeModel) -> Result<ProjectId, Errors> {
    project::resolve_existing(client, "project", &model.project, &model.project_id).await
}

async fn in_state(client: &Client, state: &ScopeModel) -> Result<Option<ProjectId>, Errors> {
    project::in_state(client, &state.project, &state.project_id).await
}

fn project_id_of(model: &ScopeModel) -> Option<ProjectId> {
    ProjectId::try_from(*model.project_id.known()?).ok()
}

/// Returns the state with the settings that the server has now.
fn observed(state: ScopeModel, project: ProjectId, settings: ScopeSettings) -> ScopeModel {
    ScopeModel {
        inbound_enabled: Attr::Known(settings.inbound_enabled),
        outbound_enabled: settings.outbound_enabled.map_or(Attr::Null, Attr::Known),
        project_id: Attr::Known(project.into()),
        id: Attr::Known(project.to_string()),
        ..state
    }
}

/// Returns the plan with the settings that the server has now. A planned value stays, even if the
/// server has another one by now: the next read shows it.
fn applied(planned: ScopeModel, project: ProjectId, settings: ScopeSettings) -> ScopeModel {
    let in_plan = planned.outbound_enabled.clone();
    let observed = observed(planned, project, settings);
    if in_plan.is_unknown() {
        observed
    } else {
        ScopeModel { outbound_enabled: in_plan, ..observed }
    }
}

fn cannot_read(project: &str) -> String {
    format!("Can't read job token scope: project {project}")
}

const ENFORCEMENT: &str = "If the instance enforces allowlists, as GitLab.com does, \
                           `inbound_enabled` can only be `true`. Remove the attribute, and add the \
                           projects and groups that need access to the allowlist.";

/// Returns the warning of a project that is restricted although the state has it open.
fn not_open(project: &str) -> Diagnostic {
    let detail = format!(
        "The state has `inbound_enabled = false` for project {project}, but GitLab returns `true`. \
         A user may have changed the setting, or an earlier apply may not have changed it. The \
         next apply sets it.\n\n{ENFORCEMENT}"
    );
    Diagnostic::new(format!("Project {project} isn't open"), detail)
}
