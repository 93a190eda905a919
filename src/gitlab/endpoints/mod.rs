//! The endpoints that are used, as values; the folder mirrors the URLs. A file in here turns a
//! question into a call and reads the answer into a typed model: only what is needed is read, and
//! whatever else an answer holds is ignored. It may import from [`names`](super::names) and
//! [`sender`](super::sender), and sends nothing itself.

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
