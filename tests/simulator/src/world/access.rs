//! The access of each token.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::token::{Role, TokenKind, TokenScope, TokenSpec, TokenState};
use super::{Target, World};

/// A token's index in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenId(usize);

/// A token and its user. Its `Debug` leaves the secret out.
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) kind: TokenKind,
    /// The ID of the token's user.
    user: u64,
    pub(crate) state: TokenState,
    secret: String,
    scopes: HashSet<TokenScope>,
    /// The permissions of a fine-grained token.
    pub(super) permissions: Option<HashSet<String>>,
    roles: HashMap<Target, Role>,
    visible: HashSet<Target>,
    hidden: HashSet<Target>,
    administrator: bool,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("name", &self.name)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Token {
    pub(crate) fn has_any_scope(&self, scopes: &[TokenScope]) -> bool {
        scopes.iter().any(|scope| self.scopes.contains(scope))
    }

    pub(crate) fn set_hidden(&mut self, place: Target, hidden: bool) {
        if hidden {
            self.hidden.insert(place);
        } else {
            self.hidden.remove(&place);
        }
    }

    pub(crate) fn set_role(&mut self, place: Target, role: Option<Role>) {
        match role {
            Some(role) => self.roles.insert(place, role),
            None => self.roles.remove(&place),
        };
    }
}

impl World {
    /// Adds a token with a user of the same name and returns its secret, which is made from the
    /// name: names are unique.
    pub(crate) fn add_token(&mut self, spec: TokenSpec) -> String {
        let user = self.add_user(&spec.name);
        self.add_token_of(user, spec)
    }

    /// Adds a token of a user and returns its secret.
    pub(super) fn add_token_of(&mut self, user: u64, spec: TokenSpec) -> String {
        let prefix = match spec.kind {
            TokenKind::Access => "glpat",
            TokenKind::CiJob => "glcbt",
        };
        let secret = format!("{prefix}-simulated-{}", spec.name);
        self.tokens.push(Token {
            secret: secret.clone(),
            user,
            scopes: spec.scopes.into_iter().collect(),
            permissions: spec.permissions.map(|permissions| permissions.into_iter().collect()),
            roles: spec.roles.into_iter().collect(),
            visible: spec.visible.into_iter().collect(),
            hidden: HashSet::new(),
            administrator: spec.administrator,
            name: spec.name,
            kind: spec.kind,
            state: spec.state,
        });
        secret
    }

    pub(crate) fn token(&self, id: TokenId) -> &Token {
        &self.tokens[id.0]
    }

    pub(super) fn token_mut(&mut self, id: TokenId) -> &mut Token {
        &mut self.tokens[id.0]
    }

    /// Returns whether a token is that of an administrator.
    pub(crate) fn is_administrator(&self, id: TokenId) -> bool {
        self.token(id).administrator
    }

    pub(crate) fn token_named(&mut self, name: &str) -> Option<&mut Token> {
        self.tokens.iter_mut().find(|token| token.name == name)
    }

    /// Returns the ID of the user behind a token.
    pub(crate) fn user_id(&self, id: TokenId) -> u64 {
        self.token(id).user
    }

    /// Returns the username of a user.
    pub(crate) fn user_name(&self, user: u64) -> Option<&str> {
        self.user(user).map(|user| user.username.as_str())
    }

    pub(crate) fn token_by_secret(&self, secret: &str) -> Option<TokenId> {
        let is_it = |token: &Token| token.secret == secret && self.user(token.user).is_some();
        self.tokens.iter().position(is_it).map(TokenId)
    }

    /// Returns the token's role in a project or group: the highest one it has there or in a parent
    /// group.
    pub(crate) fn role(&self, token: TokenId, place: Target) -> Option<Role> {
        let token = self.token(token);
        if token.administrator {
            return Some(Role::Owner);
        }
        self.with_ancestors(place).flat_map(|place| self.roles_in(token, place)).max()
    }

    /// Returns whether a token sees a place: by a role in it or above it, by one below it (groups),
    /// or because the test made it visible.
    pub(crate) fn can_see(&self, id: TokenId, place: Target) -> bool {
        let token = self.token(id);
        if token.hidden.contains(&place) {
            return false;
        }
        token.visible.contains(&place)
            || self.is_public(place)
            || self.role(id, place).is_some()
            || self
                .places_of(token)
                .any(|held| self.with_ancestors(held).any(|above| above == place))
    }

    /// Returns the roles of the token and of its user in a project or group itself.
    fn roles_in<'w>(
        &'w self,
        token: &'w Token,
        place: Target,
    ) -> impl Iterator<Item = Role> + use<'w> {
        let by_membership = self.user(token.user).and_then(|user| user.roles.get(&place));
        token.roles.get(&place).into_iter().chain(by_membership).copied()
    }

    /// Returns the projects and groups in which the token or its user has a role.
    fn places_of<'w>(&'w self, token: &'w Token) -> impl Iterator<Item = Target> + use<'w> {
        let by_membership = self.user(token.user).into_iter().flat_map(|user| user.roles.keys());
        token.roles.keys().chain(by_membership).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> (World, Target, Target) {
        let mut world = World::default();
        let app = Target::Project(world.add_project("acme/team/app").unwrap());
        let acme = Target::Group(world.group_id("acme").unwrap());
        (world, app, acme)
    }

    fn add(world: &mut World, spec: TokenSpec) -> TokenId {
        let secret = world.add_token(spec);
        world.token_by_secret(&secret).unwrap()
    }

    #[test]
    fn role_in_a_group_applies_to_its_projects() {
        let (mut world, app, acme) = world();
        let bot = add(&mut world, TokenSpec::new("bot").developer_of(acme).maintainer_of(app));
        assert_eq!(world.role(bot, app), Some(Role::Maintainer));
        assert_eq!(world.role(bot, acme), Some(Role::Developer));
    }

    #[test]
    fn member_of_a_project_sees_its_groups_without_a_role() {
        let (mut world, app, acme) = world();
        let bot = add(&mut world, TokenSpec::new("bot").developer_of(app));
        assert!(world.can_see(bot, acme));
        assert_eq!(world.role(bot, acme), None);
    }

    #[test]
    fn user_without_a_role_sees_only_public_projects() {
        let (mut world, app, _) = world();
        let bot = add(&mut world, TokenSpec::new("bot"));
        assert!(!world.can_see(bot, app));
        world.make_public(app);
        assert!(world.can_see(bot, app));
    }

    #[test]
    fn hidden_targets_are_hidden_from_administrators_too() {
        let (mut world, app, _) = world();
        let bot = add(&mut world, TokenSpec::new("bot").administrator());
        world.token_named("bot").unwrap().set_hidden(app, true);
        assert!(!world.can_see(bot, app));
    }

    #[test]
    fn debug_output_of_a_token_has_no_secret() {
        let (mut world, ..) = world();
        let secret = world.add_token(TokenSpec::new("bot"));
        assert!(!format!("{world:?}").contains(&secret));
    }
}
