//! Starting, stopping and sharing an instance.

use std::time::{Duration, Instant};

use gitlab_simulator::{Fault, Simulator};
use reqwest::Method;

use crate::kit::{Api, Fixture, Reply};

#[tokio::test]
async fn dropped_instance_stops_during_a_response() {
    let scene = Fixture::new();
    scene.gitlab.inject(Fault::StallsTheResponse(Duration::from_secs(3600)));
    let Fixture { gitlab, api, .. } = scene;
    let waiting = tokio::spawn(Reply::of(api.request(Method::GET, "/user")));
    while gitlab.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(gitlab);
    assert!(waiting.await.unwrap().is_err());
    assert!(Reply::of(api.request(Method::GET, "/user")).await.unwrap_err().is_connect());
}

#[tokio::test]
async fn instances_share_nothing() {
    let (one, other) = (Fixture::new(), Simulator::start());
    assert_ne!(one.gitlab.url(), other.url());
    let api = Api::new(&other.api_url(), other.token());
    assert_eq!(api.get("/projects/1").await.status, 404);
    assert_eq!((one.gitlab.requests().len(), other.requests().len()), (0, 1));
}

#[tokio::test]
async fn latency_can_change_while_it_serves() {
    let scene = Fixture::of(Simulator::builder().latency(Duration::from_millis(80)));
    let start = Instant::now();
    scene.api.get("/version").await;
    assert!(start.elapsed() >= Duration::from_millis(80));
    scene.gitlab.set_latency(Duration::from_secs(3600));
    scene.gitlab.set_latency(Duration::ZERO);
    assert_eq!(scene.api.get("/version").await.status, 200);
}

#[tokio::test]
async fn connections_are_kept_and_counted() {
    let scene = Fixture::new();
    for _ in 0..5 {
        scene.api.get("/version").await;
    }
    assert_eq!(scene.gitlab.connections(), 1);
}

#[test]
fn taken_port_is_an_error() {
    let gitlab = Simulator::start();
    let port: u16 = gitlab.url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(Simulator::builder().port(port).try_start().is_err());
}

#[test]
#[should_panic(expected = "PathTaken")]
fn invalid_setup_panics() {
    let gitlab = Simulator::start();
    gitlab.add_project("acme/app");
    gitlab.add_project("acme/app");
}
