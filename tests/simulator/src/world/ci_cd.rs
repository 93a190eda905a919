//! The CI/CD settings of a project for job tokens, which a GraphQL request changes atomically.

use super::{Enforcement, MutationError, TokenId, World};

/// The settings to change; absent ones stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CiCdChange {
    pub(crate) inbound: Option<bool>,
    pub(crate) outbound: Option<bool>,
    pub(crate) push: Option<bool>,
    pub(crate) cross_project_push: Option<bool>,
}

impl World {
    /// Changes settings of the project at a path.
    pub(crate) fn change_ci_cd_by_path(
        &mut self,
        token: TokenId,
        path: &str,
        change: CiCdChange,
    ) -> Result<u64, MutationError> {
        if change.outbound == Some(true) {
            return Err(MutationError::BadArgument(
                "job_token_scope_enabled can only be set to false",
            ));
        }
        let id = self.administered_by_path(token, path)?;
        if let Some(enabled) = change.inbound {
            self.set_inbound(token, id, enabled)?;
        }
        if let Some(project) = self.project_mut(id) {
            project.outbound_enabled = change.outbound.unwrap_or(project.outbound_enabled);
            project.push_repository_for_job_token_allowed =
                change.push.unwrap_or(project.push_repository_for_job_token_allowed);
            project.cross_project_push_for_job_token_allowed = change
                .cross_project_push
                .unwrap_or(project.cross_project_push_for_job_token_allowed);
        }
        Ok(id)
    }

    /// Returns whether access to a project is restricted to its allowlist, by itself or by the
    /// instance.
    pub(crate) fn is_restricted(&self, project: u64) -> bool {
        self.settings.enforcement != Enforcement::Off
            || self.project(project).is_some_and(|project| project.inbound_enabled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Target, TokenSpec};

    #[test]
    fn rejected_change_changes_no_setting() {
        let mut world = World::default();
        let app = world.add_project("acme/app").unwrap();
        let secret = world.add_token(TokenSpec::new("bot").maintainer_of(Target::Project(app)));
        let bot = world.token_by_secret(&secret).unwrap();
        world.settings.enforcement = Enforcement::Refusing;
        let change = CiCdChange { inbound: Some(false), push: Some(true), ..CiCdChange::default() };
        assert!(matches!(
            world.change_ci_cd_by_path(bot, "acme/app", change),
            Err(MutationError::Refused(_))
        ));
        assert!(!world.project(app).unwrap().push_repository_for_job_token_allowed);
        let change = CiCdChange { outbound: Some(true), ..change };
        assert!(matches!(
            world.change_ci_cd_by_path(bot, "acme/app", change),
            Err(MutationError::BadArgument(_))
        ));
    }
}
