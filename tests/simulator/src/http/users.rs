//! The endpoints of users and their tokens, which only administrators create, and of members of
//! projects and groups.

use serde_json::{Value, json};

use super::api_response::ApiResponse;
use super::endpoints::Request;
use super::render::access_level;
use crate::world::{Refusal, Role, Taken, Target, TokenScope, World};

/// The parameters for the password of a new user.
const PASSWORDS: [&str; 3] = ["password", "reset_password", "force_random_password"];

const ROLES: [Role; 5] =
    [Role::Guest, Role::Reporter, Role::Developer, Role::Maintainer, Role::Owner];

impl Request<'_> {
    pub(super) fn create_user(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let mut check = self.params.check();
        let email = check.name("email");
        check.any_of(&PASSWORDS);
        let (name, username) = (check.name("name"), check.name("username"));
        check.done()?;
        self.administrator(world)?;
        let id = world.create_user(&email, &username, &name).map_err(|taken| {
            let what = match taken {
                Taken::Email => "Email",
                Taken::Username => "Username",
            };
            ApiResponse::message(409, &format!("{what} has already been taken"))
        })?;
        let mut user = self.render(world).user(id);
        user["email"] = Value::from(email);
        user["is_admin"] = Value::from(false);
        Ok(ApiResponse::json(201, &user))
    }

    pub(super) fn delete_user(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let mut check = self.params.check();
        let id = check.id("id");
        check.done()?;
        self.administrator(world)?;
        if world.delete_user(id) { Ok(ApiResponse::no_content()) } else { Err(user_not_found()) }
    }

    /// Creates a token for another user. Only this response has its secret.
    pub(super) fn create_token(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        self.administrator(world)?;
        let mut check = self.params.check();
        let user = check.id("id");
        let name = check.name("name");
        let scopes = check.words("scopes", TokenScope::by_name);
        check.done()?;
        world.user(user).ok_or_else(user_not_found)?;
        let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
        let names = json!(names);
        let (number, secret) = world.create_personal_token(user, scopes);
        let token = json!({
            "id": number,
            "name": name,
            "revoked": false,
            "created_at": "2024-01-01T00:00:00.000Z",
            "description": null,
            "scopes": names,
            "user_id": user,
            "last_used_at": null,
            "active": true,
            "expires_at": null,
            "token": secret,
        });
        Ok(ApiResponse::json(201, &token))
    }

    pub(super) fn revoke_own_token(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        world.revoke_token(self.token);
        Ok(ApiResponse::no_content())
    }

    pub(super) fn add_project_member(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let (user, level) = self.new_member()?;
        let place = Target::Project(self.source(world)?);
        self.add_member(world, place, Role::Maintainer, (user, level))
    }

    pub(super) fn add_group_member(&self, world: &mut World) -> Result<ApiResponse, ApiResponse> {
        let (user, level) = self.new_member()?;
        let place = Target::Group(self.seen_group(world)?);
        self.add_member(world, place, Role::Owner, (user, level))
    }

    fn new_member(&self) -> Result<(u64, u64), ApiResponse> {
        let mut check = self.params.check();
        let (level, user) = (check.id("access_level"), check.id("user_id"));
        check.done()?;
        Ok((user, level))
    }

    /// Adds a member, which takes a role of the caller.
    fn add_member(
        &self,
        world: &mut World,
        place: Target,
        needed: Role,
        (user, level): (u64, u64),
    ) -> Result<ApiResponse, ApiResponse> {
        if world.role(self.token, place) < Some(needed) {
            return Err(Refusal::Forbidden.into());
        }
        world.user(user).ok_or_else(user_not_found)?;
        let role = ROLES
            .into_iter()
            .find(|role| u64::from(access_level(*role)) == level)
            .ok_or_else(|| {
                ApiResponse::json(
                    400,
                    &json!({ "message": { "access_level": ["is not included in the list"] } }),
                )
            })?;
        if !world.add_member(place, user, role) {
            return Err(ApiResponse::message(409, "Member already exists"));
        }
        Ok(ApiResponse::json(201, &self.render(world).member(user, role)))
    }
}

fn user_not_found() -> ApiResponse {
    ApiResponse::message(404, "404 User Not Found")
}
