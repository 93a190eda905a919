//! The layout of a filesystem mirror: which folder holds which package. Files are the business of
//! `package`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::InstallError;
use super::package::{Outcome, Package};
use super::platform::Platform;
use crate::address::{REGISTRIES, SOURCE};

/// A directory in which packages of providers lie unpacked, each under its registry, address,
/// version and platform.
#[derive(Clone, Debug)]
pub(super) struct Mirror {
    root: PathBuf,
    kept: PathBuf,
    is_implied: bool,
}

impl Mirror {
    /// A mirror that Terraform and OpenTofu search by themselves. Folders down from `kept` may go
    /// when they are empty.
    pub(super) fn implied(root: PathBuf, kept: PathBuf) -> Self {
        Self { root, kept, is_implied: true }
    }

    /// A mirror of the user's choice, whose own directory is the user's, too.
    pub(super) fn named(directory: &Path) -> Result<Self, InstallError> {
        let root = std::path::absolute(directory)
            .map_err(|source| InstallError::Relative { path: directory.to_owned(), source })?;
        Ok(Self { kept: root.clone(), root, is_implied: false })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns whether Terraform and OpenTofu search it by themselves.
    pub(super) fn is_implied(&self) -> bool {
        self.is_implied
    }

    /// The packages of a version, one for each registry.
    pub(super) fn packages(
        &self,
        version: &str,
        platform: Platform,
    ) -> impl Iterator<Item = Package> {
        let of_version = Path::new(version).join(platform.to_string());
        self.providers().map(move |provider| Package::at(provider.join(&of_version), version))
    }

    /// All versions for which there is a folder, each once, in no particular order.
    pub(super) fn versions(&self) -> Result<Vec<String>, InstallError> {
        let mut versions = Vec::new();
        for provider in self.providers() {
            let look = |source| InstallError::Look { path: provider.clone(), source };
            let entries = match fs::read_dir(&provider) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(look(error)),
            };
            for entry in entries {
                versions.extend(entry.map_err(look)?.file_name().into_string());
            }
        }
        versions.sort();
        versions.dedup();
        Ok(versions)
    }

    /// Puts the executable of a package into its place.
    pub(super) fn put(&self, package: &Package, binary: &[u8]) -> Result<Outcome, InstallError> {
        package.put(binary, &self.root).inspect_err(|_| self.prune(package.folder()))
    }

    /// Removes the executable of a package, and the folders that are empty then. Returns false when
    /// there was none.
    pub(super) fn remove(&self, package: &Package) -> Result<bool, InstallError> {
        let was_there = package.remove()?;
        if was_there {
            self.prune(package.folder());
        }
        Ok(was_there)
    }

    /// Removes a folder and those above it as long as they are empty, but not what belongs to the
    /// user. What can't be removed stays: an empty folder that is left is no harm.
    fn prune(&self, folder: &Path) {
        let inside = |folder: &&Path| *folder != self.kept && folder.starts_with(&self.kept);
        for folder in folder.ancestors().take_while(inside) {
            match fs::remove_dir(folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => break,
            }
        }
    }

    fn providers(&self) -> impl Iterator<Item = PathBuf> {
        // Part by part, so that the system's own separator is between them.
        let parts = |host: &str| [host].into_iter().chain(SOURCE.split('/')).collect::<PathBuf>();
        REGISTRIES.iter().map(move |registry| self.root.join(parts(registry.host)))
    }
}
