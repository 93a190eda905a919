//! A selection of requests by endpoint, project, target or GraphQL name.

use crate::http::Route;
use crate::world::Target;

/// The selected requests: by default all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) routes: Vec<Route>,
    pub(crate) writes_only: bool,
    pub(crate) project: Option<u64>,
    pub(crate) target: Option<Target>,
    pub(crate) name: Option<String>,
}

/// The properties of a request that a selection can match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestProperties<'r> {
    pub(crate) route: Route,
    pub(crate) project: Option<u64>,
    pub(crate) target: Option<Target>,
    /// The names of a GraphQL request.
    pub(crate) names: &'r [String],
}

impl Selection {
    pub(crate) fn matches(&self, request: &RequestProperties<'_>) -> bool {
        (self.routes.is_empty() || self.routes.contains(&request.route))
            && (!self.writes_only || request.route.is_write())
            && self.project.is_none_or(|project| request.project == Some(project))
            && self.target.is_none_or(|target| request.target == Some(target))
            && self.name.as_ref().is_none_or(|name| request.names.contains(name))
    }
}
