//! List resource `gitlab_job_token_allowlist_entry`: the entries on a project's allowlist, managed or not, for
//! `terraform query`.

use tokio::sync::mpsc::Sender;

use crate::framework::{
    Attr, Attribute, Context, Errors, ListResource, Listed, Schema, Search, Type, Warnings, model,
};
use crate::gitlab::{Freshness, Kind, ListedEntry, ProjectId};
use crate::provider::connection::Connection;
use crate::provider::project;
use crate::provider::report::report;
use crate::provider::resources::{AllowlistEntry, EntryModel, permissions};

/// The list resource.
pub(in crate::provider) struct AllowlistEntries;

model! {
    /// The `config` block, as the schema documents it.
    pub(in crate::provider) struct Query {
        project: String,
    }
}

impl ListResource for AllowlistEntries {
    type Resource = AllowlistEntry;
    type Config = Query;

    fn schema(&self) -> Schema {
        let attributes = vec![Attribute::required(
            "project",
            Type::String,
            "Number or full path of the project whose allowlist is listed.",
        )];
        let description = "Lists the entries on the allowlist of a project: first the project's entry for itself, then the projects, then \
             the groups.";
        Schema { version: 0, description, attributes }
    }

    fn validate(&self, config: &Query, _: &Warnings) -> Result<(), Errors> {
        Errors::check(project::check_spelling::<ProjectId>(
            project::Stage::Planning,
            "project",
            &config.project,
        ))
    }

    async fn list(
        &self,
        context: Context<'_, Connection>,
        Search { config, whole_objects }: Search<Query>,
        found: Sender<Listed<EntryModel>>,
    ) -> Result<(), Errors> {
        let gitlab = &context.client.gitlab;
        let owner: ProjectId = project::settle(gitlab, "project", &config.project, &Attr::Null).await?;
        let cannot_read =
            |error| report(format!("Can't read the allowlist of project {owner}"), &error).at("project");
        let projects = gitlab.complete_allowlist(owner, Kind::Project).await.map_err(cannot_read)?;
        let asked = gitlab.permissions(owner, Freshness::Shared).await;
        // Without whole objects, only the project's entry for itself is wanted of it.
        let permissions = match whole_objects {
            true => permissions::as_found(owner, asked, context.warnings)?,
            false => asked.ok(),
        };
        if let Some(own) = permissions.as_ref().and_then(|list| list.get(owner.into())) {
            let spelled = EntryModel { project: config.project.clone(), ..EntryModel::default() };
            let object = spelled.with_numbers(owner, owner.into()).with_permissions(&own.permissions);
            if found.send(Listed { object, display_name: own.full_path.clone() }).await.is_err() {
                return Ok(());
            }
        }
        let listed = |listed: &ListedEntry| {
            let target = listed.target;
            let spelled = EntryModel { project: config.project.clone(), ..EntryModel::default() };
            let display_name = listed.full_path.clone().unwrap_or_else(|| format!("{target}"));
            let entry = permissions.as_ref().and_then(|list| list.get(target));
            let object = spelled
                .with_numbers(owner, target)
                .with_own_permissions(entry.map(|entry| &entry.permissions));
            Listed { object, display_name }
        };
        if send_all(&found, projects.iter().map(listed)).await {
            match gitlab.complete_allowlist(owner, Kind::Group).await {
                Ok(groups) => drop(send_all(&found, groups.iter().map(listed)).await),
                // A GitLab without group entries has none.
                Err(error) if !error.is_supported() => {}
                Err(error) => return Err(cannot_read(error).into()),
            }
        }
        Ok(())
    }
}

/// Sends the entries. Returns false once nobody wants any more.
async fn send_all(
    found: &Sender<Listed<EntryModel>>,
    entries: impl Iterator<Item = Listed<EntryModel>>,
) -> bool {
    for entry in entries {
        if found.send(entry).await.is_err() {
            return false;
        }
    }
    true
}
