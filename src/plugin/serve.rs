//! Serves one host from its start to its end: listen, announce, answer, and end the moment we are
//! asked to or find that nobody is left to ask.

use std::io::{self, Write};
use std::time::Duration;

use tokio::time::sleep;
use tonic::service::Routes;
use tonic::transport::Server;

use super::PROTOCOL_VERSION;
use super::connection::{Connections, Session};
use super::environment::Launch;
use super::handshake::Handshake;
use super::host::{self, Gone, Parent};
use super::listener::{Hosts, ListenError, Listener};
use super::services;
use super::shutdown::Shutdown;
use super::tls::{ServerCertificate, TlsError};

/// Maximum time for calls in flight to finish after we were asked to end. A host kills us after two
/// seconds; with no call in flight the end takes milliseconds.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// The reason of a regular end of serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The host asked for it.
    Asked,
    /// The host is gone without having asked.
    HostGone(Gone),
    /// A person asked for it, by an interrupt.
    Interrupted,
}

/// The error of serving a host.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is nowhere to listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Mutual TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The handshake line could not be written.
    #[error("writing the handshake to standard output failed: {0}")]
    Announce(#[source] io::Error),
    /// The process could not be shielded from signals.
    #[error("listening for signals failed: {0}")]
    Interrupts(#[source] io::Error),
    /// The server failed.
    #[error("serving the host failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

impl ServeError {
    /// Checks whether the host is still waiting for the handshake.
    #[must_use]
    pub fn precedes_handshake(&self) -> bool {
        match self {
            Self::Listen(_) | Self::Tls(_) | Self::Interrupts(_) => true,
            Self::Announce(_) | Self::Transport(_) => false,
        }
    }
}

/// Serves `provider` to the host that asks for it by `launch`, having written the handshake line to
/// `announce_on`.
///
/// Returns as soon as the host asks for the end or is gone; calls in flight may then take a second
/// longer. Until the process ends, interrupts and requests to terminate are swallowed: a terminal
/// or a process manager sends them to the whole process group, and the host decides what they mean.
///
/// # Errors
/// When the host cannot be served at all. A failing connection or call is not an error here.
pub async fn serve(
    launch: &Launch,
    provider: Routes,
    announce_on: impl Write,
) -> Result<End, ServeError> {
    let parent = Parent::now();
    swallow_signals().map_err(ServeError::Interrupts)?;
    if !launch.speaks_our_protocol() {
        let offered = &launch.protocol_versions;
        tracing::error!(
            ?offered,
            "the host does not speak protocol {PROTOCOL_VERSION}, the only one we speak"
        );
    }
    let certificate =
        launch.client_certificate.as_deref().map(ServerCertificate::for_host).transpose()?;
    let mut listener = Listener::bind(launch, Hosts::One).await?;
    let handshake = Handshake {
        address: listener.address(),
        certificate: certificate.as_ref().map(|own| &own.certificate),
        answers_multiplexing: launch.asks_for_multiplexing,
    };
    announce(&handshake, announce_on).map_err(ServeError::Announce)?;

    let shutdown = Shutdown::default();
    let routes = services::beside(provider, &shutdown).await;
    let tls = certificate.map(|own| own.acceptor);
    let connections = Connections::default();
    let host_gone = host_gone(parent, &connections);
    // There is one host, and it is still the same after it lost its connection: nothing is kept for
    // each connection.
    serve_until_end::<()>(
        &mut listener,
        tls,
        routes,
        &connections,
        &shutdown,
        host_gone,
        DRAIN_LIMIT,
    )
    .await
}

async fn host_gone(parent: Parent, connections: &Connections) -> End {
    let gone = host::gone(parent, connections).await;
    tracing::warn!("the host is gone: {gone}");
    End::HostGone(gone)
}

/// Serves every host that connects until `shutdown` is asked for, or `other_end` comes; calls in
/// flight may then take as long as `drain_limit`.
pub(super) async fn serve_until_end<S: Session>(
    listener: &mut Listener,
    tls: Option<tokio_rustls::TlsAcceptor>,
    routes: Routes,
    connections: &Connections,
    shutdown: &Shutdown,
    other_end: impl Future<Output = End>,
    drain_limit: Duration,
) -> Result<End, ServeError> {
    let mut end = End::Asked;
    let ended = async {
        tokio::select! {
            () = shutdown.requested() => {}
            other = other_end => {
                end = other;
                // The silent streams wait for the word too.
                shutdown.request();
            }
        }
    };
    let server = listener.serve::<S, _>(tls, connections.clone(), |arriving| {
        Server::builder().add_routes(routes).serve_with_incoming_shutdown(arriving, ended)
    });
    let drained = async {
        shutdown.requested().await;
        sleep(drain_limit).await;
    };
    tokio::select! {
        served = server => served?,
        () = drained => tracing::warn!("ending although calls are still in flight"),
    }
    Ok(end)
}

fn announce(handshake: &Handshake<'_>, mut to: impl Write) -> io::Result<()> {
    writeln!(to, "{handshake}")?;
    to.flush()
}

/// From the first use on, the system no longer ends the process on what terminals and process
/// managers send to a whole process group.
#[cfg(unix)]
fn swallow_signals() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let kinds = [
        ("an interrupt", SignalKind::interrupt()),
        ("a request to terminate", SignalKind::terminate()),
        ("a hangup", SignalKind::hangup()),
    ];
    for (name, kind) in kinds {
        let mut signals = signal(kind)?;
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                tracing::trace!("swallowed {name}: the host decides what it means");
            }
        });
    }
    Ok(())
}

/// From the first use on, the system no longer ends the process on Ctrl-C and Ctrl-Break.
#[cfg(windows)]
fn swallow_signals() -> io::Result<()> {
    let mut interrupts = tokio::signal::windows::ctrl_c()?;
    let mut breaks = tokio::signal::windows::ctrl_break()?;
    tokio::spawn(async move {
        while tokio::select! { one = interrupts.recv() => one, one = breaks.recv() => one }
            .is_some()
        {
            tracing::trace!("swallowed an interrupt: the host decides what it means");
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests;
