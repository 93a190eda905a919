//! Checks the permissions of an exclusive allowlist with maps against GitLab in a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::claims::{self, Named};
use super::entries;
use super::kind::{Managed, Side};
use super::lists::Lists;
use super::{ExclusiveModel, change};
use crate::framework::{AttributePath, Diagnostic, Errors, Warnings};
use crate::gitlab::{
    Allowlist, Client, Error, ErrorKind, Freshness, GroupId, Kind, PermissionList, Permissions,
    ProjectId, Target,
};
use crate::provider::connection::Connection;
use crate::provider::permissions::{POLICIES, described};
use crate::provider::report::{PermissionSetting, is_out_of_reach, of_a_plan, report_permissions};
use crate::provider::{names, permissions};

impl Lists {
    /// Adds the permissions of the entries to the allowlists, which maps need.
    ///
    /// # Errors
    ///
    /// Fails if GitLab doesn't have permissions, hides them from the token, or can't be queried.
    /// Succeeds if the allowlists couldn't be read because GitLab isn't reachable yet.
    pub(super) async fn with_permissions(
        self,
        gitlab: &Client,
        project_id: ProjectId,
        planned: &ExclusiveModel,
    ) -> Result<Self, Errors> {
        let attribute =
            if ProjectId::side(planned).is_map() { ProjectId::ENTRIES } else { GroupId::ENTRIES };
        let members = [
            ProjectId::side(planned).is_map().then(|| self.members(Kind::Project)).flatten(),
            GroupId::side(planned).is_map().then(|| self.members(Kind::Group)).flatten(),
        ];
        let project = change::project_name(planned);
        let refused = |problem| Errors::from(of_a_plan(problem).at(attribute));
        let error = match read(gitlab, project_id, members, Freshness::Shared).await {
            Ok((list, _)) if list.is_switched_off() => {
                return Err(refused(permissions::switched_off(&project, PermissionSetting::Map)));
            }
            Ok((list, hidden)) if hidden.is_empty() => return Ok(self.with(list)),
            Ok((_, hidden)) => return Err(refused(with_set_form(incomplete(&project, &hidden)))),
            Err(error) => error,
        };
        if is_out_of_reach(&error) {
            return Ok(self);
        }
        let diagnostic =
            report_permissions(permissions::cannot_read(&project), PermissionSetting::Map, &error);
        let names_the_sets = matches!(
            error.kind(),
            ErrorKind::Unsupported | ErrorKind::FineGrained { needed: None }
        );
        let diagnostic = match permissions::are_hidden(&error) && !names_the_sets {
            true => with_set_form(diagnostic),
            false => diagnostic,
        };
        Err(of_a_plan(diagnostic).at(attribute).into())
    }
}

/// Maximum number of readings of permissions before members without permissions are considered
/// hidden.
const MAX_READINGS: usize = 3;

/// Returns the permissions of the entries, and the names of members that have none: GraphQL may
/// show a token fewer entries than REST, without an error. Missing entries are read again. Members
/// that have left the allowlist in the meantime, for example because this run removes them, aren't
/// missing.
///
/// # Errors
///
/// Fails if GitLab can't be queried.
pub(super) async fn read(
    gitlab: &Client,
    project_id: ProjectId,
    members: [Option<&Allowlist>; 2],
    freshness: Freshness,
) -> Result<(Arc<PermissionList>, Vec<String>), Error> {
    let hidden = |list: &PermissionList| {
        let members = members.iter().flatten().flat_map(|members| members.iter());
        let targets = members.map(|entry| entry.target);
        targets.filter(|target| list.get(*target).is_none()).collect::<BTreeSet<Target>>()
    };
    let mut list = gitlab.permissions(project_id, freshness).await?;
    let mut missing = hidden(&list);
    for reading in 1..MAX_READINGS {
        if missing.is_empty() {
            break;
        }
        if reading > 1 || freshness != Freshness::Now {
            list = gitlab.permissions(project_id, Freshness::Now).await?;
            missing = hidden(&list);
        }
        // Members are read after the permissions, so that an entry that is removed in between
        // doesn't appear hidden.
        for kind in Kind::ALL {
            if missing.iter().any(|target| target.kind() == kind) {
                let now = gitlab.allowlist(project_id, kind, Freshness::Now).await?;
                missing.retain(|target| target.kind() != kind || now.get(*target).is_some());
            }
        }
    }
    let path = |target| {
        members.iter().flatten().find_map(|members| members.get(target)?.full_path.as_deref())
    };
    let named =
        |target: &Target| format!("{} {}", target.kind(), names::known(path(*target), target.id()));
    Ok((list, missing.iter().map(named).collect()))
}

