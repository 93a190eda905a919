//! Writes the settings of a scope. Each write is verified. The setting is locked during the
//! write, so that other resources of the run wait.

use std::collections::BTreeSet;

use super::push::Push;
use super::{ENFORCEMENT, ScopeModel, applied, cannot_read, claims, observed};
use crate::framework::{ApplyError, Attr, Context, Diagnostic, Errors};
use crate::gitlab::{Client, Error, Freshness, ProjectId, ScopeSettings};
use crate::provider::connection::Connection;
use crate::provider::ledger::{Object, Value};
use crate::provider::report::{gone_before_removal, report, report_on};
use crate::provider::{claiming, conflicts, names};

/// A write of one setting.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// The access setting.
    Access,
    /// A push setting.
    Push(Push),
}

/// Returns the writes in order: pushes are forbidden before access changes, and allowed after it,
/// so that no intermediate state is more open than both the state before and the state after.
pub(super) fn steps(planned: &ScopeModel) -> Vec<Step> {
    let forbids = |push: &Push| *push.of(planned) == Attr::Known(false);
    let (forbidding, allowing): (Vec<Push>, Vec<Push>) = Push::ALL.into_iter().partition(forbids);
    let forbidding = forbidding.into_iter().rev().map(Step::Push);
    forbidding.chain([Step::Access]).chain(allowing.into_iter().map(Step::Push)).collect()
}

/// A scope while its settings are written.
pub(super) struct Progress {
    scope: ScopeModel,
    /// The access setting, after it was read.
    settings: Option<ScopeSettings>,
    /// The settings that were changed, for messages.
    changed: Vec<String>,
}

/// The failure of a step.
pub(super) struct StepFailed {
    errors: Errors,
    /// True if the change was made, or may have been.
    is_kept: bool,
}

impl Progress {
    /// Creates the value before the first step.
    pub(super) fn new(scope: ScopeModel) -> Self {
        Self { scope, settings: None, changed: Vec::new() }
    }

    /// Takes a step, and notes the change if it was made or may have been.
    pub(super) async fn take(
        &mut self,
        step: Step,
        context: &Context<'_, Connection>,
        project: ProjectId,
        planned: &ScopeModel,
        is_new: bool,
    ) -> Result<(), StepFailed> {
        let outcome = match step {
            Step::Access => match set_access(context, project, planned, is_new).await {
                Ok(settings) => {
                    self.settings = Some(settings);
                    Ok(())
                }
                Err(ApplyError { new_state: left, errors }) => {
                    self.settings = left.or(self.settings);
                    // A setting with another value wasn't changed.
                    let took_effect = |left: ScopeSettings| {
                        Attr::Known(left.inbound_enabled) == planned.inbound_enabled
                    };
                    Err(StepFailed { errors, is_kept: left.is_some_and(took_effect) })
                }
            },
            Step::Push(push) => {
                let outcome = set_push(context, project, planned, push).await;
                let is_kept = outcome.as_ref().map_or_else(|failed| failed.is_uncertain, |()| true);
                if is_kept {
                    let scope = std::mem::take(&mut self.scope);
                    self.scope = push.with(scope, push.of(planned).clone());
                }
                outcome.map_err(|failed| StepFailed { errors: failed.diagnostic.into(), is_kept })
            }
        };
        let (object, value) = match step {
            Step::Access => (Object::Access(project), &planned.inbound_enabled),
            Step::Push(push) => (push.object(project), push.of(planned)),
        };
        if let Attr::Known(value) = value
            && context.client.ledger.is_written_by(context.private.instance_id(), object)
        {
            self.changed.push(conflicts::setting(object, *value));
        }
        outcome
    }

    /// Returns the scope after the last step.
    pub(super) fn finished(self, planned: ScopeModel, project: ProjectId) -> ScopeModel {
        match self.settings {
            Some(settings) => applied(planned, project, settings),
            None => planned,
        }
    }

    /// Returns the failure of an update, with the changes made before it.
    pub(super) fn failed(self, failed: StepFailed, project: ProjectId) -> ApplyError<ScopeModel> {
        let scope = match self.settings {
            Some(settings) => observed(self.scope, project, settings),
            None => self.scope,
        };
        let errors = match self.changed.as_slice() {
            [] => failed.errors,
            changed => failed
                .errors
                .with_suffix(&format!("\n\nThis apply has set {}.", changed.join(" and "))),
        };
        ApplyError { new_state: Some(scope), errors }
    }
}

