//! The import of a list: as maps keyed by ID where GitLab shows permissions, else as sets of IDs.

use std::sync::Arc;

use super::entries::{Entries, Keys};
use super::{ExclusiveModel, cannot_read, spelling};
use crate::framework::{Attr, Errors, Set, Warnings};
use crate::gitlab::{Client, Freshness, ProjectId};
use crate::provider::permissions;
use crate::provider::report::report;

/// Returns the list of a project as the state of an import has it, with both kinds. Keys are IDs, since hosts write keys into
/// generated configuration without quotes (Terraform before 1.9, OpenTofu), where a path doesn't parse.
///
/// # Errors
///
/// Whatever keeps GitLab from answering.
pub(super) async fn observe(
    gitlab: &Client,
    owner: ProjectId,
    spelling: String,
    warnings: &Warnings,
) -> Result<ExclusiveModel, Errors> {
    let shared = Freshness::Shared;
    // The list tells the project's path, which the permissions are asked by.
    let listed = gitlab.allowlist(owner, crate::gitlab::Kind::Project, shared).await;
    listed.map_err(|error| report(cannot_read(owner), &error))?;
    let permissions = permissions::as_found(owner, gitlab.permissions(owner, shared).await, warnings)?;
    let are_shown = permissions.is_some_and(|list: Arc<_>| !list.is_switched_off());
    let imported = ExclusiveModel { project: Attr::Known(spelling), ..ExclusiveModel::default() };
    let empty = || Attr::Known(Set(Vec::new()));
    let both_kinds = match are_shown {
        true => ExclusiveModel {
            projects: Attr::Known(Entries::new()),
            groups: Attr::Known(Entries::new()),
            ..imported
        },
        false => ExclusiveModel { target_project_ids: empty(), target_group_ids: empty(), ..imported },
    };
    let projects = ExclusiveModel { groups: Attr::Null, target_group_ids: Attr::Null, ..both_kinds.clone() };
    let observed = match spelling::observe(gitlab, owner, both_kinds, shared, Keys::Ids, warnings).await {
        // A GitLab without group entries has projects to manage.
        Err(error) if !error.is_supported() => {
            spelling::observe(gitlab, owner, projects, shared, Keys::Ids, warnings).await
        }
        observed => observed,
    };
    observed.map_err(|error| report(cannot_read(owner), &error).into())
}
