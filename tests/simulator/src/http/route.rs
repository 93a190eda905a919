//! The endpoints, and the mapping from method and path to them. Parameters are validated elsewhere.

use std::fmt;

use axum::http::Method;
use percent_encoding::percent_decode_str;

/// An endpoint, or the error of routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Route {
    /// `GET /projects/:id/job_token_scope`
    ScopeGet,
    /// `PATCH /projects/:id/job_token_scope`
    ScopePatch,
    /// `GET /projects/:id/job_token_scope/allowlist`
    AllowlistProjectsGet,
    /// `POST /projects/:id/job_token_scope/allowlist`
    AllowlistProjectPost,
    /// `DELETE /projects/:id/job_token_scope/allowlist/:target_project_id`
    AllowlistProjectDelete,
    /// `GET /projects/:id/job_token_scope/groups_allowlist`
    AllowlistGroupsGet,
    /// `POST /projects/:id/job_token_scope/groups_allowlist`
    AllowlistGroupPost,
    /// `DELETE /projects/:id/job_token_scope/groups_allowlist/:target_group_id`
    AllowlistGroupDelete,
    /// `GET /projects/:id`
    ProjectGet,
    /// `POST /projects`
    ProjectPost,
    /// `PUT /projects/:id`
    ProjectPut,
    /// `DELETE /projects/:id`
    ProjectDelete,
    /// `GET /groups/:id`
    GroupGet,
    /// `GET /groups/:id/projects`
    GroupProjectsGet,
    /// `POST /groups`
    GroupPost,
    /// `DELETE /groups/:id`
    GroupDelete,
    /// `GET /user`
    UserGet,
    /// `POST /users`
    UserPost,
    /// `DELETE /users/:id`
    UserDelete,
    /// `POST /users/:id/personal_access_tokens`
    UserTokenPost,
    /// `DELETE /personal_access_tokens/self`
    OwnTokenDelete,
    /// `POST /projects/:id/members`
    ProjectMemberPost,
    /// `POST /groups/:id/members`
    GroupMemberPost,
    /// `GET /version`
    VersionGet,
    /// `GET /application/settings`
    ApplicationSettingsGet,
    /// `PUT /application/settings`
    ApplicationSettingsPut,
    /// `POST /api/graphql` with anything but a mutation.
    GraphqlQuery,
    /// `POST /api/graphql` with a mutation.
    GraphqlMutation,
    /// The sign-in page, to which a proxy redirects.
    SignInPage,
    /// A known path with another method.
    MethodNotAllowed,
    /// Anything else.
    Unknown,
}

impl Route {
    /// Returns method and pattern as GitLab's documentation writes them.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ScopeGet => "GET /projects/:id/job_token_scope",
            Self::ScopePatch => "PATCH /projects/:id/job_token_scope",
            Self::AllowlistProjectsGet => "GET /projects/:id/job_token_scope/allowlist",
            Self::AllowlistProjectPost => "POST /projects/:id/job_token_scope/allowlist",
            Self::AllowlistProjectDelete => {
                "DELETE /projects/:id/job_token_scope/allowlist/:target_project_id"
            }
            Self::AllowlistGroupsGet => "GET /projects/:id/job_token_scope/groups_allowlist",
            Self::AllowlistGroupPost => "POST /projects/:id/job_token_scope/groups_allowlist",
            Self::AllowlistGroupDelete => {
                "DELETE /projects/:id/job_token_scope/groups_allowlist/:target_group_id"
            }
            Self::ProjectGet => "GET /projects/:id",
            Self::ProjectPost => "POST /projects",
            Self::ProjectPut => "PUT /projects/:id",
            Self::ProjectDelete => "DELETE /projects/:id",
            Self::GroupGet => "GET /groups/:id",
            Self::GroupProjectsGet => "GET /groups/:id/projects",
            Self::GroupPost => "POST /groups",
            Self::GroupDelete => "DELETE /groups/:id",
            Self::UserGet => "GET /user",
            Self::UserPost => "POST /users",
            Self::UserDelete => "DELETE /users/:id",
            Self::UserTokenPost => "POST /users/:id/personal_access_tokens",
            Self::OwnTokenDelete => "DELETE /personal_access_tokens/self",
            Self::ProjectMemberPost => "POST /projects/:id/members",
            Self::GroupMemberPost => "POST /groups/:id/members",
            Self::VersionGet => "GET /version",
            Self::ApplicationSettingsGet => "GET /application/settings",
            Self::ApplicationSettingsPut => "PUT /application/settings",
            Self::GraphqlQuery => "POST /api/graphql (query)",
            Self::GraphqlMutation => "POST /api/graphql (mutation)",
            Self::SignInPage => "the sign-in page",
            Self::MethodNotAllowed => "a method not allowed",
            Self::Unknown => "an unknown path",
        }
    }

    /// Returns whether the endpoint changes something when it succeeds.
    #[must_use]
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::ScopePatch
                | Self::AllowlistProjectPost
                | Self::AllowlistProjectDelete
                | Self::AllowlistGroupPost
                | Self::AllowlistGroupDelete
                | Self::ProjectPost
                | Self::ProjectPut
                | Self::ProjectDelete
                | Self::GroupPost
                | Self::GroupDelete
                | Self::UserPost
                | Self::UserDelete
                | Self::UserTokenPost
                | Self::OwnTokenDelete
                | Self::ProjectMemberPost
                | Self::GroupMemberPost
                | Self::ApplicationSettingsPut
                | Self::GraphqlMutation
        )
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A route with the parts of the path that fill its placeholders, percent-decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matched {
    pub(crate) route: Route,
    /// `:id`, an ID or a full path.
    pub(crate) id: Option<String>,
    /// `:target_project_id` or `:target_group_id`.
    pub(crate) target: Option<String>,
    /// The allowed methods, if the method of the request isn't allowed.
    pub(crate) allow: String,
}

