//! Methods that read the request log and inject faults.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Simulator;
use crate::barriers::{Barrier, Held};
use crate::faults::Injection;
use crate::log::Requests;
use crate::rate_limit::{RateLimit, Refusals};

impl Simulator {
    /// Returns the requests so far, in the order in which they arrived.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.instance().log.requests()
    }

    /// Forgets the requests so far, and the most that were in flight at once.
    pub fn clear_requests(&self) {
        self.instance().log.clear();
    }

    /// Returns the highest number of requests that were in flight at once.
    #[must_use]
    pub fn max_in_flight(&self) -> usize {
        self.instance().log.max_in_flight()
    }

    /// Returns the number of accepted connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.instance().connections.load(Ordering::Relaxed)
    }

    /// Injects a fault. Of several that match a request, the one injected first strikes.
    pub fn inject(&self, injection: impl Into<Injection>) {
        self.instance().faults().inject(injection.into());
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.instance().faults().clear();
    }

    /// Holds the requests that a barrier is for, until what this returns lets them go on or is
    /// dropped. Requests that a rate limit refuses reach no barrier.
    #[must_use]
    pub fn hold(&self, barrier: Barrier) -> Held {
        self.instance().barriers().put_up(barrier)
    }

    /// Allows so many requests in each window, which the first request after the last window opens.
    /// The counts of an earlier limit are forgotten.
    pub fn limit_rate(&self, requests: usize, window: Duration) {
        *self.instance().rate_limit() = Some(RateLimit::new(requests, window));
    }

    /// Returns the numbers of requests beyond the rate limit since it was set.
    #[must_use]
    pub fn refusals(&self) -> Refusals {
        self.instance().rate_limit().as_ref().map(RateLimit::refusals).unwrap_or_default()
    }
}
