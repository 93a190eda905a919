//! A parsed request: route, caller and parameters. Parse errors are kept for the endpoint, which
//! reports them after earlier checks.

use axum::http::{HeaderMap, Method};

use super::api_response::ApiResponse;
use super::auth::Caller;
use super::params::Params;
use super::route::{Matched, Route};
use super::site::Site;
use crate::graphql::{self, Summary};
use crate::selection::RequestProperties;
use crate::world::{Occupant, Target, World};

/// A complete request.
pub(crate) struct Incoming {
    pub(crate) method: Method,
    /// Path and query as sent, still percent-encoded.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A parsed request.
pub(crate) struct Call {
    pub(crate) matched: Matched,
    pub(crate) caller: Caller,
    /// The parameters, or the error of parsing them.
    pub(crate) params: Result<Params, ApiResponse>,
    pub(crate) path: String,
    pub(crate) query: String,
    /// The project or group in the path, if there is one by that ID or path; in GraphQL the one
    /// that is asked about.
    pub(crate) project: Option<u64>,
    /// The target in the path or the body, if it is an ID; of a GraphQL mutation, what lives at its
    /// path.
    pub(crate) target: Option<Target>,
    /// A GraphQL request, or the error of parsing it.
    pub(crate) graphql: Option<Result<graphql::Request, ApiResponse>>,
    /// The names of a GraphQL request: its operation's, then its root fields'.
    pub(crate) names: Vec<String>,
}

impl Call {
    pub(crate) fn read(incoming: &Incoming, site: &Site, world: &World) -> Self {
        let matched =
            Matched::find(&incoming.method, site.below_root(&incoming.path).unwrap_or_default());
        if matched.route == Route::GraphqlQuery {
            return Self::read_graphql(incoming, matched, world);
        }
        let content_type =
            incoming.headers.get("content-type").and_then(|value| value.to_str().ok());
        let params =
            Params::read(&incoming.query, content_type, &incoming.body).map(|mut params| {
                let placeholders =
                    [("id", &matched.id), (target_name(matched.route), &matched.target)];
                for (name, value) in placeholders {
                    if let Some(value) = value {
                        params.set_from_path(name, value);
                    }
                }
                params
            });
        Self {
            caller: Caller::identify(&incoming.headers, world),
            path: incoming.path.clone(),
            query: incoming.query.clone(),
            project: project(&matched, world),
            target: params.as_ref().ok().and_then(|params| target(matched.route, params)),
            params,
            matched,
            graphql: None,
            names: Vec::new(),
        }
    }

    /// Returns the properties by which faults and barriers select requests.
    pub(crate) fn properties(&self) -> RequestProperties<'_> {
        RequestProperties {
            route: self.matched.route,
            project: self.project,
            target: self.target,
            names: &self.names,
        }
    }

    fn read_graphql(incoming: &Incoming, matched: Matched, world: &World) -> Self {
        let request = graphql::Request::read(&incoming.body);
        let Summary { is_mutation, names, project, target } =
            request.as_ref().map(graphql::Request::summary).unwrap_or_default();
        let route = if is_mutation { Route::GraphqlMutation } else { Route::GraphqlQuery };
        let living = |path: String| match world.occupant(&path)? {
            Occupant::Group(id) => Some(Target::Group(id)),
            Occupant::Project(id) | Occupant::MovedProject(id) => Some(Target::Project(id)),
        };
        Self {
            matched: Matched { route, ..matched },
            caller: Caller::identify(&incoming.headers, world),
            params: Ok(Params::default()),
            path: incoming.path.clone(),
            query: incoming.query.clone(),
            project: project.and_then(living).map(Target::id),
            target: target.and_then(living),
            graphql: Some(request),
            names,
        }
    }
}

fn project(matched: &Matched, world: &World) -> Option<u64> {
    let id = matched.id.as_deref()?;
    if let Ok(number) = id.parse() {
        return Some(number);
    }
    let is_group = matches!(
        matched.route,
        Route::GroupGet | Route::GroupProjectsGet | Route::GroupDelete | Route::GroupMemberPost
    );
    match world.occupant(id)? {
        Occupant::Group(id) if is_group => Some(id),
        Occupant::Project(id) | Occupant::MovedProject(id) if !is_group => Some(id),
        _ => None,
    }
}

fn target(route: Route, params: &Params) -> Option<Target> {
    let id = params.lenient_id(target_name(route))?;
    match route {
        Route::AllowlistProjectPost | Route::AllowlistProjectDelete => Some(Target::Project(id)),
        Route::AllowlistGroupPost | Route::AllowlistGroupDelete => Some(Target::Group(id)),
        _ => None,
    }
}

/// Returns the name of the route's target parameter.
pub(crate) fn target_name(route: Route) -> &'static str {
    match route {
        Route::AllowlistGroupPost | Route::AllowlistGroupDelete => "target_group_id",
        _ => "target_project_id",
    }
}
