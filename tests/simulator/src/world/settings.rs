//! Settings of the whole instance.

use std::collections::BTreeSet;

use super::{GranularGraphql, Version};

/// Enforcement of the allowlist for every project of the instance.
///
/// Under either kind of enforcement a read answers `inbound_enabled: true`, whatever the project's
/// own setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enforcement {
    /// Every project decides for itself.
    #[default]
    Off,
    /// GitLab 18.0 to 18.7: an attempt to turn the limit off answers 204, and nothing changes.
    Silent,
    /// GitLab 18.8 and later: an attempt to turn the limit off answers 400.
    Refusing,
}

/// A field that the GraphQL schema of the instance lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MissingField {
    /// The type that lacks it; every type, if absent.
    pub(crate) ty: Option<String>,
    pub(crate) name: String,
}

/// The settings that an administrator of the instance decides on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) enforcement: Enforcement,
    pub(crate) version: Version,
    /// True if lists leave `X-Total`, `X-Total-Pages` and the link to the last page out, as for
    /// very large sets.
    pub(crate) omits_totals: bool,
    /// Absence of the deprecated `outbound_enabled` from reads of the scope.
    pub(crate) omits_outbound_enabled: bool,
    /// Deletion of projects and groups in two steps, the first of which only marks them.
    pub(crate) delays_deletion: bool,
    /// Refusal of classic tokens.
    pub(crate) enforces_fine_grained_tokens: bool,
    pub(crate) granular_graphql: GranularGraphql,
    pub(crate) missing_fields: BTreeSet<MissingField>,
}
