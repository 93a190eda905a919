//! The API endpoints: each file creates the calls of an endpoint, and defines the types of its
//! responses, with only the fields that are used. There is no I/O here. It may import from
//! [`names`](super::names) and [`sender`](super::sender).

pub(super) mod authentication_log;
mod global_id;
pub(super) mod group_projects;
pub(super) mod instance;
pub(super) mod job_token_permissions;
pub(super) mod job_token_scope;
pub(super) mod job_token_scopes;
pub(super) mod job_token_settings;
pub(super) mod lookup;
pub(super) mod many_projects;
pub(super) mod policies;
pub(super) mod projects;
pub(super) mod user;
