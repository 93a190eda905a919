//! References to a project or group: an ID or a full path.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::id::{GroupId, Id, InvalidId, ProjectId};

/// The characters that are encoded in a path segment of a URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Maximum length in bytes: more than 20 nested groups with names of 255 characters have.
const MAX_PATH: usize = 8192;

/// The user of SSH addresses, as in `git@gitlab.example.com:platform/deploy.git`.
pub(super) const SSH_USER: &str = "git@";

/// The start of a global ID, such as `gid://gitlab/Project/42`.
pub(super) const GLOBAL_ID: &str = "gid://gitlab/";

/// The end of a repository URL, which paths can't have.
pub(super) const GIT: &str = ".git";

/// Reserved names that start the URLs of pages or of the API.
const RESERVED: [&str; 9] =
    ["-", "admin", "api", "dashboard", "explore", "groups", "help", "projects", "users"];

/// The full path of a project or group, such as `platform/deploy/runner`. It keeps its letter case;
/// GitLab ignores case, and so does [`same_path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FullPath(String);

/// A project or group, by ID or path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference<I> {
    /// By ID.
    Id(I),
    /// By full path, which has at least one slash for a project.
    Path(FullPath),
}

/// A project, by ID or path.
pub type ProjectRef = Reference<ProjectId>;

/// A group, by ID or path.
pub type GroupRef = Reference<GroupId>;

/// The error for a text that is neither an ID nor a full path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefError {
    /// The text is empty.
    #[error("it is empty")]
    Empty,
    /// A number that can't be an ID.
    #[error("{InvalidId}")]
    Number,
    /// Starts or ends with a slash.
    #[error("a full path doesn't start or end with a slash")]
    OuterSlash,
    /// Two slashes in a row.
    #[error("a full path doesn't have two slashes in a row")]
    DoubleSlash,
    /// `.` or `..` between slashes.
    #[error("`.` and `..` can't be parts of a full path")]
    DotSegment,
    /// Spaces or control characters.
    #[error("a full path doesn't contain spaces or control characters")]
    Blank,
    /// Longer than GitLab allows.
    #[error("it is too long")]
    TooLong,
    /// A global ID, as GraphQL has them.
    #[error("it is a global ID")]
    GlobalId,
    /// A character that GitLab doesn't allow.
    #[error("a full path contains only letters, digits, `_`, `-`, `.` and slashes")]
    Character,
    /// A URL.
    #[error("it is a URL")]
    Url,
    /// The URL of a repository, or its end.
    #[error("it is the address of a Git repository")]
    Repository,
    /// The path of a page of a project or group.
    #[error("`-` can't be a part of a full path, only of the URL of a page")]
    Page,
    /// The query or fragment of a URL.
    #[error("a full path doesn't contain `?` or `#`")]
    Query,
    /// A leading `@`, as in a mention.
    #[error("a full path doesn't start with `@`")]
    Mention,
    /// The path of a group's page.
    #[error("it is the URL of a group without the host")]
    GroupPage,
    /// A first part that is reserved.
    #[error("its first part is reserved in GitLab")]
    Reserved,
    /// A slash as `%2F`.
    #[error("a full path isn't percent-encoded")]
    Encoded,
    /// A project's path without its group.
    #[error(
        "the full path of a project starts with its group or user, for example `group/project`"
    )]
    NoNamespace,
}

impl FullPath {
    fn parse(text: &str) -> Result<Self, RefError> {
        let problem = if text.is_empty() {
            RefError::Empty
        } else if text.len() > MAX_PATH {
            RefError::TooLong
        } else if text.starts_with(SSH_USER) || text.starts_with("ssh://") || text.ends_with(GIT) {
            RefError::Repository
        } else if text.starts_with(GLOBAL_ID) {
            RefError::GlobalId
        } else if text.contains("://") {
            RefError::Url
        } else if text.to_ascii_lowercase().contains("%2f") {
            RefError::Encoded
        } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            RefError::Blank
        } else if text.starts_with('/') || text.ends_with('/') {
            RefError::OuterSlash
        } else if text.contains("//") {
            RefError::DoubleSlash
        } else if text.split('/').any(|segment| matches!(segment, "." | "..")) {
            RefError::DotSegment
        } else if text.contains(['?', '#']) {
            RefError::Query
        } else if text.split('/').any(|segment| segment == "-") {
            RefError::Page
        } else if text.starts_with('@') {
            RefError::Mention
        } else if text.starts_with("groups/") {
            RefError::GroupPage
        } else if RESERVED.contains(&text.split('/').next().unwrap_or_default()) {
            RefError::Reserved
        } else if !text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c)) {
            RefError::Character
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(problem)
    }
}

