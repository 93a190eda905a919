//! Faults, from the perspective of a client.

use std::time::{Duration, Instant};

use gitlab_simulator::{Fault, Injection, Route, Target};
use reqwest::Method;
use serde_json::json;

use crate::kit::{Fixture, Reply};

const SHORT: Duration = Duration::from_millis(50);
/// Long enough for a request to arrive and be executed.
const TIMEOUT: Duration = Duration::from_secs(1);
const FOREVER: Duration = Duration::from_secs(3600);

async fn read(scene: &Fixture) -> reqwest::Result<Reply> {
    Reply::of(scene.api.request(Method::GET, &scene.scope(""))).await
}

async fn turn_off(scene: &Fixture) -> reqwest::Result<Reply> {
    Reply::of(scene.api.request(Method::PATCH, &scene.scope("")).json(&json!({ "enabled": false })))
        .await
}

#[tokio::test]
async fn unavailable_server_has_its_status_and_body() {
    let wait = Some(Duration::from_secs(7));
    for (fault, status, content_type) in [
        (Fault::Unavailable { retry_after: None }, 503, "text/html; charset=utf-8"),
        (Fault::Unavailable { retry_after: wait }, 503, "text/html; charset=utf-8"),
        (Fault::BadGateway, 502, "text/html; charset=utf-8"),
        (Fault::GatewayTimeout, 504, "text/html; charset=utf-8"),
        (Fault::InternalError, 500, "application/json"),
        (Fault::ProxyRateLimited, 429, "text/plain"),
        (Fault::RejectsTheToken, 401, "application/json"),
    ] {
        let scene = Fixture::new();
        let has_retry_after = matches!(fault, Fault::Unavailable { retry_after: Some(_) });
        scene.gitlab.inject(fault);
        let reply = turn_off(&scene).await.unwrap();
        assert_eq!((reply.status, reply.header("content-type")), (status, Some(content_type)));
        assert_eq!(reply.header("retry-after"), has_retry_after.then_some("7"));
        assert!(scene.gitlab.inbound_enabled(scene.app), "{status} was carried out");
    }
}

#[tokio::test]
async fn rate_limit_has_a_retry_after() {
    let scene = Fixture::new();
    scene.gitlab.inject(Fault::RateLimited { retry_after: Duration::from_secs(30) });
    let reply = read(&scene).await.unwrap();
    assert_eq!((reply.status, reply.text.as_str()), (429, "Retry later\n"));
    assert_eq!(reply.header("retry-after"), Some("30"));
    assert_eq!(reply.header("ratelimit-remaining"), Some("0"));
    assert!(reply.header("ratelimit-limit").is_some());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let reset: u64 = reply.header("ratelimit-reset").unwrap().parse().unwrap();
    assert!(reset <= now + 30 && reset > now, "{reset} at {now}");
}

#[tokio::test]
async fn error_response_can_follow_an_executed_request() {
    let scene = Fixture::new();
    scene.gitlab.inject(Injection::from(Fault::GatewayTimeout).carried_out());
    assert_eq!(turn_off(&scene).await.unwrap().status, 504);
    assert!(!scene.gitlab.inbound_enabled(scene.app));
}

