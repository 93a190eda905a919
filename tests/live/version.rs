//! The version of the tested GitLab.

use std::fmt;

/// A version such as `18.8.0-ee`.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    text: String,
    release: (u64, u64),
}

impl Version {
    /// Reads a version; none where the text doesn't begin with two integers.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(['.', '-']).map(|part| part.parse().ok());
        Some(Self { text: text.to_owned(), release: (parts.next()??, parts.next()??) })
    }

    pub(crate) fn is_since(&self, major: u64, minor: u64) -> bool {
        self.release >= (major, minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
