//! GitLab's REST API over the world: routes, tokens, parameters, pages and JSON. What a GraphQL
//! query means is known beside it. Sockets, faults and the log are not here: a request comes in as
//! bytes that have arrived, an answer goes out as a value.

mod answer;
mod auth;
mod call;
mod endpoints;
mod instance;
mod pagination;
mod params;
mod people;
mod places;
mod render;
mod route;
mod site;

pub(crate) use answer::Answer;
pub use auth::Credential;
pub(crate) use auth::{INVALID_TOKEN, invalid_token};
pub(crate) use call::{Call, Incoming};
pub(crate) use endpoints::carry_out;
pub use route::Route;
pub(crate) use site::Site;