/// Writes the planned settings of a project that isn't in a state yet.
pub(super) async fn create(
    context: &Context<'_, Connection>,
    project: ProjectId,
    planned: ScopeModel,
) -> Result<ScopeModel, ApplyError<ScopeModel>> {
    let Connection { gitlab, ledger, .. } = context.client;
    let wanted = claims::wanted(project, &planned);
    let left = ledger.left(&wanted);
    let nothing =
        Push::ALL.iter().fold(planned.clone(), |scope, push| push.with(scope, Attr::Null));
    let mut done = Progress::new(nothing);
    for step in steps(&planned) {
        let Err(failed) = done.take(step, context, project, &planned, true).await else { continue };
        // The state must not lose what this run has changed, or what a destroyed resource has left
        // for this one.
        let is_changed_by_run =
            !left.is_empty() || wanted.objects().any(|object| ledger.has_written(*object));
        if done.settings.is_none() {
            done.settings =
                gitlab.with_grace_period().settings(project, Freshness::Recent).await.ok();
        }
        let is_kept = (is_changed_by_run || failed.is_kept) && done.settings.is_some();
        let failed = done.failed(failed, project);
        let failed = if is_kept { failed } else { ApplyError { new_state: None, ..failed } };
        return Err(conflicts::with_left(failed, &left));
    }
    Ok(done.finished(planned, project))
}

/// Writes the access setting, and verifies it. `is_new` is true if the project isn't in a state
/// yet.
async fn set_access(
    context: &Context<'_, Connection>,
    project: ProjectId,
    planned: &ScopeModel,
    is_new: bool,
) -> Result<ScopeSettings, ApplyError<ScopeSettings>> {
    let gitlab = &context.client.gitlab;
    let wanted = planned.inbound_enabled.known().copied().unwrap_or(true);
    let guard = claims::lock(context, project, planned, Object::Access(project)).await;
    let name = names::project(&planned.project, project);
    let settings = read_settings(gitlab, (project, &name), Freshness::Recent).await?;
    if settings.inbound_enabled == wanted {
        guard.found(context.private.instance_id(), Value::Setting(wanted));
        return Ok(settings);
    }
    claims::check(context, &guard, project, planned, wanted)?;
    if let Err(error) = gitlab.set_inbound_enabled(project, wanted).await {
        let diagnostic = report(cannot_set(&name, wanted), &error);
        let enforced = !wanted && error.is_bad_request();
        let diagnostic = if enforced { with_enforcement(diagnostic) } else { diagnostic };
        // The state must not lose a change that may have been made. Without a prior state, this
        // includes changes that GitLab may still make.
        let is_uncertain = error.is_unresolved() || is_new && error.maybe_carried_out();
        let left = is_uncertain.then_some(ScopeSettings { inbound_enabled: wanted, ..settings });
        let diagnostic = match (left.is_some(), error.is_unresolved()) {
            (false, _) => diagnostic,
            (true, true) => may_be_set(diagnostic, UNVERIFIED),
            (true, false) => may_be_set(diagnostic, NOT_YET),
        };
        return Err(ApplyError {
            new_state: left,
            errors: diagnostic.at("inbound_enabled").into(),
        });
    }
    // Also after an interrupt: GitLab has accepted the change, so the state must have it.
    let accepted = ScopeSettings { inbound_enabled: wanted, ..settings };
    let held = read_settings(&gitlab.with_grace_period(), (project, &name), Freshness::Now).await;
    if let Ok(settings) = &held
        && settings.inbound_enabled != wanted
    {
        let errors = not_taken(&name, wanted).at("inbound_enabled").into();
        return Err(ApplyError { new_state: Some(*settings), errors });
    }
    guard.wrote(context.private.instance_id(), Value::Setting(wanted));
    held.map_err(|errors| ApplyError { new_state: Some(accepted), errors })
}

/// The failure of a push setting.
struct PushFailed {
    diagnostic: Diagnostic,
    /// True if the change may have been made, and couldn't be verified.
    is_uncertain: bool,
}

impl From<Diagnostic> for PushFailed {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostic, is_uncertain: false }
    }
}

/// Writes a push setting, if it is managed.
async fn set_push(
    context: &Context<'_, Connection>,
    project: ProjectId,
    planned: &ScopeModel,
    push: Push,
) -> Result<(), PushFailed> {
    let Some(wanted) = push.of(planned).known().copied() else { return Ok(()) };
    let gitlab = &context.client.gitlab;
    let guard = claims::lock(context, project, planned, push.object(project)).await;
    let name = names::project(&planned.project, project);
    if push.is_there(gitlab, (project, &name), wanted).await? {
        guard.found(context.private.instance_id(), Value::Setting(wanted));
        return Ok(());
    }
    claims::check(context, &guard, project, planned, wanted)?;
    push.set(gitlab, (project, &name), wanted, context.warnings).await.map_err(
        |(diagnostic, is_uncertain)| {
            let diagnostic =
                if is_uncertain { may_be_set(diagnostic, UNVERIFIED) } else { diagnostic };
            PushFailed { diagnostic, is_uncertain }
        },
    )?;
    guard.wrote(context.private.instance_id(), Value::Setting(wanted));
    Ok(())
}

