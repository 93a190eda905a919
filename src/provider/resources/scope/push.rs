//! `push_repository_for_job_token_allowed`: a setting of the project that stands beside its job token scope in GitLab's
//! own pages. Null means that it is not managed, and then it costs no request.

use super::ScopeModel;
use crate::framework::{Attr, Diagnostic, Warnings};
use crate::gitlab::{Client, ProjectId};
use crate::provider::report::report;

/// The attribute.
pub(super) const PUSH: &str = "push_repository_for_job_token_allowed";

/// The setting as it is now, where the state manages it. A GitLab that has come to know none leaves nothing to manage, and
/// must not stand in the way of a removal.
pub(super) async fn refreshed(
    client: &Client,
    project: ProjectId,
    state: &ScopeModel,
    warnings: &Warnings,
) -> Result<Attr<bool>, Diagnostic> {
    if state.push_repository_for_job_token_allowed.known().is_none() {
        return Ok(Attr::Null);
    }
    match client.push_allowed(project).await {
        Ok(Some(allowed)) => Ok(Attr::Known(allowed)),
        Ok(None) => {
            warnings.add(not_told(project));
            Ok(Attr::Null)
        }
        Err(error) => Err(report(cannot_read(project), &error).at(PUSH)),
    }
}

/// What an import brings in: the setting, where it is not GitLab's default.
pub(super) async fn imported(client: &Client, project: ProjectId) -> Result<Attr<bool>, Diagnostic> {
    match client.push_allowed(project).await {
        Ok(Some(true)) => Ok(Attr::Known(true)),
        Ok(Some(false) | None) => Ok(Attr::Null),
        Err(error) => Err(report(cannot_read(project), &error).at(PUSH)),
    }
}

/// Warns where pushes are allowed and are to be managed no more.
pub(super) fn tell_if_abandoned(prior: &ScopeModel, planned: &ScopeModel, warnings: &Warnings) {
    let allowed = prior.push_repository_for_job_token_allowed == Attr::Known(true);
    if allowed && planned.push_repository_for_job_token_allowed.is_null() {
        let project = prior.project.known().map_or("(known after apply)", String::as_str);
        let detail = format!(
            "The configuration does not set `{PUSH}` any more, so the setting stays as it is and later changes go \
             unnoticed. Set it to `false` to forbid pushes again."
        );
        let summary = format!("Job tokens of project {project} may still push to its repository");
        warnings.add(Diagnostic::new(summary, detail));
    }
}

/// Returns the setting as it is now.
pub(super) async fn read(client: &Client, project: ProjectId) -> Result<bool, Diagnostic> {
    match client.push_allowed(project).await {
        Ok(Some(allowed)) => Ok(allowed),
        Ok(None) => Err(not_told(project)),
        Err(error) => Err(report(cannot_read(project), &error).at(PUSH)),
    }
}

/// Sets it, and makes sure that it took.
pub(super) async fn set(client: &Client, project: ProjectId, wanted: bool) -> Result<(), Diagnostic> {
    match client.set_push_allowed(project, wanted).await {
        Ok(Some(now)) if now == wanted => Ok(()),
        Ok(_) => Err(not_taken(project, wanted)),
        Err(error) => Err(report(cannot_set(project), &error).at(PUSH)),
    }
}

fn cannot_read(project: ProjectId) -> String {
    format!("Can't read `{PUSH}` of project {project}")
}

fn cannot_set(project: ProjectId) -> String {
    format!("Can't set `{PUSH}` of project {project}")
}

fn not_told(project: ProjectId) -> Diagnostic {
    let detail = format!(
        "GitLab answers without the setting. It has it from version 17.2 on, and shows it to users with at least the \
         Maintainer role in the project: upgrade GitLab, give the token's user that role, or remove `{PUSH}` from the \
         configuration; everything else works without it."
    );
    Diagnostic::new(cannot_read(project), detail).at(PUSH)
}

fn not_taken(project: ProjectId, wanted: bool) -> Diagnostic {
    let detail = format!(
        "GitLab accepted the change, but does not answer `{PUSH} = {wanted}`. Try again; if it stays so, the project's \
         settings page may tell more."
    );
    Diagnostic::new(cannot_set(project), detail).at(PUSH)
}
