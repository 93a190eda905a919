//! The managed resources, one file each.

mod allowlist_entry;
pub(super) mod allowlist_exclusive;
pub(super) mod scope;

pub(super) use allowlist_entry::{AllowlistEntry, EntryModel, entry_id, project_in_import_id};
pub(super) use allowlist_exclusive::{AllowlistExclusive, ExclusiveModel};
pub(super) use scope::{JobTokenScope, ScopeModel};
