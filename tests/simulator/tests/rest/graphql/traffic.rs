//! The log, faults and limits, which treat GraphQL requests like any other.

use std::time::Duration;

use gitlab_simulator::{Fault, Injection, Route, Target};
use serde_json::json;

use super::{ADD, limited};
use crate::kit::{Fixture, Reply};

const READ: &str = "query Read($path: ID!) { project(fullPath: $path) { id } }";

#[tokio::test]
async fn queries_and_mutations_are_distinguished_in_the_log() {
    let scene = Fixture::new();
    let api = scene.graphql();
    api.ask(READ, json!({ "path": "acme/lib" })).await;
    api.ask(ADD, limited(&["READ_JOBS"])).await;
    let log = scene.gitlab.requests();
    let [read, add] = &log[..] else { panic!("{log}") };
    assert_eq!(
        (read.route, read.project, read.target),
        (Route::GraphqlQuery, Some(scene.lib), None)
    );
    assert_eq!(read.names, ["Read", "project"]);
    assert_eq!(
        (add.route, add.project, add.target),
        (Route::GraphqlMutation, Some(scene.app), Some(scene.lib()))
    );
    assert_eq!((log.writes().len(), log.to(Route::GraphqlQuery).len()), (1, 1));
    assert_eq!(log.named("ciJobTokenScopeAddGroupOrProject").len(), 1);
    assert_eq!(log.named("Read").about(scene.lib).len(), 1);
    let lines = "POST /api/graphql (Read project) → 200\n\
                 POST /api/graphql (Add ciJobTokenScopeAddGroupOrProject) → 200\n";
    assert_eq!(log.to_string(), lines);
}

#[tokio::test]
async fn fault_matches_a_mutation_by_project_target_and_name() {
    let scene = Fixture::new();
    let api = scene.graphql();
    let lost = Fault::DropsTheResponse
        .on(Route::GraphqlMutation)
        .project(scene.app)
        .target(Target::Project(scene.lib))
        .named("ciJobTokenScopeAddGroupOrProject");
    scene.gitlab.inject(lost.once());
    assert_eq!(api.graphql(READ, json!({ "path": "acme/app" })).await.status, 200);
    let request = api.request(reqwest::Method::POST, "/api/graphql");
    let sent = request.json(&json!({ "query": ADD, "variables": limited(&["READ_JOBS"]) }));
    assert!(Reply::of(sent).await.is_err());
    assert!(scene.gitlab.allowlist(scene.app).projects.contains(&scene.lib));
    let retry = api.data(ADD, limited(&["READ_JOBS"])).await;
    let errors = &retry["ciJobTokenScopeAddGroupOrProject"]["errors"];
    assert_eq!(*errors, json!(["This project is already in the job token allowlist."]));
}

#[tokio::test]
async fn error_under_status_200_may_follow_no_or_all_changes() {
    let body = json!({ "errors": [{ "message": "Something went wrong" }] });
    for carried_out in [false, true] {
        let scene = Fixture::new();
        let fault = Fault::GraphqlError("Something went wrong".to_owned())
            .on(Route::GraphqlMutation)
            .once();
        scene.gitlab.inject(if carried_out { fault.carried_out() } else { fault });
        scene.graphql().graphql(ADD, limited(&["READ_JOBS"])).await.is(200, body.clone());
        assert_eq!(scene.gitlab.allowlist(scene.app).projects.contains(&scene.lib), carried_out);
    }
}

#[tokio::test]
async fn rate_limits_and_other_faults_apply_to_graphql() {
    let scene = Fixture::new();
    let api = scene.graphql();
    scene.gitlab.inject(Injection::from(Fault::BadGateway).writes_only().once());
    assert_eq!(api.graphql(READ, json!({ "path": "acme/app" })).await.status, 200);
    assert_eq!(api.graphql(ADD, limited(&[])).await.status, 502);
    assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
    scene.gitlab.limit_rate(1, Duration::from_secs(60));
    assert_eq!(api.graphql(READ, json!({ "path": "acme/app" })).await.status, 200);
    assert_eq!(api.graphql(ADD, limited(&[])).await.status, 429);
    assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
}

#[tokio::test]
async fn endless_list_announces_a_next_page_on_every_page() {
    let scene = Fixture::new();
    let query =
        r#"{ group(fullPath: "acme") { projects { nodes { id } pageInfo { hasNextPage } } } }"#;
    scene.gitlab.inject(Fault::NeverEndsTheList.on(Route::GraphqlQuery).once());
    for endless in [true, false] {
        let data = scene.graphql().data(query, json!({})).await;
        let projects = &data["group"]["projects"];
        assert_eq!(projects["pageInfo"]["hasNextPage"], endless);
        assert_eq!(projects["nodes"].as_array().unwrap().len(), 2);
    }
}