impl Matched {
    /// Finds the route of a method and a path below the relative URL root, still percent-encoded:
    /// an encoded slash belongs to its segment. HEAD means GET, and slashes at the end mean
    /// nothing.
    pub(crate) fn find(method: &Method, path: &str) -> Self {
        let path = path.trim_end_matches('/');
        let plain = |route| Self { route, id: None, target: None, allow: String::new() };
        if path == "/users/sign_in" {
            return plain(Route::SignInPage);
        }
        if path == "/api/graphql" && *method == Method::POST {
            return plain(Route::GraphqlQuery);
        }
        let Some(path) = path.strip_prefix("/api/v4/") else {
            return plain(Route::Unknown);
        };
        let segments: Vec<String> = path
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (methods, id, target): (&[(&str, Route)], _, _) = match segments[..] {
            ["projects", id, "job_token_scope"] => {
                (&[("GET", Route::ScopeGet), ("PATCH", Route::ScopePatch)], Some(id), None)
            }
            ["projects", id, "job_token_scope", "allowlist"] => (
                &[("GET", Route::AllowlistProjectsGet), ("POST", Route::AllowlistProjectPost)],
                Some(id),
                None,
            ),
            ["projects", id, "job_token_scope", "allowlist", target] => {
                (&[("DELETE", Route::AllowlistProjectDelete)], Some(id), Some(target))
            }
            ["projects", id, "job_token_scope", "groups_allowlist"] => (
                &[("GET", Route::AllowlistGroupsGet), ("POST", Route::AllowlistGroupPost)],
                Some(id),
                None,
            ),
            ["projects", id, "job_token_scope", "groups_allowlist", target] => {
                (&[("DELETE", Route::AllowlistGroupDelete)], Some(id), Some(target))
            }
            ["projects"] => (&[("POST", Route::ProjectPost)], None, None),
            ["projects", id] => (
                &[
                    ("GET", Route::ProjectGet),
                    ("PUT", Route::ProjectPut),
                    ("DELETE", Route::ProjectDelete),
                ],
                Some(id),
                None,
            ),
            ["groups"] => (&[("POST", Route::GroupPost)], None, None),
            ["groups", id] => {
                (&[("GET", Route::GroupGet), ("DELETE", Route::GroupDelete)], Some(id), None)
            }
            ["groups", id, "projects"] => (&[("GET", Route::GroupProjectsGet)], Some(id), None),
            ["user"] => (&[("GET", Route::UserGet)], None, None),
            ["version"] => (&[("GET", Route::VersionGet)], None, None),
            ["application", "settings"] => (
                &[("GET", Route::ApplicationSettingsGet), ("PUT", Route::ApplicationSettingsPut)],
                None,
                None,
            ),
            ["users"] => (&[("POST", Route::UserPost)], None, None),
            ["users", id] => (&[("DELETE", Route::UserDelete)], Some(id), None),
            ["users", id, "personal_access_tokens"] => {
                (&[("POST", Route::UserTokenPost)], Some(id), None)
            }
            ["personal_access_tokens", "self"] => {
                (&[("DELETE", Route::OwnTokenDelete)], None, None)
            }
            ["projects", id, "members"] => (&[("POST", Route::ProjectMemberPost)], Some(id), None),
            ["groups", id, "members"] => (&[("POST", Route::GroupMemberPost)], Some(id), None),
            _ => (&[], None, None),
        };
        let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
        let route = match methods.iter().find(|(name, _)| *name == method) {
            Some((_, route)) => *route,
            None if methods.is_empty() => Route::Unknown,
            None => Route::MethodNotAllowed,
        };
        let allow: Vec<&str> = methods.iter().map(|(name, _)| *name).collect();
        Self {
            route,
            id: id.map(str::to_owned),
            target: target.map(str::to_owned),
            allow: allow.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: Method, path: &str) -> Matched {
        Matched::find(&method, path)
    }

    #[test]
    fn encoded_slash_is_part_of_its_segment() {
        let matched = find(Method::GET, "/api/v4/projects/acme%2Fapp/job_token_scope");
        assert_eq!((matched.route, matched.id.as_deref()), (Route::ScopeGet, Some("acme/app")));
        assert_eq!(find(Method::GET, "/api/v4/projects/acme/app").route, Route::Unknown);
    }

    #[test]
    fn wrong_method_names_the_allowed_ones() {
        let matched = find(Method::PUT, "/api/v4/projects/1/job_token_scope/allowlist");
        assert_eq!((matched.route, matched.allow.as_str()), (Route::MethodNotAllowed, "GET, POST"));
    }

    #[test]
    fn other_api_version_is_unknown() {
        assert_eq!(find(Method::GET, "/api/v3/user").route, Route::Unknown);
    }

    #[test]
    fn trailing_slashes_are_ignored() {
        assert_eq!(find(Method::GET, "/api/v4/user/").route, Route::UserGet);
        assert_eq!(
            find(Method::GET, "/api/v4/projects/1/job_token_scope//").route,
            Route::ScopeGet
        );
        assert_eq!(find(Method::POST, "/api/graphql/").route, Route::GraphqlQuery);
    }

    #[test]
    fn head_is_served_like_get() {
        assert_eq!(find(Method::HEAD, "/api/v4/version").route, Route::VersionGet);
    }
}
