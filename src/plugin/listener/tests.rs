//! The loopback port, the fallback from a socket, and connections that must not affect each other.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_stream::StreamExt as _;

use super::*;
use crate::plugin::tls::ServerCertificate;

async fn listen() -> (Listener, SocketAddr) {
    let listener = Listener::bind_tcp(0..=0, HostLimit::One).await.unwrap();
    let address = port(&listener);
    (listener, address)
}

#[track_caller]
fn port(listener: &Listener) -> SocketAddr {
    match *listener.address() {
        Address::Tcp(address) => address,
        #[cfg(unix)]
        Address::Unix(_) => panic!("not TCP"),
    }
}

fn some_certificate() -> ServerCertificate {
    let host = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let encoded =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, host.cert.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n");
    ServerCertificate::for_host(&pem).unwrap()
}

#[tokio::test]
async fn port_in_use_is_skipped() {
    let (first, address) = listen().await;
    let taken = address.port();
    let Ok(second) = Listener::bind_tcp(taken..=taken.saturating_add(20), HostLimit::One).await
    else {
        panic!("none of twenty ports is free")
    };
    let next = port(&second);
    assert!(next.port() > taken && next.ip().is_loopback());
    drop(first);
}

#[tokio::test]
async fn error_names_the_range_without_a_free_port() {
    let (_listener, address) = listen().await;
    let port = address.port();
    let error = Listener::bind_tcp(port..=port, HostLimit::One).await.unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("no TCP port from {port} to {port} on 127.0.0.1 is free")),
        "{error}"
    );
}

#[tokio::test]
async fn connection_without_tls_times_out_and_blocks_no_other() {
    let (mut listener, address) = listen().await;
    let connections = ConnectionTracker::default();
    let certificate = some_certificate();
    let peers = async {
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut noisy = TcpStream::connect(address).await.unwrap();
        noisy.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut response = Vec::new();
        // A TLS alert, while the silent connection still waits.
        noisy.read_to_end(&mut response).await.unwrap();
        assert_eq!(response.first(), Some(&0x15));

        tokio::time::pause();
        assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    };
    listener
        .serve::<(), _>(Some(certificate.acceptor), connections.clone(), |_connections| peers)
        .await;
    assert!(!connections.watch().borrow().any, "neither counts as a host");
}

#[tokio::test]
async fn connection_without_tls_is_served_and_counted() {
    let (mut listener, address) = listen().await;
    let connections = ConnectionTracker::default();
    let _peer = TcpStream::connect(address).await.unwrap();
    let served = listener
        .serve::<(), _>(None, connections.clone(), |mut arriving| async move {
            arriving.next().await.unwrap().unwrap()
        })
        .await;
    assert_eq!(connections.watch().borrow().open, 1);
    drop(served);
}

/// Returns the settings of a host with mutual TLS and these temporary directories.
#[cfg(unix)]
fn launch_in(temporary_dirs: &[&std::path::Path]) -> Launch {
    Launch {
        protocol_versions: Vec::new(),
        ports: 0..=0,
        client_certificate: Some("a certificate".to_owned()),
        multiplexing_requested: false,
        socket_dir: None,
        temporary_dirs: temporary_dirs.iter().map(|directory| directory.to_path_buf()).collect(),
        socket_group: None,
        network: None,
    }
}

#[cfg(unix)]
fn missing() -> &'static std::path::Path {
    std::path::Path::new("/no/such/directory")
}

#[cfg(unix)]
#[tokio::test]
async fn first_usable_directory_is_used() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let launch = launch_in(&[missing(), first.path(), second.path()]);
    let listener = Listener::bind(&launch, HostLimit::One).await.unwrap();
    let Address::Unix(path) = listener.address() else { panic!("no unix socket") };
    assert!(path.starts_with(first.path()));
}

#[cfg(unix)]
#[tokio::test]
async fn port_is_used_if_no_directory_is_usable() {
    let listener = Listener::bind(&launch_in(&[missing()]), HostLimit::One).await.unwrap();
    let Address::Tcp(address) = listener.address() else { panic!("not TCP") };
    assert!(address.ip().is_loopback());
}

#[cfg(unix)]
#[tokio::test]
async fn port_is_not_used_without_tls() {
    let launch = Launch { client_certificate: None, ..launch_in(&[missing(), missing()]) };
    let error = Listener::bind(&launch, HostLimit::One).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no socket can be made in /no/such/directory: No such file or directory (os error 2); in \
         /no/such/directory: No such file or directory (os error 2). Set TMPDIR to a writable \
         directory with a short path, or GITLAB_JOB_TOKEN_PLUGIN_NETWORK to `tcp`"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn missing_directory_and_port_are_one_error() {
    let (_listener, address) = listen().await;
    let port = address.port();
    let launch = Launch { ports: port..=port, ..launch_in(&[missing()]) };
    let error = Listener::bind(&launch, HostLimit::One).await.unwrap_err().to_string();
    let (socket, rest) = error.split_once("; ").unwrap();
    assert_eq!(
        socket,
        "no socket can be made in /no/such/directory: No such file or directory (os error 2)"
    );
    assert!(
        rest.starts_with(&format!("no TCP port from {port} to {port} on 127.0.0.1 is free: ")),
        "{rest}"
    );
    assert!(rest.ends_with(". Set TMPDIR to a writable directory with a short path"), "{rest}");
}

#[cfg(unix)]
#[tokio::test]
async fn unix_socket_exists_only_while_no_host_is_connected() {
    let parent = tempfile::tempdir().unwrap();
    let socket = unix::Socket::bind(parent.path(), None).unwrap();
    let path = socket.path().to_owned();
    let mut listener = Listener {
        address: Address::Unix(path.clone()),
        hosts: HostLimit::One,
        socket: Socket::Unix(socket),
    };
    listener
        .serve::<(), _>(None, ConnectionTracker::default(), async |mut arriving| {
            for _ in 0..2 {
                let peer = tokio::net::UnixStream::connect(&path).await.unwrap();
                let connection = arriving.next().await.unwrap().unwrap();
                until(|| std::fs::read_dir(parent.path()).unwrap().next().is_none()).await;
                drop((peer, connection));
                until(|| path.exists()).await;
            }
        })
        .await;
}

#[cfg(unix)]
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
