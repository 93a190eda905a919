//! Finding projects, groups and the token's user. What was found once is known for as long as the client lives; what
//! was not found is asked for again, since it may come to be.

use std::sync::Arc;
use std::time::Duration;

use super::client::Client;
use super::endpoints::groups::{self, Group};
use super::endpoints::projects::{self, Project};
use super::endpoints::user::{self, User};
use super::error::Error;
use super::flight::{Flights, Keeping};
use super::reference::{GroupRef, ProjectRef, folded};
use super::request::Call;

/// What is known by the ways to name it: numbers in digits, paths folded. A path of digits is never one of these,
/// because it reads as a number.
pub(super) struct Lookups {
    projects: Flights<String, Option<Arc<Project>>>,
    groups: Flights<String, Option<Arc<Group>>>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self {
            projects: Flights::new(Keeping { life: Duration::MAX, when: Option::is_some }),
            groups: Flights::new(Keeping { life: Duration::MAX, when: Option::is_some }),
        }
    }
}

impl Client {
    /// The project of that name; nothing when it is absent or not visible to the token. The old path of a renamed
    /// project finds it as well.
    ///
    /// # Errors
    ///
    /// Whatever keeps GitLab from answering; never [`super::ErrorKind::NotFound`].
    pub async fn resolve_project(&self, project: &ProjectRef) -> Result<Option<Arc<Project>>, Error> {
        let known = &self.shared.lookups.projects;
        let flight = known.of(folded(&project.to_string()));
        let found = flight.join(self.find(projects::show(project))).await?;
        if let Some(project) = &found {
            known.alias(folded(&project.path_with_namespace), &flight);
            known.alias(project.id.to_string(), &flight);
        }
        Ok(found)
    }

    /// The group of that name; nothing when it is absent or not visible to the token.
    ///
    /// # Errors
    ///
    /// Whatever keeps GitLab from answering; never [`super::ErrorKind::NotFound`].
    pub async fn resolve_group(&self, group: &GroupRef) -> Result<Option<Arc<Group>>, Error> {
        let known = &self.shared.lookups.groups;
        let flight = known.of(folded(&group.to_string()));
        let found = flight.join(self.find(groups::show(group))).await?;
        if let Some(group) = &found {
            known.alias(folded(&group.full_path), &flight);
            known.alias(group.id.to_string(), &flight);
        }
        Ok(found)
    }

    /// The user behind the token: one request that shows whether GitLab accepts it.
    ///
    /// # Errors
    ///
    /// [`super::ErrorKind::Unauthorized`] for a bad token, and whatever keeps GitLab from answering.
    pub async fn current_user(&self) -> Result<User, Error> {
        self.send(&user::show()).await.map(|answer| answer.value)
    }

    async fn find<T>(&self, call: Call<T>) -> Result<Option<Arc<T>>, Error> {
        match self.send(&call).await {
            Ok(answer) => Ok(Some(Arc::new(answer.value))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
