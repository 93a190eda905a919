//! The IDs of projects and groups, with a type for each.

use std::fmt;
use std::hash::Hash;

use serde::Deserialize;

use super::kind::Kind;

/// The error of a number that isn't a valid ID: GitLab counts from 1, in signed 64-bit integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an ID is a positive whole number of at most 18 digits")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $vis:vis $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "u64")]
        $vis struct $name(u64);

        impl $name {
            /// Returns the number, which is always positive.
            #[must_use]
            $vis fn get(self) -> u64 {
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
                // The constructor has checked that the number fits.
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
    /// The ID of a project. It stays when the project is renamed or moved.
    pub ProjectId
}

id! {
    /// The ID of a group. It stays when the group is renamed or moved.
    pub GroupId
}

id! {
    /// The ID of a project or group.
    pub(in crate::gitlab) RawId
}

/// A typed ID: a [`ProjectId`] or a [`GroupId`].
pub trait Id:
    Copy
    + Ord
    + Hash
    + fmt::Debug
    + fmt::Display
    + Into<i64>
    + TryFrom<i64>
    + TryFrom<u64>
    + Into<Target>
    + Send
    + Sync
{
    /// The kind.
    const KIND: Kind;

    /// Returns the ID of a target of this kind.
    fn of(target: Target) -> Option<Self>;
}

/// A project or group on an allowlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One project.
    Project(ProjectId),
    /// All projects in a group and its subgroups.
    Group(GroupId),
}

impl Target {
    /// Returns the target of that kind and ID.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] for a number that can't be an ID.
    pub fn new(kind: Kind, id: i64) -> Result<Self, InvalidId> {
        RawId::try_from(id).map(|id| Self::with_id(kind, id))
    }

    /// Returns the target of that kind and ID, which is valid.
    pub(in crate::gitlab) fn with_id(kind: Kind, RawId(id): RawId) -> Self {
        match kind {
            Kind::Project => Self::Project(ProjectId(id)),
            Kind::Group => Self::Group(GroupId(id)),
        }
    }

    /// Returns whether it is a project or a group.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Project(_) => Kind::Project,
            Self::Group(_) => Kind::Group,
        }
    }

    /// Returns the ID, which is unique among targets of the same kind only.
    #[must_use]
    pub fn id(self) -> u64 {
        match self {
            Self::Project(id) => id.get(),
            Self::Group(id) => id.get(),
        }
    }
}

impl From<Target> for i64 {
    fn from(target: Target) -> Self {
        RawId(target.id()).into()
    }
}

macro_rules! kind {
    ($id:ident, $kind:ident) => {
        impl Id for $id {
            const KIND: Kind = Kind::$kind;

            fn of(target: Target) -> Option<Self> {
                match target {
                    Target::$kind(id) => Some(id),
                    _ => None,
                }
            }
        }

        impl From<$id> for Target {
            fn from(id: $id) -> Self {
                Self::$kind(id)
            }
        }
    };
}

kind!(ProjectId, Project);
kind!(GroupId, Group);

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_positive_and_fits_a_signed_integer() {
        assert_eq!(ProjectId::try_from(1_u64).unwrap().get(), 1);
        assert_eq!(i64::from(GroupId::try_from(i64::MAX).unwrap()), i64::MAX);
        assert_eq!(ProjectId::try_from(0_u64), Err(InvalidId));
        assert_eq!(ProjectId::try_from(-1_i64), Err(InvalidId));
        assert_eq!(ProjectId::try_from(1_u64 << 63), Err(InvalidId));
    }

    #[test]
    fn json_with_an_impossible_id_is_rejected() {
        assert!(serde_json::from_str::<ProjectId>("42").is_ok());
        for text in ["0", "-1", "1.5", "\"42\"", "9223372036854775808", "null"] {
            assert!(serde_json::from_str::<ProjectId>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn target_reads_as_kind_and_id() {
        assert_eq!(Target::Group(GroupId(7)).to_string(), "group 7");
        assert_eq!(Target::Project(ProjectId(7)).to_string(), "project 7");
    }
}
