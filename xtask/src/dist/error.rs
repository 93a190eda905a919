//! Errors, with messages that say what to do next.

use std::io;
use std::path::{Path, PathBuf};

/// The error of making a package or checksums.
#[derive(Debug, thiserror::Error)]
pub enum DistError {
    /// A tool is missing.
    #[error("{program} can't be started: {source}")]
    NotStarted {
        /// The tool.
        program: String,
        /// The system's error.
        source: io::Error,
    },
    /// The build failed and printed the reason.
    #[error("building for {0} failed")]
    NotBuilt(String),
    /// Cargo doesn't list the linked crates.
    #[error("cargo doesn't list the crates that the program is linked from: {0}")]
    NoCrates(String),
    /// Cargo's output has an unknown format.
    #[error("the output of `cargo metadata` can't be read: {0}")]
    Metadata(#[source] serde_json::Error),
    /// A license text is missing.
    #[error("{0} has no license text, which a package must include")]
    NoLicense(String),
    /// The target is unknown to Rust.
    #[error("the compiler knows no target {0}, see `rustc --print target-list`")]
    UnknownTarget(String),
    /// The target has no platform name in registries.
    #[error("registries have no name for the platform of {0}")]
    NoPlatform(String),
    /// A file or directory can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Unreadable {
        /// The path to be read.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file or directory can't be written.
    #[error("{} can't be written: {source}", path.display())]
    Unwritable {
        /// The path to be written.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The archive can't be made.
    #[error("packing failed: {0}")]
    Packing(#[from] zip::result::ZipError),
    /// The image layout can't be packed.
    #[error("packing the image layout failed: {0}")]
    Layout(#[source] io::Error),
    /// A release is incomplete.
    #[error(
        "{} doesn't hold a package with its bill of materials for each platform. Missing:\n\n  {}",
        directory.display(), files.join("\n  ")
    )]
    Missing {
        /// The directory of the files.
        directory: PathBuf,
        /// The names of the missing files.
        files: Vec<String>,
    },
    /// There is nothing to add to a release.
    #[error("{} doesn't hold a package for {system}", directory.display())]
    NothingLater {
        /// The directory of the package.
        directory: PathBuf,
        /// The system in question.
        system: String,
    },
    /// A file can't be encoded.
    #[error("{name} can't be encoded: {source}")]
    Encoding {
        /// The file.
        name: &'static str,
        /// The encoder's reason.
        source: serde_json::Error,
    },
}

impl DistError {
    pub(super) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Unreadable { path, source }
    }

    pub(super) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Unwritable { path, source }
    }
}
