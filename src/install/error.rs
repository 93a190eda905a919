//! Errors, with messages that say what to do next.

use std::io;
use std::path::PathBuf;

/// The error of an installation or a removal.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The user's own directories aren't known.
    #[error(
        "the environment variable {variable} does not name a directory by its full path, so there \
         is no telling where Terraform and OpenTofu look for providers. Set it, or name a mirror \
         with --dir"
    )]
    NoHome {
        /// The variable that should name the directory.
        variable: &'static str,
    },
    /// Nobody knows the name of the folder.
    #[error(
        "there is no known folder name in mirrors for providers on {system} with a processor of \
         type {processor}"
    )]
    Platform {
        /// The system, as Rust calls it.
        system: &'static str,
        /// The processor, as Rust calls it.
        processor: &'static str,
    },
    /// The system doesn't return the path of this binary.
    #[error("finding the running binary failed: {0}")]
    Unfindable(#[source] io::Error),
    /// The binary is no longer where it was started from, or can't be read.
    #[error("reading the running binary at {} failed: {source}", path.display())]
    Unreadable {
        /// The path where it should be.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A relative `--dir` has nothing to be relative to.
    #[error("{} can't be made a full path: {source}", path.display())]
    Relative {
        /// The path as given.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The folder of the package is not ours alone.
    #[error(
        "{} is not a folder of this provider alone: {found}. Terraform and OpenTofu would count \
         everything in it into the checksum, and might run another file. Remove it by hand, then \
         try again",
        directory.display()
    )]
    Occupied {
        /// The folder that a package is to fill by itself.
        directory: PathBuf,
        /// The thing that is there, as the end of a sentence.
        found: String,
    },
    /// A file or folder could not be written.
    #[error("writing {} failed: {source}", path.display())]
    Write {
        /// The path to be written.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file or folder could not be looked at.
    #[error("looking into {} failed: {source}", path.display())]
    Look {
        /// The path to be looked at.
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
