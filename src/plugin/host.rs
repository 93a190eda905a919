//! Detects that the host is gone without a shutdown request, by its connections and by the parent
//! process. Otherwise the process would keep running with a token in memory.

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::connection::{ConnectionCount, ConnectionTracker};

/// Timeout of the first connection. Hosts connect immediately and wait at most one minute for a
/// start; twice that allows for a host in a debugger.
const FIRST_CONNECTION_TIMEOUT: Duration = Duration::from_secs(120);

/// Timeout of a reconnect. Hosts keep one connection as long as they use the process.
const RECONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Interval of polling the parent process ID.
#[cfg(unix)]
const PARENT_POLL_INTERVAL: Duration = Duration::from_millis(500);

/// How it was detected that the host is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostGone {
    /// No host connected in time.
    NeverConnected,
    /// The last connection closed, and no host reconnected in time.
    Disconnected,
    /// The process that started this one exited.
    ParentExited,
}

impl fmt::Display for HostGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverConnected => "it never connected",
            Self::Disconnected => "its last connection closed",
            Self::ParentExited => "the process that started this one has exited",
        })
    }
}

/// The parent process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parent {
    #[cfg(unix)]
    id: u32,
}

impl Parent {
    /// Returns the current parent. Call it before the handshake, so that an exit of the host after
    /// that is always detected.
    pub(super) fn current() -> Self {
        Self {
            #[cfg(unix)]
            id: std::os::unix::process::parent_id(),
        }
    }

    #[cfg(unix)]
    async fn exited(self) {
        self.reparented(std::os::unix::process::parent_id).await;
    }

    /// Never completes: on this system only the connections are watched.
    #[cfg(not(unix))]
    async fn exited(self) {
        std::future::pending().await
    }

    /// Waits until the process has another parent, as orphans get.
    #[cfg(unix)]
    async fn reparented(self, parent_now: impl Fn() -> u32) {
        while parent_now() == self.id {
            tokio::time::sleep(PARENT_POLL_INTERVAL).await;
        }
    }
}

/// Waits until the host is gone.
pub(super) async fn wait_until_gone(parent: Parent, connections: &ConnectionTracker) -> HostGone {
    tokio::select! {
        gone = wait_for_disconnect(connections.watch()) => gone,
        () = parent.exited() => HostGone::ParentExited,
    }
}

async fn wait_for_disconnect(mut counts: watch::Receiver<ConnectionCount>) -> HostGone {
    loop {
        let count = *counts.borrow_and_update();
        let (limit, gone) = match count {
            ConnectionCount { any: false, .. } => {
                (FIRST_CONNECTION_TIMEOUT, HostGone::NeverConnected)
            }
            ConnectionCount { open: 0, .. } => (RECONNECT_TIMEOUT, HostGone::Disconnected),
            ConnectionCount { .. } => (Duration::MAX, HostGone::Disconnected),
        };
        // The channel closes only if nothing accepts connections anymore.
        if !matches!(timeout(limit, counts.changed()).await, Ok(Ok(()))) {
            return gone;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::empty;
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn host_that_never_connects_times_out() {
        let start = Instant::now();
        assert_eq!(
            wait_for_disconnect(ConnectionTracker::default().watch()).await,
            HostGone::NeverConnected
        );
        assert_eq!(start.elapsed(), FIRST_CONNECTION_TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn host_that_disconnects_times_out() {
        let connections = ConnectionTracker::default();
        let connection = connections.track::<()>(empty());
        let watching = tokio::spawn(wait_for_disconnect(connections.watch()));
        sleep(Duration::from_secs(24 * 60 * 60)).await;
        assert!(!watching.is_finished(), "a connected host may idle for as long as it likes");

        drop(connection);
        let start = Instant::now();
        assert_eq!(watching.await.unwrap(), HostGone::Disconnected);
        assert_eq!(start.elapsed(), RECONNECT_TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn host_may_reconnect_in_time() {
        let connections = ConnectionTracker::default();
        drop(connections.track::<()>(empty()));
        let watching = tokio::spawn(wait_for_disconnect(connections.watch()));
        sleep(RECONNECT_TIMEOUT / 2).await;
        let _reconnected = connections.track::<()>(empty());
        sleep(RECONNECT_TIMEOUT * 3).await;
        assert!(!watching.is_finished());
    }

    #[cfg(unix)]
    #[tokio::test(start_paused = true)]
    async fn change_of_the_parent_is_detected() {
        let parent = std::cell::Cell::new(42);
        let watching = Parent { id: 42 }.reparented(|| parent.get());
        tokio::pin!(watching);
        tokio::select! {
            () = &mut watching => panic!("the parent is still the same"),
            () = sleep(PARENT_POLL_INTERVAL * 10) => {}
        }
        parent.set(1);
        tokio::time::advance(PARENT_POLL_INTERVAL).await;
        watching.await;
    }
}
