//! A Unix socket in a private directory, so that only its owner can connect. Both can be removed
//! while the socket isn't needed, and created again with the same path.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use crate::plugin::handshake::is_valid_in_handshake;

/// The prefix of the directory name.
const DIRECTORY_PREFIX: &str = "plugin-";
/// A short name, because a socket path is limited to about 100 bytes.
const SOCKET_NAME: &str = "socket";

const OWNER_ONLY: u32 = 0o700;
/// A group that may use the socket needs search permission on the directory.
const GROUP_MAY_SEARCH: u32 = 0o710;
const GROUP_MAY_CONNECT: u32 = 0o660;

/// The groups of the system, one per line.
const GROUP_FILE: &str = "/etc/group";

#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    group: Option<u32>,
    open: Option<Open>,
}

impl Socket {
    /// Creates a private directory in `parent` and binds a socket in it. If `group`, a name or an
    /// ID, is set, its members may connect as well.
    pub(super) fn bind(parent: &Path, group: Option<&str>) -> io::Result<Self> {
        let group = group.map(group_id).transpose()?;
        let directory = tempfile::Builder::new()
            .prefix(DIRECTORY_PREFIX)
            .permissions(Permissions::from_mode(OWNER_ONLY))
            .tempdir_in(std::path::absolute(parent)?)
            .map_err(without_path)?;
        let path = directory.path().join(SOCKET_NAME);
        let unusable = |reason| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        if !is_valid_in_handshake(&path) {
            return unusable("the path must be Unicode, without `|` and line breaks");
        }
        if SocketAddr::from_pathname(&path).is_err() {
            return unusable("the path is too long for a socket");
        }
        let open = Open::within(Directory(directory.keep()), group)?;
        Ok(Self { path, group, open: Some(open) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Accepts a connection. Never completes while the socket is closed.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        match &self.open {
            Some(open) => open.listener.accept().await.map(|(stream, _)| stream),
            None => std::future::pending().await,
        }
    }

    /// Removes the socket and its directory. Accepted connections stay open.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    /// Creates a closed socket again with the same path.
    ///
    /// # Errors
    ///
    /// Fails if the path is in use, or the parent directory doesn't exist anymore.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let (None, Some(directory)) = (&self.open, self.path.parent()) {
            DirBuilder::new().mode(OWNER_ONLY).create(directory)?;
            self.open = Some(Open::within(Directory(directory.to_owned()), self.group)?);
        }
        Ok(())
    }
}

/// Removes the random path that `tempfile` adds to an error. The caller adds the parent directory.
fn without_path(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((reason, _)) => io::Error::new(error.kind(), reason),
        None => error,
    }
}

/// An open socket. The fields are dropped in this order, so that the socket file is removed before
/// the listener closes.
#[derive(Debug)]
struct Open {
    _directory: Directory,
    listener: UnixListener,
}

impl Open {
    fn within(directory: Directory, group: Option<u32>) -> io::Result<Self> {
        let path = directory.0.join(SOCKET_NAME);
        let listener = UnixListener::bind(&path)?;
        if let Some(group) = group {
            open_to_group(&path, GROUP_MAY_CONNECT, group)?;
            open_to_group(&directory.0, GROUP_MAY_SEARCH, group)?;
        }
        Ok(Self { listener, _directory: directory })
    }
}

/// The private directory of the socket. Dropping it removes both.
#[derive(Debug)]
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_file(self.0.join(SOCKET_NAME)));
        if let Err(error) = fs::remove_dir(&self.0) {
            tracing::warn!(directory = ?self.0, %error, "removing the socket directory failed");
        }
    }
}

fn open_to_group(path: &Path, mode: u32, group: u32) -> io::Result<()> {
    chown(path, None, Some(group))?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Returns the ID of a group. Names are looked up only in [`GROUP_FILE`]: other sources, such as
/// LDAP, need the C library.
fn group_id(group: &str) -> io::Result<u32> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    let groups = fs::read_to_string(GROUP_FILE)?;
    group_in(&groups, group).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            format!("group {group:?} not found in {GROUP_FILE}"),
        )
    })
}

fn group_in(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn private_directory_is_removed_with_the_socket() {
        let parent = tempfile::tempdir().unwrap();
        let socket = Socket::bind(parent.path(), None).unwrap();
        let directory = socket.path().parent().unwrap().to_owned();
        assert_eq!(directory.parent(), Some(parent.path()));
        assert_eq!(mode(&directory), 0o700);
        UnixStream::connect(socket.path()).await.unwrap();

        drop(socket);
        assert!(!directory.exists());
    }

    #[tokio::test]
    async fn closed_socket_leaves_no_files_and_reopens() {
        let parent = tempfile::tempdir().unwrap();
        let mut socket = Socket::bind(parent.path(), None).unwrap();
        let (mut peer, accepted) =
            tokio::join!(UnixStream::connect(socket.path()), socket.accept());
        let mut accepted = accepted.unwrap();

        socket.close();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        accepted.write_all(b"still here").await.unwrap();
        peer.as_mut().unwrap().read_exact(&mut [0; 10]).await.unwrap();

        socket.reopen().unwrap();
        assert_eq!(mode(socket.path().parent().unwrap()), 0o700);
        UnixStream::connect(socket.path()).await.unwrap();
        socket.accept().await.unwrap();
        socket.reopen().unwrap();
        UnixStream::connect(socket.path()).await.unwrap();
    }

    #[tokio::test]
    async fn reopening_fails_if_the_path_is_in_use() {
        let parent = tempfile::tempdir().unwrap();
        let mut socket = Socket::bind(parent.path(), None).unwrap();
        let directory = socket.path().parent().unwrap().to_owned();
        socket.close();
        fs::create_dir(&directory).unwrap();
        assert_eq!(socket.reopen().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        drop(socket);
        assert!(directory.exists());
    }

    #[tokio::test]
    async fn group_may_connect_but_not_list_the_directory() {
        let parent = tempfile::tempdir().unwrap();
        let own_group = std::os::unix::fs::MetadataExt::gid(&fs::metadata(parent.path()).unwrap());
        let socket = Socket::bind(parent.path(), Some(&own_group.to_string())).unwrap();
        assert_eq!(mode(socket.path()), 0o660);
        assert_eq!(mode(socket.path().parent().unwrap()), 0o710);
    }

    #[tokio::test]
    async fn unknown_group_is_named_in_the_error() {
        let parent = tempfile::tempdir().unwrap();
        let error = Socket::bind(parent.path(), Some("no such group")).unwrap_err();
        assert!(error.to_string().contains("\"no such group\""), "{error}");
    }

    #[tokio::test]
    async fn path_that_is_invalid_in_the_handshake_is_an_error() {
        let parent = tempfile::tempdir().unwrap();
        let odd = parent.path().join("a|b");
        fs::create_dir(&odd).unwrap();
        assert_eq!(Socket::bind(&odd, None).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(fs::read_dir(&odd).unwrap().count(), 0, "the directory is removed again");
    }

    #[test]
    fn group_is_found_by_its_whole_name() {
        let groups = "root:x:0:\nstaff-b:x:51:\nstaff:x:50:ann,bob\nbroken\n";
        assert_eq!(group_in(groups, "staff"), Some(50));
        assert_eq!(group_in(groups, "broken"), None);
        assert_eq!(group_in(groups, "sta"), None);
    }
}
