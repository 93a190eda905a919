//! A unix socket that only its owner can reach: it lies in a directory of its own, made private
//! before the socket exists and removed with it. Both can be taken away while nobody needs them,
//! and put back under the same name.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use crate::plugin::handshake::fits_the_line;

/// Tells the directories of plugins from others.
const DIRECTORY_PREFIX: &str = "plugin-";
/// Short, since the whole path has to fit into about a hundred bytes.
const SOCKET_NAME: &str = "socket";

const OWNER_ONLY: u32 = 0o700;
/// A group that may use the socket has to pass through the directory, but not to list it.
const GROUP_MAY_PASS: u32 = 0o710;
const GROUP_MAY_CONNECT: u32 = 0o660;

/// Names of groups and their numbers, one a line.
const GROUP_FILE: &str = "/etc/group";

#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    group: Option<u32>,
    open: Option<Open>,
}

impl Socket {
    /// Makes a private directory in `parent` and listens inside it. A `group`, by name or number,
    /// may then connect beside the owner.
    pub(super) fn bind(parent: &Path, group: Option<&str>) -> io::Result<Self> {
        let group = group.map(group_id).transpose()?;
        let directory = tempfile::Builder::new()
            .prefix(DIRECTORY_PREFIX)
            .permissions(Permissions::from_mode(OWNER_ONLY))
            .tempdir_in(std::path::absolute(parent)?)
            .map_err(without_path)?;
        let path = directory.path().join(SOCKET_NAME);
        let unusable = |reason| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        if !fits_the_line(&path) {
            return unusable(
                "the handshake can't carry a path that isn't Unicode or holds a bar or a line end",
            );
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

    /// Waits for ever while the socket is closed.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        match &self.open {
            Some(open) => open.listener.accept().await.map(|(stream, _)| stream),
            None => std::future::pending().await,
        }
    }

    /// Takes the socket and its directory away. Connections that were accepted live on.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    /// Puts a closed socket back to where it was.
    ///
    /// # Errors
    /// When somebody has taken the name meanwhile, or the directory around it is gone.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let (None, Some(directory)) = (&self.open, self.path.parent()) {
            DirBuilder::new().mode(OWNER_ONLY).create(directory)?;
            self.open = Some(Open::within(Directory(directory.to_owned()), self.group)?);
        }
        Ok(())
    }
}

/// Drops the path that `tempfile` adds. It ends in a random name, and the caller that shows the
/// error names the directory.
fn without_path(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((reason, _)) => io::Error::new(error.kind(), reason),
        None => error,
    }
}

/// A socket that can be reached. Fields go in this order: nobody finds a socket that does not
/// listen.
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
            open_to_group(&directory.0, GROUP_MAY_PASS, group)?;
        }
        Ok(Self { listener, _directory: directory })
    }
}

/// A directory that holds nothing but the socket, and goes away with the value.
#[derive(Debug)]
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_file(self.0.join(SOCKET_NAME)));
        if let Err(error) = fs::remove_dir(&self.0) {
            tracing::warn!(directory = ?self.0, %error, "removing the directory of the socket \
                failed");
        }
    }
}

fn open_to_group(path: &Path, mode: u32, group: u32) -> io::Result<()> {
    chown(path, None, Some(group))?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// The number of a group. Names are looked up in the system's file alone: other directories of
/// users can only be asked through C.
fn group_id(group: &str) -> io::Result<u32> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    let groups = fs::read_to_string(GROUP_FILE)?;
    group_in(&groups, group).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no group {group:?} in {GROUP_FILE}"),
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
    async fn socket_lies_in_a_private_directory_removed_with_it() {
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
    async fn closed_socket_leaves_nothing_and_reopens_under_its_name() {
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
    async fn a_name_that_somebody_has_taken_is_left_to_them() {
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
    async fn a_group_may_pass_and_connect_but_not_look_around() {
        let parent = tempfile::tempdir().unwrap();
        let own_group = std::os::unix::fs::MetadataExt::gid(&fs::metadata(parent.path()).unwrap());
        let socket = Socket::bind(parent.path(), Some(&own_group.to_string())).unwrap();
        assert_eq!(mode(socket.path()), 0o660);
        assert_eq!(mode(socket.path().parent().unwrap()), 0o710);
    }

    #[tokio::test]
    async fn a_group_that_does_not_exist_is_named_in_the_error() {
        let parent = tempfile::tempdir().unwrap();
        let error = Socket::bind(parent.path(), Some("no such group")).unwrap_err();
        assert!(error.to_string().contains("\"no such group\""), "{error}");
    }

    #[tokio::test]
    async fn a_path_that_the_handshake_cannot_carry_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let odd = parent.path().join("a|b");
        fs::create_dir(&odd).unwrap();
        assert_eq!(Socket::bind(&odd, None).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(fs::read_dir(&odd).unwrap().count(), 0, "the directory is removed again");
    }

    #[test]
    fn a_group_is_found_by_its_whole_name() {
        let groups = "root:x:0:\nstaff-b:x:51:\nstaff:x:50:ann,bob\nbroken\n";
        assert_eq!(group_in(groups, "staff"), Some(50));
        assert_eq!(group_in(groups, "broken"), None);
        assert_eq!(group_in(groups, "sta"), None);
    }
}