/// Returns the error of entries that GitLab shows without their permissions.
pub(super) fn incomplete(project: &str, hidden: &[String]) -> Diagnostic {
    let lines: Vec<String> = hidden.iter().map(|name| format!("  - {name}")).collect();
    let detail = format!(
        "GitLab shows these entries over REST, but not over GraphQL, so their permissions are \
         unknown:\n\n{}\n\nFine-grained tokens can't read permissions; a classic token with \
         the `api` scope can.",
        lines.join("\n")
    );
    Diagnostic::new(permissions::cannot_read(project), detail)
}

fn with_set_form(problem: Diagnostic) -> Diagnostic {
    let detail = format!(
        "{}\n\nThe `projects` and `groups` maps manage permissions, so the token must be able to \
         read them. The sets `target_projects` and `target_groups` work without permissions.",
        problem.detail
    );
    Diagnostic { detail, ..problem }
}

/// Checks the permissions that the plan changes: GitLab must know the policies. Warns if an entry
/// restricts the project's own jobs.
///
/// # Errors
///
/// Returns all elements with policies that GitLab doesn't know.
pub(super) async fn check(
    connection: &Connection,
    project_id: ProjectId,
    prior: Option<&ExclusiveModel>,
    planned: &ExclusiveModel,
    kept: &Named,
    warnings: &Warnings,
) -> Result<(), Errors> {
    check_names(&connection.gitlab, prior, planned).await?;
    let held = prior.map(claims::permissions).unwrap_or_default();
    let project = change::project_name(planned);
    let Some(groups) = planned.groups.known() else { return Ok(()) };
    for (key, entry) in GroupId::side(planned).elements() {
        let target = entry.id.known().and_then(|id| GroupId::try_from(*id).ok()).map(Target::from);
        let (Some(target), Some(wanted @ Permissions::Only(_))) = (target, entry.permissions())
        else {
            continue;
        };
        if held.get(&target) == Some(&wanted)
            || !permissions::restricts_own_jobs(connection, project_id, target).await
        {
            continue;
        }
        let group = kept.get(&target).cloned().unwrap_or_else(|| target.to_string());
        let warning = permissions::own_jobs_restricted(&group, &project);
        warnings.add(warning.at_path(entries::path::<GroupId>(groups, key)));
    }
    Ok(())
}

/// Checks that GitLab knows the policies that the prior state doesn't have. Succeeds if GitLab
/// doesn't return its policies.
async fn check_names(
    gitlab: &Client,
    prior: Option<&ExclusiveModel>,
    planned: &ExclusiveModel,
) -> Result<(), Errors> {
    let held: BTreeSet<String> = prior
        .into_iter()
        .flat_map(elements)
        .flat_map(|element| element.policies)
        .cloned()
        .collect();
    let new: Vec<ElementPolicies<'_>> = elements(planned)
        .into_iter()
        .map(|mut element| {
            element.policies.retain(|policy| !held.contains(*policy));
            element
        })
        .filter(|element| !element.policies.is_empty())
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let Ok(known) = gitlab.policies().await else { return Ok(()) };
    let unknown = |ElementPolicies { name, path, policies }: ElementPolicies<'_>| {
        let attribute = format!("{name}.{POLICIES}");
        Some(permissions::unknown(&attribute, policies, &known)?.at_path(path))
    };
    Errors::check(new.into_iter().filter_map(unknown))
}

/// The policies of an element, with its display name and its path for diagnostics.
struct ElementPolicies<'a> {
    name: AttributePath,
    path: AttributePath,
    policies: Vec<&'a String>,
}

