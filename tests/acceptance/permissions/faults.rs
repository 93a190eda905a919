//! Mutations whose responses are lost, and failing servers: the state matches the server, and the
//! next apply converges.

use gitlab_simulator::{Fault, Injection};
use serde_json::json;

use super::*;

/// The provider block without a second attempt.
const ONCE: &str = "provider \"gitlab\" {\n  retries = 0\n}\n";

fn lost_responses() -> [Injection; 4] {
    let on_mutations = |fault: Fault| fault.on(Route::GraphqlMutation).once();
    [
        on_mutations(Fault::DropsTheResponse),
        on_mutations(Fault::BadGateway).carried_out(),
        on_mutations(Fault::InternalError).carried_out(),
        on_mutations(Fault::TruncatedJson),
    ]
}

#[test]
fn addition_with_a_lost_response_is_found_on_the_allowlist() {
    for (block, fault) in
        lost_responses().into_iter().flat_map(|fault| [("", fault.clone()), (ONCE, fault)])
    {
        let (gitlab, tf) = THREE_PROJECTS.with_workspace();
        tf.config(&format!("{block}{}", entry(JOBS)));
        gitlab.inject(fault.clone());

        tf.apply().succeeds().has_no_warnings();

        assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])), "{fault:?}");
        tf.plan().changes_nothing();
    }
}

#[test]
fn change_with_a_lost_response_is_found() {
    for (block, fault) in
        lost_responses().into_iter().flat_map(|fault| [("", fault.clone()), (ONCE, fault)])
    {
        let gitlab = THREE_PROJECTS.start();
        let tf = applied(&gitlab, JOBS_AND_PACKAGES);
        tf.config(&format!("{block}{}", entry(JOBS)));
        gitlab.inject(fault.clone());

        tf.apply().succeeds().has_no_warnings();

        assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])), "{fault:?}");
        assert_eq!(tf.state().of(ENTRY)["job_token_policies"], json!(["READ_JOBS"]));
        tf.plan().changes_nothing();
    }
}

#[test]
fn write_that_never_arrives_keeps_the_state_true() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&format!("{ONCE}{}", entry(JOBS)));
    gitlab.inject(Fault::DropsTheRequest.on(Route::GraphqlMutation));
    tf.apply().fails();
    assert!(tf.state().addresses().is_empty());
    gitlab.clear_faults();
    tf.apply().succeeds();

    tf.config(&format!("{ONCE}{}", entry(JOBS_AND_PACKAGES)));
    gitlab.inject(Fault::DropsTheRequest.on(Route::GraphqlMutation));
    tf.apply().fails();
    gitlab.clear_faults();
    assert_eq!(tf.state().of(ENTRY)["job_token_policies"], json!(["READ_JOBS"]));
    tf.apply().succeeds();
    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS", "READ_PACKAGES"])));
}

#[test]
fn transient_errors_are_retried() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry(JOBS));
    for route in [Route::GraphqlQuery, Route::GraphqlMutation] {
        gitlab.inject(Fault::BadGateway.on(route).once());
        gitlab.inject(Fault::Unavailable { retry_after: None }.on(route).once());
    }
    gitlab.inject(Fault::InternalError.on(Route::GraphqlQuery).once());

    tf.apply().succeeds().has_no_warnings();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
}

/// Another client may have added the entry, so its permissions are restricted.
#[test]
fn lost_addition_that_others_made_meanwhile_is_restricted() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry(JOBS));
    tf.plan().succeeds();
    gitlab.allow(APP, TARGET);
    gitlab.inject(Fault::DropsTheRequest.on(Route::GraphqlMutation).once());

    tf.apply_saved().succeeds();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
}
