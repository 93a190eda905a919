//! The managed resources, one file each.

mod allowlist_entry;
mod scope;

pub(super) use allowlist_entry::AllowlistEntry;
pub(super) use scope::JobTokenScope;
