//! The request log.

use std::time::Duration;

use gitlab_simulator::{Credential, Fault, Injection, Route, Target, TokenSpec};
use reqwest::Method;
use serde_json::json;

use crate::kit::{Api, Fixture, Reply};

#[tokio::test]
async fn request_is_logged_with_its_result() {
    let scene = Fixture::new();
    scene.add_project(scene.lib).await;
    scene.api.get("/projects/acme%2Fapp/job_token_scope/allowlist?page=2").await;
    let log = scene.gitlab.requests();
    let [post, get] = &log[..] else { panic!("{log}") };
    assert_eq!(
        (post.method.as_str(), post.route, post.status),
        ("POST", Route::AllowlistProjectPost, Some(201))
    );
    assert_eq!((post.project, post.target), (Some(scene.app), Some(Target::Project(scene.lib))));
    assert_eq!(
        (post.credential, post.token.as_deref()),
        (Some(Credential::PrivateToken), Some("administrator"))
    );
    assert_eq!(get.path, "/api/v4/projects/acme%2Fapp/job_token_scope/allowlist");
    assert_eq!((get.query.as_str(), get.project, get.target), ("page=2", Some(scene.app), None));
    assert!(get.at >= post.at);
    let lines = "POST /api/v4/projects/1/job_token_scope/allowlist → 201\n\
                 GET /api/v4/projects/acme%2Fapp/job_token_scope/allowlist?page=2 → 200\n";
    assert_eq!(log.to_string(), lines);
}

#[tokio::test]
async fn requests_are_filtered_by_kind() {
    let scene = Fixture::new();
    scene.add_project(scene.lib).await;
    scene.add_group(scene.partners).await;
    scene.api.get(&scene.scope("")).await;
    scene.api.get(&format!("/projects/{}", scene.lib)).await;
    let log = scene.gitlab.requests();
    assert_eq!((log.len(), log.writes().len(), log.to(Route::ScopeGet).len()), (4, 2, 1));
    assert_eq!(log.about(scene.lib).to(Route::ProjectGet).len(), 1);
    scene.gitlab.clear_requests();
    assert!(scene.gitlab.requests().is_empty());
}

#[tokio::test]
async fn secrets_are_not_logged() {
    let scene = Fixture::new();
    let token = scene.gitlab.token().to_owned();
    let path = format!("/user?private_token={token}");
    let request =
        scene.api.request(Method::GET, &path).bearer_auth(&token).header("job-token", &token);
    Reply::of(request.header("X-Trace", "7")).await.unwrap();
    let log = scene.gitlab.requests();
    assert!(!format!("{log:?}{log}").contains(&token));
    assert_eq!(log[0].header("x-trace"), Some("7"));
    assert_eq!(log[0].header("PRIVATE-TOKEN"), Some("[redacted]"));
}

#[tokio::test]
async fn missing_and_unknown_tokens_are_logged_differently() {
    let scene = Fixture::new();
    scene.anonymous().get("/user").await;
    Api::new(&scene.gitlab.api_url(), "glpat-unknown").get("/user").await;
    scene.as_token(TokenSpec::new("bot")).get("/user").await;
    let log = scene.gitlab.requests();
    let seen: Vec<_> =
        log.iter().map(|request| (request.credential, request.token.as_deref())).collect();
    let private = Some(Credential::PrivateToken);
    assert_eq!(seen, [(None, None), (private, None), (private, Some("bot"))]);
}

#[tokio::test]
async fn request_without_a_response_has_no_status() {
    let scene = Fixture::new();
    scene.gitlab.inject(Injection::from(Fault::DropsTheResponse).once());
    let body = json!({ "enabled": false });
    assert!(
        Reply::of(scene.api.request(Method::PATCH, &scene.scope("")).json(&body)).await.is_err()
    );
    let log = scene.gitlab.requests();
    assert_eq!((log[0].status, log[0].faulty), (None, true));
}

#[tokio::test]
async fn requests_in_flight_together_are_counted() {
    let scene = Fixture::new();
    scene.gitlab.set_latency(Duration::from_secs(1));
    let paths = ["/user", "/version", "/projects/1"];
    let (a, b, c) =
        tokio::join!(scene.api.get(paths[0]), scene.api.get(paths[1]), scene.api.get(paths[2]));
    assert_eq!([a.status, b.status, c.status], [200; 3]);
    assert_eq!(scene.gitlab.max_in_flight(), 3);
    let log = scene.gitlab.requests();
    assert_eq!(log.iter().map(|request| request.in_flight).collect::<Vec<_>>(), [1, 2, 3]);
    scene.gitlab.set_latency(Duration::ZERO);
    scene.gitlab.clear_requests();
    scene.api.get("/user").await;
    assert_eq!(scene.gitlab.max_in_flight(), 1);
}

#[tokio::test]
async fn cancelled_request_is_not_in_flight() {
    let scene = Fixture::new();
    scene.gitlab.inject(Injection::from(Fault::StallsTheRequest(Duration::from_secs(3600))).once());
    let given_up = scene.api.request(Method::GET, "/user").timeout(Duration::from_millis(100));
    assert!(Reply::of(given_up).await.unwrap_err().is_timeout());
    // The server notices it when it next uses the connection, which only time brings about.
    for _ in 0..100 {
        scene.api.get("/user").await;
        if scene.gitlab.requests().last().unwrap().in_flight == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{}", scene.gitlab.requests());
}
