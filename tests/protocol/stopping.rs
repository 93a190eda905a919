//! StopProvider: waiting requests are cancelled, requests in flight finish, and the response is
//! accurate.

use std::time::Duration;

use gitlab_simulator::{Fault, Route, Simulator};
use plugin_host::{Applied, Diagnostic, Plan, Stored};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::kit::{EXCLUSIVE, Kit, SCOPE, SCOPE_DATA, only_error};
use crate::{LIMIT, eventually};

/// Longer than any test, but within the longest wait that the client accepts.
const VERY_LONG: Duration = Duration::from_secs(120);
/// Long enough to interrupt requests that wait for their turn.
const SLOW: Duration = Duration::from_millis(100);
/// Far more targets than requests that an interrupt lets through.
const TARGETS: u64 = 50;

/// Starts a GitLab with projects 1 to 51, and a provider that sends one request at a time.
async fn one_at_a_time() -> Kit {
    let gitlab = Simulator::start();
    for number in 0..=TARGETS {
        gitlab.add_project(&format!("acme/app-{number}"));
    }
    let kit = Kit::unconfigured_with(gitlab).await;
    assert_eq!(kit.configure(block(&kit)).await.unwrap(), []);
    kit
}

fn block(kit: &Kit) -> Value {
    let mut block = kit.block();
    block["max_concurrent_requests"] = json!(1);
    block
}

/// Returns the fault of a server that stays unavailable for long.
fn away() -> Fault {
    Fault::Unavailable { retry_after: Some(VERY_LONG) }
}

async fn interrupt_once(kit: &Kit, what: &str, happened: impl Fn(&Kit) -> bool) {
    eventually(what, || happened(kit)).await;
    assert_eq!(kit.stop_calls().await.unwrap(), "");
}

#[track_caller]
fn assert_interrupted(diagnostics: &[Diagnostic]) {
    let error = only_error(diagnostics);
    assert!(error.detail.contains("interrupted"), "{error:#?}");
}

#[tokio::test]
async fn request_waiting_for_a_retry_is_cancelled() {
    let kit = one_at_a_time().await;
    kit.gitlab.inject(away().on(Route::ScopeGet));
    let config = kit.data_config(SCOPE_DATA, json!({"project": "1"}));
    let (read, ()) = timeout(LIMIT, async {
        tokio::join!(
            kit.read_data_source(SCOPE_DATA, config),
            interrupt_once(&kit, "a request", |kit| kit
                .gitlab
                .requests()
                .to(Route::ScopeGet)
                .len()
                == 1),
        )
    })
    .await
    .expect("given up at once");
    assert_interrupted(&read.unwrap().diagnostics);
}

#[tokio::test]
async fn configuration_waiting_for_gitlab_is_cancelled() {
    let kit = Kit::unconfigured().await;
    kit.gitlab.inject(away().on(Route::UserGet));
    let (configured, ()) = timeout(LIMIT, async {
        tokio::join!(
            kit.configure(kit.block()),
            interrupt_once(&kit, "a request", |kit| kit.gitlab.requests().len() == 1),
        )
    })
    .await
    .expect("given up at once");
    assert_interrupted(&configured.unwrap());
}

/// Interrupts a change of an exclusive list after its first write.
async fn interrupted_apply(kit: &Kit, before: &Stored) -> Applied {
    let given =
        json!({"project": "1", "target_project_ids": (2..=TARGETS + 1).collect::<Vec<_>>()});
    let step = kit.plan(EXCLUSIVE, before, given.clone()).await;
    let plan = Plan {
        prior: before.state.clone(),
        config: kit.config(EXCLUSIVE, given),
        ..Plan::default()
    };
    kit.gitlab.set_latency(SLOW);
    let (applied, ()) = tokio::join!(
        kit.host.apply(EXCLUSIVE, &plan, &step.planned),
        interrupt_once(kit, "a write", |kit| !kit.gitlab.requests().writes().is_empty()),
    );
    kit.gitlab.set_latency(Duration::ZERO);
    applied.unwrap()
}

