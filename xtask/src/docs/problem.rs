//! Errors of generating the documentation.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The error of generating pages.
#[derive(Debug)]
pub(super) enum DocsError {
    Unreadable(PathBuf, io::Error),
    UnknownQuote(String),
    NoFrontMatter(PathBuf),
}

impl fmt::Display for DocsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => {
                write!(f, "{} can't be read: {error}", path.display())
            }
            Self::UnknownQuote(line) => write!(f, "nothing can be put in place of {line:?}"),
            Self::NoFrontMatter(path) => {
                write!(f, "{} does not begin with a front matter", path.display())
            }
        }
    }
}

impl std::error::Error for DocsError {}
