//! Where a host connects: a unix socket in a directory of our own, or a loopback port. Turns what arrives into
//! connections that are authenticated where TLS is on; one that fails to be costs nobody else anything.

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
use super::environment::{self, Launch, Network};
use super::handshake::Address;

#[cfg(unix)]
mod unix;

/// A host finishes TLS in milliseconds; a peer that does not is not our host.
const TLS_HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// How long to wait after a failed accept, which is mostly a lack of file descriptors that passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections that may wait for the server to take them.
const BACKLOG: usize = 16;

/// Why there is nowhere to listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// No unix socket could be made.
    #[error(
        "making a socket for the host in {} failed: {source} (a shorter or other directory can be named by TMPDIR; \
         {}=tcp listens on a loopback port instead)",
        directory.display(),
        environment::NETWORK
    )]
    Unix {
        /// The directory in which the socket's own directory was to be.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No port could be bound.
    #[error("no TCP port from {} to {} on 127.0.0.1 is free for the host: {source}", ports.start(), ports.end())]
    Tcp {
        /// The ports that the host allows.
        ports: RangeInclusive<u16>,
        /// What the system said of the last one.
        source: io::Error,
    },
    /// This system has no unix sockets, yet they were asked for.
    #[error("{} asks for a unix socket, which this system does not have", environment::NETWORK)]
    NoUnixSockets,
}

/// Who may be connected at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guests {
    /// One host. While it is connected a unix socket is away: nobody else needs it, and a process that is killed then
    /// leaves nothing behind.
    One,
    /// As many as come.
    Many,
}

/// Where a host connects. Accepts from the moment it is bound; a socket and its directory go away with the value.
#[derive(Debug)]
pub(super) struct Listener {
    address: Address,
    guests: Guests,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    #[cfg(unix)]
    Unix(unix::Socket),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens as the host asks.
    ///
    /// # Errors
    /// When the directory or the ports do not allow it.
    pub(super) async fn bind(launch: &Launch, guests: Guests) -> Result<Self, ListenError> {
        match launch.network {
            Network::Unix => Self::bind_unix(launch, guests),
            Network::Tcp => Self::bind_tcp(launch.ports.clone(), guests).await,
        }
    }

    #[cfg(unix)]
    fn bind_unix(launch: &Launch, guests: Guests) -> Result<Self, ListenError> {
        let directory = launch.socket_dir.clone().unwrap_or_else(std::env::temp_dir);
        let socket = unix::Socket::bind(&directory, launch.socket_group.as_deref())
            .map_err(|source| ListenError::Unix { directory, source })?;
        Ok(Self { address: Address::Unix(socket.path().to_owned()), guests, socket: Socket::Unix(socket) })
    }

    #[cfg(not(unix))]
    fn bind_unix(_: &Launch, _: Guests) -> Result<Self, ListenError> {
        Err(ListenError::NoUnixSockets)
    }

    async fn bind_tcp(ports: RangeInclusive<u16>, guests: Guests) -> Result<Self, ListenError> {
        let mut source = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for port in ports.clone() {
            match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
                .await
                .and_then(with_address)
            {
                Ok((socket, address)) => {
                    return Ok(Self { address: Address::Tcp(address), guests, socket: Socket::Tcp(socket) });
                }
                Err(error) => source = error,
            }
        }
        Err(ListenError::Tcp { ports, source })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Runs `server` over the connections that arrive, counted in `connections`, and stops listening when it is
    /// done.
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

    async fn accept_all<S: Session>(&mut self, admission: Admission<S>) -> std::convert::Infallible {
        let mut tallies = admission.connections.watch();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                Ok(()) = tallies.changed(), if self.guests == Guests::One => {
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
    fn set_open(&mut self, open: bool) {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) if open => {
                if let Err(error) = socket.reopen() {
                    tracing::warn!(%error, "a host that lost its connection can't come back");
                }
            }
            #[cfg(unix)]
            Self::Unix(socket) => socket.close(),
            Self::Tcp(_) => {}
        }
    }
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

/// What stands between an accepted socket and the server. Every socket passes it in a task of its own.
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
                    return tracing::warn!("refused a connection that did not finish its TLS handshake");
                }
            },
        };
        // Nobody takes it only when the server has ended, and then the connection may end too.
        drop(self.admitted.send(Ok(connection)).await);
    }
}

#[cfg(test)]
mod tests;