#[tokio::test]
async fn interrupted_update_stores_its_progress() {
    let kit = one_at_a_time().await;
    let before = kit.create(EXCLUSIVE, json!({"project": "1", "target_project_ids": [2]})).await;
    kit.gitlab.clear_requests();

    let applied = interrupted_apply(&kit, &before).await;

    assert_interrupted(&applied.diagnostics);
    let there = kit.gitlab.allowlist(1).projects;
    assert!(there.len() > 1 && (there.len() as u64) < TARGETS, "{there:?}");
    assert_eq!(applied.state["target_project_ids"], json!(there));
    assert!(
        kit.gitlab.requests().iter().all(|request| request.status.is_some()),
        "what was sent was finished"
    );
}

#[tokio::test]
async fn interrupted_creation_stores_nothing() {
    let kit = one_at_a_time().await;
    let applied = interrupted_apply(&kit, &Stored::default()).await;
    assert_interrupted(&applied.diagnostics);
    assert_eq!(applied.state, Value::Null);
    assert!(!kit.gitlab.allowlist(1).projects.is_empty());
}

#[tokio::test]
async fn write_in_flight_is_awaited() {
    let kit = one_at_a_time().await;
    let step = kit
        .plan(SCOPE, &Stored::default(), json!({"project": "1", "inbound_enabled": false}))
        .await;
    kit.gitlab.inject(Fault::StallsTheResponse(SLOW * 5).on(Route::ScopePatch));
    let plan = Plan {
        config: kit.config(SCOPE, json!({"project": "1", "inbound_enabled": false})),
        ..Plan::default()
    };
    let (applied, ()) = tokio::join!(
        kit.host.apply(SCOPE, &plan, &step.planned),
        interrupt_once(&kit, "a write", |kit| !kit.gitlab.requests().writes().is_empty()),
    );
    drop(applied.unwrap());
    assert_eq!(
        kit.gitlab.requests().writes().to_string(),
        "PATCH /api/v4/projects/1/job_token_scope → 204\n"
    );
    assert!(!kit.gitlab.inbound_enabled(1));
}

#[tokio::test]
async fn no_requests_after_an_interrupt_until_configured_again() {
    let kit = one_at_a_time().await;
    kit.stop_calls().await.unwrap();
    kit.gitlab.clear_requests();
    let config = kit.data_config(SCOPE_DATA, json!({"project": "1"}));
    let read = kit.read_data_source(SCOPE_DATA, config).await.unwrap();
    assert_interrupted(&read.diagnostics);
    assert_eq!(kit.requests(), "");

    assert_eq!(kit.configure(block(&kit)).await.unwrap(), []);
    kit.data(SCOPE_DATA, json!({"project": "1"})).await;
}

#[tokio::test]
async fn interrupt_before_any_call_is_harmless() {
    let kit = Kit::unconfigured().await;
    kit.gitlab.add_project("acme/app");
    assert_eq!(kit.stop_calls().await.unwrap(), "");
    assert_eq!(kit.configure(kit.block()).await.unwrap(), []);
    kit.data(SCOPE_DATA, json!({"project": "1"})).await;
}

#[tokio::test]
async fn silent_server_is_not_awaited_after_an_interrupt() {
    let kit = one_at_a_time().await;
    let step = kit
        .plan(SCOPE, &Stored::default(), json!({"project": "1", "inbound_enabled": false}))
        .await;
    kit.gitlab.inject(Fault::StallsTheResponse(VERY_LONG));
    let plan = Plan {
        config: kit.config(SCOPE, json!({"project": "1", "inbound_enabled": false})),
        ..Plan::default()
    };
    let (applied, ()) = timeout(LIMIT, async {
        tokio::join!(
            kit.host.apply(SCOPE, &plan, &step.planned),
            interrupt_once(&kit, "a write", |kit| kit
                .gitlab
                .requests()
                .to(Route::ScopePatch)
                .len()
                == 1),
        )
    })
    .await
    .expect("it waits for longer than 5 s");
    let applied = applied.unwrap();
    assert!(plugin_host::failed(&applied.diagnostics), "{:?}", applied.diagnostics);
    assert_eq!(applied.state["inbound_enabled"], false, "it may be open");
}
