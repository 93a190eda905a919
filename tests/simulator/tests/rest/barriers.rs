//! Barriers, from the perspective of a client and a test.

use std::time::Duration;

use gitlab_simulator::{Barrier, Fault, Held, Injection, Route};

use crate::kit::Fixture;

const SHORT: Duration = Duration::from_millis(50);
/// Long enough for a request to arrive and be executed.
const TIMEOUT: Duration = Duration::from_secs(5);

const POST: Route = Route::AllowlistProjectPost;

fn targets(held: &Held) -> Vec<u64> {
    held.waiting().iter().map(|request| request.target.unwrap().id()).collect()
}

#[tokio::test]
async fn held_request_is_not_executed_until_released() {
    let scene = Fixture::new();
    let held = scene.gitlab.hold(Barrier::before(POST));
    let test = async {
        let waiting = held.reached(1, TIMEOUT).await.unwrap();
        assert_eq!((waiting[0].target, waiting[0].status), (Some(scene.lib()), None));
        assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
        assert_eq!(held.release_one().unwrap().target, Some(scene.lib()));
    };
    let (reply, ()) = tokio::join!(scene.add_project(scene.lib), test);
    assert_eq!(reply.status, 201);
    assert_eq!(scene.gitlab.allowlist(scene.app).projects, [scene.lib].into());
    assert!(held.waiting().is_empty());
}

#[tokio::test]
async fn request_of_a_held_response_was_executed() {
    let scene = Fixture::new();
    let held = scene.gitlab.hold(Barrier::after(POST));
    let test = async {
        held.reached(1, TIMEOUT).await.unwrap();
        assert_eq!(scene.gitlab.allowlist(scene.app).projects, [scene.lib].into());
        assert_eq!(scene.gitlab.requests()[0].status, None, "it is not responded");
        held.release_all();
    };
    let (reply, ()) = tokio::join!(scene.add_project(scene.lib), test);
    assert_eq!(reply.status, 201);
}

#[tokio::test]
async fn requests_are_released_in_order_of_arrival() {
    let scene = Fixture::new();
    let other = scene.gitlab.add_project("acme/other");
    let held = scene.gitlab.hold(Barrier::before(POST));
    let second = async {
        held.reached(1, TIMEOUT).await.unwrap();
        scene.add_project(other).await
    };
    let test = async {
        held.reached(2, TIMEOUT).await.unwrap();
        assert_eq!(targets(&held), [scene.lib, other]);
        held.release_one();
        while scene.gitlab.allowlist(scene.app).projects.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(scene.gitlab.allowlist(scene.app).projects, [scene.lib].into());
        assert_eq!(held.release_all().len(), 1);
        assert!(held.release_one().is_none());
    };
    tokio::join!(scene.add_project(scene.lib), second, test);
    assert_eq!(scene.gitlab.allowlist(scene.app).projects, [scene.lib, other].into());
}

#[tokio::test]
async fn barrier_holds_only_matching_requests() {
    let scene = Fixture::new();
    let other = scene.gitlab.add_project("acme/other");
    let held = scene.gitlab.hold(Barrier::before(POST).project(scene.app).target(scene.lib()));
    assert_eq!(scene.add_project(other).await.status, 201);
    assert_eq!(scene.add_group(scene.partners).await.status, 201);
    assert_eq!(scene.remove_project(other).await.status, 204);
    assert!(held.reached(1, SHORT).await.is_none());
    let test = async {
        held.reached(1, TIMEOUT).await.unwrap();
        held.release_all();
    };
    tokio::join!(scene.add_project(scene.lib), test);
}

#[tokio::test]
async fn dropped_barrier_releases_all_requests() {
    let scene = Fixture::new();
    let held = scene.gitlab.hold(Barrier::before(POST).on(Route::AllowlistProjectDelete));
    let test = async {
        held.reached(1, TIMEOUT).await.unwrap();
        drop(held);
    };
    let (reply, ()) = tokio::join!(scene.add_project(scene.lib), test);
    assert_eq!(reply.status, 201);
    assert_eq!(scene.remove_project(scene.lib).await.status, 204);
}

#[tokio::test]
async fn disconnected_client_leaves_the_barrier() {
    let scene = Fixture::new();
    let held = scene.gitlab.hold(Barrier::before(POST));
    assert!(tokio::time::timeout(SHORT, scene.add_project(scene.lib)).await.is_err());
    while !held.waiting().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(held);
    assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
}

#[tokio::test]
async fn fault_applies_after_every_barrier() {
    let scene = Fixture::new();
    let barriers = [Barrier::before(POST), Barrier::before(POST), Barrier::after(POST)];
    let held = barriers.map(|barrier| scene.gitlab.hold(barrier));
    scene.gitlab.inject(Injection::from(Fault::BadGateway).once());
    let test = async {
        for barrier in &held {
            barrier.reached(1, TIMEOUT).await.unwrap();
            barrier.release_all();
        }
    };
    let (reply, ()) = tokio::join!(scene.add_project(scene.lib), test);
    assert_eq!(reply.status, 502);
}
