//! Checks of a plan that opens a project: to the job tokens of all projects, or to pushes by
//! projects on the allowlist. Opening access is an error if the instance enforces the allowlist and
//! the token can see that.

use std::collections::BTreeMap;

use super::push::{Push, project_name};
use super::{ScopeModel, project_id_of};
use crate::framework::{Attr, Diagnostic, Errors, Warnings};
use crate::gitlab::{
    Client, Error, Freshness, Kind, Permissions, PermittedEntry, ProjectId, Target,
};
use crate::provider::connection::Connection;
use crate::provider::ledger::Object;
use crate::provider::names;
use crate::provider::report::of_a_plan;
use crate::provider::unresolved::warn_of_id;

/// The policy that allows pushes.
const PUSH_POLICY: &str = "ADMIN_REPOSITORIES";

/// Warns of what the plan opens.
///
/// # Errors
///
/// Fails if the instance is known to enforce the allowlist.
pub(super) async fn check(
    connection: Option<&Connection>,
    prior: Option<&ScopeModel>,
    planned: &ScopeModel,
    warnings: &Warnings,
) -> Result<(), Errors> {
    let project = project_id_of(planned);
    if opens_access(prior, planned) {
        if let (Some(connection), Some(project)) = (connection, project) {
            let name = names::project(&planned.project, project);
            match is_enforced(&connection.gitlab, project, prior).await {
                Ok(true) => return Err(of_a_plan(enforced(&name)).into()),
                Err(error) if error.is_not_found() => {
                    warn_of_id(connection, &planned.project, &name, warnings);
                }
                Ok(false) | Err(_) => {}
            }
        }
        warnings.add(opening(planned));
    }
    if opens_pushes(prior, planned) {
        let entries = match (connection, project) {
            (Some(connection), Some(project)) => {
                entries_that_can_push(connection, project).await.ok().flatten()
            }
            _ => None,
        };
        warnings.add(pushes(planned, project_name(planned, project).as_deref(), entries));
    }
    Ok(())
}

/// Returns whether the plan opens access to a project that is, or may be, restricted now.
fn opens_access(prior: Option<&ScopeModel>, planned: &ScopeModel) -> bool {
    let opened = Attr::Known(false);
    let is_open = |prior: &ScopeModel| is_same(prior, planned) && prior.inbound_enabled == opened;
    planned.inbound_enabled == opened && !prior.is_some_and(is_open)
}

/// Returns whether the plan allows, or may allow, pushes by jobs of other projects that aren't
/// allowed now. They need both push settings on, and restricted access. A setting that isn't
/// managed may be on.
fn opens_pushes(prior: Option<&ScopeModel>, planned: &ScopeModel) -> bool {
    let may_push = |scope: &ScopeModel, on: fn(&Attr<bool>) -> bool| {
        let own = Push::Own.of(scope);
        on(Push::CrossProject.of(scope)) && (own.is_null() || on(own)) && on(&scope.inbound_enabled)
    };
    let before = prior.filter(|prior| is_same(prior, planned));
    let before = before.is_some_and(|prior| may_push(prior, |value| *value == Attr::Known(true)));
    may_push(planned, |value| matches!(value, Attr::Known(true) | Attr::Unknown)) && !before
}

fn is_same(prior: &ScopeModel, planned: &ScopeModel) -> bool {
    planned.project_id.is_unknown() || prior.project_id == planned.project_id
}

/// Returns whether the instance enforces the allowlist.
///
/// # Errors
///
/// Fails if the project's settings can't be read. If anything else can't be read, the apply finds
/// out.
async fn is_enforced(
    gitlab: &Client,
    project: ProjectId,
    prior: Option<&ScopeModel>,
) -> Result<bool, Error> {
    let held = prior.filter(|prior| project_id_of(prior) == Some(project));
    let is_restricted = match held {
        Some(prior) => prior.inbound_enabled == Attr::Known(true),
        None => gitlab.settings(project, Freshness::Shared).await?.inbound_enabled,
    };
    if !is_restricted {
        return Ok(false);
    }
    Ok(match gitlab.is_enforced().await {
        Ok(Some(is_enforced)) => is_enforced,
        // GraphQL returns the project's own setting, and REST the effective one.
        Ok(None) | Err(_) => gitlab
            .own_settings(project, Freshness::Now)
            .await
            .is_ok_and(|own| own.inbound_job_token_scope_enabled == Some(false)),
    })
}

fn enforced(project: &str) -> Diagnostic {
    Diagnostic::new(
        format!("Can't open project {project}"),
        "The configuration sets `inbound_enabled = false`, but this GitLab instance enforces \
         allowlists. Remove the attribute, and add the projects and groups that need access to the \
         allowlist.",
    )
    .at("inbound_enabled")
}

