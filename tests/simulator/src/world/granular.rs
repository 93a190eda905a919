//! Fine-grained personal access tokens, with permissions instead of scopes. Endpoints and mutations
//! define the permissions that they need.

use super::{TokenId, World};

/// GraphQL's behavior for a fine-grained token if no permission covers a type yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GranularGraphql {
    /// The field is null, with an error.
    #[default]
    Errors,
    /// The field is null, without an error.
    Nulls,
    /// Lists are empty and single objects null, without an error.
    EmptyLists,
}

/// A permission that an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// The name such as `Job Token Scope: Read`.
    pub(crate) permission: &'static str,
    /// The kind of object that the permission is granted for.
    pub(crate) boundary: Boundary,
}

/// The kind of object that a permission is granted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boundary {
    Project,
    Group,
    User,
    Instance,
}

impl Requirement {
    /// Creates a permission for a project.
    pub(crate) const fn project(permission: &'static str) -> Self {
        Self { permission, boundary: Boundary::Project }
    }

    /// Creates a permission for a group.
    pub(crate) const fn group(permission: &'static str) -> Self {
        Self { permission, boundary: Boundary::Group }
    }

    /// Creates a permission for the token's own user.
    pub(crate) const fn user(permission: &'static str) -> Self {
        Self { permission, boundary: Boundary::User }
    }

    /// Creates a permission for the instance.
    pub(crate) const fn instance(permission: &'static str) -> Self {
        Self { permission, boundary: Boundary::Instance }
    }
}

impl Boundary {
    fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Group => "group",
            Self::User => "user",
            Self::Instance => "instance",
        }
    }
}

impl World {
    /// Returns whether a token needs single permissions: it is fine-grained, or the instance
    /// accepts only fine-grained tokens.
    pub(crate) fn is_granular(&self, token: TokenId) -> bool {
        self.settings.enforces_fine_grained_tokens || self.token(token).permissions.is_some()
    }

    /// Checks that a token has a permission, if it needs permissions. The error is GitLab's
    /// message.
    pub(crate) fn check_permission(
        &self,
        token: TokenId,
        needed: Requirement,
    ) -> Result<(), String> {
        let held = self.token(token).permissions.as_ref();
        if !self.is_granular(token) || held.is_some_and(|held| held.contains(needed.permission)) {
            return Ok(());
        }
        let Requirement { permission, boundary } = needed;
        Err(if self.settings.version.names_boundaries() {
            format!(
                "Access denied: This operation requires a fine-grained personal access token with \
                 the following {} permissions: [{permission}].",
                boundary.name()
            )
        } else {
            format!(
                "Access denied: Your Personal Access Token lacks the required permissions: \
                 [{permission}]"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::TokenSpec;

    const NEEDED: Requirement = Requirement::project("Job Token Scope: Read");

    fn add(world: &mut World, spec: TokenSpec) -> TokenId {
        let secret = world.add_token(spec);
        world.token_by_secret(&secret).unwrap()
    }

    #[test]
    fn classic_token_needs_permissions_only_if_enforced() {
        let mut world = World::default();
        let token = add(&mut world, TokenSpec::new("classic"));
        assert_eq!(world.check_permission(token, NEEDED), Ok(()));
        world.settings.enforces_fine_grained_tokens = true;
        assert!(world.check_permission(token, NEEDED).is_err());
    }

    #[test]
    fn fine_grained_token_needs_the_exact_permission() {
        let mut world = World::default();
        let right =
            add(&mut world, TokenSpec::new("right").fine_grained(["Job Token Scope: Read"]));
        let wrong =
            add(&mut world, TokenSpec::new("wrong").fine_grained(["Job Token Scope: Update"]));
        assert_eq!(world.check_permission(right, NEEDED), Ok(()));
        assert!(
            world.check_permission(wrong, NEEDED).unwrap_err().ends_with("[Job Token Scope: Read]")
        );
    }
}
