//! List resource `gitlab_job_token_allowlist_entry`: the allowlist entries of a project, or of the
//! projects of a group, for `terraform query`.

use tokio::sync::mpsc::Sender;

use super::query::{self, Query};
use super::walk::{self, Find, Unread};
use crate::framework::{
    Attr, Context, Errors, ListRequest, ListResource, ListResult, Schema, Warnings,
};
use crate::gitlab::{
    Client, Error, Freshness, GroupProject, Kind, ListedEntry, Permissions, ProjectId, Target,
};
use crate::provider::connection::Connection;
use crate::provider::resources::{AllowlistEntry, EntryModel};
use crate::provider::{names, permissions};

/// The list resource.
pub(in crate::provider) struct AllowlistEntries;

impl ListResource for AllowlistEntries {
    type Resource = AllowlistEntry;
    type Config = Query;

    fn schema(&self) -> Schema {
        query::schema(
            "Lists the allowlist entries of a project, or of all projects of a group. For each \
             project, its entry for itself comes first, then projects, then groups.",
        )
    }

    fn validate(&self, config: &Query, _: &Warnings) -> Result<(), Errors> {
        query::validate(config)
    }

    async fn list(
        &self,
        context: Context<'_, Connection>,
        ListRequest { config, include_object, limit }: ListRequest<Query>,
        found: Sender<ListResult<EntryModel>>,
    ) -> Result<(), Errors> {
        let gitlab = &context.client.gitlab;
        walk::search(
            gitlab,
            &config,
            limit,
            &Entries { gitlab, include_object },
            found,
            context.warnings,
        )
        .await
    }
}

struct Entries<'a> {
    gitlab: &'a Client,
    include_object: bool,
}

impl Entries<'_> {
    /// Returns the entries of a project, up to the number wanted.
    async fn of(
        &self,
        (project, name): (ProjectId, &str),
        wanted: usize,
        warnings: &Warnings,
    ) -> Result<Vec<ListResult<EntryModel>>, Unread> {
        let gitlab = self.gitlab;
        let cannot_read =
            |error: Error| Unread::of(format!("Can't read allowlist: project {name}"), &error);
        let list = gitlab.complete_allowlist(project, Kind::Project).await.map_err(cannot_read)?;
        let path = gitlab.project_path(project).await.map_err(cannot_read)?;
        let own = ListedEntry {
            target: project.into(),
            name: None,
            full_path: Some(path.clone()),
            web_url: None,
        };
        let mut entries: Vec<ListedEntry> =
            list.has_own_entry().then_some(own).into_iter().collect();
        entries.extend(list.iter().cloned());
        if entries.len() < wanted {
            match gitlab.complete_allowlist(project, Kind::Group).await {
                Ok(groups) => entries.extend(groups.iter().cloned()),
                // This version of GitLab doesn't have group entries.
                Err(error) if !error.is_supported() => {}
                Err(error) => return Err(cannot_read(error)),
            }
        }
        entries.truncate(wanted);
        let permissions = match self.include_object && !entries.is_empty() {
            true => {
                let result = gitlab.permissions(project, Freshness::Shared).await;
                permissions::as_found(name, result, permissions::NOT_IMPORTED, warnings)?
            }
            false => None,
        };
        let listed = |entry: ListedEntry| {
            let target = entry.target;
            let named = EntryModel { project: Attr::Known(path.clone()), ..EntryModel::default() };
            let object = named.with_ids(project, target);
            let held = permissions
                .as_ref()
                .and_then(|list| list.get(target))
                .map(|entry| &entry.permissions);
            let object = match held {
                // An empty set next to `true` would be an error in generated configuration.
                Some(Permissions::Default) if target == Target::Project(project) => {
                    EntryModel { default_permissions: Attr::Known(true), ..object }
                }
                held => object.with_own_permissions(held),
            };
            ListResult {
                object,
                display_name: entry.full_path.unwrap_or_else(|| target.to_string()),
            }
        };
        Ok(entries.into_iter().map(listed).collect())
    }
}

impl Find for Entries<'_> {
    type Object = EntryModel;

    async fn in_listed(
        &self,
        project: &GroupProject,
        wanted: usize,
        warnings: &Warnings,
    ) -> Result<Vec<ListResult<EntryModel>>, Unread> {
        let name = names::known(Some(&project.full_path), project.id);
        let entries = self.of((project.id, &name), wanted, warnings).await?;
        let named = |entry: ListResult<EntryModel>| {
            let display_name =
                format!("{} on the allowlist of {}", entry.display_name, project.full_path);
            ListResult { display_name, ..entry }
        };
        Ok(entries.into_iter().map(named).collect())
    }

    async fn in_project(
        &self,
        (project, name): (ProjectId, &str),
        wanted: usize,
        warnings: &Warnings,
    ) -> Result<Vec<ListResult<EntryModel>>, Unread> {
        self.of((project, name), wanted, warnings).await
    }
}
