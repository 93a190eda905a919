//! Errors, with messages that say what to do next.

use std::io;
use std::path::PathBuf;

/// The error of an installation or a removal.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// An environment variable that names the user's home or data directory is missing or relative.
    #[error(
        "the environment variable {variable} isn't set to an absolute path, so the directory in \
         which Terraform and OpenTofu look for providers is unknown. Set it, or pass a mirror with \
         --dir"
    )]
    NoHome {
        /// The variable.
        variable: &'static str,
    },
    /// Go has no known name for this platform, so the directory in mirrors is unknown.
    #[error(
        "the platform {system}/{processor} isn't supported by filesystem mirrors: its name in Go \
         is unknown"
    )]
    Platform {
        /// The operating system, as in `target_os`.
        system: &'static str,
        /// The architecture, as in `target_arch`.
        processor: &'static str,
    },
    /// The system doesn't return the path of this binary.
    #[error("finding the running binary failed: {0}")]
    UnknownExecutable(#[source] io::Error),
    /// The running binary was moved or deleted, or can't be read.
    #[error("reading the running binary at {} failed: {source}", path.display())]
    Unreadable {
        /// The path that it was started from.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A relative `--dir` can't be resolved.
    #[error("{} can't be made a full path: {source}", path.display())]
    Relative {
        /// The path as given.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The directory of the package contains other files.
    #[error(
        "{} contains more than this provider: {found}. Terraform and OpenTofu would include it \
         in the checksum, and might run another file. Remove it, then try again",
        directory.display()
    )]
    Occupied {
        /// The directory of the package.
        directory: PathBuf,
        /// The unexpected content, as the end of a sentence.
        found: String,
    },
    /// A file or directory could not be written.
    #[error("writing {} failed: {source}", path.display())]
    Write {
        /// The path to be written.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file or directory could not be read.
    #[error("reading {} failed: {source}", path.display())]
    Read {
        /// The path to be read.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file could not be removed.
    #[error("removing {} failed: {source}", path.display())]
    Remove {
        /// The path to be removed.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}
