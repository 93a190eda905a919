//! The numbers by which GitLab knows projects and groups, kept apart by type.

use std::fmt;

use serde::Deserialize;

/// A number that can't be an id: GitLab counts from 1 and keeps ids in 64 bits with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is a whole number from 1 to {max}", max = i64::MAX)]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "u64")]
        pub struct $name(u64);

        impl $name {
            /// The number, always positive.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl TryFrom<u64> for $name {
            type Error = InvalidId;

            fn try_from(number: u64) -> Result<Self, InvalidId> {
                match i64::try_from(number) {
                    Ok(1..) => Ok(Self(number)),
                    _ => Err(InvalidId),
                }
            }
        }

        impl TryFrom<i64> for $name {
            type Error = InvalidId;

            fn try_from(number: i64) -> Result<Self, InvalidId> {
                u64::try_from(number).map_err(|_| InvalidId)?.try_into()
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> i64 {
                // Construction has checked that the number fits.
                i64::try_from(id.0).unwrap_or(i64::MAX)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// The number of a project. It stays when the project is renamed or moved.
    ProjectId
}

id! {
    /// The number of a group. It stays when the group is renamed or moved.
    GroupId
}

/// A project or group whose CI jobs may use their job token against the owner of an allowlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One project.
    Project(ProjectId),
    /// All projects in a group and its sub-groups.
    Group(GroupId),
}

/// Whether a [`Target`] is a project or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetKind {
    /// A project.
    Project,
    /// A group.
    Group,
}

impl Target {
    /// Project or group.
    #[must_use]
    pub fn kind(self) -> TargetKind {
        match self {
            Self::Project(_) => TargetKind::Project,
            Self::Group(_) => TargetKind::Group,
        }
    }

    /// The number, unique among targets of the same kind only.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Project(id) => id.get(),
            Self::Group(id) => id.get(),
        }
    }
}

impl From<ProjectId> for Target {
    fn from(id: ProjectId) -> Self {
        Self::Project(id)
    }
}

impl From<GroupId> for Target {
    fn from(id: GroupId) -> Self {
        Self::Group(id)
    }
}

impl TargetKind {
    /// `project` or `group`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Group => "group",
        }
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_positive_and_fits_a_signed_number() {
        assert_eq!(ProjectId::try_from(1_u64).unwrap().get(), 1);
        assert_eq!(i64::from(GroupId::try_from(i64::MAX).unwrap()), i64::MAX);
        assert_eq!(ProjectId::try_from(0_u64), Err(InvalidId));
        assert_eq!(ProjectId::try_from(-1_i64), Err(InvalidId));
        assert_eq!(ProjectId::try_from(1_u64 << 63), Err(InvalidId));
    }

    #[test]
    fn json_with_an_impossible_id_is_refused() {
        assert!(serde_json::from_str::<ProjectId>("42").is_ok());
        for text in ["0", "-1", "1.5", "\"42\"", "9223372036854775808", "null"] {
            assert!(serde_json::from_str::<ProjectId>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_target_reads_as_kind_and_number() {
        assert_eq!(Target::Group(GroupId(7)).to_string(), "group 7");
        assert_eq!(Target::Project(ProjectId(7)).to_string(), "project 7");
    }
}
