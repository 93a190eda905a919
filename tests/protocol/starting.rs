//! Starting if `TMPDIR` can't have a socket, and the reason that a host shows if the provider can't
//! start.

use std::path::{Path, PathBuf};

use plugin_host::Launch;
#[cfg(unix)]
use plugin_host::Network;
use tokio::process::Command;

use crate::{BINARY, launch};

/// Makes a path too long for the address of a unix socket.
#[cfg(unix)]
const LONG: usize = 120;

/// Returns the directory of directories in which the provider put its socket, having connected to
/// it.
#[cfg(unix)]
async fn socket_parent(launch: Launch) -> PathBuf {
    let plugin = launch.start().await.unwrap();
    let Network::Unix(path) = plugin.handshake().network.clone() else { panic!("no unix socket") };
    plugin.connect().await.unwrap();
    path.ancestors().nth(2).unwrap().to_owned()
}

/// Returns the reason in the line that a failed start leaves for the host.
async fn failure(launch: Launch) -> String {
    let finished = launch.run().await.unwrap();
    assert_eq!(finished.status.code(), Some(1));
    let line =
        finished.stdout.strip_suffix('\n').unwrap_or_else(|| panic!("no line: {finished:?}"));
    assert!(!line.contains(['\n', '\r', '|']), "a host would take it apart: {line:?}");
    let program = concat!(
        "terraform-provider-gitlab-job-token ",
        env!("CARGO_PKG_VERSION"),
        " can't start: "
    );
    let reason = line.strip_prefix(program).unwrap_or_else(|| panic!("no reason: {line:?}"));
    if !reason.ends_with('…') {
        assert_eq!(finished.stderr, format!("[ERROR] {}\n", reason.strip_suffix('.').unwrap()));
    }
    reason.to_owned()
}

#[cfg(unix)]
#[tokio::test]
async fn empty_tmpdir_is_ignored() {
    assert_eq!(socket_parent(launch().env("TMPDIR", "")).await, Path::new("/tmp"));
}

#[cfg(unix)]
#[tokio::test]
async fn missing_tmpdir_is_skipped() {
    assert_eq!(
        socket_parent(launch().env("TMPDIR", "/no/such/directory")).await,
        Path::new("/tmp")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn long_tmpdir_is_skipped_and_left_empty() {
    let temporary = tempfile::tempdir().unwrap();
    let long = temporary.path().join("x".repeat(LONG));
    std::fs::create_dir(&long).unwrap();
    assert_eq!(socket_parent(launch().env("TMPDIR", &long)).await, Path::new("/tmp"));
    assert!(crate::is_empty(&long));
}

#[cfg(unix)]
#[tokio::test]
async fn tmpdir_that_breaks_the_handshake_is_skipped() {
    let temporary = tempfile::tempdir().unwrap();
    let odd = temporary.path().join("a|b");
    std::fs::create_dir(&odd).unwrap();
    assert_eq!(socket_parent(launch().env("TMPDIR", &odd)).await, Path::new("/tmp"));
}

#[cfg(unix)]
#[tokio::test]
async fn tmpdir_that_is_a_file_is_skipped() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(socket_parent(launch().env("TMPDIR", file.path())).await, Path::new("/tmp"));
}

#[cfg(unix)]
#[tokio::test]
async fn read_only_tmpdir_is_skipped() {
    use std::os::unix::fs::PermissionsExt as _;

    let temporary = tempfile::tempdir().unwrap();
    std::fs::set_permissions(temporary.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(temporary.path().join("probe"), "").is_ok() {
        eprintln!("SKIPPED: a read-only TMPDIR, which the superuser can write to.");
        return;
    }
    assert_eq!(socket_parent(launch().env("TMPDIR", temporary.path())).await, Path::new("/tmp"));
}

#[cfg(unix)]
#[tokio::test]
async fn log_names_the_skipped_directory() {
    let launch = launch().env("TMPDIR", "/no/such/directory").env("TF_LOG", "WARN");
    let plugin = launch.start().await.unwrap();
    crate::eventually("a warning", || {
        plugin
            .stderr()
            .iter()
            .any(|line| line.contains("/no/such/directory: No such file or directory"))
    })
    .await;
}

/// The host may have access to no other directory of this machine.
#[cfg(unix)]
#[tokio::test]
async fn directory_of_the_host_is_never_replaced() {
    let line = failure(launch().env("PLUGIN_UNIX_SOCKET_DIR", "/no/such/directory")).await;
    assert_eq!(
        line,
        "no socket can be made in /no/such/directory: No such file or directory (os error 2). Set \
         PLUGIN_UNIX_SOCKET_DIR to a writable directory with a short path, or \
         GITLAB_JOB_TOKEN_PLUGIN_NETWORK to `tcp`."
    );
}

#[tokio::test]
async fn port_that_is_not_a_number_is_named_with_its_variable() {
    let line = failure(launch().env("PLUGIN_MIN_PORT", "ma\nny")).await;
    assert_eq!(
        line,
        r#"the environment variable PLUGIN_MIN_PORT is "ma\nny", but must be a port number."#
    );
}

#[tokio::test]
async fn certificate_that_is_not_pem_is_named_with_its_variable() {
    let line = failure(launch().without_tls().env("PLUGIN_CLIENT_CERT", "nonsense")).await;
    assert_eq!(line, "PLUGIN_CLIENT_CERT must contain exactly one certificate, but contains 0.");
}

#[tokio::test]
async fn long_value_is_truncated() {
    let line = failure(launch().env("PLUGIN_MIN_PORT", "9".repeat(100_000))).await;
    assert!(line.chars().count() <= 1000 && line.ends_with('…'), "{} characters", line.len());
}

#[tokio::test]
async fn reason_is_printed_only_to_standard_error() {
    let mut command = Command::new(BINARY);
    command.arg("--debug").env_clear().env("GITLAB_JOB_TOKEN_PLUGIN_NETWORK", "udp");
    let output = command.output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: the environment variable"));
}
