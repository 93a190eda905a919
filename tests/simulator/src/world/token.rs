//! The description of a token: roles, scopes, state. `access` has the rules.

use super::Target;

/// A role of a user in a project or group. The role in a group applies to its descendants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Can view projects.
    Guest,
    /// Can read code and issues.
    Reporter,
    /// Can push, but not use the job token endpoints.
    Developer,
    /// The minimum role for the job token endpoints.
    Maintainer,
    /// Can do everything.
    Owner,
}

/// A scope of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenScope {
    /// Reads and writes of the API.
    Api,
    /// Reads of the API.
    ReadApi,
    /// Reads of the token's own user.
    ReadUser,
    /// Git reads, but not the API.
    ReadRepository,
}

impl TokenScope {
    /// Parses GitLab's name of a scope.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        [Self::Api, Self::ReadApi, Self::ReadUser, Self::ReadRepository]
            .into_iter()
            .find(|scope| scope.name() == name)
    }

    /// Returns GitLab's name of the scope.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::ReadApi => "read_api",
            Self::ReadUser => "read_user",
            Self::ReadRepository => "read_repository",
        }
    }
}

/// The state of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenState {
    /// The token is valid.
    #[default]
    Active,
    /// It is expired.
    Expired,
    /// It is revoked.
    Revoked,
}

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A personal, project or group access token, or an OAuth token.
    Access,
    /// The token of a CI job, which none of the served endpoints accepts.
    CiJob,
}

/// A token to add to the world: by default active, with the scope `api` and without roles.
#[derive(Debug, Clone)]
pub struct TokenSpec {
    pub(crate) name: String,
    pub(crate) kind: TokenKind,
    pub(crate) state: TokenState,
    pub(crate) scopes: Vec<TokenScope>,
    /// The permissions of a fine-grained token.
    pub(crate) permissions: Option<Vec<String>>,
    pub(crate) roles: Vec<(Target, Role)>,
    pub(crate) visible: Vec<Target>,
    pub(crate) administrator: bool,
}

impl TokenSpec {
    /// Creates a token with a name, which the request log shows.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: TokenKind::Access,
            state: TokenState::Active,
            scopes: vec![TokenScope::Api],
            permissions: None,
            roles: Vec::new(),
            visible: Vec::new(),
            administrator: false,
        }
    }

    /// Creates the token of a running CI job (`glcbt-…`).
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

    /// Makes it a fine-grained token, with permissions such as `Job Token Scope: Read` in place of
    /// scopes.
    #[must_use]
    pub fn fine_grained<S: Into<String>>(
        mut self,
        permissions: impl IntoIterator<Item = S>,
    ) -> Self {
        self.scopes.clear();
        self.permissions = Some(permissions.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a role in a project or group.
    #[must_use]
    pub fn role(mut self, place: Target, role: Role) -> Self {
        self.roles.push((place, role));
        self
    }

    /// Adds the minimum role for the job token endpoints.
    #[must_use]
    pub fn maintainer_of(self, place: Target) -> Self {
        self.role(place, Role::Maintainer)
    }

    /// Adds the role just below the minimum role for the job token endpoints.
    #[must_use]
    pub fn developer_of(self, place: Target) -> Self {
        self.role(place, Role::Developer)
    }

    /// Makes a project or group visible without a role.
    #[must_use]
    pub fn can_see(mut self, place: Target) -> Self {
        self.visible.push(place);
        self
    }

    /// Makes it an administrator's token, which sees and owns everything.
    #[must_use]
    pub fn administrator(mut self) -> Self {
        self.administrator = true;
        self
    }

    /// Makes the token expired.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.state = TokenState::Expired;
        self
    }

    /// Makes the token revoked.
    #[must_use]
    pub fn revoked(mut self) -> Self {
        self.state = TokenState::Revoked;
        self
    }
}
