//! GitLab's concepts: one client for the job token scope, its allowlists and their permissions, and
//! the projects, groups and users they name. It hides the interface's inconsistencies (two
//! languages, names of ids, empty answers, lists that contain their project, refusals that mean
//! success) and spends as few requests as GitLab allows. What a caller does with the answers must
//! never appear in here.
//!
//! Four parts, each of which knows only those before it: `names`, `sender`, `endpoints` and
//! `client`.

mod client;
mod endpoints;
mod names;
mod sender;

#[cfg(test)]
mod testing;

pub use client::{
    Allowed, AllowedCounts, Allowlist, AuthenticationLog, Client, Confirmation, Coverage,
    Enforcement, Freshness, Granted, GroupProject, GroupProjects, ListedEntry, NotGranted,
    NotUndone, OwnSettings, PermissionList, ProjectScope, ProjectScopes, Revoked,
};
pub use endpoints::authentication_log::LoggedProject;
pub use endpoints::group_projects::Below;
pub use endpoints::job_token_permissions::{Permissions, PermittedEntry, entries_in};
pub use endpoints::job_token_scope::ScopeSettings;
pub use endpoints::job_token_settings::Settings;
pub use endpoints::user::User;
pub use names::{
    FullPath, GroupId, GroupRef, Id, InvalidId, Kind, ProjectId, ProjectRef, RefError, Reference,
    Target, same_path, suggested_path,
};
pub use sender::{
    BaseUrl, BaseUrlError, Config, ConfigError, DUPLICATE_HEADER, Error, ErrorKind, ErrorMessage,
    Proxy, ProxyError, ProxyProblem, TlsProblem, TokenProblem, forbidden_header,
    invalid_header_value, next_page, read_error_message, retry_after,
};
