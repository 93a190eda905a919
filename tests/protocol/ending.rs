//! The end of the process: on shutdown, after its host is gone, but not on an interrupt.

use std::process::Stdio;
use std::time::Duration;

use plugin_host::{Handshake, Host, Signal};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::{BINARY, LIMIT, eventually, is_empty, launch, launch_in_own_directory};

/// Time after which a host kills the process.
const KILL_TIMEOUT: Duration = Duration::from_secs(2);

#[tokio::test]
async fn shutdown_responds_and_leaves_no_process_or_file() {
    let (launch, temporary) = launch_in_own_directory();
    let mut host = Host::start(&launch.env("TF_LOG", "TRACE")).await.unwrap();

    // The connection stays open: the process must not wait for the host to hang up.
    host.shutdown().await.unwrap();
    let exit = host.plugin.wait().await.unwrap();
    assert!(exit.status.success());
    assert!(exit.duration < KILL_TIMEOUT, "took {:?}", exit.duration);
    assert!(is_empty(temporary.path()));
    let lines = host.plugin.wait_for_stderr().await.unwrap();
    assert!(
        !lines.iter().any(|line| line.contains("still in flight")),
        "it waited for the side channels: {lines:?}"
    );
}

#[tokio::test]
async fn shutdown_over_tcp_ends_the_process() {
    let host = Host::start(&launch().tcp()).await.unwrap();
    assert!(host.stop().await.unwrap().status.success());
}

#[cfg(unix)]
#[tokio::test]
async fn interrupt_is_ignored() {
    let host = Host::start(&launch().env("TF_LOG", "TRACE")).await.unwrap();
    for count in 1..=2 {
        host.plugin.signal(Signal::Interrupt).await.unwrap();
        eventually("an interrupt is ignored", || {
            let lines = host.plugin.stderr();
            lines.iter().filter(|line| line.contains("ignored an interrupt")).count() == count
        })
        .await;
        host.health("plugin").await.unwrap();
    }
    assert!(host.stop().await.unwrap().status.success());
}

#[tokio::test]
async fn process_ends_after_its_host_disconnects() {
    let (launch, temporary) = launch_in_own_directory();
    let Host { mut plugin, connection } = Host::start(&launch).await.unwrap();
    drop(connection);
    assert!(plugin.wait().await.unwrap().status.success());
    assert!(is_empty(temporary.path()));
}

/// A shell stands in for the host and is killed before it ever connects.
#[cfg(unix)]
#[tokio::test]
async fn process_ends_after_its_host_died() {
    let temporary = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh")
        .args(["-c", r#""$0" & wait"#, BINARY])
        .env("TMPDIR", temporary.path())
        .env(
            "TF_PLUGIN_MAGIC_COOKIE",
            "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
        )
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(shell.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).await.unwrap();
    Handshake::parse(line.trim_end()).unwrap();

    shell.kill().await.unwrap();
    // The process keeps the other end of the pipe open until it ends.
    timeout(LIMIT, stdout.read_to_string(&mut line)).await.expect("it lives on").unwrap();
    assert!(is_empty(temporary.path()));
}

#[cfg(unix)]
#[tokio::test]
async fn killed_process_leaves_no_file_once_a_host_is_connected() {
    let (launch, temporary) = launch_in_own_directory();
    let mut plugin = launch.start().await.unwrap();
    let connection = plugin.connect().await.unwrap();
    connection.health("plugin").await.unwrap();
    eventually("the socket is gone", || is_empty(temporary.path())).await;

    plugin.kill().await.unwrap();

    assert!(is_empty(temporary.path()));
}

#[cfg(unix)]
#[tokio::test]
async fn host_can_reconnect_after_a_lost_connection() {
    let (launch, temporary) = launch_in_own_directory();
    let mut plugin = launch.start().await.unwrap();
    for _ in 0..2 {
        let coming_back = async {
            loop {
                if let Ok(connection) = plugin.connect().await {
                    break connection;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        let connection = timeout(LIMIT, coming_back).await.expect("nobody gets in");
        connection.health("plugin").await.unwrap();
        eventually("the socket is gone", || is_empty(temporary.path())).await;
    }
    assert!(plugin.wait().await.unwrap().status.success());
    assert!(is_empty(temporary.path()));
}
