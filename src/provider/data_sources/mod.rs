//! The data sources, one file each.

mod allowlist;
mod authentication_log;
mod entries;
mod policies;
mod scope;
mod scopes;

pub(super) use allowlist::Allowlist;
pub(super) use authentication_log::AuthenticationLog;
pub(super) use policies::JobTokenPolicies;
pub(super) use scope::JobTokenScope;
pub(super) use scopes::JobTokenScopes;
