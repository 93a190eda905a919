//! The client: reads and writes of allowlists, settings and permissions, with a cache. It may
//! import from all other modules of `gitlab`; none of them imports from here.

mod allowlist;
mod authentication_log;
mod batch;
mod batched;
mod cache;
mod group_projects;
mod handle;
mod job_token;
mod lists;
mod lookup;
mod permission_list;
mod permissions;
mod policies;
mod push;
mod scopes;
mod settings;
mod snapshot;
mod write;

pub use allowlist::{Allowlist, ListedEntry};
pub use authentication_log::{AuthenticationLog, Coverage};
pub use group_projects::{Enforcement, GroupProject, GroupProjects, OwnSettings};
pub use handle::Client;
pub use job_token::{Allowed, Revoked};
pub use permission_list::PermissionList;
pub use permissions::{Confirmation, GrantError, Granted, RollbackError};
pub use scopes::{AllowedCounts, ProjectScope, ProjectScopes};
pub use snapshot::Freshness;
