//! Clears away what earlier processes of ours could not: one that is killed leaves its socket and the directory around
//! it behind. Nothing here may ever take a socket from a process that lives, or touch what is not ours.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::unix::{DIRECTORY_PREFIX, SOCKET_NAME};

/// Younger directories are left alone, though nobody may listen there: one may have just been made. A live process is
/// asked by a connection that it has to refuse, so it is not asked for as long as most runs take.
const OLD: Duration = Duration::from_secs(60 * 60);

/// Removes directories in `parent` that processes of this user have left behind. `own` is the caller's.
///
/// Failures are none of the caller's business: whoever comes next tries again.
pub(super) fn sweep(parent: &Path, own: &Path) {
    let (Ok(own), Ok(entries)) = (own.symlink_metadata(), fs::read_dir(parent)) else { return };
    for entry in entries.flatten() {
        let named_like_ours =
            entry.file_name().to_str().is_some_and(|name| name.starts_with(DIRECTORY_PREFIX));
        if named_like_ours && entry.metadata().is_ok_and(|found| is_old_and_of_the_same_user(&found, &own)) {
            remove_if_abandoned(&entry.path());
        }
    }
}

fn is_old_and_of_the_same_user(found: &Metadata, own: &Metadata) -> bool {
    let age = found.modified().ok().and_then(|changed| changed.elapsed().ok());
    found.is_dir() && found.uid() == own.uid() && age.is_some_and(|age| age >= OLD)
}

/// Only what we put there is removed, so a directory that holds anything else stays.
fn remove_if_abandoned(directory: &Path) {
    let socket = directory.join(SOCKET_NAME);
    let unheard = match UnixStream::connect(&socket) {
        Ok(_) => false,
        Err(error) => matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound),
    };
    if unheard {
        drop(fs::remove_file(&socket));
        if fs::remove_dir(directory).is_ok() {
            tracing::debug!(?directory, "removed the socket of a process that was killed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::time::SystemTime;

    use super::*;

    /// A directory in `parent`, with a socket on which the returned value listens.
    fn directory(parent: &Path, name: &str) -> (PathBuf, UnixListener) {
        let directory = parent.join(name);
        fs::create_dir(&directory).unwrap();
        let listener = UnixListener::bind(directory.join(SOCKET_NAME)).unwrap();
        (directory, listener)
    }

    fn made_old(directory: &Path) {
        File::open(directory).unwrap().set_modified(SystemTime::now() - 2 * OLD).unwrap();
    }

    #[test]
    fn only_an_old_directory_of_ours_on_whose_socket_nobody_listens_goes() {
        let parent = tempfile::tempdir().unwrap();
        let (own, _own) = directory(parent.path(), "gitlab-job-token-own");
        let (abandoned, listener) = directory(parent.path(), "gitlab-job-token-abandoned");
        drop(listener);
        let (live, _live) = directory(parent.path(), "gitlab-job-token-live");
        let (young, listener) = directory(parent.path(), "gitlab-job-token-young");
        drop(listener);
        let (others, listener) = directory(parent.path(), "plugin-dir123");
        drop(listener);
        let (full, listener) = directory(parent.path(), "gitlab-job-token-full");
        drop(listener);
        fs::write(full.join("file"), "").unwrap();
        let link = parent.path().join("gitlab-job-token-link");
        std::os::unix::fs::symlink(&others, &link).unwrap();
        [&abandoned, &live, &others, &full].into_iter().for_each(|directory| made_old(directory));

        sweep(parent.path(), &own);

        assert!(!abandoned.exists());
        for kept in [&own, &live, &young, &others, &full, &link] {
            assert!(kept.exists(), "{kept:?} is gone");
        }
        assert!(others.join(SOCKET_NAME).exists());
        UnixStream::connect(live.join(SOCKET_NAME)).unwrap();
    }

    #[test]
    fn a_parent_that_is_not_there_is_no_trouble() {
        let parent = tempfile::tempdir().unwrap();
        sweep(&parent.path().join("none"), parent.path());
    }
}
