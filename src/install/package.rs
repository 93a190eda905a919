//! A package in a mirror: a directory with only the executable, because lock files have a checksum
//! of all files in it. It is written atomically.

use std::fs::{self, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::InstallError;
use crate::address::EXECUTABLE;

/// The prefix of temporary files in the root of a mirror, which hosts ignore.
const STAGING_PREFIX: &str = ".gitlab-job-token-";

/// The mode of executables before the user's umask is applied.
#[cfg(unix)]
const EXECUTABLE_MODE: u32 = 0o777;
#[cfg(unix)]
const EXECUTE_BITS: u32 = 0o111;

/// The directory of a package and its executable, which may not exist yet.
#[derive(Clone, Debug)]
pub(super) struct Package {
    directory: PathBuf,
    executable: PathBuf,
}

/// The result of copying a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There was no such package.
    New,
    /// The package existed with the same content.
    Unchanged,
    /// The package existed with other content under the same version.
    Replaced,
}

impl Package {
    /// Creates the package in `directory`, whose executable is named as in a release.
    pub(super) fn at(directory: PathBuf, version: &str) -> Self {
        let executable =
            directory.join(format!("{EXECUTABLE}_v{version}{}", std::env::consts::EXE_SUFFIX));
        Self { directory, executable }
    }

    pub(super) fn executable(&self) -> &Path {
        &self.executable
    }

    /// Returns whether the executable exists.
    pub(super) fn exists(&self) -> bool {
        self.executable.symlink_metadata().is_ok()
    }

    /// Returns the directory.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes `binary` as the executable, atomically: to a temporary file in `root` that is then
    /// moved. A host that runs in the meantime finds the old or the new executable.
    pub(super) fn put(&self, binary: &[u8], root: &Path) -> Result<Outcome, InstallError> {
        self.check_contents()?;
        let former = fs::read(&self.executable).ok();
        let is_same = former.as_deref() == Some(binary);
        if is_same && self.executable.metadata().is_ok_and(|found| is_executable(&found)) {
            return Ok(Outcome::Unchanged);
        }
        self.write(binary, root)?;
        Ok(if former.is_none() || is_same { Outcome::New } else { Outcome::Replaced })
    }

    /// Removes the executable. Returns whether there was one.
    pub(super) fn remove(&self) -> Result<bool, InstallError> {
        match fs::remove_file(&self.executable) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(InstallError::Remove { path: self.executable.clone(), source }),
        }
    }

    /// Creates the directory last, because hosts regard an empty one as a package without an
    /// executable.
    fn write(&self, binary: &[u8], root: &Path) -> Result<(), InstallError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| InstallError::Write { path, source }
        };
        fs::create_dir_all(root).map_err(failed(root))?;
        let mut staged = staging_file(root).map_err(failed(root))?;
        staged.write_all(binary).map_err(failed(staged.path()))?;
        staged.as_file().sync_all().map_err(failed(staged.path()))?;
        fs::create_dir_all(&self.directory).map_err(failed(&self.directory))?;
        staged.persist(&self.executable).map_err(|error| failed(&self.executable)(error.error))?;
        Ok(())
    }

    fn check_contents(&self) -> Result<(), InstallError> {
        let occupied =
            |found: String| InstallError::Occupied { directory: self.directory.clone(), found };
        let failed = |source| InstallError::Read { path: self.directory.clone(), source };
        match self.directory.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
            Ok(found) if found.is_symlink() => return Err(occupied("it is a link".to_owned())),
            Ok(found) if !found.is_dir() => return Err(occupied("it is a file".to_owned())),
            Ok(_) => {}
        }
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.path() != self.executable {
                return Err(occupied(format!("it holds {}", entry.file_name().display())));
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn staging_file(root: &Path) -> io::Result<NamedTempFile> {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(EXECUTABLE_MODE);
    tempfile::Builder::new().prefix(STAGING_PREFIX).permissions(mode).tempfile_in(root)
}

#[cfg(not(unix))]
fn staging_file(root: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(STAGING_PREFIX).tempfile_in(root)
}

#[cfg(unix)]
fn is_executable(file: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & EXECUTE_BITS != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    true
}
