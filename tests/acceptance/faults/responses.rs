//! Responses that aren't GitLab's, or none at all: what the error says, and what is left.

use std::time::Duration;

use gitlab_simulator::{Fault, Injection, Route};

use super::{APP, FOREVER, Switchover, allow_all, entries, with_targets};
use crate::kit::workspace;

fn page(status: u16, title: &str) -> Fault {
    let body = format!("<html><head><title>{title}</title></head><body>Some words</body></html>");
    Fault::Responds { status, content_type: "text/html".to_owned(), body }
}

/// Panics unless each of the three changes fails with this message, nothing changes, and an apply
/// without the fault makes them all.
#[track_caller]
fn assert_reports(block: &str, cases: impl IntoIterator<Item = (Fault, &'static str)>) {
    let mut switchover = Switchover::new();
    for (fault, message) in cases {
        let run = switchover.switch(block, [Injection::from(fault).writes_only()]);
        run.fails();
        let details: Vec<_> = run.errors().into_iter().map(|error| error.detail).collect();
        assert_eq!(details.len(), 3, "one error for each change\n{run}");
        // Only one of the errors quotes the response.
        let outcome = message.lines().next().unwrap_or_default();
        assert!(
            details.iter().all(|detail| detail.contains(outcome)),
            "{message:?} is not in {details:#?}"
        );
        assert!(
            details.iter().any(|detail| detail.contains(message)),
            "{message:?} is not in {details:#?}"
        );
        switchover.assert_in_sync();
    }
    switchover.switch("", []).succeeds();
    switchover.assert_switched();
    switchover.tf.plan().changes_nothing();
}

#[test]
fn server_error_is_reported_with_its_status() {
    assert_reports(
        "retries = 0",
        [
            (Fault::InternalError, ": the server returned an error (500)."),
            (
                page(502, "502 Bad Gateway"),
                "(502).\nResponse: a web page titled \"502 Bad Gateway\"",
            ),
            (
                Fault::Unavailable { retry_after: None },
                "(503).\nResponse: a web page titled \"Service Unavailable\"",
            ),
            (
                page(429, "Slow down"),
                ": rate limit exceeded (429).\nResponse: a web page titled \"Slow down\"",
            ),
            (
                page(200, "Welcome"),
                ": the response isn't from GitLab's API (200): a web page titled \"Welcome\".",
            ),
        ],
    );
}

#[test]
fn network_error_is_reported_with_its_cause() {
    assert_reports(
        "retries = 0\n request_timeout = 1",
        [
            (Fault::DropsTheRequest, ": the server can't be reached: "),
            (
                Fault::StallsTheRequest(FOREVER),
                ": the request timed out: no response within 1 second.",
            ),
        ],
    );
}

#[test]
fn retry_after_of_hours_is_ignored() {
    let wait = Duration::from_secs(7200);
    assert_reports(
        "",
        [
            (
                Fault::RateLimited { retry_after: wait },
                ": rate limit exceeded, retry after 2 hours (429).\nResponse: Retry later",
            ),
            (
                Fault::Unavailable { retry_after: Some(wait) },
                ": the server returned an error (503).",
            ),
        ],
    );
}

#[test]
fn failed_attempts_are_counted() {
    let switchover = Switchover::new();
    let run = switchover.switch("retries = 1", [Fault::BadGateway.on(Route::ScopePatch)]);

    let error = run.error();

    assert!(error.replace('\n', " ").contains("[2 attempts in "), "{error}");
}

#[test]
fn rate_limits_without_retry_after_are_retried() {
    const ENTRIES: u64 = 20;
    let gitlab = with_targets(ENTRIES);
    let tf = workspace(&gitlab);
    tf.config(&entries(2..2 + ENTRIES));
    let storm = Injection::from(Fault::ProxyRateLimited).writes_only();
    gitlab.inject(storm.times(25));

    tf.apply().succeeds().has_no_warnings();

    assert_eq!(gitlab.allowlist(APP).projects, (2..2 + ENTRIES).collect());
    assert_eq!(
        gitlab.requests().to(Route::AllowlistProjectPost).filter(|request| request.faulty).len(),
        25
    );
}

#[test]
fn unreadable_list_proves_no_removal() {
    let gitlab = with_targets(2);
    let tf = workspace(&gitlab);
    tf.config(&entries(2..4));
    allow_all(&gitlab, 2..4);
    tf.apply().succeeds();
    for fault in [Fault::TruncatedJson, Fault::NotJson, page(200, "Welcome"), page(404, "Not here")]
    {
        gitlab.inject(fault.clone().on(Route::AllowlistProjectsGet));
        let plan = tf.plan();
        // Only GitLab's own response removes an entry from the state.
        assert!(!plan.run().is_success(), "{fault:?}\n{}", plan.run());
        gitlab.clear_faults();
    }
    tf.plan().changes_nothing();
}
