//! Users: those of the tokens that tests add, and those that an administrator creates. Roles by
//! membership belong to a user, and so to each of its tokens.

use std::collections::HashMap;

use super::{Role, Target, TokenId, TokenScope, TokenSpec, TokenState, World};

/// A user of the instance.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) username: String,
    /// The display name.
    pub(crate) name: String,
    /// The email address, which only users created by an administrator have.
    email: Option<String>,
    pub(super) roles: HashMap<Target, Role>,
}

/// The attribute that another user already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Email,
    Username,
}

impl World {
    /// Adds the user behind a token that a test adds. Returns the ID.
    pub(super) fn add_user(&mut self, username: &str) -> u64 {
        let user = User {
            username: username.to_owned(),
            name: username.to_owned(),
            email: None,
            roles: HashMap::new(),
        };
        self.insert_user(user)
    }

    /// Creates a user as an administrator does. Returns the ID.
    pub(crate) fn create_user(
        &mut self,
        email: &str,
        username: &str,
        name: &str,
    ) -> Result<u64, Taken> {
        let is = |held: &str, wanted: &str| held.eq_ignore_ascii_case(wanted);
        if self.users.values().any(|user| user.email.as_deref().is_some_and(|held| is(held, email)))
        {
            return Err(Taken::Email);
        }
        if self.users.values().any(|user| is(&user.username, username))
            || self.namespace.is_taken(username)
        {
            return Err(Taken::Username);
        }
        let user = User {
            username: username.to_owned(),
            name: name.to_owned(),
            email: Some(email.to_owned()),
            roles: HashMap::new(),
        };
        Ok(self.insert_user(user))
    }

    fn insert_user(&mut self, user: User) -> u64 {
        self.last_user_id += 1;
        self.users.insert(self.last_user_id, user);
        self.last_user_id
    }

    pub(crate) fn user(&self, id: u64) -> Option<&User> {
        self.users.get(&id)
    }

    /// Deletes a user, whose tokens are unknown from then on. Returns whether there was one.
    pub(crate) fn delete_user(&mut self, id: u64) -> bool {
        self.users.remove(&id).is_some()
    }

    /// Gives a user a role in a project or group. Returns whether that is a new membership.
    pub(crate) fn add_member(&mut self, place: Target, user: u64, role: Role) -> bool {
        let Some(user) = self.users.get_mut(&user) else { return false };
        if user.roles.contains_key(&place) {
            return false;
        }
        user.roles.insert(place, role);
        true
    }

    /// Creates a token of a user. Returns the ID of the token and its secret.
    pub(crate) fn create_personal_token(
        &mut self,
        user: u64,
        scopes: Vec<TokenScope>,
    ) -> (usize, String) {
        let number = self.tokens.len() + 1;
        let username = self.user(user).map(|user| user.username.as_str()).unwrap_or_default();
        let spec = TokenSpec::new(&format!("{username}-{number}")).scopes(scopes);
        (number, self.add_token_of(user, spec))
    }

    /// Revokes a token.
    pub(crate) fn revoke_token(&mut self, token: TokenId) {
        self.token_mut(token).state = TokenState::Revoked;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> (World, Target, u64) {
        let mut world = World::default();
        let app = Target::Project(world.add_project("acme/app").unwrap());
        let user = world.create_user("user@example.com", "user", "A User").unwrap();
        (world, app, user)
    }

    #[test]
    fn membership_applies_to_all_tokens_of_the_user() {
        let (mut world, app, user) = world();
        let before = world.create_personal_token(user, vec![TokenScope::Api]).1;
        assert!(world.add_member(app, user, Role::Developer));
        assert!(!world.add_member(app, user, Role::Maintainer), "a second membership");
        let after = world.create_personal_token(user, vec![TokenScope::Api]).1;
        for secret in [before, after] {
            let token = world.token_by_secret(&secret).unwrap();
            assert_eq!(
                (world.role(token, app), world.can_see(token, app)),
                (Some(Role::Developer), true)
            );
        }
    }

    #[test]
    fn tokens_of_a_deleted_user_are_unknown() {
        let (mut world, _, user) = world();
        let secret = world.create_personal_token(user, vec![TokenScope::Api]).1;
        assert!(world.delete_user(user) && !world.delete_user(user));
        assert_eq!(world.token_by_secret(&secret), None);
    }

    #[test]
    fn emails_and_usernames_are_case_insensitively_unique() {
        let (mut world, ..) = world();
        assert_eq!(world.create_user("USER@example.com", "other", "x"), Err(Taken::Email));
        assert_eq!(world.create_user("other@example.com", "User", "x"), Err(Taken::Username));
        assert_eq!(world.create_user("other@example.com", "acme", "x"), Err(Taken::Username));
    }
}
