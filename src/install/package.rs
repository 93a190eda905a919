//! One package in a mirror: a folder that holds the executable and nothing else, since everything
//! in it counts for the checksum in lock files. It appears whole or not at all.

use std::fs::{self, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::InstallError;
use crate::address::EXECUTABLE;

/// Hosts take no notice of files of this name at the root of a mirror, where one is written before
/// it is moved.
const STAGING_PREFIX: &str = ".gitlab-job-token-";

/// Mode of executables before the user's umask.
#[cfg(unix)]
const EXECUTABLE_MODE: u32 = 0o777;
#[cfg(unix)]
const MAY_EXECUTE: u32 = 0o111;

/// The folder of one package and the file in it, which may not be there yet.
#[derive(Clone, Debug)]
pub(super) struct Package {
    folder: PathBuf,
    executable: PathBuf,
}

/// The result of copying a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There was none.
    New,
    /// The same bytes were there already.
    Unchanged,
    /// Other bytes were there under the same version.
    Replaced,
}

impl Package {
    /// The package in `folder`, with the name that a release gives to its executable.
    pub(super) fn at(folder: PathBuf, version: &str) -> Self {
        let executable =
            folder.join(format!("{EXECUTABLE}_v{version}{}", std::env::consts::EXE_SUFFIX));
        Self { folder, executable }
    }

    pub(super) fn executable(&self) -> &Path {
        &self.executable
    }

    /// Returns whether its executable is there.
    pub(super) fn is_there(&self) -> bool {
        self.executable.symlink_metadata().is_ok()
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes `binary`, which is first written into `root`, the executable. A host that runs
    /// meanwhile finds the old one or the new one, and nothing between.
    pub(super) fn put(&self, binary: &[u8], root: &Path) -> Result<Outcome, InstallError> {
        self.refuse_strangers()?;
        let former = fs::read(&self.executable).ok();
        let is_same = former.as_deref() == Some(binary);
        if is_same && self.executable.metadata().is_ok_and(|found| may_be_run(&found)) {
            return Ok(Outcome::Unchanged);
        }
        self.write(binary, root)?;
        Ok(if former.is_none() || is_same { Outcome::New } else { Outcome::Replaced })
    }

    /// Removes the executable. Returns false when there was none.
    pub(super) fn remove(&self) -> Result<bool, InstallError> {
        match fs::remove_file(&self.executable) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(InstallError::Remove { path: self.executable.clone(), source }),
        }
    }

    /// The folder comes last, because an empty one is a package without an executable to hosts.
    fn write(&self, binary: &[u8], root: &Path) -> Result<(), InstallError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| InstallError::Write { path, source }
        };
        fs::create_dir_all(root).map_err(failed(root))?;
        let mut staged = staging_file(root).map_err(failed(root))?;
        staged.write_all(binary).map_err(failed(staged.path()))?;
        staged.as_file().sync_all().map_err(failed(staged.path()))?;
        fs::create_dir_all(&self.folder).map_err(failed(&self.folder))?;
        staged.persist(&self.executable).map_err(|error| failed(&self.executable)(error.error))?;
        Ok(())
    }

    fn refuse_strangers(&self) -> Result<(), InstallError> {
        let occupied =
            |found: String| InstallError::Occupied { directory: self.folder.clone(), found };
        let look = |source| InstallError::Look { path: self.folder.clone(), source };
        match self.folder.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(look(error)),
            Ok(found) if found.is_symlink() => return Err(occupied("it is a link".to_owned())),
            Ok(found) if !found.is_dir() => return Err(occupied("it is a file".to_owned())),
            Ok(_) => {}
        }
        for entry in fs::read_dir(&self.folder).map_err(look)? {
            let entry = entry.map_err(look)?;
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
fn may_be_run(file: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & MAY_EXECUTE != 0
}

#[cfg(not(unix))]
fn may_be_run(_: &Metadata) -> bool {
    true
}