/// The name in a title of a project that is unknown in the plan.
const UNKNOWN: &str = "(known after apply)";

fn in_sentence(project: Option<&str>) -> String {
    project.map_or_else(|| "the project".to_owned(), |name| format!("project {name}"))
}

/// Hosts show only one of several warnings with the same title, so the title names the project.
fn opening(planned: &ScopeModel) -> Diagnostic {
    let name = project_name(planned, project_id_of(planned));
    let project = in_sentence(name.as_deref());
    let name = name.as_deref().unwrap_or(UNKNOWN);
    Diagnostic::new(
        format!("Project {name} opens to all job tokens"),
        format!(
            "With `inbound_enabled = false`, the jobs of all projects of the instance can access \
             {project} with their job token, within the rights of the user who runs them. \
             It is safer to add the projects and groups that need access to the allowlist. If the \
             instance enforces allowlists, as GitLab.com does, applying this fails."
        ),
    )
    .at("inbound_enabled")
}

/// Returns the entries whose jobs can push if other projects can, with the changes that this run has
/// planned so far, or `None` if the token can't see permissions.
async fn entries_that_can_push(
    connection: &Connection,
    project: ProjectId,
) -> Result<Option<Vec<String>>, Error> {
    let Connection { gitlab, ledger, .. } = connection;
    let list = gitlab.permissions(project, Freshness::Shared).await?;
    // To some fine-grained tokens, every allowlist appears empty over GraphQL.
    if list.iter().next().is_none() && has_entries(gitlab, project).await? {
        return Ok(None);
    }
    let mut entries: BTreeMap<Target, (String, Permissions)> = list
        .iter()
        .map(|entry| (entry.target, (named(entry), entry.permissions.clone())))
        .collect();
    for (target, (name, permissions)) in ledger.wanted_entries(project) {
        let (_, held) = entries.entry(target).or_insert((name, Permissions::Default));
        if let Some(permissions) = permissions {
            *held = permissions;
        }
    }
    entries.retain(|target, _| {
        *target != Target::Project(project) && !ledger.is_removed(Object::Entry(project, *target))
    });
    Ok(Some(entries.values().filter_map(that_can_push).collect()))
}

/// Returns a line about an entry whose jobs can push.
fn that_can_push((name, permissions): &(String, Permissions)) -> Option<String> {
    match permissions {
        Permissions::Default => Some(format!("{name}: default permissions")),
        Permissions::Only(policies) => {
            policies.contains(PUSH_POLICY).then(|| format!("{name}: {PUSH_POLICY}"))
        }
    }
}

async fn has_entries(gitlab: &Client, project: ProjectId) -> Result<bool, Error> {
    let has_some = async |kind| {
        let list = gitlab.allowlist(project, kind, Freshness::Shared).await?;
        Ok::<_, Error>(list.iter().next().is_some())
    };
    Ok(has_some(Kind::Project).await? || has_some(Kind::Group).await?)
}

fn named(entry: &PermittedEntry) -> String {
    format!("{} {} ({})", entry.target.kind(), entry.full_path, entry.target.id())
}

fn pushes(planned: &ScopeModel, project: Option<&str>, entries: Option<Vec<String>>) -> Diagnostic {
    let entries = match entries {
        Some(entries) if entries.is_empty() => {
            "With the changes planned so far, no entry on its allowlist has these permissions."
                .to_owned()
        }
        Some(entries) => {
            let lines: Vec<String> = entries.iter().map(|entry| format!("  - {entry}")).collect();
            format!(
                "With the changes planned so far, these entries on its allowlist have them:\n\n{}",
                lines.join("\n")
            )
        }
        None => "The entries on its allowlist couldn't be read.".to_owned(),
    };
    let own = match Push::Own.of(planned) {
        Attr::Known(true) => "",
        _ => {
            "\n\nThese jobs can push only if `push_repository_for_job_token_allowed` is also on, \
             which this resource doesn't set to `true`."
        }
    };
    let name = project.unwrap_or(UNKNOWN);
    let project = in_sentence(project);
    Diagnostic::new(
        format!("Other projects can push to {name}"),
        format!(
            "With `{}`, jobs of other projects can push to the repository of {project} if \
             their allowlist entry has default permissions or `{PUSH_POLICY}`, and the user who \
             runs them is at least a Developer in this project.\n\n{entries}{own}",
            format_args!("{} = true", Push::CrossProject.attribute())
        ),
    )
    .at(Push::CrossProject.attribute())
}
