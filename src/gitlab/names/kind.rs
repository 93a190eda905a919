//! The differences between projects and groups in GitLab's API.

use std::fmt;

/// The kind of a [`Target`](super::Target): a project or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A project.
    Project,
    /// A group.
    Group,
}

impl Kind {
    /// Both kinds, in the order of [`Target`](super::Target).
    pub const ALL: [Self; 2] = [Self::Project, Self::Group];

    /// Returns `project` or `group`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Group => "group",
        }
    }

    /// Returns the first segment of its address in the REST API.
    pub(in crate::gitlab) fn collection(self) -> &'static str {
        match self {
            Self::Project => "projects",
            Self::Group => "groups",
        }
    }

    /// Returns the segment of its allowlist below a project's job token scope.
    pub(in crate::gitlab) fn allowlist(self) -> &'static str {
        match self {
            Self::Project => "allowlist",
            Self::Group => "groups_allowlist",
        }
    }

    /// Returns the name of a target's ID in JSON.
    pub(in crate::gitlab) fn target_id(self) -> &'static str {
        match self {
            Self::Project => "target_project_id",
            Self::Group => "target_group_id",
        }
    }

    /// Returns its name in the global IDs of GraphQL.
    pub(in crate::gitlab) fn type_name(self) -> &'static str {
        match self {
            Self::Project => "Project",
            Self::Group => "Group",
        }
    }

    /// Returns whether its full path has at least one slash.
    pub(in crate::gitlab) fn has_namespace(self) -> bool {
        self == Self::Project
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
