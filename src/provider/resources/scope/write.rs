//! The writes of a scope's settings. Each makes sure that it took, and waits for its turn among those of the other resources
//! of the run.

use super::push::Push;
use super::{ENFORCEMENT, ScopeModel, applied, cannot_read, claims, observed};
use crate::framework::{Attr, Context, Diagnostic, Errors, Failed};
use crate::gitlab::{Client, Error, Freshness, ProjectId, ScopeSettings};
use crate::provider::connection::Connection;
use crate::provider::ledger::{Object, Value};
use crate::provider::overlap;
use crate::provider::report::report;

/// Makes a project's settings what is planned, which no state has yet.
pub(super) async fn set_up(
    context: &Context<'_, Connection>,
    project: ProjectId,
    planned: ScopeModel,
) -> Result<ScopeModel, Failed<ScopeModel>> {
    let wanted = claims::wanted(project, &planned);
    let left = context.client.ledger.left(&wanted);
    let settings = match set_access(context, project, &planned, true).await {
        Ok(settings) => settings,
        Err(Failed { left: accepted, errors }) => {
            // What didn't take has changed nothing.
            let taken =
                accepted.filter(|settings| Attr::Known(settings.inbound_enabled) == planned.inbound_enabled);
            let accepted = taken.map(|settings| without_pushes(planned, project, settings));
            return Err(overlap::with_left(Failed { left: accepted, errors }, &left));
        }
    };
    let mut done = without_pushes(planned.clone(), project, settings);
    for push in Push::ALL {
        if let Err(diagnostic) = set_push(context, project, &planned, push).await {
            // What this run has changed, or a destroyed resource has left for this one, must not get lost.
            let objects = Push::ALL.map(|push| push.object(project));
            let mut written = objects.into_iter().chain([Object::Access(project)]);
            let is_ours = !left.is_empty() || written.any(|object| context.client.ledger.has_written(object));
            let accepted = is_ours.then_some(done);
            return Err(overlap::with_left(Failed { left: accepted, errors: diagnostic.into() }, &left));
        }
        done = push.with(done, push.of(&planned).clone());
    }
    Ok(applied(planned, project, settings))
}

/// Returns the state of a scope whose push settings are not what was planned.
fn without_pushes(planned: ScopeModel, project: ProjectId, settings: ScopeSettings) -> ScopeModel {
    let planned = Push::ALL.iter().fold(planned, |planned, push| push.with(planned, Attr::Null));
    observed(planned, project, settings)
}

/// Makes the access setting what is planned, and makes sure that it took. `is_new` says that no state has the project yet.
pub(super) async fn set_access(
    context: &Context<'_, Connection>,
    project: ProjectId,
    planned: &ScopeModel,
    is_new: bool,
) -> Result<ScopeSettings, Failed<ScopeSettings>> {
    let gitlab = &context.client.gitlab;
    let wanted = planned.inbound_enabled.known().copied().unwrap_or(true);
    let turn = claims::turn(context, project, planned, Object::Access(project)).await;
    let settings = read_settings(gitlab, project, Freshness::Recent).await?;
    if settings.inbound_enabled == wanted {
        return Ok(settings);
    }
    claims::check(context, &turn, project, planned, wanted)?;
    if let Err(error) = gitlab.set_inbound_enabled(project, wanted).await {
        let diagnostic = report(cannot_set(project, wanted), &error);
        let enforced = !wanted && error.is_bad_request();
        let diagnostic = if enforced { with_enforcement(diagnostic) } else { diagnostic };
        // What may have been done must not get lost. Without a state so far, that holds for what may be done late, too.
        let is_in_doubt = error.is_unresolved() || is_new && error.maybe_carried_out();
        let left = is_in_doubt.then_some(ScopeSettings { inbound_enabled: wanted, ..settings });
        let diagnostic = if left.is_some() { may_be_set(diagnostic) } else { diagnostic };
        return Err(Failed { left, errors: diagnostic.at("inbound_enabled").into() });
    }
    turn.wrote(context.private.mark(), Value::Setting(wanted));
    // Also after an interrupt: GitLab has accepted the change, so the state must not deny it.
    let accepted = ScopeSettings { inbound_enabled: wanted, ..settings };
    let settings = read_settings(&gitlab.despite_stop(), project, Freshness::Now)
        .await
        .map_err(|errors| Failed { left: Some(accepted), errors })?;
    if settings.inbound_enabled == wanted {
        return Ok(settings);
    }
    Err(Failed { left: Some(settings), errors: not_taken(project, wanted).at("inbound_enabled").into() })
}

