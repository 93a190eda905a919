//! GitLab versions, and the differences between them that a client can observe.

use std::fmt;
use std::str::FromStr;

use super::Enforcement;

/// A version of GitLab such as `18.8.0-ee`, which decides how the instance behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    text: String,
    release: (u16, u16),
}

/// The error of a text that isn't a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidVersion(String);

impl fmt::Display for InvalidVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` isn't a version of GitLab such as 18.8.0-ee", self.0)
    }
}

impl std::error::Error for InvalidVersion {}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let mut parts = text.split(['.', '-']);
        let mut part = || parts.next()?.parse().ok();
        match (part(), part()) {
            (Some(major), Some(minor)) => {
                Ok(Self { text: text.to_owned(), release: (major, minor) })
            }
            _ => Err(InvalidVersion(text.to_owned())),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Default for Version {
    fn default() -> Self {
        Self { text: "18.8.0-ee".to_owned(), release: (18, 8) }
    }
}

impl Version {
    /// Returns whether this is the other version or a later one, patches aside.
    pub(crate) fn has_reached(&self, other: &Self) -> bool {
        self.release >= other.release
    }

    fn is_since(&self, major: u16, minor: u16) -> bool {
        self.release >= (major, minor)
    }

    /// Returns whether this is the Enterprise Edition.
    pub(crate) fn is_enterprise(&self) -> bool {
        self.text.ends_with("-ee")
    }

    /// Returns whether additions call the source project `source_project_id`, and not `project_id`.
    pub(crate) fn names_source_project(&self) -> bool {
        self.is_since(17, 0)
    }

    /// Returns whether REST changes the setting, and has the allowlist of projects.
    pub(crate) fn has_project_entries(&self) -> bool {
        self.is_since(16, 1)
    }

    /// Returns whether REST has the allowlist of groups.
    pub(crate) fn has_group_entries(&self) -> bool {
        self.is_since(17, 0)
    }

    /// Returns whether projects can let job tokens push.
    pub(crate) fn has_push_setting(&self) -> bool {
        self.is_since(17, 2)
    }

    /// Returns whether entries can have permissions of their own.
    pub(crate) fn has_entry_permissions(&self) -> bool {
        self.is_since(18, 0)
    }

    /// Returns whether permissions of entries are switched on in new projects.
    pub(crate) fn switches_permissions_on(&self) -> bool {
        self.is_since(18, 3)
    }

    /// Returns whether the instance can enforce allowlists.
    pub(crate) fn has_enforcement(&self) -> bool {
        self.is_since(18, 0)
    }

    /// Returns how the instance enforces allowlists, if it does.
    pub(crate) fn enforcement(&self) -> Enforcement {
        if self.is_since(18, 8) { Enforcement::Refusing } else { Enforcement::Silent }
    }

    /// Returns whether an entry that exists is "already in the job token allowlist", and not
    /// "scope".
    pub(crate) fn names_allowlist(&self) -> bool {
        self.is_since(18, 0)
    }

    /// Returns whether a project can have an entry for itself.
    pub(crate) fn has_own_entries(&self) -> bool {
        self.is_since(18, 3)
    }

    /// Returns whether GraphQL shows targets as types of their own, which show those hidden too.
    pub(crate) fn has_accessible_targets(&self) -> bool {
        self.is_since(18, 3)
    }

    /// Returns whether personal access tokens can be fine-grained.
    pub(crate) fn has_fine_grained_tokens(&self) -> bool {
        self.is_since(18, 10)
    }

    /// Returns whether the refusal of a fine-grained token names what the permission is granted
    /// for.
    pub(crate) fn names_boundaries(&self) -> bool {
        self.is_since(19, 2)
    }

    /// Returns whether projects can let job tokens of other projects push.
    pub(crate) fn has_cross_project_push(&self) -> bool {
        self.is_since(19, 1)
    }

    /// Returns whether a removal finds projects that the token can't see.
    pub(crate) fn removes_hidden_projects(&self) -> bool {
        self.is_since(19, 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn releases_compare_as_integers() {
        assert!(version("18.10.0-ee").has_reached(&version("18.8")));
        assert!(!version("18.3.9").has_reached(&version("18.10")));
        assert!(version("18.3.0-pre").has_own_entries() && !version("18.2.8-ee").has_own_entries());
    }

    #[test]
    fn default_is_read_like_any_other() {
        assert_eq!(version("18.8.0-ee"), Version::default());
        assert!(Version::default().is_enterprise() && !version("18.8.0").is_enterprise());
    }

    #[test]
    fn text_without_two_integers_is_invalid() {
        for text in ["", "18", "latest", "18.x", "v18.8"] {
            assert_eq!(text.parse::<Version>(), Err(InvalidVersion(text.to_owned())));
        }
    }
}