/// Restores GitLab's defaults, access last: until then, only targets on the allowlist can push.
///
/// # Errors
///
/// The failure has the settings as they are then.
pub(super) async fn restore(
    context: &Context<'_, Connection>,
    project: ProjectId,
    state: ScopeModel,
) -> Result<(), ApplyError<ScopeModel>> {
    let name = names::project(&state.project, project);
    let mut left = BTreeSet::new();
    let restored = restore_others(context, (project, &name), state, &mut left).await;
    if !left.is_empty() {
        context.warnings.add(conflicts::settings_left(&left, &name));
    }
    restored
}

/// Restores the settings that no other resource of the run manages, and adds the others to `left`.
async fn restore_others(
    context: &Context<'_, Connection>,
    (project, name): (ProjectId, &str),
    mut state: ScopeModel,
    left: &mut BTreeSet<Object>,
) -> Result<(), ApplyError<ScopeModel>> {
    for push in Push::ALL.into_iter().rev() {
        if *push.of(&state) != Attr::Known(true) {
            continue;
        }
        let guard = context.client.ledger.lock(push.object(project)).await;
        if claiming::leave(context, &guard) {
            left.insert(guard.object());
            continue;
        }
        let restored =
            push.restore(&context.client.gitlab, (project, name), context.warnings).await;
        restored.map_err(|diagnostic| ApplyError {
            new_state: Some(state.clone()),
            errors: diagnostic.into(),
        })?;
        guard.wrote(context.private.instance_id(), Value::Default);
        state = push.with(state, Attr::Known(false));
    }
    let settings = match restore_access(context, project, left).await {
        Ok(settings) => settings,
        Err(error) if error.is_not_found() => {
            context.warnings.add(gone_before_removal(name));
            return Ok(());
        }
        Err(error) => {
            let diagnostic = report_on(cannot_set(name, true), Some(RESTORES), None, &error);
            return Err(ApplyError { new_state: Some(state), errors: diagnostic.into() });
        }
    };
    match settings {
        Some(settings) if !settings.inbound_enabled => Err(ApplyError {
            new_state: Some(observed(state, project, settings)),
            errors: not_taken(name, true).into(),
        }),
        Some(_) | None => Ok(()),
    }
}

const RESTORES: &str = "Destroying this resource restricts the project to its allowlist, and that \
                        failed.";

/// Restores GitLab's default of the access setting, and returns the settings, or `None` if it is
/// left for another resource of the run. An error of GitLab is ignored if access is already
/// restricted.
async fn restore_access(
    context: &Context<'_, Connection>,
    project: ProjectId,
    left: &mut BTreeSet<Object>,
) -> Result<Option<ScopeSettings>, Error> {
    let gitlab = &context.client.gitlab;
    let guard = context.client.ledger.lock(Object::Access(project)).await;
    if claiming::leave(context, &guard) {
        left.insert(guard.object());
        return Ok(None);
    }
    // Written even if it reads as restricted: enforcement by the instance hides the project's own
    // setting.
    let written = gitlab.set_inbound_enabled(project, true).await;
    let settings = match gitlab.with_grace_period().settings(project, Freshness::Now).await {
        Ok(settings) => settings,
        Err(error) => return Err(written.err().unwrap_or(error)),
    };
    if let (Err(error), false) = (written, settings.inbound_enabled) {
        return Err(error);
    }
    guard.wrote(context.private.instance_id(), Value::Default);
    Ok(Some(settings))
}

pub(super) async fn read_settings(
    client: &Client,
    (project, name): (ProjectId, &str),
    freshness: Freshness,
) -> Result<ScopeSettings, Errors> {
    client.settings(project, freshness).await.map_err(|error| {
        let diagnostic = report(cannot_read(name), &error);
        if error.is_not_found() { diagnostic.at("project") } else { diagnostic }.into()
    })
}

fn cannot_set(project: &str, wanted: bool) -> String {
    match wanted {
        true => format!("Can't restrict project {project}"),
        false => format!("Can't open project {project}"),
    }
}

/// Returns the error of a change that GitLab accepted without making it.
fn not_taken(project: &str, wanted: bool) -> Diagnostic {
    let detail = format!(
        "GitLab accepted the change, but still returns `inbound_enabled = {}`.\n\n{}",
        !wanted,
        if wanted {
            "Try again. If the error persists, check the setting in GitLab: Settings > CI/CD > Job \
             token permissions."
        } else {
            ENFORCEMENT
        }
    );
    Diagnostic::new(cannot_set(project, wanted), detail)
}

fn may_be_set(diagnostic: Diagnostic, reason: &str) -> Diagnostic {
    let addition = "The state has the new value. Plan again: if GitLab doesn't have it, the next \
                    apply sets it.";
    Diagnostic { detail: format!("{}\n\n{reason} {addition}", diagnostic.detail), ..diagnostic }
}

const UNVERIFIED: &str = "The setting may have been changed, but this couldn't be verified.";
const NOT_YET: &str = "GitLab still returns the previous value, but may make the change later.";

fn with_enforcement(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { detail: format!("{}\n\n{ENFORCEMENT}", diagnostic.detail), ..diagnostic }
}