/// Makes a push setting what is planned, if it is managed.
pub(super) async fn set_push(
    context: &Context<'_, Connection>,
    project: ProjectId,
    planned: &ScopeModel,
    push: Push,
) -> Result<(), Diagnostic> {
    let Some(wanted) = push.of(planned).known().copied() else { return Ok(()) };
    let gitlab = &context.client.gitlab;
    let turn = claims::turn(context, project, planned, push.object(project)).await;
    if push.is_there(gitlab, project, wanted).await? {
        return Ok(());
    }
    claims::check(context, &turn, project, planned, wanted)?;
    push.set(gitlab, project, wanted, context.warnings).await?;
    turn.wrote(context.private.mark(), Value::Setting(wanted));
    Ok(())
}

/// Restores GitLab's default of the access setting and returns the settings, or `None` if they are left to another resource
/// of the run.
pub(super) async fn restore_access(
    context: &Context<'_, Connection>,
    project: ProjectId,
    state: &ScopeModel,
) -> Result<Option<ScopeSettings>, Error> {
    let gitlab = &context.client.gitlab;
    let turn = context.client.ledger.turn(Object::Access(project)).await;
    if claims::is_left(context, &turn, project, state) {
        return Ok(None);
    }
    gitlab.set_inbound_enabled(project, true).await?;
    turn.wrote(context.private.mark(), Value::Default);
    gitlab.settings(project, Freshness::Now).await.map(Some)
}

/// Restores GitLab's default of the push settings that the state departs from.
pub(super) async fn restore_pushes(
    context: &Context<'_, Connection>,
    project: ProjectId,
    state: &ScopeModel,
) -> Result<(), Diagnostic> {
    for push in Push::ALL.into_iter().filter(|push| *push.of(state) == Attr::Known(true)) {
        let turn = context.client.ledger.turn(push.object(project)).await;
        if claims::is_left(context, &turn, project, state) {
            continue;
        }
        push.set(&context.client.gitlab, project, false, context.warnings).await?;
        turn.wrote(context.private.mark(), Value::Default);
    }
    Ok(())
}

pub(super) async fn read_settings(
    client: &Client,
    project: ProjectId,
    freshness: Freshness,
) -> Result<ScopeSettings, Errors> {
    client.settings(project, freshness).await.map_err(|error| {
        let diagnostic = report(cannot_read(project), &error);
        if error.is_not_found() { diagnostic.at("project") } else { diagnostic }.into()
    })
}

fn cannot_set(project: ProjectId, wanted: bool) -> String {
    format!("Can't set `inbound_enabled = {wanted}` on project {project}")
}

/// Returns the error of a setting that GitLab has accepted, and that hasn't changed.
pub(super) fn not_taken(project: ProjectId, wanted: bool) -> Diagnostic {
    let detail = format!(
        "GitLab accepted the change, but still says `inbound_enabled = {}`.\n\n{}",
        !wanted,
        if wanted {
            "Try again; if it stays so, the project's settings page may tell more."
        } else {
            ENFORCEMENT
        }
    );
    Diagnostic::new(cannot_set(project, wanted), detail)
}

fn may_be_set(diagnostic: Diagnostic) -> Diagnostic {
    let addition = "The setting may have been changed all the same. The state says so, so that nothing is left behind unnoticed; \
                    the next plan shows what GitLab holds.";
    Diagnostic { detail: format!("{}\n\n{addition}", diagnostic.detail), ..diagnostic }
}

fn with_enforcement(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { detail: format!("{}\n\n{ENFORCEMENT}", diagnostic.detail), ..diagnostic }
}
