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

    /// Removes all requests from the log and resets the maximum in flight.
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

    /// Injects a fault. If several match a request, the first one is applied.
    pub fn inject(&self, injection: impl Into<Injection>) {
        self.instance().faults().inject(injection.into());
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.instance().faults().clear();
    }

    /// Holds the requests that match a barrier, until the returned handle releases them or is
    /// dropped. Requests beyond a rate limit don't reach a barrier.
    #[must_use]
    pub fn hold(&self, barrier: Barrier) -> Held {
        self.instance().barriers().add(barrier)
    }

    /// Allows this many requests per window. A window starts with the first request after the
    /// previous one. The counts of an earlier limit are forgotten.
    pub fn limit_rate(&self, requests: usize, window: Duration) {
        *self.instance().rate_limit() = Some(RateLimit::new(requests, window));
    }

    /// Returns the numbers of requests beyond the rate limit since it was set.
    #[must_use]
    pub fn refusals(&self) -> Refusals {
        self.instance().rate_limit().as_ref().map(RateLimit::refusals).unwrap_or_default()
    }
}
