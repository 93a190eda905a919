//! Listens for hosts on a Unix socket in a private directory, or on a loopback port. With TLS, it
//! authenticates connections; a connection that fails doesn't affect the others.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;

use super::connection::{Connection, ConnectionTracker, Io, Session};
use super::environment::{Launch, NETWORK, Network};
use super::handshake::Address;

#[cfg(unix)]
mod unix;

/// Timeout of a TLS handshake. Hosts need only milliseconds.
const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Delay after a failed accept. The usual cause is a temporary lack of file descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Maximum number of connections that wait for the server.
const BACKLOG: usize = 16;

/// An error while binding the listener.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// No Unix socket could be created, and a port isn't allowed instead.
    #[error("{0}. {remedy}, or {NETWORK} to `tcp`", remedy = .0.remedy())]
    Unix(UnixSocketError),
    /// No port could be bound.
    #[error("{0}. Stop a program that uses one of them")]
    Tcp(PortError),
    /// Neither a Unix socket could be created nor a port bound.
    #[error("{socket}; {port}. {remedy}", remedy = socket.remedy())]
    Neither {
        /// The error of the socket.
        socket: UnixSocketError,
        /// The error of the port.
        port: PortError,
    },
    /// A Unix socket was requested, but the system doesn't support them.
    #[error("{NETWORK} is `unix`, but this system doesn't support Unix sockets. Unset it")]
    UnixSocketsUnsupported,
}

/// The error of creating a Unix socket: the directories that were tried, each with its error.
#[derive(Debug)]
pub struct UnixSocketError {
    directories: Vec<(PathBuf, io::Error)>,
    variable: &'static str,
}

impl UnixSocketError {
    fn remedy(&self) -> String {
        format!("Set {} to a writable directory with a short path", self.variable)
    }
}

impl fmt::Display for UnixSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no socket can be made")?;
        for (index, (directory, source)) in self.directories.iter().enumerate() {
            let separator = if index == 0 { "" } else { ";" };
            write!(f, "{separator} in {}: {source}", directory.display())?;
        }
        Ok(())
    }
}

/// The error of binding a port.
#[derive(Debug, thiserror::Error)]
#[error("no TCP port from {} to {} on 127.0.0.1 is free: {source}", ports.start(), ports.end())]
pub struct PortError {
    /// The ports that were tried.
    ports: RangeInclusive<u16>,
    /// The error of the last port.
    source: io::Error,
}

/// The number of hosts that may be connected at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostLimit {
    /// One host. While it is connected, the Unix socket is removed, so that a killed process leaves
    /// no files behind.
    One,
    /// Any number of hosts.
    Unlimited,
}

/// The listener that hosts connect to. Dropping it removes its socket and directory.
#[derive(Debug)]
pub(super) struct Listener {
    address: Address,
    hosts: HostLimit,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    #[cfg(unix)]
    Unix(unix::Socket),
    Tcp(TcpListener),
}

impl Listener {
    /// Binds a listener according to `launch`. Falls back to a loopback port if no Unix socket can
    /// be created and [`Launch::allows_port_fallback`].
    ///
    /// # Errors
    ///
    /// Fails if neither a socket nor a port can be used.
    pub(super) async fn bind(launch: &Launch, hosts: HostLimit) -> Result<Self, ListenError> {
        let bind_tcp = || Self::bind_tcp(launch.ports.clone(), hosts);
        match launch.network {
            Some(Network::Tcp) => return bind_tcp().await.map_err(ListenError::Tcp),
            // Unix sockets are the default, because they keep out other users of the machine.
            None if cfg!(not(unix)) => return bind_tcp().await.map_err(ListenError::Tcp),
            Some(Network::Unix) | None => {}
        }
        match Self::bind_unix(launch, hosts) {
            Err(ListenError::Unix(socket)) if launch.allows_port_fallback() => {
                bind_tcp().await.map_err(|port| ListenError::Neither { socket, port })
            }
            bound => bound,
        }
    }

    /// Binds a socket in the first usable directory.
    #[cfg(unix)]
    fn bind_unix(launch: &Launch, hosts: HostLimit) -> Result<Self, ListenError> {
        use super::environment::{SOCKET_DIR, TEMPORARY_DIR};

        let (directories, variable) = match &launch.socket_dir {
            Some(directory) => (std::slice::from_ref(directory), SOCKET_DIR),
            None => (launch.temporary_dirs.as_slice(), TEMPORARY_DIR),
        };
        let mut unusable = Vec::new();
        for directory in directories {
            match unix::Socket::bind(directory, launch.socket_group.as_deref()) {
                Ok(socket) => {
                    let address = Address::Unix(socket.path().to_owned());
                    return Ok(Self { address, hosts, socket: Socket::Unix(socket) });
                }
                Err(error) => {
                    tracing::warn!("no socket can be made in {}: {error}", directory.display());
                    unusable.push((directory.clone(), error));
                }
            }
        }
        Err(ListenError::Unix(UnixSocketError { directories: unusable, variable }))
    }

