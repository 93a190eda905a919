//! The list resources, one file each.

mod allowlist_entries;

pub(super) use allowlist_entries::AllowlistEntries;
