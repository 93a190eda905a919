//! Exclusive allowlists for imports and queries: as maps keyed by ID if GitLab shows permissions,
//! otherwise as sets of IDs.

use super::entries::{Entries, Keys};
use super::{ExclusiveModel, permitting, refresh};
use crate::framework::{Attr, Set, Warnings};
use crate::gitlab::{Client, Error, ErrorKind, Freshness, Kind, PermissionList, ProjectId};
use crate::provider::permissions;

/// Returns the whole allowlist of a project, with both kinds. The caller sets `project`. Keys are
/// IDs because Terraform before 1.9 and OpenTofu write keys into generated configuration without
/// quotes, and an unquoted path isn't valid.
///
/// # Errors
///
/// Fails if the allowlist can't be read.
pub(in crate::provider) async fn found(
    gitlab: &Client,
    (project_id, project): (ProjectId, &str),
    warnings: &Warnings,
) -> Result<ExclusiveModel, Error> {
    let empty = || Attr::Known(Set(Vec::new()));
    let both_kinds = match shows_permissions(gitlab, (project_id, project), warnings).await? {
        true => ExclusiveModel {
            projects: Attr::Known(Entries::new()),
            groups: Attr::Known(Entries::new()),
            ..ExclusiveModel::default()
        },
        false => ExclusiveModel {
            target_project_ids: empty(),
            target_group_ids: empty(),
            ..ExclusiveModel::default()
        },
    };
    let projects =
        ExclusiveModel { groups: Attr::Null, target_group_ids: Attr::Null, ..both_kinds.clone() };
    let observe = async |model: ExclusiveModel| {
        let project = (project_id, project);
        refresh::observe(gitlab, project, model, Freshness::Shared, Keys::Ids, warnings).await
    };
    match observe(both_kinds).await {
        // This version of GitLab doesn't have group entries.
        Err(error) if !error.is_supported() => observe(projects).await,
        observed => observed,
    }
}

/// Returns whether GitLab shows the permissions of all entries of the project. Warns if they are
/// hidden from the token.
async fn shows_permissions(
    gitlab: &Client,
    (project_id, project): (ProjectId, &str),
    warnings: &Warnings,
) -> Result<bool, Error> {
    // First, because it has the path that the query for permissions needs.
    let projects = gitlab.allowlist(project_id, Kind::Project, Freshness::Shared).await?;
    let groups = match gitlab.allowlist(project_id, Kind::Group, Freshness::Shared).await {
        Ok(groups) => Some(groups),
        Err(error) if !error.is_supported() => None,
        Err(error) => return Err(error),
    };
    let members = [Some(&*projects), groups.as_deref()];
    let error = match permitting::read(gitlab, project_id, members, Freshness::Shared).await {
        Ok((list, _)) if PermissionList::is_switched_off(&list) => return Ok(false),
        Ok((_, hidden)) if hidden.is_empty() => return Ok(true),
        Ok((_, hidden)) => {
            warnings.add(permitting::incomplete(project, &hidden));
            return Ok(false);
        }
        Err(error) => error,
    };
    if !permissions::are_hidden(&error) {
        return Err(error);
    }
    if *error.kind() != ErrorKind::Unsupported {
        warnings.add(permissions::not_shown(project, &error, SETS_ONLY));
    }
    Ok(false)
}

const SETS_ONLY: &str = "The import uses sets of IDs, which don't manage permissions. The \
                         `projects` and `groups` maps can't be planned without reading them.";
