//! The data sources, one file each.

mod allowlist;
mod scope;
mod scopes;

pub(super) use allowlist::Allowlist;
pub(super) use scope::JobTokenScope;
pub(super) use scopes::JobTokenScopes;
