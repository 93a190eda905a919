//! A client for GitLab's job token scopes, their allowlists and permissions, and for projects,
//! groups and users. It hides the inconsistencies of the API (REST and GraphQL, names of IDs, empty
//! responses, lists that contain their project, errors that mean success) and needs few requests.
//! Nothing here depends on the callers.
//!
//! The modules are `names`, `sender`, `endpoints` and `client`. Each depends only on those before
//! it.

mod client;
mod endpoints;
mod names;
mod sender;

#[cfg(test)]
mod testing;

pub use client::{
    Allowed, AllowedCounts, Allowlist, AuthenticationLog, Client, Confirmation, Coverage,
    Enforcement, Freshness, GrantError, Granted, GroupProject, GroupProjects, ListedEntry,
    OwnSettings, PermissionList, ProjectScope, ProjectScopes, Revoked, RollbackError,
};
pub use endpoints::authentication_log::LoggedProject;
pub use endpoints::group_projects::Below;
pub use endpoints::job_token_permissions::{Permissions, PermittedEntry, entries_in};
pub use endpoints::job_token_scope::ScopeSettings;
pub use endpoints::job_token_settings::Settings;
pub use endpoints::user::User;
pub use names::{
    FullPath, GroupId, GroupRef, Id, InvalidId, Kind, ProjectId, ProjectRef, RefError, Reference,
    Target, path_without_host, path_without_page, same_path, suggested_path,
};
pub use sender::{
    BaseUrl, BaseUrlError, Config, ConfigError, DUPLICATE_HEADER, Error, ErrorKind, ErrorMessage,
    Proxy, ProxyError, ProxyProblem, TlsProblem, TokenProblem, forbidden_header,
    invalid_header_value, is_job_token, next_page, read_error_message, retry_after,
};
