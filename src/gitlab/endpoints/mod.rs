//! The endpoints that are used, as values; the folder mirrors the URLs. Shapes of answers are read here and leave as
//! typed models: only what is needed is read, and whatever else an answer holds is ignored.

pub(super) mod groups;
pub(super) mod job_token_permissions;
pub(super) mod job_token_scope;
pub(super) mod job_token_scopes;
pub(super) mod projects;
pub(super) mod user;
