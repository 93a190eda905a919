//! A rate limit with a fixed window: further requests get a 429 until the next one.

use std::time::{Duration, Instant};

/// The numbers of requests beyond a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refusals {
    /// The number of rejected requests.
    pub requests: usize,
    /// Number of windows in which the limit was exceeded.
    pub windows: usize,
    /// The longest run of consecutive windows in which the limit was exceeded.
    pub windows_in_a_row: usize,
}

/// A fixed window, which starts with the first request after the previous one.
#[derive(Debug)]
pub(crate) struct RateLimit {
    pub(crate) requests: usize,
    window: Duration,
    opened: Option<Instant>,
    used: usize,
    exceeded: bool,
    row: usize,
    refusals: Refusals,
}

impl RateLimit {
    /// Creates a limit of requests per window.
    pub(crate) fn new(requests: usize, window: Duration) -> Self {
        Self {
            requests,
            window,
            opened: None,
            used: 0,
            exceeded: false,
            row: 0,
            refusals: Refusals::default(),
        }
    }

    /// Counts a request. If it exceeds the limit, returns the remaining time of the window.
    pub(crate) fn refuses(&mut self, now: Instant) -> Option<Duration> {
        let age = self.opened.map(|opened| now.saturating_duration_since(opened));
        if age.is_none_or(|age| age >= self.window) {
            // A window without a rejection, or a pause of a whole window, ends the run.
            if !self.exceeded || age.is_some_and(|age| age >= self.window * 2) {
                self.row = 0;
            }
            (self.opened, self.used, self.exceeded) = (Some(now), 0, false);
        }
        self.used += 1;
        if self.used <= self.requests {
            return None;
        }
        self.refusals.requests += 1;
        if !self.exceeded {
            self.exceeded = true;
            self.row += 1;
            self.refusals.windows += 1;
            self.refusals.windows_in_a_row = self.refusals.windows_in_a_row.max(self.row);
        }
        self.opened.map(|opened| (opened + self.window).saturating_duration_since(now))
    }

    pub(crate) fn refusals(&self) -> Refusals {
        self.refusals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn request_beyond_the_limit_waits_for_the_next_window() {
        let (mut limit, start) = (RateLimit::new(2, 10 * SECOND), Instant::now());
        assert_eq!(limit.refuses(start), None);
        assert_eq!(limit.refuses(start + SECOND), None);
        assert_eq!(limit.refuses(start + 3 * SECOND), Some(7 * SECOND));
        assert_eq!(limit.refuses(start + 10 * SECOND), None);
        assert_eq!(limit.refusals(), Refusals { requests: 1, windows: 1, windows_in_a_row: 1 });
    }

    #[test]
    fn consecutive_exceeded_windows_are_counted() {
        let (mut limit, start) = (RateLimit::new(1, SECOND), Instant::now());
        let mut burst = |second: u32| {
            for _ in 0..3 {
                limit.refuses(start + second * SECOND);
            }
            limit.refusals().windows_in_a_row
        };
        assert_eq!([burst(0), burst(1), burst(5), burst(6), burst(7)], [1, 2, 2, 2, 3]);
        assert_eq!(limit.refusals(), Refusals { requests: 10, windows: 5, windows_in_a_row: 3 });
    }
}
