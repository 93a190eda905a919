//! The rules of GraphQL's mutations, which use paths, support entry permissions, and have other
//! error messages than REST. `graphql` has the form of responses.

use super::{Direction, Occupant, Permissions, Refusal, Role, Target, TokenId, World};

/// The reason for an error of a mutation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MutationError {
    /// The source project doesn't exist, is hidden, or the token may not administer it; GitLab
    /// doesn't distinguish these.
    NotAvailable,
    /// The mutation returns this error in its payload.
    Refused(String),
    /// An argument has a value that is never valid.
    BadArgument(&'static str),
}

impl From<Refusal> for MutationError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(reason) => Self::Refused(reason),
            Refusal::NotDeleted(reason) => Self::Refused(reason.to_owned()),
            Refusal::NoSuchTarget(_) => Self::Refused(NO_SUCH_TARGET.to_owned()),
            Refusal::ProjectNotFound | Refusal::Forbidden | Refusal::ForbiddenRemoval => {
                Self::NotAvailable
            }
        }
    }
}

const NO_SUCH_TARGET: &str = "The group or project does not exist.";

fn refused<T>(reason: &str) -> Result<T, MutationError> {
    Err(MutationError::Refused(reason.to_owned()))
}

impl World {
    /// Returns whether a token may administer a project: sees it, as Maintainer or more.
    pub(crate) fn may_administer(&self, token: TokenId, project: u64) -> bool {
        let place = Target::Project(project);
        self.can_see(token, place) && self.role(token, place) >= Some(Role::Maintainer)
    }

    /// Puts a target on the list with permissions. If fine-grained permissions are turned off, the
    /// entry silently gets the default ones.
    pub(crate) fn add_by_path(
        &mut self,
        token: TokenId,
        source_project: &str,
        target: &str,
        mut permissions: Permissions,
    ) -> Result<(u64, Target), MutationError> {
        let source_project = self.administered_by_path(token, source_project)?;
        let Some(target) = self.target_by_path(target) else { return refused(NO_SUCH_TARGET) };
        permissions.default_permissions |= !self.has_fine_grained_permissions(source_project);
        self.add_link(token, source_project, target, permissions)?;
        Ok((source_project, target))
    }

    /// Replaces the permissions of a target on the list.
    pub(crate) fn update_by_path(
        &mut self,
        token: TokenId,
        source_project: &str,
        target: &str,
        permissions: Permissions,
    ) -> Result<(u64, Target), MutationError> {
        let source_project = self.administered_by_path(token, source_project)?;
        if !self.has_fine_grained_permissions(source_project) {
            return refused("Failed to update job token scope");
        }
        let Some(target) = self.target_by_path(target) else {
            return refused("The target does not exist");
        };
        if !self.can_see(token, target) {
            return refused("You have insufficient permission to update this job token scope");
        }
        if target == Target::Project(source_project) && self.settings.version.has_own_entries() {
            // The update of "Current project" creates the entry.
            let entry = self.new_entry(permissions.clone(), self.user_id(token));
            self.project_mut(source_project)
                .map(|project| project.links_mut(target).entry(source_project).or_insert(entry));
        }
        let entry = self
            .project_mut(source_project)
            .and_then(|project| project.links_mut(target).get_mut(&target.id()));
        let Some(entry) = entry else {
            return refused("Unable to find a job token scope for the given project & target");
        };
        entry.permissions = permissions;
        Ok((source_project, target))
    }

    /// Removes the link to a project in one direction. Unlike over REST, the token need not see it.
    pub(crate) fn remove_project_by_path(
        &mut self,
        token: TokenId,
        source_project: &str,
        target: &str,
        direction: Direction,
    ) -> Result<u64, MutationError> {
        let source_project = self.administered_by_path(token, source_project)?;
        let target = self.project_id(target);
        if target == Some(source_project) {
            return refused("Source project cannot be removed from the job token scope");
        }
        let removed = target.zip(self.project_mut(source_project)).and_then(|(target, project)| {
            match direction {
                Direction::Inbound => project.allowed_projects.remove(&target),
                Direction::Outbound => project.outbound_projects.remove(&target),
            }
        });
        if removed.is_some() {
            Ok(source_project)
        } else {
            refused("Target project is not in the job token scope")
        }
    }

    /// Removes a group from the list. The token need not see it.
    pub(crate) fn remove_group_by_path(
        &mut self,
        token: TokenId,
        source_project: &str,
        target: &str,
    ) -> Result<u64, MutationError> {
        let source_project = self.administered_by_path(token, source_project)?;
        let target = self.group_id(target);
        let removed = target
            .is_some_and(|target| self.revoke(source_project, Target::Group(target)) == Ok(true));
        if removed {
            Ok(source_project)
        } else {
            refused("Target group is not in the job token scope")
        }
    }

    /// Returns whether entries of a project's list can have permissions of their own.
    pub(crate) fn has_fine_grained_permissions(&self, source_project: u64) -> bool {
        self.project(source_project).is_some_and(|project| project.fine_grained_permissions)
    }

    pub(crate) fn administered_by_path(
        &self,
        token: TokenId,
        path: &str,
    ) -> Result<u64, MutationError> {
        self.project_id(path)
            .filter(|project| self.may_administer(token, *project))
            .ok_or(MutationError::NotAvailable)
    }

    /// Returns the project or group at a path. Former paths aren't found.
    fn target_by_path(&self, path: &str) -> Option<Target> {
        match self.occupant(path)? {
            Occupant::Group(id) => Some(Target::Group(id)),
            Occupant::Project(id) => Some(Target::Project(id)),
            Occupant::MovedProject(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::TokenSpec;

    fn scene() -> (World, TokenId) {
        let mut world = World::default();
        for path in ["acme/app", "acme/lib"] {
            world.add_project(path).unwrap();
        }
        let acme = Target::Group(world.group_id("acme").unwrap());
        let secret = world.add_token(TokenSpec::new("maintainer").maintainer_of(acme));
        let token = world.token_by_secret(&secret).unwrap();
        (world, token)
    }

    #[test]
    fn while_off_additions_get_the_default_and_updates_fail() {
        let (mut world, token) = scene();
        world.project_mut(1).unwrap().fine_grained_permissions = false;
        let asked = Permissions::limited_to(["READ_JOBS"]);
        let (source_project, target) =
            world.add_by_path(token, "acme/app", "acme/lib", asked.clone()).unwrap();
        assert!(
            world.project(source_project).unwrap().links(target)[&target.id()]
                .permissions
                .default_permissions
        );
        let update = world.update_by_path(token, "acme/app", "acme/lib", asked);
        assert_eq!(update, refused("Failed to update job token scope"));
    }

    #[test]
    fn former_path_is_neither_project_nor_target() {
        let (mut world, token) = scene();
        world.move_project(1, "acme/new").unwrap();
        world.move_project(2, "acme/newer").unwrap();
        let add = |world: &mut World, source_project, target| {
            world.add_by_path(token, source_project, target, Permissions::default())
        };
        assert_eq!(add(&mut world, "acme/app", "acme/newer"), Err(MutationError::NotAvailable));
        assert_eq!(add(&mut world, "acme/new", "acme/lib"), refused(NO_SUCH_TARGET));
        assert!(add(&mut world, "ACME/new", "acme/NEWER").is_ok());
    }
}