#[tokio::test]
async fn only_a_dropped_response_was_executed() {
    for (fault, carried_out) in [(Fault::DropsTheRequest, false), (Fault::DropsTheResponse, true)] {
        let scene = Fixture::new();
        scene.gitlab.inject(Injection::from(fault).once());
        let error = turn_off(&scene).await.unwrap_err();
        assert!(error.is_request() && !error.is_timeout(), "{error:?}");
        assert_eq!(scene.gitlab.inbound_enabled(scene.app), !carried_out);
        assert_eq!(read(&scene).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn reused_connection_can_be_dropped() {
    let scene = Fixture::new();
    read(&scene).await.unwrap();
    scene.gitlab.inject(Injection::from(Fault::DropsTheResponse).once());
    assert!(turn_off(&scene).await.is_err());
    assert_eq!(scene.gitlab.requests().len(), 2);
}

#[tokio::test]
async fn abandoned_stalled_request_changes_nothing_unlike_response() {
    for (fault, carried_out) in
        [(Fault::StallsTheRequest(FOREVER), false), (Fault::StallsTheResponse(FOREVER), true)]
    {
        let scene = Fixture::new();
        scene.gitlab.inject(Injection::from(fault).once());
        let request =
            scene.api.request(Method::PATCH, &scene.scope("")).json(&json!({ "enabled": false }));
        let error = Reply::of(request.timeout(TIMEOUT)).await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(scene.gitlab.inbound_enabled(scene.app), !carried_out);
    }
}

#[tokio::test]
async fn response_follows_a_stall() {
    let scene = Fixture::new();
    scene.gitlab.inject(Fault::StallsTheRequest(SHORT));
    let start = Instant::now();
    assert_eq!(turn_off(&scene).await.unwrap().status, 204);
    assert!(start.elapsed() >= SHORT);
}

#[tokio::test]
async fn trickled_body_is_complete() {
    let scene = Fixture::new();
    let whole = read(&scene).await.unwrap();
    scene.gitlab.inject(Fault::TricklesTheBody(Duration::from_millis(10)));
    let start = Instant::now();
    assert_eq!(read(&scene).await.unwrap().text, whole.text);
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn truncated_body_never_ends() {
    let scene = Fixture::new();
    scene.gitlab.inject(Fault::BreaksOffTheBody);
    let response = scene.api.request(Method::GET, &scene.scope("/allowlist")).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert!(response.text().await.is_err());
}

#[tokio::test]
async fn json_can_be_truncated_or_a_web_page() {
    for fault in [Fault::TruncatedJson, Fault::NotJson] {
        let scene = Fixture::new();
        scene.gitlab.inject(fault);
        let reply = scene.add_project(scene.lib).await;
        assert_eq!(reply.status, 201);
        assert!(serde_json::from_str::<serde_json::Value>(&reply.text).is_err(), "{reply:?}");
        assert!(scene.gitlab.allowlist(scene.app).projects.contains(&scene.lib));
    }
}

#[tokio::test]
async fn redirect_has_the_given_location() {
    let scene = Fixture::new();
    scene
        .gitlab
        .inject(Fault::RedirectsTo("http://127.0.0.1:9/elsewhere".to_owned()).on(Route::ScopeGet));
    let reply = read(&scene).await.unwrap();
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, Some("http://127.0.0.1:9/elsewhere"))
    );
}

#[tokio::test]
async fn login_page_is_a_redirect_to_an_existing_page() {
    let scene = Fixture::new();
    scene.gitlab.inject(Fault::LoginPage.on(Route::ScopeGet));
    let reply = read(&scene).await.unwrap();
    let address = reply.header("location").unwrap();
    assert_eq!(
        (reply.status, address),
        (302, format!("{}/users/sign_in", scene.gitlab.url()).as_str())
    );
    let page = Reply::of(scene.api.http.get(address)).await.unwrap();
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
}

#[tokio::test]
async fn custom_response_can_be_given() {
    let scene = Fixture::new();
    let body = json!({ "message": { "base": ["is locked"] } });
    let (content_type, body_text) = ("application/json".to_owned(), body.to_string());
    scene.gitlab.inject(Fault::Responds { status: 422, content_type, body: body_text });
    read(&scene).await.unwrap().is(422, body);
}

#[tokio::test]
async fn fault_matches_a_target_by_id_or_path_of_the_project() {
    let scene = Fixture::new();
    let other = scene.gitlab.add_project("acme/other");
    let fault = Fault::InternalError
        .on(Route::AllowlistProjectPost)
        .project(scene.app)
        .target(Target::Project(other));
    scene.gitlab.inject(fault);
    scene.gitlab.inject(Fault::BadGateway.on(Route::ScopePatch).project(scene.app));
    assert_eq!(scene.add_project(scene.lib).await.status, 201);
    assert_eq!(scene.add_project(other).await.status, 500);
    let by_path =
        scene.api.patch("/projects/acme%2Fapp/job_token_scope", &json!({ "enabled": false })).await;
    assert_eq!(by_path.status, 502);
    scene.gitlab.clear_faults();
    assert_eq!(scene.add_project(other).await.status, 201);
}

#[tokio::test]
async fn fault_can_skip_requests() {
    let scene = Fixture::new();
    scene.gitlab.inject(Injection::from(Fault::RejectsTheToken).writes_only().after(1).once());
    assert_eq!(turn_off(&scene).await.unwrap().status, 204);
    assert_eq!(read(&scene).await.unwrap().status, 200);
    assert_eq!(turn_off(&scene).await.unwrap().status, 401);
    assert_eq!(turn_off(&scene).await.unwrap().status, 204);
}

#[tokio::test]
async fn flooded_body_ends_with_the_given_blanks() {
    const BLANKS: usize = 100_000;
    let scene = Fixture::new();
    let whole = read(&scene).await.unwrap();
    scene.gitlab.inject(Fault::FloodsTheBody(BLANKS));
    let flooded = read(&scene).await.unwrap();
    assert_eq!((flooded.status, flooded.header("content-length")), (200, None));
    assert_eq!(
        (flooded.text.trim_end(), flooded.text.len()),
        (whole.text.as_str(), whole.text.len() + BLANKS)
    );
}

/// Returns the elements of a page, and the number of the next page.
async fn page(scene: &Fixture, number: u64) -> (Vec<u64>, Option<String>) {
    let reply =
        scene.api.get(&scene.scope(&format!("/groups_allowlist?per_page=2&page={number}"))).await;
    let ids = reply
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|element| element["id"].as_u64().unwrap())
        .collect();
    (ids, reply.header("x-next-page").map(str::to_owned))
}

#[tokio::test]
async fn endless_list_has_new_or_repeated_elements() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.partners());
    scene.gitlab.inject(Fault::NeverEndsTheList);
    assert_eq!(page(&scene, 1).await, (vec![scene.partners], Some("2".to_owned())));
    let ((second, next), (third, _)) = (page(&scene, 2).await, page(&scene, 3).await);
    assert_eq!((second.len(), third.len(), next), (1, 1, Some("3".to_owned())));
    assert_ne!(second, third);

    scene.gitlab.clear_faults();
    scene.gitlab.inject(Fault::RepeatsThePage);
    let ((first, _), (second, next)) = (page(&scene, 1).await, page(&scene, 2).await);
    assert_eq!((first, next), (second, Some("3".to_owned())));
}

#[tokio::test]
async fn list_can_lose_an_element_between_pages_with_equal_total() {
    let scene = Fixture::new();
    scene.fill_groups(4);
    let ((first, _), (second, _)) = (page(&scene, 1).await, page(&scene, 2).await);
    scene.gitlab.inject(Fault::ShiftsTheList);
    assert_eq!(page(&scene, 1).await.0, first);
    assert_eq!(page(&scene, 2).await.0, second[1..]);
    let reply = scene.api.get(&scene.scope("/groups_allowlist?per_page=2&page=2")).await;
    assert_eq!(reply.header("x-total"), Some("4"));
}
