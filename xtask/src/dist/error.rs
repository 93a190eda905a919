//! What can go wrong, told so that a maintainer knows what to do next.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no package, or no sum of them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{program} can't be started: {source}")]
    NotStarted { program: String, source: io::Error },
    #[error("building for {0} failed")]
    NotBuilt(String),
    #[error("the compiler knows no target {0}, see `rustc --print target-list`")]
    UnknownTarget(String),
    #[error("there is no known name in registries for the platform of {0}")]
    NoPlatform(String),
    #[error("{} can't be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} can't be written: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("packing failed: {0}")]
    Packing(#[from] zip::result::ZipError),
    #[error(
        "{} does not hold a package for each platform. Missing:\n\n  {}", folder.display(), packages.join("\n  ")
    )]
    Missing { folder: PathBuf, packages: Vec<String> },
}

impl Problem {
    pub(super) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Unreadable { path, source }
    }

    pub(super) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Unwritable { path, source }
    }
}