fn elements(list: &ExclusiveModel) -> Vec<ElementPolicies<'_>> {
    fn of<I: Managed>(side: Side<'_>) -> impl Iterator<Item = ElementPolicies<'_>> {
        side.elements().filter_map(move |(key, entry)| {
            let policies = permissions::names(entry.job_token_policies.known()?).collect();
            let path = entries::path::<I>(side.entries.known()?, key);
            Some(ElementPolicies { name: entries::named::<I>(key), path, policies })
        })
    }
    of::<ProjectId>(ProjectId::side(list)).chain(of::<GroupId>(GroupId::side(list))).collect()
}

/// Warns of entries whose permissions change although the plan doesn't show it: because the state
/// doesn't have the entry, or has different permissions than the server, or because the key of the
/// entry changes.
pub(super) fn warn_of_changes(
    project: &str,
    prior: Option<&ExclusiveModel>,
    planned: &ExclusiveModel,
    kept: &Named,
    lists: &Lists,
    warnings: &Warnings,
) {
    let Some(list) = lists.permissions() else { return };
    let held = prior.map(claims::permissions).unwrap_or_default();
    let (keys_before, keys) = (prior.map(keys).unwrap_or_default(), keys(planned));
    let has_another_key = |target| keys_before.get(&target) != keys.get(&target);
    let change = |(target, wanted): (Target, Permissions)| {
        let now = &list.get(target)?.permissions;
        let is_unplanned = held.get(&target) != Some(now) || has_another_key(target);
        let is_change = now != &wanted && lists.shows(target);
        let name = kept.get(&target).cloned().unwrap_or_else(|| target.to_string());
        (is_change && is_unplanned).then(|| {
            format!("  - {name}\n    from {}\n    to   {}", described(now), described(&wanted))
        })
    };
    let changes: Vec<String> =
        claims::permissions(planned).into_iter().filter_map(change).collect();
    if !changes.is_empty() {
        let detail = format!(
            "Applying this changes the permissions of these entries:\n\n{}",
            changes.join("\n")
        );
        warnings.add(Diagnostic::new(format!("Permissions change: project {project}"), detail));
    }
}

/// Returns the keys of the maps by target.
fn keys(list: &ExclusiveModel) -> BTreeMap<Target, &str> {
    fn of<I: Managed>(side: Side<'_>) -> impl Iterator<Item = (Target, &str)> {
        side.keys_by_id::<I>().map(|(id, key)| (id.into(), key))
    }
    of::<ProjectId>(ProjectId::side(list)).chain(of::<GroupId>(GroupId::side(list))).collect()
}

/// Warns of entries whose permissions are no longer managed because a set replaces the map.
pub(super) fn warn_of_unmanaged(
    project: &str,
    prior: &ExclusiveModel,
    planned: &ExclusiveModel,
    kept: &Named,
    warnings: &Warnings,
) {
    let unmanaged = unmanaged::<ProjectId>(prior, planned)
        .into_iter()
        .chain(unmanaged::<GroupId>(prior, planned));
    let lines: Vec<String> = unmanaged
        .filter_map(|(target, permissions)| {
            Some(format!("  - {}: {}", kept.get(&target)?, described(&permissions)))
        })
        .collect();
    if !lines.is_empty() {
        let detail = format!(
            "The configuration uses sets instead of maps, which don't manage permissions. These \
             entries keep their permissions, and plans no longer show changes:\n\n{}",
            lines.join("\n")
        );
        warnings
            .add(Diagnostic::new(format!("Permissions not managed: project {project}"), detail));
    }
}

fn unmanaged<I: Managed>(
    prior: &ExclusiveModel,
    planned: &ExclusiveModel,
) -> BTreeMap<Target, Permissions> {
    let is_abandoned = !I::side(planned).is_map() && I::side(planned).is_managed() == Some(true);
    let held = I::side(prior).permissions::<I>().into_iter().filter(|_| is_abandoned);
    held.map(|(id, permissions)| (id.into(), permissions)).collect()
}
