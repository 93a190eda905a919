//! Tokens, and what each may do and see. HTTP headers and status codes are not this file's business.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::{Target, World};

/// A role of a user in a project or group. The role in a group reaches everything below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// May look, little more.
    Guest,
    /// May read code and issues.
    Reporter,
    /// May push; not enough for the job token endpoints.
    Developer,
    /// The least role that the job token endpoints accept.
    Maintainer,
    /// May do everything.
    Owner,
}

/// A scope of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenScope {
    /// Reads and writes of the API.
    Api,
    /// Reads of the API.
    ReadApi,
    /// Reads of the token's own user, and nothing else of what is served here.
    ReadUser,
    /// Git reads; nothing of the API.
    ReadRepository,
}

impl TokenScope {
    /// The name by which GitLab calls the scope.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::ReadApi => "read_api",
            Self::ReadUser => "read_user",
            Self::ReadRepository => "read_repository",
        }
    }
}

/// Whether a token still works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenState {
    /// It works.
    #[default]
    Active,
    /// Its last day is over.
    Expired,
    /// Someone revoked it.
    Revoked,
}

/// What kind of token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A personal, project or group access token, or an OAuth token.
    Access,
    /// The token of a CI job, with which none of the served endpoints can be called.
    CiJob,
}

/// A token to be added to the world: an active one with the scope `api` and no rights, until told otherwise.
#[derive(Debug, Clone)]
pub struct TokenSpec {
    pub(crate) name: String,
    pub(crate) kind: TokenKind,
    pub(crate) state: TokenState,
    pub(crate) scopes: Vec<TokenScope>,
    pub(crate) roles: Vec<(Target, Role)>,
    pub(crate) visible: Vec<Target>,
    pub(crate) administrator: bool,
}

impl TokenSpec {
    /// A token under a name, by which the request log calls it.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: TokenKind::Access,
            state: TokenState::Active,
            scopes: vec![TokenScope::Api],
            roles: Vec::new(),
            visible: Vec::new(),
            administrator: false,
        }
    }

    /// The token of a running CI job (`glcbt-…`).
    #[must_use]
    pub fn ci_job(name: &str) -> Self {
        Self { kind: TokenKind::CiJob, ..Self::new(name) }
    }

    /// Replaces the scopes.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = TokenScope>) -> Self {
        self.scopes = scopes.into_iter().collect();
        self
    }

    /// Gives a role in a project or group.
    #[must_use]
    pub fn role(mut self, place: Target, role: Role) -> Self {
        self.roles.push((place, role));
        self
    }

    /// Gives the role that the job token endpoints ask for.
    #[must_use]
    pub fn maintainer_of(self, place: Target) -> Self {
        self.role(place, Role::Maintainer)
    }

    /// Gives the role just below the one that the job token endpoints ask for.
    #[must_use]
    pub fn developer_of(self, place: Target) -> Self {
        self.role(place, Role::Developer)
    }

    /// Lets the token see a project or group in which it has no role.
    #[must_use]
    pub fn can_see(mut self, place: Target) -> Self {
        self.visible.push(place);
        self
    }

    /// An administrator: sees everything, owns everything.
    #[must_use]
    pub fn administrator(mut self) -> Self {
        self.administrator = true;
        self
    }

    /// An expired token.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.state = TokenState::Expired;
        self
    }

    /// A revoked token.
    #[must_use]
    pub fn revoked(mut self) -> Self {
        self.state = TokenState::Revoked;
        self
    }
}

/// A token's place in the world's list of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenId(usize);

/// A token and its user. Its `Debug` leaves the secret out.
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) kind: TokenKind,
    pub(crate) state: TokenState,
    secret: String,
    scopes: HashSet<TokenScope>,
    roles: HashMap<Target, Role>,
    visible: HashSet<Target>,
    hidden: HashSet<Target>,
    administrator: bool,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("name", &self.name).field("state", &self.state).finish_non_exhaustive()
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
    /// Adds a token and returns its secret, which is made from the name: names are unique.
    pub(crate) fn add_token(&mut self, spec: TokenSpec) -> String {
        let prefix = match spec.kind {
            TokenKind::Access => "glpat",
            TokenKind::CiJob => "glcbt",
        };
        let secret = format!("{prefix}-simulated-{}", spec.name);
        self.tokens.push(Token {
            secret: secret.clone(),
            scopes: spec.scopes.into_iter().collect(),
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

    pub(crate) fn token_named(&mut self, name: &str) -> Option<&mut Token> {
        self.tokens.iter_mut().find(|token| token.name == name)
    }

    /// The number of the user behind a token.
    pub(crate) fn user_id(&self, id: TokenId) -> usize {
        id.0 + 1
    }

    pub(crate) fn token_by_secret(&self, secret: &str) -> Option<TokenId> {
        self.tokens.iter().position(|token| token.secret == secret).map(TokenId)
    }

    /// The role a token has in a place: the highest it was given there or in a group above.
    pub(crate) fn role(&self, token: TokenId, place: Target) -> Option<Role> {
        let token = self.token(token);
        if token.administrator {
            return Some(Role::Owner);
        }
        self.with_ancestors(place).filter_map(|place| token.roles.get(&place).copied()).max()
    }

    /// Whether a token sees a place: by a role in it or above it, by one below it (groups), or because it was told so.
    pub(crate) fn can_see(&self, id: TokenId, place: Target) -> bool {
        let token = self.token(id);
        if token.hidden.contains(&place) {
            return false;
        }
        token.visible.contains(&place)
            || self.is_public(place)
            || self.role(id, place).is_some()
            || token.roles.keys().any(|held| self.with_ancestors(*held).any(|above| above == place))
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
    fn a_role_in_a_group_reaches_the_projects_below() {
        let (mut world, app, acme) = world();
        let bot = add(&mut world, TokenSpec::new("bot").developer_of(acme).maintainer_of(app));
        assert_eq!(world.role(bot, app), Some(Role::Maintainer));
        assert_eq!(world.role(bot, acme), Some(Role::Developer));
    }

    #[test]
    fn a_member_of_a_project_sees_the_groups_above_it_without_a_role_there() {
        let (mut world, app, acme) = world();
        let bot = add(&mut world, TokenSpec::new("bot").developer_of(app));
        assert!(world.can_see(bot, acme));
        assert_eq!(world.role(bot, acme), None);
    }

    #[test]
    fn a_stranger_sees_nothing_but_what_is_public() {
        let (mut world, app, _) = world();
        let bot = add(&mut world, TokenSpec::new("bot"));
        assert!(!world.can_see(bot, app));
        world.make_public(app);
        assert!(world.can_see(bot, app));
    }

    #[test]
    fn what_is_hidden_stays_hidden_even_from_an_administrator() {
        let (mut world, app, _) = world();
        let bot = add(&mut world, TokenSpec::new("bot").administrator());
        world.token_named("bot").unwrap().set_hidden(app, true);
        assert!(!world.can_see(bot, app));
    }

    #[test]
    fn a_token_does_not_print_its_secret() {
        let (mut world, ..) = world();
        let secret = world.add_token(TokenSpec::new("bot"));
        assert!(!format!("{world:?}").contains(&secret));
    }
}
