//! The list resources, one file each. `query` and `walk` are shared.

mod allowlist_entries;
mod allowlists;
mod query;
mod scopes;
mod walk;

pub(super) use allowlist_entries::AllowlistEntries;
pub(super) use allowlists::Allowlists;
pub(super) use scopes::JobTokenScopes;
