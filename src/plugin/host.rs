//! Notices that the host is gone without having said so, from the connections it holds and from who
//! our parent is. A process that stayed would hold a token in memory for nobody.

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::connection::{Connections, Tally};

/// Hosts connect at once and give up on a start after one minute. Twice that spares a host held in
/// a debugger.
const FIRST_CONNECTION_LIMIT: Duration = Duration::from_secs(120);

/// Hosts keep one connection for the life of the process; a moment's grace spares one that connects
/// anew.
const NO_CONNECTION_LIMIT: Duration = Duration::from_secs(5);

/// Interval of looking at who our parent is. There is no event for it.
#[cfg(unix)]
const PARENT_INTERVAL: Duration = Duration::from_millis(500);

/// The way in which the end of the host showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Nobody ever connected.
    NeverConnected,
    /// The last connection closed and no other came.
    Disconnected,
    /// The process that started us ended.
    ParentEnded,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverConnected => "nobody ever connected",
            Self::Disconnected => "its last connection closed",
            Self::ParentEnded => "the process that started this one has ended",
        })
    }
}

/// The process that started us.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parent {
    #[cfg(unix)]
    id: u32,
}

impl Parent {
    /// Must be asked before the handshake: a host that dies afterwards is then missed for certain.
    pub(super) fn now() -> Self {
        Self {
            #[cfg(unix)]
            id: std::os::unix::process::parent_id(),
        }
    }

    #[cfg(unix)]
    async fn ended(self) {
        self.replaced(std::os::unix::process::parent_id).await;
    }

    /// No one tells us here; the connections have to.
    #[cfg(not(unix))]
    async fn ended(self) {
        std::future::pending().await
    }

    /// The system gives orphans another parent.
    #[cfg(unix)]
    async fn replaced(self, parent_now: impl Fn() -> u32) {
        while parent_now() == self.id {
            tokio::time::sleep(PARENT_INTERVAL).await;
        }
    }
}

/// Waits until the host is gone.
pub(super) async fn gone(parent: Parent, connections: &Connections) -> Gone {
    tokio::select! {
        gone = deserted(connections.watch()) => gone,
        () = parent.ended() => Gone::ParentEnded,
    }
}

async fn deserted(mut tallies: watch::Receiver<Tally>) -> Gone {
    loop {
        let tally = *tallies.borrow_and_update();
        let (limit, gone) = match tally {
            Tally { ever: false, .. } => (FIRST_CONNECTION_LIMIT, Gone::NeverConnected),
            Tally { live: 0, .. } => (NO_CONNECTION_LIMIT, Gone::Disconnected),
            Tally { .. } => (Duration::MAX, Gone::Disconnected),
        };
        // The count has no sender left only when there is nobody who could still accept.
        if !matches!(timeout(limit, tallies.changed()).await, Ok(Ok(()))) {
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
    async fn a_host_that_never_connects_is_waited_for_two_minutes() {
        let start = Instant::now();
        assert_eq!(deserted(Connections::default().watch()).await, Gone::NeverConnected);
        assert_eq!(start.elapsed(), FIRST_CONNECTION_LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_lost_its_connection_is_waited_for_a_few_seconds() {
        let connections = Connections::default();
        let connection = connections.admit::<()>(empty());
        let watching = tokio::spawn(deserted(connections.watch()));
        sleep(Duration::from_secs(24 * 60 * 60)).await;
        assert!(!watching.is_finished(), "a connected host may idle for as long as it likes");

        drop(connection);
        let start = Instant::now();
        assert_eq!(watching.await.unwrap(), Gone::Disconnected);
        assert_eq!(start.elapsed(), NO_CONNECTION_LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_connects_anew_in_time_is_not_gone() {
        let connections = Connections::default();
        drop(connections.admit::<()>(empty()));
        let watching = tokio::spawn(deserted(connections.watch()));
        sleep(NO_CONNECTION_LIMIT / 2).await;
        let _anew = connections.admit::<()>(empty());
        sleep(NO_CONNECTION_LIMIT * 3).await;
        assert!(!watching.is_finished());
    }

    #[cfg(unix)]
    #[tokio::test(start_paused = true)]
    async fn another_parent_means_that_the_host_ended() {
        let parent = std::cell::Cell::new(42);
        let watching = Parent { id: 42 }.replaced(|| parent.get());
        tokio::pin!(watching);
        tokio::select! {
            () = &mut watching => panic!("the parent is still the same"),
            () = sleep(PARENT_INTERVAL * 10) => {}
        }
        parent.set(1);
        tokio::time::advance(PARENT_INTERVAL).await;
        watching.await;
    }
}
