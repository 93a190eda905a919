//! What GitLab means: one client for the job token scope, its allowlists and their permissions, and the projects, groups
//! and users they name. It hides the interface's inconsistencies (two languages, names of ids, empty answers, lists that
//! contain their owner, refusals that mean success) and spends as few requests as GitLab allows.
//! What a caller does with the answers must never appear in here.

mod allowlist;
mod base_url;
mod client;
mod config;
mod endpoints;
mod error;
mod flight;
mod gate;
mod graphql;
mod id;
mod identity;
mod job_token;
mod lookup;
mod message;
mod pagination;
mod permissions;
mod push;
mod reference;
mod request;
mod retry;
mod scopes;
mod snapshots;
mod transport;

#[cfg(test)]
mod testing;

pub use allowlist::{AllowedGroup, AllowedProject, Allowlist};
pub use base_url::{BaseUrl, BaseUrlError};
pub use client::Client;
pub use config::{
    Config, ConfigError, DEFAULT_MAX_CONCURRENT_REQUESTS, DEFAULT_REQUEST_TIMEOUT, DEFAULT_RETRIES,
};
pub use endpoints::groups::Group;
pub use endpoints::job_token_scope::ScopeSettings;
pub use endpoints::projects::Project;
pub use endpoints::user::User;
pub use error::{Error, ErrorKind, TokenProblem};
pub use id::{GroupId, InvalidId, ProjectId, Target, TargetKind};
pub use job_token::{Allowed, Revoked};
pub use message::{Words, read as words};
pub use pagination::next_page;
pub use permissions::{NotGranted, NotUndone, PermissionList, Permissions, PermittedEntry};
pub use reference::{FullPath, GroupRef, ProjectRef, RefError, same_path};
pub use retry::asked_wait;
pub use scopes::{AllowedCounts, ProjectScope};
