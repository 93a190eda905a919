//! The rate limit.

use std::time::Duration;

use gitlab_simulator::Refusals;

use crate::kit::Fixture;

#[tokio::test]
async fn requests_beyond_the_limit_get_a_retry_after() {
    let scene = Fixture::new();
    scene.gitlab.limit_rate(2, Duration::from_secs(60));
    for _ in 0..2 {
        assert_eq!(scene.api.get("/version").await.status, 200);
    }
    let refused = scene.api.get("/version").await;
    assert_eq!((refused.status, refused.text.as_str()), (429, "Retry later\n"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit-limit"), Some("2"));
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    assert!(refused.header("ratelimit-reset").is_some());
    assert_eq!(scene.gitlab.refusals(), Refusals { requests: 1, windows: 1, windows_in_a_row: 1 });
}

#[tokio::test]
async fn rejected_request_changes_nothing() {
    let scene = Fixture::new();
    scene.gitlab.limit_rate(0, Duration::from_secs(60));
    assert_eq!(scene.add_project(scene.lib).await.status, 429);
    assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
}

#[tokio::test]
async fn next_window_serves_again() {
    let scene = Fixture::new();
    scene.gitlab.limit_rate(1, Duration::from_millis(50));
    scene.api.get("/version").await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(scene.api.get("/version").await.status, 200);
    assert_eq!(scene.gitlab.refusals(), Refusals::default());
}
