//! Settings of the instance.

use std::collections::BTreeSet;

use super::{GranularGraphql, Version};

/// Enforcement of the allowlist for every project of the instance.
///
/// With either kind of enforcement, a read returns `inbound_enabled: true`, whatever the project's
/// own setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enforcement {
    /// Every project decides for itself.
    #[default]
    Off,
    /// GitLab 18.0 to 18.7: an attempt to open a project returns 204, and nothing changes.
    Silent,
    /// GitLab 18.8 and later: an attempt to open a project returns 400.
    Refusing,
}

/// A field that the GraphQL schema of the instance lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MissingField {
    /// The type that lacks it; every type, if absent.
    pub(crate) ty: Option<String>,
    pub(crate) name: String,
}

/// The settings of the instance's administrator.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) enforcement: Enforcement,
    pub(crate) version: Version,
    /// True if lists omit `X-Total`, `X-Total-Pages` and the link to the last page, as for very
    /// large lists.
    pub(crate) omits_totals: bool,
    /// True if reads of the scope omit the deprecated `outbound_enabled`.
    pub(crate) omits_outbound_enabled: bool,
    /// True if deleting a project or group only marks it at first.
    pub(crate) delays_deletion: bool,
    /// True if classic tokens are rejected.
    pub(crate) enforces_fine_grained_tokens: bool,
    pub(crate) granular_graphql: GranularGraphql,
    pub(crate) missing_fields: BTreeSet<MissingField>,
}
