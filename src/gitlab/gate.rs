//! A gate in front of all requests: when one is told to wait, all wait.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Open, or closed until a moment.
pub(super) struct Gate {
    opens: Mutex<Instant>,
}

impl Gate {
    /// An open gate.
    pub(super) fn open() -> Self {
        Self { opens: Mutex::new(Instant::now()) }
    }

    /// Closes the gate for a while from now, or leaves it closed for longer if it is so already.
    pub(super) fn close_for(&self, wait: Duration) {
        let mut opens = self.opens.lock().unwrap_or_else(PoisonError::into_inner);
        *opens = (*opens).max(Instant::now() + wait);
    }

    pub(super) fn is_open(&self) -> bool {
        self.opens() <= Instant::now()
    }

    /// Waits until the gate is open, however often it is closed meanwhile.
    pub(super) async fn pass(&self) {
        while !self.is_open() {
            sleep_until(self.opens()).await;
        }
    }

    fn opens(&self) -> Instant {
        *self.opens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_wait_together_and_a_longer_wait_wins() {
        let (gate, began) = (Arc::new(Gate::open()), Instant::now());
        gate.close_for(Duration::from_secs(10));
        let waiting: Vec<_> = (0..5)
            .map(|_| {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move { gate.pass().await })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(9)).await;
        gate.close_for(Duration::from_secs(20));
        gate.close_for(Duration::from_secs(3));
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 29);
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_gate_holds_nobody() {
        let (gate, began) = (Gate::open(), Instant::now());
        gate.pass().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
