//! The data sources, one file each.

mod allowlist;
mod scope;

pub(super) use allowlist::Allowlist;
pub(super) use scope::JobTokenScope;
