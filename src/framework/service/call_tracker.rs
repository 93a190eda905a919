//! Tracks running RPCs, so that the process doesn't end during a write. An RPC keeps running after
//! its host has disconnected.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Tracks the RPCs of a service. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct CallTracker {
    running: Arc<watch::Sender<usize>>,
    cancelled: CancellationToken,
}

/// Marks an RPC as running until it is dropped.
#[derive(Debug)]
pub(super) struct CallGuard(Arc<watch::Sender<usize>>);

impl CallTracker {
    /// Cancels waiting work, as StopProvider does, and waits until all RPCs have finished. Requests
    /// in flight are completed.
    pub async fn shut_down(&self) {
        self.cancelled.cancel();
        // `self` holds a sender, so the channel can't close.
        drop(self.running.subscribe().wait_for(|running| *running == 0).await);
    }

    /// Registers an RPC.
    pub(super) fn track(&self) -> CallGuard {
        self.running.send_modify(|running| *running += 1);
        CallGuard(Arc::clone(&self.running))
    }

    /// Returns the stop token for a configuration: StopProvider or [`Self::shut_down`] cancels it.
    pub(super) fn stop_token(&self) -> CancellationToken {
        self.cancelled.child_token()
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shutdown_cancels_and_waits_for_the_last_call() {
        let calls = CallTracker::default();
        let (first, second) = (calls.track(), calls.track());
        let stopped = calls.stop_token();
        let shutdown = tokio::spawn({
            let calls = calls.clone();
            async move { calls.shut_down().await }
        });
        stopped.cancelled().await;
        drop(first);
        tokio::task::yield_now().await;
        assert!(!shutdown.is_finished());
        drop(second);
        shutdown.await.unwrap();
    }

    #[tokio::test]
    async fn shutdown_without_calls_is_immediate() {
        CallTracker::default().shut_down().await;
    }
}
