//! Accepted connections with their sessions, and a count of the open ones, which shows whether the
//! host is still connected.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tonic::transport::server::Connected;

/// The number of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ConnectionCount {
    /// The open connections.
    pub(super) open: usize,
    /// Whether there ever was a connection.
    pub(super) any: bool,
}

/// Tracks the open connections. Clones share the count.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionTracker(Arc<watch::Sender<ConnectionCount>>);

impl ConnectionTracker {
    /// Wraps `io` into a connection that is counted until it is dropped.
    pub(super) fn track<S: Session>(&self, io: impl Io + 'static) -> Connection<S> {
        self.0.send_modify(|count| *count = ConnectionCount { open: count.open + 1, any: true });
        Connection {
            io: Box::new(io),
            session: S::default(),
            _guard: ConnectionGuard(self.clone()),
        }
    }

    /// Returns a receiver of the count.
    pub(super) fn watch(&self) -> watch::Receiver<ConnectionCount> {
        self.0.subscribe()
    }
}

#[derive(Debug)]
struct ConnectionGuard(ConnectionTracker);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| count.open -= 1);
    }
}

/// The transport of a connection.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// The state that a service keeps for a connection. It is created with the connection and added to
/// the extensions of its requests. Clones must share their state.
pub trait Session: Clone + Default + Send + Sync + Unpin + 'static {}

impl<S: Clone + Default + Send + Sync + Unpin + 'static> Session for S {}

/// A connection to a host, authenticated if TLS is used.
pub(super) struct Connection<S> {
    io: Box<dyn Io>,
    session: S,
    _guard: ConnectionGuard,
}

impl<S: Session> Connected for Connection<S> {
    type ConnectInfo = S;

    fn connect_info(&self) -> S {
        self.session.clone()
    }
}

impl<S: Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<S: Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_until_they_are_dropped() {
        let connections = ConnectionTracker::default();
        let count = connections.watch();
        assert_eq!(*count.borrow(), ConnectionCount { open: 0, any: false });

        let first: Connection<()> = connections.track(tokio::io::empty());
        let second: Connection<()> = connections.clone().track(tokio::io::empty());
        assert_eq!(*count.borrow(), ConnectionCount { open: 2, any: true });

        drop(first);
        drop(second);
        assert_eq!(*count.borrow(), ConnectionCount { open: 0, any: true });
    }
}