/// Returns whether both paths are the same. GitLab ignores case.
#[must_use]
pub fn same_path(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

/// Returns the form that is the same for all cases of a path.
pub(in crate::gitlab) fn folded(path: &str) -> String {
    path.to_lowercase()
}

/// Returns the ID if the text is a number. As in GitLab, digits are always an ID, even if a group
/// has that name.
pub(super) fn number<T: TryFrom<u64>>(text: &str) -> Option<Result<T, RefError>> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let id = text.parse::<u64>().ok().filter(|_| digits.len() == text.len());
    Some(id.and_then(|id| T::try_from(id).ok()).ok_or(RefError::Number))
}

impl<I: Id> Reference<I> {
    /// Returns the ID, if the reference is one.
    #[must_use]
    pub fn id(&self) -> Option<I> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Path(_) => None,
        }
    }

    /// Returns the ID or the encoded path for a URL.
    pub(in crate::gitlab) fn segment(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Path(path) => utf8_percent_encode(&path.0, ENCODED).to_string(),
        }
    }
}

impl<I: Id> From<I> for Reference<I> {
    fn from(id: I) -> Self {
        Self::Id(id)
    }
}

impl<I: Id> fmt::Display for Reference<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => fmt::Display::fmt(id, f),
            Self::Path(path) => fmt::Display::fmt(path, f),
        }
    }
}

impl<I: Id> FromStr for Reference<I> {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        if let Some(id) = number(text) {
            return id.map(Self::Id);
        }
        let path = FullPath::parse(text)?;
        if I::KIND.has_namespace() && !path.0.contains('/') {
            let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            return Err(if is_decimal { RefError::Number } else { RefError::NoNamespace });
        }
        Ok(Self::Path(path))
    }
}

impl fmt::Display for FullPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_an_id_and_anything_else_a_path() {
        assert_eq!("42".parse(), Ok(ProjectRef::Id(ProjectId::try_from(42_u64).unwrap())));
        assert_eq!("2024".parse(), Ok(GroupRef::Id(GroupId::try_from(2024_u64).unwrap())));
        assert_eq!("a/42".parse::<ProjectRef>().unwrap().to_string(), "a/42");
        assert_eq!("platform".parse::<GroupRef>().unwrap().to_string(), "platform");
    }

    #[test]
    fn invalid_references_have_a_reason() {
        for (text, reason) in [
            ("", RefError::Empty),
            ("0", RefError::Number),
            ("-5", RefError::Number),
            ("+5", RefError::Number),
            ("9223372036854775808", RefError::Number),
            ("99999999999999999999999", RefError::Number),
            ("/a/b", RefError::OuterSlash),
            ("a/b/", RefError::OuterSlash),
            ("a//b", RefError::DoubleSlash),
            ("a/../b", RefError::DotSegment),
            ("a b/c", RefError::Blank),
            (" a/b", RefError::Blank),
            ("a/b\n", RefError::Blank),
            ("a/\u{7f}", RefError::Blank),
            (&format!("a/{}", "b".repeat(MAX_PATH)), RefError::TooLong),
            ("https://gitlab.com/a/b", RefError::Url),
            ("a/b.git", RefError::Repository),
            ("git@gitlab.com:a/b", RefError::Repository),
            ("a%2Fb", RefError::Encoded),
            ("a/b/-/settings/ci_cd", RefError::Page),
            ("a/b?x=1", RefError::Query),
            ("a/b#js", RefError::Query),
            ("@a/b", RefError::Mention),
            ("groups/platform", RefError::GroupPage),
            ("api/v4", RefError::Reserved),
            ("gid://gitlab/Project/1", RefError::GlobalId),
            ("a/*", RefError::Character),
            ("a/b@main", RefError::Character),
            ("a/b%e", RefError::Character),
            ("127.0.0.1:8800/a/b", RefError::Character),
        ] {
            assert_eq!(text.parse::<ProjectRef>(), Err(reason), "{text:?}");
            assert_eq!(text.parse::<GroupRef>(), Err(reason), "{text:?}");
        }
        assert_eq!("runner".parse::<ProjectRef>(), Err(RefError::NoNamespace));
        assert_eq!("2.5".parse::<ProjectRef>(), Err(RefError::Number));
        assert_eq!("..".parse::<GroupRef>(), Err(RefError::DotSegment));
    }

    #[test]
    fn path_is_one_encoded_segment() {
        let segment = |text: &str| text.parse::<ProjectRef>().unwrap().segment();
        assert_eq!(segment("group/sub-group/my_project.x"), "group%2Fsub-group%2Fmy_project.x");
        assert_eq!(segment("42"), "42");
    }

    #[test]
    fn paths_are_the_same_without_regard_to_case() {
        assert!(same_path("Platform/Deploy", "platform/deploy"));
        assert!(!same_path("platform/deploy", "platform/deploy2"));
    }
}
