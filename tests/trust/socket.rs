//! Access to the provider's socket.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use plugin_host::{Network, Plugin};
use tokio::process::Command;

use crate::kit::{Files, launch};

/// The user `nobody` of common systems.
const NOBODY: u32 = 65_534;
const ROOT: u32 = 0;

async fn start(files: &Files) -> (Plugin, std::path::PathBuf) {
    // The test's directory is accessible, so that only the provider's own one excludes others.
    fs::set_permissions(files.path(), Permissions::from_mode(0o755)).unwrap();
    let plugin = launch().env("TMPDIR", files.path()).start().await.unwrap();
    let Network::Unix(path) = plugin.handshake().network.clone() else { panic!("no unix socket") };
    (plugin, path)
}

async fn finds(user: u32, path: &Path) -> bool {
    let mut test = Command::new("/bin/sh");
    test.args(["-c", r#"test -e "$0""#]).arg(path).uid(user).gid(user).env_clear();
    test.status().await.unwrap().success()
}

#[tokio::test]
async fn socket_is_private_to_its_owner() {
    let files = Files::new();
    let (_plugin, path) = start(&files).await;
    let (socket, directory) =
        (path.metadata().unwrap(), path.parent().unwrap().metadata().unwrap());
    assert!(socket.file_type().is_socket());
    let own = files.path().metadata().unwrap().uid();
    assert_eq!((socket.uid(), directory.uid()), (own, own));
    assert_eq!(directory.mode() & 0o777, 0o700);
}

/// Only the superuser can connect as another user; otherwise the permissions above must do.
#[tokio::test]
async fn other_users_cannot_find_the_socket() {
    let files = Files::new();
    let (_plugin, path) = start(&files).await;
    if files.path().metadata().unwrap().uid() != ROOT {
        return;
    }
    assert!(finds(ROOT, &path).await);
    assert!(finds(NOBODY, files.path()).await, "the way there is open");
    assert!(!finds(NOBODY, &path).await);
}
