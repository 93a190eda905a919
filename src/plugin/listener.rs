//! Listens for hosts: on a unix socket in a directory of our own, or a loopback port. Turns what
//! arrives into connections that are authenticated where TLS is on; one that fails to be costs
//! nobody else anything.

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

use super::connection::{Connection, Connections, Io, Session};
use super::environment::{Launch, NETWORK, Network};
use super::handshake::Address;

#[cfg(unix)]
mod unix;

/// A host finishes TLS in milliseconds; a peer that does not is not our host.
const TLS_HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// Pause after a failed accept, which is mostly a lack of file descriptors that passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections that may wait for the server to take them.
const BACKLOG: usize = 16;

/// The error of listening.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// No unix socket could be made, and a port may not replace it.
    #[error("{0}. {remedy}, or {NETWORK} to `tcp`", remedy = .0.remedy())]
    Unix(NoSocket),
    /// No port could be bound.
    #[error("{0}. Stop a program that uses one of them")]
    Tcp(NoPort),
    /// No unix socket could be made, and no port be bound in its place.
    #[error("{socket}; {port}. {remedy}", remedy = socket.remedy())]
    Neither {
        /// The outcome of the socket.
        socket: NoSocket,
        /// The outcome of the port.
        port: NoPort,
    },
    /// This system has no unix sockets, yet they were asked for.
    #[error("{NETWORK} asks for a unix socket, which this system does not have. Unset it")]
    NoUnixSockets,
}

/// The directories that can't hold a socket, each with the system's reason.
#[derive(Debug)]
pub struct NoSocket {
    directories: Vec<(PathBuf, io::Error)>,
    variable: &'static str,
}

impl NoSocket {
    fn remedy(&self) -> String {
        format!("Set {} to a writable directory with a short path", self.variable)
    }
}

impl fmt::Display for NoSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no socket can be made")?;
        for (index, (directory, source)) in self.directories.iter().enumerate() {
            let separator = if index == 0 { "" } else { ";" };
            write!(f, "{separator} in {}: {source}", directory.display())?;
        }
        Ok(())
    }
}

/// The ports that can't be bound.
#[derive(Debug, thiserror::Error)]
#[error("no TCP port from {} to {} on 127.0.0.1 is free: {source}", ports.start(), ports.end())]
pub struct NoPort {
    /// The ports that the host allows.
    ports: RangeInclusive<u16>,
    /// The system's reason for the last one.
    source: io::Error,
}

/// The number of hosts that may be connected at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hosts {
    /// One host. While it is connected a unix socket is away: nobody else needs it, and a process
    /// that is killed then leaves nothing behind.
    One,
    /// As many as come.
    Many,
}

/// The socket to which a host connects. Accepts from the moment it is bound; a socket and its
/// directory go away with the value.
#[derive(Debug)]
pub(super) struct Listener {
    address: Address,
    hosts: Hosts,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    #[cfg(unix)]
    Unix(unix::Socket),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens as the host and the user ask. If they leave it open, a loopback port replaces a unix
    /// socket that can't be made.
    ///
    /// # Errors
    /// Fails if no directory and no port allow it.
    pub(super) async fn bind(launch: &Launch, hosts: Hosts) -> Result<Self, ListenError> {
        let bind_tcp = || Self::bind_tcp(launch.ports.clone(), hosts);
        match launch.network {
            Some(Network::Tcp) => return bind_tcp().await.map_err(ListenError::Tcp),
            // Unix sockets keep other users of the machine out. Without them, a port it is.
            None if cfg!(not(unix)) => return bind_tcp().await.map_err(ListenError::Tcp),
            Some(Network::Unix) | None => {}
        }
        match Self::bind_unix(launch, hosts) {
            Err(ListenError::Unix(socket)) if launch.may_replace_socket_by_port() => {
                bind_tcp().await.map_err(|port| ListenError::Neither { socket, port })
            }
            bound => bound,
        }
    }

    /// Listens in the first directory that can hold a socket.
    #[cfg(unix)]
    fn bind_unix(launch: &Launch, hosts: Hosts) -> Result<Self, ListenError> {
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
        Err(ListenError::Unix(NoSocket { directories: unusable, variable }))
    }

    #[cfg(not(unix))]
    fn bind_unix(_: &Launch, _: Hosts) -> Result<Self, ListenError> {
        Err(ListenError::NoUnixSockets)
    }

    async fn bind_tcp(ports: RangeInclusive<u16>, hosts: Hosts) -> Result<Self, NoPort> {
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
        Err(NoPort { ports, source })
    }

    /// Returns the address.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Runs `server` over the connections that arrive, counted in `connections`, and stops
    /// listening when it is done.
    pub(super) async fn serve<S: Session, F: Future>(
        &mut self,
        tls: Option<TlsAcceptor>,
        connections: Connections,
        server: impl FnOnce(ReceiverStream<io::Result<Connection<S>>>) -> F,
    ) -> F::Output {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let admission = Admission { tls, connections, admitted: sender };
        tokio::select! {
            output = server(ReceiverStream::new(receiver)) => output,
            never = self.accept_all(admission) => match never {},
        }
    }

    async fn accept_all<S: Session>(
        &mut self,
        admission: Admission<S>,
    ) -> std::convert::Infallible {
        let mut tallies = admission.connections.watch();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                Ok(()) = tallies.changed(), if self.hosts == Hosts::One => {
                    let connected = tallies.borrow_and_update().live > 0;
                    self.socket.set_open(!connected);
                    continue;
                }
            };
            match accepted {
                Ok(io) => drop(tokio::spawn(admission.clone().admit(io))),
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    sleep(ACCEPT_PAUSE).await;
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

    /// A port leaves nothing behind and stays as it is.
    #[cfg(unix)]
    fn set_open(&mut self, open: bool) {
        match self {
            Self::Unix(socket) if open => {
                if let Err(error) = socket.reopen() {
                    tracing::warn!(%error, "a host that lost its connection can't come back");
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
    // Calls are small and wait for each other.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Admits an accepted socket to the server. Every socket passes it in a task of its own.
#[derive(Clone)]
struct Admission<S> {
    tls: Option<TlsAcceptor>,
    connections: Connections,
    admitted: mpsc::Sender<io::Result<Connection<S>>>,
}

impl<S: Session> Admission<S> {
    async fn admit(self, io: Box<dyn Io>) {
        let connection = match &self.tls {
            None => self.connections.admit(io),
            Some(tls) => match timeout(TLS_HANDSHAKE_LIMIT, tls.accept(io)).await {
                Ok(Ok(stream)) => self.connections.admit(stream),
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
        // Nobody takes it only when the server has ended, and then the connection may end too.
        drop(self.admitted.send(Ok(connection)).await);
    }
}

#[cfg(test)]
mod tests;
