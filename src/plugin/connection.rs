//! An accepted connection, whatever it is made of, with what is kept for it alone, and the count of
//! those that live. The count is how we notice that the host is gone.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tonic::transport::server::Connected;

/// Counts the connections, and remembers whether there ever was one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Connections that live now.
    pub(super) live: usize,
    /// There was at least one.
    pub(super) ever: bool,
}

/// Counts connections from their making to their drop. Clones share the count.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections(Arc<watch::Sender<Tally>>);

impl Connections {
    /// Counts `io` for as long as the connection lives.
    pub(super) fn admit<S: Session>(&self, io: impl Io + 'static) -> Connection<S> {
        self.0.send_modify(|tally| *tally = Tally { live: tally.live + 1, ever: true });
        Connection { io: Box::new(io), session: S::default(), _presence: Presence(self.clone()) }
    }

    /// Follows the count.
    pub(super) fn watch(&self) -> watch::Receiver<Tally> {
        self.0.subscribe()
    }
}

#[derive(Debug)]
struct Presence(Connections);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.0.send_modify(|tally| tally.live -= 1);
    }
}

/// A stream that can be a connection.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// State that the service behind the connections keeps for each of them alone. It is made with the
/// connection, is found in the extensions of each of its requests, and its clones share what they
/// hold.
pub trait Session: Clone + Default + Send + Sync + Unpin + 'static {}

impl<S: Clone + Default + Send + Sync + Unpin + 'static> Session for S {}

/// A connection to the host, authenticated where TLS is on.
pub(super) struct Connection<S> {
    io: Box<dyn Io>,
    session: S,
    _presence: Presence,
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
    fn connections_count_until_they_are_dropped() {
        let connections = Connections::default();
        let tally = connections.watch();
        assert_eq!(*tally.borrow(), Tally { live: 0, ever: false });

        let first: Connection<()> = connections.admit(tokio::io::empty());
        let second: Connection<()> = connections.clone().admit(tokio::io::empty());
        assert_eq!(*tally.borrow(), Tally { live: 2, ever: true });

        drop(first);
        drop(second);
        assert_eq!(*tally.borrow(), Tally { live: 0, ever: true });
    }
}
