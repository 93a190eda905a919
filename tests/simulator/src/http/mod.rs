//! GitLab's REST API for the world: routes, tokens, parameters, pages and JSON. GraphQL, sockets,
//! faults and the log are elsewhere: input is a complete request, output is a value.

mod api_response;
mod auth;
mod call;
mod endpoints;
mod instance;
mod pagination;
mod params;
mod projects_and_groups;
mod render;
mod route;
mod site;
mod users;

pub(crate) use api_response::ApiResponse;
pub use auth::Credential;
pub(crate) use auth::{INVALID_TOKEN, invalid_token};
pub(crate) use call::{Call, Incoming};
pub(crate) use endpoints::carry_out;
pub use route::Route;
pub(crate) use site::Site;
