//! The layout of a filesystem mirror. `package` reads and writes the files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::InstallError;
use super::package::{Outcome, Package};
use super::platform::Platform;
use crate::address::{REGISTRIES, SOURCE};

/// A directory of unpacked provider packages, by registry, address, version and platform.
#[derive(Clone, Debug)]
pub(super) struct Mirror {
    root: PathBuf,
    kept: PathBuf,
    is_implied: bool,
}

impl Mirror {
    /// Creates an implied mirror, which Terraform and OpenTofu search by default. Empty directories
    /// below `kept` may be removed.
    pub(super) fn implied(root: PathBuf, kept: PathBuf) -> Self {
        Self { root, kept, is_implied: true }
    }

    /// Creates the mirror in a directory that the user has chosen, which is never removed.
    pub(super) fn named(directory: &Path) -> Result<Self, InstallError> {
        let root = std::path::absolute(directory)
            .map_err(|source| InstallError::Relative { path: directory.to_owned(), source })?;
        Ok(Self { kept: root.clone(), root, is_implied: false })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns whether Terraform and OpenTofu search the mirror by default.
    pub(super) fn is_implied(&self) -> bool {
        self.is_implied
    }

    /// Returns the packages of a version, one for each registry.
    pub(super) fn packages(
        &self,
        version: &str,
        platform: Platform,
    ) -> impl Iterator<Item = Package> {
        let of_version = Path::new(version).join(platform.to_string());
        self.providers().map(move |provider| Package::at(provider.join(&of_version), version))
    }

    /// Returns all versions that have a directory, without duplicates.
    pub(super) fn versions(&self) -> Result<Vec<String>, InstallError> {
        let mut versions = Vec::new();
        for provider in self.providers() {
            let failed = |source| InstallError::Read { path: provider.clone(), source };
            let entries = match fs::read_dir(&provider) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            for entry in entries {
                versions.extend(entry.map_err(failed)?.file_name().into_string());
            }
        }
        versions.sort();
        versions.dedup();
        Ok(versions)
    }

    /// Writes the executable of a package.
    pub(super) fn put(&self, package: &Package, binary: &[u8]) -> Result<Outcome, InstallError> {
        package.put(binary, &self.root).inspect_err(|_| self.prune(package.directory()))
    }

    /// Removes the executable of a package, and the directories that are then empty. Returns
    /// whether there was one.
    pub(super) fn remove(&self, package: &Package) -> Result<bool, InstallError> {
        let was_there = package.remove()?;
        if was_there {
            self.prune(package.directory());
        }
        Ok(was_there)
    }

    /// Removes a directory and its parents as long as they are empty, but no directory of the user.
    /// Errors are ignored: an empty directory does no harm.
    fn prune(&self, directory: &Path) {
        let inside =
            |directory: &&Path| *directory != self.kept && directory.starts_with(&self.kept);
        for directory in directory.ancestors().take_while(inside) {
            match fs::remove_dir(directory) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => break,
            }
        }
    }

    fn providers(&self) -> impl Iterator<Item = PathBuf> {
        // Joined part by part, so that the separator is that of the system.
        let parts = |host: &str| [host].into_iter().chain(SOURCE.split('/')).collect::<PathBuf>();
        REGISTRIES.iter().map(move |registry| self.root.join(parts(registry.host)))
    }
}
