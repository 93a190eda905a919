//! The shutdown signal of the server.

use tokio_util::sync::CancellationToken;

/// Signals the shutdown to any number of waiting tasks. Clones share the signal.
#[derive(Clone, Debug, Default)]
pub(super) struct Shutdown(CancellationToken);

impl Shutdown {
    /// Requests the shutdown. Further requests have no effect.
    pub(super) fn request(&self) {
        self.0.cancel();
    }

    /// Waits until the shutdown is requested.
    pub(super) fn requested(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.clone().cancelled_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn clones_see_earlier_and_later_requests() {
        let shutdown = Shutdown::default();
        let early = shutdown.requested();
        shutdown.clone().request();
        early.await;
        shutdown.requested().await;
    }
}
