//! The pause of all requests: when the server tells one to wait, all wait.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A pause that lasts until a moment, which may be over.
pub(super) struct Pause {
    until: Mutex<Instant>,
}

impl Pause {
    /// Creates a pause that is over.
    pub(super) fn over() -> Self {
        Self { until: Mutex::new(Instant::now()) }
    }

    /// Pauses for that long from now, or for longer where that was asked before.
    pub(super) fn extend(&self, wait: Duration) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Instant::now() + wait);
    }

    /// Checks whether requests may be sent.
    pub(super) fn is_over(&self) -> bool {
        self.until() <= Instant::now()
    }

    /// Waits for the end of the pause, however often it is extended meanwhile.
    pub(super) async fn end(&self) {
        while !self.is_over() {
            sleep_until(self.until()).await;
        }
    }

    fn until(&self) -> Instant {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_wait_together_and_a_longer_wait_wins() {
        let (pause, began) = (Arc::new(Pause::over()), Instant::now());
        pause.extend(Duration::from_secs(10));
        let waiting: Vec<_> = (0..5)
            .map(|_| {
                let pause = Arc::clone(&pause);
                tokio::spawn(async move { pause.end().await })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(9)).await;
        pause.extend(Duration::from_secs(20));
        pause.extend(Duration::from_secs(3));
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 29);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_is_over_holds_nobody() {
        let (pause, began) = (Pause::over(), Instant::now());
        pause.end().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
