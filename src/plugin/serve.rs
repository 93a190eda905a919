//! Serves the host that started this process, until it requests the shutdown or is gone.

use std::io::{self, Write};
use std::time::Duration;

use tokio::time::sleep;
use tonic::service::Routes;
use tonic::transport::Server;

use super::PROTOCOL_VERSION;
use super::connection::{ConnectionTracker, Session};
use super::environment::Launch;
use super::handshake::Handshake;
use super::host::{self, HostGone, Parent};
use super::listener::{HostLimit, ListenError, Listener};
use super::services;
use super::shutdown::Shutdown;
use super::tls::{ServerCertificate, TlsError};

/// Maximum time for RPCs in flight to finish after a shutdown request. Hosts kill the process after
/// two seconds.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// Why the server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The host requested the shutdown.
    Requested,
    /// The host is gone without a request.
    HostGone(HostGone),
    /// The process was interrupted.
    Interrupted,
}

/// The error of serving a host.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener could not be bound.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Mutual TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The handshake line could not be written.
    #[error("writing the handshake to standard output failed: {0}")]
    Announce(#[source] io::Error),
    /// The signal handlers could not be installed.
    #[error("listening for signals failed: {0}")]
    Interrupts(#[source] io::Error),
    /// The server failed.
    #[error("serving the host failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

impl ServeError {
    /// Returns whether the host is still waiting for the handshake.
    #[must_use]
    pub fn precedes_handshake(&self) -> bool {
        match self {
            Self::Listen(_) | Self::Tls(_) | Self::Interrupts(_) => true,
            Self::Announce(_) | Self::Transport(_) => false,
        }
    }
}

/// Serves `provider` to the host that started this process, after writing the handshake to
/// `stdout`.
///
/// Returns when the host requests the shutdown or is gone, at most a second later if RPCs are in
/// flight. From now on the process ignores interrupts and termination requests: terminals and
/// process managers send them to the whole process group, and the host handles them.
///
/// # Errors
///
/// Fails if the host can't be served at all. A failing connection or RPC isn't an error.
pub async fn serve(
    launch: &Launch,
    provider: Routes,
    stdout: impl Write,
) -> Result<StopReason, ServeError> {
    let parent = Parent::current();
    ignore_signals().map_err(ServeError::Interrupts)?;
    if !launch.supports_our_protocol() {
        let offered = &launch.protocol_versions;
        tracing::error!(
            ?offered,
            "the host does not support protocol {PROTOCOL_VERSION}, the only one of this provider"
        );
    }
    let certificate =
        launch.client_certificate.as_deref().map(ServerCertificate::for_host).transpose()?;
    let mut listener = Listener::bind(launch, HostLimit::One).await?;
    let handshake = Handshake {
        address: listener.address(),
        certificate: certificate.as_ref().map(|own| &own.certificate),
        reports_multiplexing: launch.multiplexing_requested,
    };
    announce(&handshake, stdout).map_err(ServeError::Announce)?;

    let shutdown = Shutdown::default();
    let routes = services::with_plugin_services(provider, &shutdown).await;
    let tls = certificate.map(|own| own.acceptor);
    let connections = ConnectionTracker::default();
    let host_gone = host_gone(parent, &connections);
    // There is only one host, also if it reconnects, so connections need no sessions.
    serve_until_stopped::<()>(
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

async fn host_gone(parent: Parent, connections: &ConnectionTracker) -> StopReason {
    let gone = host::wait_until_gone(parent, connections).await;
    tracing::warn!("the host is gone: {gone}");
    StopReason::HostGone(gone)
}

/// Serves all hosts that connect until `shutdown` is requested or `other_stop` completes. RPCs in
/// flight may then take up to `drain_limit`.
pub(super) async fn serve_until_stopped<S: Session>(
    listener: &mut Listener,
    tls: Option<tokio_rustls::TlsAcceptor>,
    routes: Routes,
    connections: &ConnectionTracker,
    shutdown: &Shutdown,
    other_stop: impl Future<Output = StopReason>,
    drain_limit: Duration,
) -> Result<StopReason, ServeError> {
    let mut end = StopReason::Requested;
    let ended = async {
        tokio::select! {
            () = shutdown.requested() => {}
            other = other_stop => {
                end = other;
                // Also ends the idle streams of the plugin services.
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
        () = drained => tracing::warn!("stopping although RPCs are still in flight"),
    }
    Ok(end)
}

fn announce(handshake: &Handshake<'_>, mut to: impl Write) -> io::Result<()> {
    writeln!(to, "{handshake}")?;
    to.flush()
}

/// Ignores the signals that terminals and process managers send to the whole process group.
#[cfg(unix)]
fn ignore_signals() -> io::Result<()> {
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
                tracing::trace!("ignored {name}: the host handles it");
            }
        });
    }
    Ok(())
}

/// Ignores Ctrl-C and Ctrl-Break.
#[cfg(windows)]
fn ignore_signals() -> io::Result<()> {
    let mut interrupts = tokio::signal::windows::ctrl_c()?;
    let mut breaks = tokio::signal::windows::ctrl_break()?;
    tokio::spawn(async move {
        while tokio::select! { one = interrupts.recv() => one, one = breaks.recv() => one }
            .is_some()
        {
            tracing::trace!("ignored an interrupt: the host handles it");
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests;
