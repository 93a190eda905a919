//! The endpoints, and which of them a method and path mean. Parameters are not judged here.

use std::fmt;

use axum::http::Method;
use percent_encoding::percent_decode_str;

/// An endpoint, or where a request went instead of one.
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
    /// `PUT /projects/:id`
    ProjectPut,
    /// `GET /groups/:id`
    GroupGet,
    /// `GET /user`
    UserGet,
    /// `GET /version`
    VersionGet,
    /// `POST /api/graphql` with anything that is no mutation.
    GraphqlQuery,
    /// `POST /api/graphql` with a mutation.
    GraphqlMutation,
    /// The web page for signing in, to which a proxy sends strangers.
    SignInPage,
    /// A path of the API with a method that it does not take.
    MethodNotAllowed,
    /// Anything else.
    Unknown,
}

impl Route {
    /// The method and pattern, as GitLab's documentation writes them.
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
            Self::ProjectPut => "PUT /projects/:id",
            Self::GroupGet => "GET /groups/:id",
            Self::UserGet => "GET /user",
            Self::VersionGet => "GET /version",
            Self::GraphqlQuery => "POST /api/graphql (query)",
            Self::GraphqlMutation => "POST /api/graphql (mutation)",
            Self::SignInPage => "the sign-in page",
            Self::MethodNotAllowed => "a method not allowed",
            Self::Unknown => "an unknown path",
        }
    }

    /// Whether the endpoint changes something when it succeeds.
    #[must_use]
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::ScopePatch
                | Self::AllowlistProjectPost
                | Self::AllowlistProjectDelete
                | Self::AllowlistGroupPost
                | Self::AllowlistGroupDelete
                | Self::ProjectPut
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
    /// `:id`, a number or a full path.
    pub(crate) id: Option<String>,
    /// `:target_project_id` or `:target_group_id`.
    pub(crate) target: Option<String>,
    /// For a method that is not allowed: those that are.
    pub(crate) allow: &'static str,
}

impl Matched {
    /// Finds the route of a method and a path below the relative URL root, still percent-encoded: an encoded slash
    /// belongs to its segment.
    pub(crate) fn find(method: &Method, path: &str) -> Self {
        if path == "/users/sign_in" {
            return Self { route: Route::SignInPage, id: None, target: None, allow: "" };
        }
        if path == "/api/graphql" && *method == Method::POST {
            return Self { route: Route::GraphqlQuery, id: None, target: None, allow: "" };
        }
        let Some(path) = path.strip_prefix("/api/v4/") else {
            return Self { route: Route::Unknown, id: None, target: None, allow: "" };
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
            ["projects", id, "job_token_scope", "groups_allowlist"] => {
                (&[("GET", Route::AllowlistGroupsGet), ("POST", Route::AllowlistGroupPost)], Some(id), None)
            }
            ["projects", id, "job_token_scope", "groups_allowlist", target] => {
                (&[("DELETE", Route::AllowlistGroupDelete)], Some(id), Some(target))
            }
            ["projects", id] => (&[("GET", Route::ProjectGet), ("PUT", Route::ProjectPut)], Some(id), None),
            ["groups", id] => (&[("GET", Route::GroupGet)], Some(id), None),
            ["user"] => (&[("GET", Route::UserGet)], None, None),
            ["version"] => (&[("GET", Route::VersionGet)], None, None),
            _ => (&[], None, None),
        };
        let route = match methods.iter().find(|(name, _)| *name == method.as_str()) {
            Some((_, route)) => *route,
            None if methods.is_empty() => Route::Unknown,
            None => Route::MethodNotAllowed,
        };
        Self { route, id: id.map(str::to_owned), target: target.map(str::to_owned), allow: allowed(methods) }
    }
}

/// The value of the `Allow` header for the few combinations that there are.
fn allowed(methods: &[(&str, Route)]) -> &'static str {
    match methods {
        [("GET", _), ("PATCH", _)] => "GET, PATCH",
        [("GET", _), ("POST", _)] => "GET, POST",
        [("GET", _), ("PUT", _)] => "GET, PUT",
        [("DELETE", _)] => "DELETE",
        [("GET", _)] => "GET",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: Method, path: &str) -> Matched {
        Matched::find(&method, path)
    }

    #[test]
    fn an_encoded_slash_belongs_to_its_segment() {
        let matched = find(Method::GET, "/api/v4/projects/acme%2Fapp/job_token_scope");
        assert_eq!((matched.route, matched.id.as_deref()), (Route::ScopeGet, Some("acme/app")));
        assert_eq!(find(Method::GET, "/api/v4/projects/acme/app").route, Route::Unknown);
    }

    #[test]
    fn a_known_path_with_another_method_names_those_it_takes() {
        let matched = find(Method::PUT, "/api/v4/projects/1/job_token_scope/allowlist");
        assert_eq!((matched.route, matched.allow), (Route::MethodNotAllowed, "GET, POST"));
    }

    #[test]
    fn a_trailing_slash_or_another_version_is_unknown() {
        assert_eq!(find(Method::GET, "/api/v3/user").route, Route::Unknown);
        assert_eq!(find(Method::GET, "/api/v4/user/").route, Route::Unknown);
    }
}
