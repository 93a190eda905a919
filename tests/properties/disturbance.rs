//! The disturbances of an apply: server faults and signals.

use std::pin::pin;
use std::time::Duration;

use gitlab_simulator::{Fault, Injection, Route, Simulator};
use plugin_host::{Host, Signal};
use proptest::prelude::*;
use tokio::time::sleep;

pub(crate) const LISTS: [Route; 2] = [Route::AllowlistProjectsGet, Route::AllowlistGroupsGet];

const WRITES: [Route; 4] = [
    Route::AllowlistProjectPost,
    Route::AllowlistProjectDelete,
    Route::AllowlistGroupPost,
    Route::AllowlistGroupDelete,
];

/// The latency of requests while a signal is pending.
const LATENCY: Duration = Duration::from_millis(4);

/// A fault during an apply.
#[derive(Clone, Debug)]
pub(crate) struct Disturbance {
    pub(crate) fault: Fault,
    pub(crate) route: Route,
    pub(crate) after: usize,
    pub(crate) times: usize,
    pub(crate) carried_out: bool,
}

/// A signal to host and provider during an apply, once this many requests have arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    signal: Signal,
    after: usize,
}

impl Disturbance {
    pub(crate) fn injection(&self) -> Injection {
        let injection = self.fault.clone().on(self.route).after(self.after).times(self.times);
        if self.carried_out { injection.carried_out() } else { injection }
    }
}

pub(crate) fn response_of(status: u16, body: &str) -> Fault {
    Fault::Responds { status, content_type: "application/json".to_owned(), body: body.to_owned() }
}

/// Generates a fault of a REST endpoint.
pub(crate) fn disturbance() -> impl Strategy<Value = Disturbance> {
    let faults = vec![
        Fault::DropsTheRequest,
        Fault::DropsTheResponse,
        Fault::BadGateway,
        Fault::InternalError,
        Fault::Unavailable { retry_after: None },
        Fault::RejectsTheToken,
        Fault::BreaksOffTheBody,
        Fault::TruncatedJson,
        Fault::NotJson,
        Fault::LoginPage,
        Fault::LosesAnElement,
        response_of(404, r#"{"message":"no Route matched with those values"}"#),
        response_of(403, r#"{"message":"403 Forbidden"}"#),
        response_of(404, r#"{"message":"404 Not found"}"#),
        response_of(400, r#"{"message":"400 Bad request"}"#),
    ];
    let route =
        prop_oneof![3 => prop::sample::select(&WRITES[..]), 1 => prop::sample::select(&LISTS[..])];
    let parts = (prop::sample::select(faults), route, 0_usize..3, 1_usize..4, any::<bool>());
    parts.prop_map(|(fault, route, after, times, carried_out)| Disturbance {
        fault,
        route,
        after,
        times,
        carried_out,
    })
}

/// Generates a signal for a third of all applies.
pub(crate) fn stop() -> impl Strategy<Value = Option<Stop>> {
    let signals = vec![Signal::Interrupt, Signal::Terminate, Signal::HangUp];
    let stop = (prop::sample::select(signals), 0_usize..8)
        .prop_map(|(signal, after)| Stop { signal, after });
    prop::option::weighted(0.35, stop)
}

/// Makes the calls, with the signal on the way if there is to be one. A host that gets it as well
/// asks the provider to stop.
pub(crate) async fn stopped<F: Future>(
    stop: Option<Stop>,
    host: &Host,
    gitlab: &Simulator,
    calls: F,
) -> F::Output {
    let Some(Stop { signal, after }) = stop else { return calls.await };
    let mut calls = pin!(calls);
    gitlab.set_latency(LATENCY);
    let before = gitlab.requests().len();
    let reached = async {
        while gitlab.requests().len() - before <= after {
            sleep(LATENCY / 4).await;
        }
    };
    let outcome = tokio::select! {
        biased;
        outcome = &mut calls => outcome,
        () = reached => {
            host.plugin.signal(signal).await.unwrap();
            host.stop_calls().await.unwrap();
            calls.await
        }
    };
    gitlab.set_latency(Duration::ZERO);
    outcome
}
