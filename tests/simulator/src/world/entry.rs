//! The data of an allowlist entry. `allowlist` has the rules of access.

/// The permissions of an allowed project or group: the default permissions, or only those of single
/// policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// True if the default permissions apply. Policies are then stored without effect.
    pub default_permissions: bool,
    /// Names of policies such as `READ_JOBS`, in the order in which they were set.
    pub job_token_policies: Vec<String>,
}

impl Default for Permissions {
    /// Returns the default permissions, which an entry added over REST has.
    fn default() -> Self {
        Self { default_permissions: true, job_token_policies: Vec::new() }
    }
}

impl Permissions {
    /// Returns these policies instead of the default permissions; no policies mean no permissions.
    #[must_use]
    pub fn limited_to<S: Into<String>>(policies: impl IntoIterator<Item = S>) -> Self {
        Self {
            default_permissions: false,
            job_token_policies: policies.into_iter().map(Into::into).collect(),
        }
    }
}

/// An entry of an allowlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowlistEntry {
    /// The permissions.
    pub permissions: Permissions,
    /// True if GitLab created it from its authentication log.
    pub autopopulated: bool,
    /// The creation time as GraphQL writes it, in ascending order.
    pub created_at: String,
    /// The ID of the user who made it.
    pub added_by: u64,
    /// The ID of the link behind it: later entries have larger ones.
    pub link_id: u64,
}

/// The direction of a link between two projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Jobs of the target may access the source project.
    Inbound,
    /// Jobs of the source project may access the target: a link of old versions that newer ones
    /// only keep.
    Outbound,
}

impl Direction {
    /// Returns its name in GraphQL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

impl AllowlistEntry {
    /// Creates the entry that follows `earlier` others. The model has no clock: it creates one
    /// entry per second.
    pub(super) fn new(permissions: Permissions, earlier: u64, added_by: u64) -> Self {
        let (minutes, seconds) = (earlier / 60, earlier % 60);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        let (day, hours) = (1 + hours / 24 % 28, hours % 24);
        Self {
            permissions,
            autopopulated: false,
            created_at: format!("2025-01-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z"),
            added_by,
            link_id: earlier,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_entries_have_later_moments() {
        let moments: Vec<String> = [0, 1, 59, 60, 3_599, 3_600, 86_399, 86_400]
            .map(|earlier| AllowlistEntry::new(Permissions::default(), earlier, 1).created_at)
            .into();
        assert_eq!(moments[0], "2025-01-01T00:00:00Z");
        assert_eq!(moments[7], "2025-01-02T00:00:00Z");
        assert!(moments.is_sorted());
    }
}
