//! The managed resources, one file each.

mod allowlist_entry;
mod allowlist_exclusive;
mod scope;

pub(super) use allowlist_entry::{AllowlistEntry, EntryModel, entry_id, permissions};
pub(super) use allowlist_exclusive::AllowlistExclusive;
pub(super) use scope::JobTokenScope;
