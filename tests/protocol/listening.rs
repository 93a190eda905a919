//! The provider's sockets, and who can connect to them.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use plugin_host::{Network, Plugin};

use crate::{launch, launch_in_own_directory};

/// Number of ports to try after a taken one.
const PORTS: u16 = 20;

fn socket(plugin: &Plugin) -> &Path {
    match &plugin.handshake().network {
        Network::Unix(path) => path,
        Network::Tcp(address) => panic!("{address} isn't a unix socket"),
    }
}

#[cfg(unix)]
#[tokio::test]
async fn socket_is_in_a_directory_private_to_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;

    let (launch, temporary) = launch_in_own_directory();
    let plugin = launch.start().await.unwrap();
    let directory = socket(&plugin).parent().unwrap();
    assert_eq!(directory.parent(), Some(temporary.path()));
    assert_eq!(directory.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[cfg(unix)]
#[tokio::test]
async fn host_can_set_the_directory_of_the_socket() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = launch().env("PLUGIN_UNIX_SOCKET_DIR", directory.path()).start().await.unwrap();
    assert!(socket(&plugin).starts_with(directory.path()));
    plugin.connect().await.unwrap();
}

#[tokio::test]
async fn taken_port_is_skipped() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let first = taken.local_addr().unwrap().port();
    let last = first.saturating_add(PORTS);
    let plugin = launch().tcp().ports(first..=last).start().await.unwrap();
    let Network::Tcp(address) = plugin.handshake().network else { panic!("not TCP") };
    assert!(address.ip().is_loopback());
    assert!(
        first < address.port() && address.port() <= last,
        "{address} is not between {first} and {last}"
    );
    plugin.connect().await.unwrap();
}

#[tokio::test]
async fn error_without_a_free_port_names_the_range() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let finished = launch().tcp().ports(port..=port).run().await.unwrap();
    assert_eq!(finished.status.code(), Some(1));
    let expected = format!("no TCP port from {port} to {port} on 127.0.0.1 is free: ");
    assert!(finished.stderr.contains(&expected), "{}", finished.stderr);
}
