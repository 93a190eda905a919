//! Questions to GitLab, and the memory of its answers: lists, look-ups and permissions, with the
//! writes that change them. A file in here may import from all other parts of `gitlab`, and none of
//! them imports from here.

mod allowlist;
mod authentication_log;
mod batch;
mod group_projects;
mod handle;
mod job_token;
mod lists;
mod lookup;
mod memory;
mod permission_list;
mod permissions;
mod policies;
mod push;
mod scopes;
mod settings;
mod snapshot;
mod together;
mod write;

pub use allowlist::{Allowlist, ListedEntry};
pub use authentication_log::{AuthenticationLog, Coverage};
pub use group_projects::{Enforcement, GroupProject, GroupProjects, OwnSettings};
pub use handle::Client;
pub use job_token::{Allowed, Revoked};
pub use permission_list::PermissionList;
pub use permissions::{Confirmation, Granted, NotGranted, NotUndone};
pub use scopes::{AllowedCounts, ProjectScope, ProjectScopes};
pub use snapshot::Freshness;
