//! Authentication: the headers with a token, and GitLab's errors for tokens. `world` has roles and
//! visibility.

use axum::http::{HeaderMap, header};
use serde_json::json;

use super::api_response::ApiResponse;
use super::route::Route;
use crate::graphql::{self, Bearer};
use crate::world::{Requirement, Token, TokenId, TokenKind, TokenScope, TokenState, World};

const CHALLENGE_HEADER: &str = "www-authenticate";
const CHALLENGE: &str = "Bearer realm=\"Protected by OAuth 2.0\"";

/// The `WWW-Authenticate` value for an invalid token.
pub(crate) const INVALID_TOKEN: &str =
    "Bearer realm=\"Protected by OAuth 2.0\", error=\"invalid_token\"";

/// The header that has the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// `PRIVATE-TOKEN: …`
    PrivateToken,
    /// `Authorization: Bearer …`
    Bearer,
    /// `JOB-TOKEN: …`, which none of the endpoints accepts.
    JobToken,
    /// `Authorization` with another scheme.
    OtherAuthorization,
}

/// The credentials of a request. The secret is only used for the look-up.
pub(crate) struct Caller {
    pub(crate) credential: Option<Credential>,
    pub(crate) token: Option<TokenId>,
}

impl Caller {
    /// Looks the request's token up. `PRIVATE-TOKEN` wins over `Authorization`.
    pub(crate) fn identify(headers: &HeaderMap, world: &World) -> Self {
        let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let (credential, secret) = if let Some(secret) = value("private-token") {
            (Some(Credential::PrivateToken), secret)
        } else if let Some(authorization) = value(header::AUTHORIZATION.as_str()) {
            match authorization.split_once(' ') {
                Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => {
                    (Some(Credential::Bearer), secret.trim())
                }
                _ => (Some(Credential::OtherAuthorization), ""),
            }
        } else if let Some(secret) = value("job-token") {
            (Some(Credential::JobToken), secret)
        } else {
            (None, "")
        };
        Self { credential, token: world.token_by_secret(secret) }
    }

    /// Returns the token if it may call the endpoint.
    pub(crate) fn authorize(&self, world: &World, route: Route) -> Result<TokenId, ApiResponse> {
        let unauthorized =
            || ApiResponse::message(401, "401 Unauthorized").with(CHALLENGE_HEADER, CHALLENGE);
        let id = self.token.ok_or_else(unauthorized)?;
        let token = world.token(id);
        if token.kind == TokenKind::CiJob || self.credential == Some(Credential::JobToken) {
            return Err(unauthorized());
        }
        check_state(token)?;
        if world.is_granular(id) {
            let needed = requirement(route);
            let check = needed.map_or(Ok(()), |needed| world.check_permission(id, needed));
            return check.map(|()| id).map_err(|why| insufficient_granular_scope(&why));
        }
        let scopes = accepted_scopes(route);
        if !token.has_any_scope(scopes) {
            return Err(insufficient_scope(scopes));
        }
        Ok(id)
    }
}

impl Caller {
    /// Returns the token if it may call GraphQL, which rejects all others with the same message.
    pub(crate) fn authorize_graphql(&self, world: &World) -> Result<Bearer, ApiResponse> {
        let accepted = |id: &TokenId| {
            let token = world.token(*id);
            let is_job =
                token.kind == TokenKind::CiJob || self.credential == Some(Credential::JobToken);
            !is_job
                && token.state == TokenState::Active
                && (world.is_granular(*id)
                    || token.has_any_scope(&[TokenScope::Api, TokenScope::ReadApi]))
        };
        let token = self.token.filter(accepted).ok_or_else(graphql::invalid_token)?;
        // Each mutation checks its own permission.
        let may_write =
            world.is_granular(token) || world.token(token).has_any_scope(&[TokenScope::Api]);
        Ok(Bearer { token, may_write })
    }
}

fn check_state(token: &Token) -> Result<(), ApiResponse> {
    let description = match token.state {
        TokenState::Active => return Ok(()),
        TokenState::Expired => {
            "Token is expired. You can either do re-authorization or token refresh."
        }
        TokenState::Revoked => "Token was revoked. You have to re-authorize from the user.",
    };
    Err(invalid_token(description))
}

/// Returns the rejection of an expired or revoked token.
pub(crate) fn invalid_token(description: &str) -> ApiResponse {
    ApiResponse::json(401, &json!({ "error": "invalid_token", "error_description": description }))
        .with(CHALLENGE_HEADER, INVALID_TOKEN)
}

fn insufficient_scope(scopes: &[TokenScope]) -> ApiResponse {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    let body = json!({
        "error": "insufficient_scope",
        "error_description": "The request requires higher privileges than provided by the access \
         token.",
        "scope": scopes.join(" "),
    });
    ApiResponse::json(403, &body)
}

fn insufficient_granular_scope(description: &str) -> ApiResponse {
    let body = json!({ "error": "insufficient_granular_scope", "error_description": description });
    ApiResponse::json(403, &body)
}

/// Returns the permission that a fine-grained token needs for an endpoint.
fn requirement(route: Route) -> Option<Requirement> {
    Some(match route {
        Route::ScopeGet => Requirement::project("Job Token Scope: Read"),
        Route::ScopePatch => Requirement::project("Job Token Scope: Update"),
        Route::AllowlistProjectsGet | Route::AllowlistGroupsGet => {
            Requirement::project("Job Token Scope Allowlist: Read")
        }
        Route::AllowlistProjectPost | Route::AllowlistGroupPost => {
            Requirement::project("Job Token Scope Allowlist: Create")
        }
        Route::AllowlistProjectDelete | Route::AllowlistGroupDelete => {
            Requirement::project("Job Token Scope Allowlist: Delete")
        }
        Route::ProjectGet => Requirement::project("Project: Read"),
        Route::ProjectPost => Requirement::user("Project: Create"),
        Route::ProjectPut => Requirement::project("Project: Update"),
        Route::ProjectDelete => Requirement::project("Project: Delete"),
        Route::GroupGet => Requirement::group("Group: Read"),
        Route::GroupProjectsGet => Requirement::group("Project: Read"),
        Route::GroupPost => Requirement::user("Group: Create"),
        Route::GroupDelete => Requirement::group("Group: Delete"),
        Route::UserGet => Requirement::user("User: Read"),
        Route::VersionGet => Requirement::instance("Metadata: Read"),
        Route::UserPost => Requirement::instance("User: Create"),
        Route::UserDelete => Requirement::instance("User: Delete"),
        Route::UserTokenPost => Requirement::instance("Personal Access Token: Create"),
        Route::OwnTokenDelete => Requirement::user("Personal Access Token: Revoke"),
        Route::ProjectMemberPost => Requirement::project("Member: Create"),
        Route::GroupMemberPost => Requirement::group("Member: Create"),
        Route::ApplicationSettingsGet => Requirement::instance("Application Setting: Read"),
        Route::ApplicationSettingsPut => Requirement::instance("Application Setting: Update"),
        Route::GraphqlQuery
        | Route::GraphqlMutation
        | Route::SignInPage
        | Route::MethodNotAllowed
        | Route::Unknown => return None,
    })
}

/// Returns the scopes of which the endpoint requires one.
fn accepted_scopes(route: Route) -> &'static [TokenScope] {
    match route {
        _ if route.is_write() => &[TokenScope::Api],
        Route::UserGet | Route::VersionGet => {
            &[TokenScope::Api, TokenScope::ReadApi, TokenScope::ReadUser]
        }
        _ => &[TokenScope::Api, TokenScope::ReadApi],
    }
}