    #[cfg(not(unix))]
    fn bind_unix(_: &Launch, _: HostLimit) -> Result<Self, ListenError> {
        Err(ListenError::UnixSocketsUnsupported)
    }

    async fn bind_tcp(ports: RangeInclusive<u16>, hosts: HostLimit) -> Result<Self, PortError> {
        let mut source = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for port in ports.clone() {
            match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
                .await
                .and_then(with_address)
            {
                Ok((socket, address)) => {
                    return Ok(Self {
                        address: Address::Tcp(address),
                        hosts,
                        socket: Socket::Tcp(socket),
                    });
                }
                Err(error) => source = error,
            }
        }
        Err(PortError { ports, source })
    }

    /// Returns the address to connect to.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Runs `server` with the accepted connections, tracked in `connections`, until it completes.
    pub(super) async fn serve<S: Session, F: Future>(
        &mut self,
        tls: Option<TlsAcceptor>,
        connections: ConnectionTracker,
        server: impl FnOnce(ReceiverStream<io::Result<Connection<S>>>) -> F,
    ) -> F::Output {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let acceptor = Acceptor { tls, connections, accepted: sender };
        tokio::select! {
            output = server(ReceiverStream::new(receiver)) => output,
            never = self.accept_all(acceptor) => match never {},
        }
    }

    async fn accept_all<S: Session>(&mut self, acceptor: Acceptor<S>) -> std::convert::Infallible {
        let mut counts = acceptor.connections.watch();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                Ok(()) = counts.changed(), if self.hosts == HostLimit::One => {
                    let connected = counts.borrow_and_update().open > 0;
                    self.socket.set_open(!connected);
                    continue;
                }
            };
            match accepted {
                Ok(io) => drop(tokio::spawn(acceptor.clone().accept(io))),
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }
}

impl Socket {
    async fn accept(&self) -> io::Result<Box<dyn Io>> {
        Ok(match self {
            #[cfg(unix)]
            Self::Unix(socket) => Box::new(socket.accept().await?),
            Self::Tcp(socket) => Box::new(accept_tcp(socket).await?),
        })
    }

    /// Creates or removes a Unix socket. A port has no files to remove and stays open.
    #[cfg(unix)]
    fn set_open(&mut self, open: bool) {
        match self {
            Self::Unix(socket) if open => {
                if let Err(error) = socket.reopen() {
                    tracing::warn!(%error, "reopening the socket failed: the host can't reconnect");
                }
            }
            Self::Unix(socket) => socket.close(),
            Self::Tcp(_) => {}
        }
    }

    #[cfg(not(unix))]
    fn set_open(&mut self, _: bool) {}
}

fn with_address(socket: TcpListener) -> io::Result<(TcpListener, SocketAddr)> {
    let address = socket.local_addr()?;
    Ok((socket, address))
}

async fn accept_tcp(socket: &TcpListener) -> io::Result<tokio::net::TcpStream> {
    let (stream, _) = socket.accept().await?;
    // RPCs are small and often sequential.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Performs the TLS handshake of a socket and passes the connection to the server. It runs in a
/// separate task for each socket.
#[derive(Clone)]
struct Acceptor<S> {
    tls: Option<TlsAcceptor>,
    connections: ConnectionTracker,
    accepted: mpsc::Sender<io::Result<Connection<S>>>,
}

impl<S: Session> Acceptor<S> {
    async fn accept(self, io: Box<dyn Io>) {
        let connection = match &self.tls {
            None => self.connections.track(io),
            Some(tls) => match timeout(TLS_HANDSHAKE_TIMEOUT, tls.accept(io)).await {
                Ok(Ok(stream)) => self.connections.track(stream),
                Ok(Err(error)) => {
                    return tracing::warn!(%error, "refused a connection that is not the host's");
                }
                Err(_) => {
                    return tracing::warn!(
                        "refused a connection that did not finish its TLS handshake"
                    );
                }
            },
        };
        // Sending fails only if the server has stopped.
        drop(self.accepted.send(Ok(connection)).await);
    }
}

#[cfg(test)]
mod tests;
