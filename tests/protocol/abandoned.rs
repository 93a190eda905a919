//! A host that disconnects in the middle of an apply.

use std::time::Duration;

use gitlab_simulator::{Fault, Injection, Simulator};
use plugin_host::{Host, Plan};
use serde_json::{Value, json};

use crate::simulated::{configured, with_nulls};
use crate::{eventually, is_empty, launch_in_own_directory};

/// Longer than the grace period for a reconnect, and shorter than the time that the process then
/// takes to end.
const HOLD_UP: Duration = Duration::from_secs(7);

#[tokio::test]
async fn write_in_flight_finishes_and_no_other_starts() {
    let gitlab = Simulator::start();
    let app = gitlab.add_project("acme/app");
    let targets = ["acme/one", "acme/two", "acme/three"].map(|path| gitlab.add_project(path));
    let (launch, temporary) = launch_in_own_directory();
    let host = configured(&launch, &gitlab, json!({ "max_concurrent_requests": 1 })).await;
    let config = json!({ "project": app.to_string(), "target_project_ids": targets });
    let unset = [
        "target_projects",
        "target_groups",
        "target_group_ids",
        "projects",
        "groups",
        "project_id",
        "id",
    ];
    let config = with_nulls(config, &unset);
    let plan = Plan { proposed: config.clone(), config, prior: Value::Null, ..Plan::default() };
    const TYPE: &str = "gitlab_job_token_allowlist_exclusive";
    let planned = host.plan(TYPE, &plan).await.unwrap();
    gitlab.inject(Injection::from(Fault::StallsTheRequest(HOLD_UP)).writes_only());
    let Host { mut plugin, connection } = host;
    let applying = tokio::spawn(async move { connection.apply(TYPE, &plan, &planned).await });
    eventually("a write is on the wire", || gitlab.requests().writes().len() == 1).await;

    applying.abort();

    assert!(plugin.wait().await.unwrap().status.success());
    assert_eq!(gitlab.requests().writes().len(), 1);
    assert_eq!(gitlab.allowlist(app).projects.len(), 1);
    assert!(is_empty(temporary.path()));
}
