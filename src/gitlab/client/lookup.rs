//! Finding projects, groups and the token's user. What was found once is known for as long as the client lives; what
//! was not found is asked for again, since it may come to be.

use std::sync::Arc;

use super::handle::Client;
use super::snapshot::Freshness;
use crate::gitlab::endpoints::groups::{self, Group};
use crate::gitlab::endpoints::projects::{self, Project};
use crate::gitlab::endpoints::user::{self, User};
use crate::gitlab::names::{GroupRef, ProjectRef, folded};
use crate::gitlab::sender::Call;
use crate::gitlab::sender::Error;

impl Client {
    /// The project of that name; nothing when it is absent or not visible to the token. The old path of a renamed
    /// project finds it as well.
    ///
    /// # Errors
    ///
    /// Whatever keeps GitLab from answering; never [`super::ErrorKind::NotFound`].
    pub async fn resolve_project(&self, project: &ProjectRef) -> Result<Option<Arc<Project>>, Error> {
        let known = &self.memory.lookups.projects;
        let snapshot = known.of(folded(&project.to_string()));
        let found = snapshot.get(Freshness::Shared, self.find(projects::show(project))).await?;
        if let Some(project) = &found {
            known.alias(folded(&project.path_with_namespace), &snapshot);
            known.alias(project.id.to_string(), &snapshot);
        }
        Ok(found)
    }

    /// The group of that name; nothing when it is absent or not visible to the token.
    ///
    /// # Errors
    ///
    /// Whatever keeps GitLab from answering; never [`super::ErrorKind::NotFound`].
    pub async fn resolve_group(&self, group: &GroupRef) -> Result<Option<Arc<Group>>, Error> {
        let known = &self.memory.lookups.groups;
        let snapshot = known.of(folded(&group.to_string()));
        let found = snapshot.get(Freshness::Shared, self.find(groups::show(group))).await?;
        if let Some(group) = &found {
            known.alias(folded(&group.full_path), &snapshot);
            known.alias(group.id.to_string(), &snapshot);
        }
        Ok(found)
    }

    /// The user behind the token: one request that shows whether GitLab accepts it.
    ///
    /// # Errors
    ///
    /// [`super::ErrorKind::Unauthorized`] for a bad token, and whatever keeps GitLab from answering.
    pub async fn current_user(&self) -> Result<User, Error> {
        self.sender.send(&user::show()).await.map(|answer| answer.value)
    }

    async fn find<T>(&self, call: Call<T>) -> Result<Option<Arc<T>>, Error> {
        match self.sender.send(&call).await {
            Ok(answer) => Ok(Some(Arc::new(answer.value))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
