//! The retry policy: which failures are transient, and the delay before a retry.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// Maximum of the first backoff: enough for a dropped connection or a restarting worker.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);

/// Maximum of any backoff.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Maximum wait that a server may request. GitLab's rate limits are per minute. If a server
/// requests more, the call fails, so that the practitioner can decide.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(5 * 60);

/// GitLab's header with the Unix time when the rate limit resets.
const RATE_LIMIT_RESET: &str = "ratelimit-reset";

/// GitLab's header with the remaining number of requests.
const RATE_LIMIT_REMAINING: &str = "ratelimit-remaining";

/// Returns whether a status is transient: rate limits, restarts and overload, including the
/// statuses of Cloudflare, and internal errors of reads. A write that fails with 500 may have been
/// carried out in part and usually fails again. See [`super::request::Call`] for why writes may be
/// retried.
pub(super) fn is_transient(status: StatusCode, is_read: bool) -> bool {
    match status.as_u16() {
        408 | 429 | 502..=504 | 520..=524 | 527 | 530 => true,
        500 => is_read,
        _ => false,
    }
}

/// Exponential backoff with full jitter, so that clients that fail together don't retry together.
#[derive(Debug, Clone, Copy)]
pub(in crate::gitlab) struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: FIRST_BACKOFF, longest: MAX_BACKOFF }
    }
}

impl Backoff {
    /// Creates a backoff that tests don't have to wait for.
    #[cfg(test)]
    pub(in crate::gitlab) fn negligible() -> Self {
        Self { first: Duration::from_micros(1), longest: Duration::from_micros(1) }
    }

    /// Returns the delay after `attempts`.
    pub(super) fn after(&self, attempts: u32) -> Duration {
        self.ceiling(attempts).mul_f64(fastrand::f64())
    }

    fn ceiling(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

/// Returns the wait that the server requests: `Retry-After` (seconds or a date), else
/// `RateLimit-Reset` if the status is 429. GitLab also sends the latter with other responses, where
/// it requests no wait.
#[must_use]
pub fn retry_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    let retry_after = text.and_then(|text| match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(until(httpdate::parse_http_date(text).ok()?, headers)),
    });
    let limited = status == StatusCode::TOO_MANY_REQUESTS;
    retry_after.or_else(|| reset_wait(headers).filter(|_| limited))
}

/// Returns the wait until the rate limit resets if this response has used it up, to avoid the error
/// that would follow.
pub(super) fn used_up_wait(headers: &HeaderMap) -> Option<Duration> {
    let wait = reset_wait(headers).filter(|_| number(headers, RATE_LIMIT_REMAINING) == Some(0));
    wait.filter(|wait| *wait <= MAX_WAIT)
}

fn reset_wait(headers: &HeaderMap) -> Option<Duration> {
    let reset = Duration::from_secs(number(headers, RATE_LIMIT_RESET)?);
    Some(until(SystemTime::UNIX_EPOCH.checked_add(reset)?, headers))
}

/// Returns the time until `moment` by the clock of the server, if the response has its date.
fn until(moment: SystemTime, headers: &HeaderMap) -> Duration {
    let server_time =
        headers.get(DATE).and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
    moment.duration_since(server_time.unwrap_or_else(SystemTime::now)).unwrap_or_default()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn transient_statuses_are_pinned() {
        let transient = |is_read| {
            (100..1000)
                .filter(|status| is_transient(StatusCode::from_u16(*status).unwrap(), is_read))
                .collect::<Vec<u16>>()
        };
        let passing = [408, 429, 502, 503, 504, 520, 521, 522, 523, 524, 527, 530];
        assert_eq!(transient(false), passing);
        let mut reading = passing.to_vec();
        reading.insert(2, 500);
        assert_eq!(transient(true), reading);
    }

    #[test]
    fn ceiling_doubles_up_to_the_maximum() {
        let seconds = |attempts| Backoff::default().ceiling(attempts).as_secs_f64();
        assert_eq!(
            [1, 2, 3, 6, 7, 8, u32::MAX].map(seconds),
            [0.5, 1.0, 2.0, 16.0, 30.0, 30.0, 30.0]
        );
        assert!((0..1000).all(|_| Backoff::default().after(3) <= Duration::from_secs(2)));
    }

    #[test]
    fn wait_is_read_from_seconds_a_date_or_the_reset() {
        const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (pairs, seconds) in [
            (vec![("retry-after", "7")], Some(7)),
            (vec![("retry-after", "0")], Some(0)),
            (vec![("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"), ("date", NOW)], Some(30)),
            (vec![("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"), ("date", NOW)], Some(0)),
            (vec![("ratelimit-reset", "784111787"), ("date", NOW)], Some(10)),
            (vec![("retry-after", "3"), ("ratelimit-reset", "784111787"), ("date", NOW)], Some(3)),
            (
                vec![("retry-after", "soon"), ("ratelimit-reset", "784111787"), ("date", NOW)],
                Some(10),
            ),
            (vec![("retry-after", "-1")], None),
            (vec![("ratelimit-reset", "18446744073709551615")], None),
            (vec![], None),
        ] {
            let wait = retry_after(StatusCode::TOO_MANY_REQUESTS, &headers(&pairs));
            assert_eq!(wait.map(|wait| wait.as_secs()), seconds, "{pairs:?}");
        }
        let overloaded =
            |pair| retry_after(StatusCode::SERVICE_UNAVAILABLE, &headers(&[pair, ("date", NOW)]));
        assert_eq!(overloaded(("ratelimit-reset", "784111787")), None);
        assert_eq!(overloaded(("retry-after", "9")), Some(Duration::from_secs(9)));
    }

    #[test]
    fn exhausted_rate_limit_pauses_until_its_reset() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let wait = |left, reset| {
            used_up_wait(&headers(&[
                ("ratelimit-remaining", left),
                ("ratelimit-reset", reset),
                date,
            ]))
        };
        assert_eq!(wait("0", "784111787"), Some(Duration::from_secs(10)));
        assert_eq!(wait("1", "784111787"), None);
        assert_eq!(wait("0", "984111787"), None, "a reset in years is a mistake of the server");
    }
}
