//! One word that many wait for: the server is to end. Knows neither who says it nor what ending
//! takes.

use tokio_util::sync::CancellationToken;

/// A request to end that can be made once and awaited by many. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Shutdown(CancellationToken);

impl Shutdown {
    /// Asks everyone to end. Asking again changes nothing.
    pub(super) fn request(&self) {
        self.0.cancel();
    }

    /// Waits until the end is asked for; returns at once when it was.
    pub(super) fn requested(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.clone().cancelled_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_hears_a_request_made_before_or_after_it_listens() {
        let shutdown = Shutdown::default();
        let early = shutdown.requested();
        shutdown.clone().request();
        early.await;
        shutdown.requested().await;
    }
}
