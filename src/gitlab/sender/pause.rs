//! The pause of all requests after a rate limit.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A pause until an instant, which may have passed.
pub(super) struct Pause {
    until: Mutex<Instant>,
}

impl Pause {
    /// Creates an inactive pause.
    pub(super) fn inactive() -> Self {
        Self { until: Mutex::new(Instant::now()) }
    }

    /// Extends the pause to at least `wait` from now.
    pub(super) fn extend(&self, wait: Duration) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Instant::now() + wait);
    }

    /// Returns whether requests may be sent.
    pub(super) fn is_over(&self) -> bool {
        self.until() <= Instant::now()
    }

    /// Waits for the end of the pause, even if it is extended.
    pub(super) async fn wait(&self) {
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
    async fn requests_wait_for_the_longest_pause() {
        let (pause, began) = (Arc::new(Pause::inactive()), Instant::now());
        pause.extend(Duration::from_secs(10));
        let waiting: Vec<_> = (0..5)
            .map(|_| {
                let pause = Arc::clone(&pause);
                tokio::spawn(async move { pause.wait().await })
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
    async fn inactive_pause_ends_immediately() {
        let (pause, began) = (Pause::inactive(), Instant::now());
        pause.wait().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
