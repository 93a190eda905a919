//! The RPCs that are under way, those included whose host has hung up meanwhile: the process must
//! not end in the middle of a write. What an RPC does is not known here.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The calls of one service. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    under_way: Arc<watch::Sender<usize>>,
    ended: CancellationToken,
}

/// A call that is under way until this is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<watch::Sender<usize>>);

impl Calls {
    /// Tells all calls to give up what they wait for, as StopProvider does, and waits until the
    /// last is over: what is on the wire has come to its end then.
    pub async fn end(&self) {
        self.ended.cancel();
        // This holds a sender itself, so there is always an answer.
        drop(self.under_way.subscribe().wait_for(|calls| *calls == 0).await);
    }

    /// Counts a call.
    pub(super) fn begin(&self) -> UnderWay {
        self.under_way.send_modify(|calls| *calls += 1);
        UnderWay(Arc::clone(&self.under_way))
    }

    /// Returns the token that tells a configuration to stop: StopProvider, or the end of all calls.
    pub(super) fn stop_token(&self) -> CancellationToken {
        self.ended.child_token()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|calls| *calls -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_stops_all_configurations_and_waits_for_the_last_call() {
        let calls = Calls::default();
        let (first, second) = (calls.begin(), calls.begin());
        let stopped = calls.stop_token();
        let ending = tokio::spawn({
            let calls = calls.clone();
            async move { calls.end().await }
        });
        stopped.cancelled().await;
        drop(first);
        tokio::task::yield_now().await;
        assert!(!ending.is_finished());
        drop(second);
        ending.await.unwrap();
    }

    #[tokio::test]
    async fn without_a_call_the_end_is_at_once() {
        Calls::default().end().await;
    }
}
