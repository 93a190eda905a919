//! Connections that break and servers that don't respond, before and after a change is made.

use std::time::Duration;

use gitlab_simulator::{Fault, Injection, Route};

use super::{FOREVER, Switchover, WRITES};

/// The title of the warning about an entry that another client has added.
const ADOPTED: &str = "Entry already exists: acme/lib on acme/app";

/// Returns the fault for the first attempt of each write.
fn once_each(fault: &Injection) -> Vec<Injection> {
    WRITES.into_iter().map(|route| fault.clone().on(route).once()).collect()
}

/// Panics unless all three changes are made once, without an error or a warning, despite the fault.
#[track_caller]
fn assert_changes_survive(block: &str, faults: impl IntoIterator<Item = Injection>) {
    let mut switchover = Switchover::new();
    for fault in faults {
        let run = switchover.switch(block, once_each(&fault));
        run.succeeds();
        let blamed: Vec<_> =
            run.warnings().into_iter().filter(|warning| warning.summary == ADOPTED).collect();
        assert!(blamed.is_empty(), "{fault:?}: {blamed:?}");
        switchover.assert_switched();
    }
    switchover.tf.plan().changes_nothing();
}

fn page(status: u16) -> Fault {
    let body = "<html><head><title>Welcome</title></head></html>".to_owned();
    Fault::Responds { status, content_type: "text/html".to_owned(), body }
}

#[test]
fn change_made_before_the_connection_failed_succeeds() {
    assert_changes_survive(
        "retries = 1\n request_timeout = 1",
        [
            Fault::DropsTheResponse.into(),
            Fault::StallsTheResponse(FOREVER).into(),
            Injection::from(Fault::BadGateway).carried_out(),
            Injection::from(Fault::GatewayTimeout).carried_out(),
        ],
    );
}

#[test]
fn without_retries_the_result_of_a_change_is_read_back() {
    assert_changes_survive(
        "retries = 0\n request_timeout = 1",
        [
            Fault::DropsTheResponse.into(),
            Fault::StallsTheResponse(FOREVER).into(),
            Injection::from(Fault::InternalError).carried_out(),
            Injection::from(page(200)).carried_out(),
            Injection::from(page(502)).carried_out(),
        ],
    );
}

#[test]
fn change_that_did_not_get_through_is_retried() {
    assert_changes_survive(
        "retries = 1\n request_timeout = 1",
        [
            Fault::DropsTheRequest.into(),
            Fault::StallsTheRequest(FOREVER).into(),
            Fault::Unavailable { retry_after: Some(Duration::ZERO) }.into(),
            Fault::ProxyRateLimited.into(),
        ],
    );
}

#[test]
fn unreadable_confirmation_does_not_undo_an_addition() {
    let mut switchover = Switchover::new();
    for fault in [Fault::TruncatedJson, Fault::NotJson, Fault::BreaksOffTheBody] {
        let run = switchover.switch("retries = 0", [fault.on(Route::AllowlistProjectPost)]);
        run.succeeds();
        assert!(run.warnings().iter().all(|warning| warning.summary != ADOPTED), "{run}");
        switchover.assert_switched();
    }
}

#[test]
fn interrupted_or_slow_list_is_read_again() {
    let switchover = Switchover::new();
    switchover.gitlab.clear_requests();
    let slow = Fault::TricklesTheBody(Duration::from_millis(400));
    for fault in [Fault::BreaksOffTheBody, slow] {
        switchover.gitlab.inject(fault.on(Route::AllowlistProjectsGet).once());
    }
    switchover.tf.config(&switchover.variant.config("retries = 2\n request_timeout = 1"));

    switchover.tf.plan().changes_nothing();

    assert_eq!(switchover.gitlab.requests().to(Route::AllowlistProjectsGet).len(), 3);
}

#[test]
fn slow_response_within_the_timeout_is_accepted() {
    let switchover = Switchover::new();
    switchover.gitlab.clear_requests();
    switchover.gitlab.inject(Fault::TricklesTheBody(Duration::from_millis(5)));

    switchover.tf.plan().changes_nothing();

    assert_eq!(switchover.gitlab.requests().to(Route::AllowlistProjectsGet).len(), 1);
}

#[test]
fn server_that_fails_after_the_plan_removes_nothing_from_state() {
    let Switchover { gitlab, tf, variant } = Switchover::new();
    tf.config(&variant.other().config("retries = 0"));
    tf.plan().succeeds();
    let state = std::fs::read_to_string(tf.state_file()).expect("a state");
    drop(gitlab);

    let error = tf.apply_saved().error();

    assert!(
        error.contains("GET /user: the server can't be reached: Connection refused"),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(tf.state_file()).expect("a state"), state);
}
