//! A check: a statement about GitLab or the provider, its requirements, and its verification.

use crate::site::Site;

/// The result of a check.
pub(crate) type Outcome = Result<(), Problem>;

/// The reason why a check failed.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The statement doesn't hold.
    Differs { expected: String, seen: String },
    /// The statement couldn't be checked.
    Setup(String),
}

impl Problem {
    pub(crate) fn differs(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::Differs { expected: expected.into(), seen: seen.into() }
    }
}

/// A requirement without which a check is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// The token is an administrator's.
    Administrator,
    /// GitLab has at least this version.
    Since(u64, u64),
    /// The instance doesn't enforce allowlists.
    NoEnforcement,
    /// A Terraform or OpenTofu can be run.
    Program,
    /// The user has agreed to it by setting this variable to 1.
    Consent(&'static str),
}

/// Agrees to checks that make 200 groups.
pub(crate) const LIMITS: Need = Need::Consent("GITLAB_LIVE_LIMITS");
/// Agrees to checks that change a setting of the whole instance for some seconds.
pub(crate) const INSTANCE_SETTINGS: Need = Need::Consent("GITLAB_LIVE_INSTANCE_SETTINGS");

/// A statement that can be verified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    /// The name of the test.
    pub(crate) name: &'static str,
    /// The statement in full, as a report quotes it.
    pub(crate) statement: &'static str,
    pub(crate) needs: &'static [Need],
    /// Whether the check must run alone.
    pub(crate) alone: bool,
    pub(crate) run: fn(&Site) -> Outcome,
}

impl Check {
    pub(crate) const fn new(
        name: &'static str,
        statement: &'static str,
        run: fn(&Site) -> Outcome,
    ) -> Self {
        Self { name, statement, needs: &[], alone: false, run }
    }

    pub(crate) const fn needs(self, needs: &'static [Need]) -> Self {
        Self { needs, ..self }
    }

    pub(crate) const fn alone(self) -> Self {
        Self { alone: true, ..self }
    }
}
