use std::time::Duration;

use serde_json::json;

use crate::gitlab::testing::{
    MockServer, ReceivedRequest, Reply, empty, group_target, json, list, page, project,
    project_target, refusal,
};
use crate::gitlab::{Freshness, Kind};

/// Returns a successful response to a write, otherwise a list of project 1 and targets 2 and 3.
fn accept_all(seen: &ReceivedRequest) -> Reply {
    match seen.method.as_str() {
        "POST" => json(201, &seen.body),
        "DELETE" => empty(204),
        _ => list(&[1, 2, 3], seen),
    }
}

#[tokio::test]
async fn concurrent_readers_share_one_list() {
    let server = MockServer::slow(Duration::from_millis(20), accept_all).await;
    let client = server.client();
    let readers = (1..=50).map(|number| {
        let client = client.clone();
        tokio::spawn(async move {
            client.is_allowed(project(1), project_target(number), Freshness::Shared).await
        })
    });
    let readers: Vec<_> = readers.collect();
    for reader in readers {
        reader.await.unwrap().unwrap();
    }
    client.allowlist(project(1), Kind::Project, Freshness::Shared).await.unwrap();
    assert_eq!(server.count(), 1);
    assert!(client.peek_allowlist(project(1), Kind::Project).is_some());
    assert!(client.peek_allowlist(project(1), Kind::Group).is_none());
    assert!(client.peek_allowlist(project(2), Kind::Project).is_none());
}

#[tokio::test]
async fn own_writes_update_the_list_without_a_request() {
    let server = MockServer::new(accept_all).await;
    let client = server.client();
    client.allowlist(project(1), Kind::Project, Freshness::Shared).await.unwrap();
    client.allow(project(1), project_target(9)).await.unwrap();
    client.revoke(project(1), project_target(2)).await.unwrap();
    let list = client.peek_allowlist(project(1), Kind::Project).unwrap();
    assert_eq!(list.iter().map(|entry| entry.target.id()).collect::<Vec<_>>(), [3, 9]);
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn entry_with_only_an_id_is_read_for_its_path() {
    let server = MockServer::new(accept_all).await;
    let client = server.client();
    client.complete_allowlist(project(1), Kind::Group).await.unwrap();
    client.allow(project(1), group_target(3)).await.unwrap();
    client.complete_allowlist(project(1), Kind::Group).await.unwrap();
    assert_eq!(server.count(), 2, "an entry that was known before is known in full");
    client.allow(project(1), group_target(9)).await.unwrap();
    client.allowlist(project(1), Kind::Group, Freshness::Shared).await.unwrap();
    assert_eq!(server.count(), 3);
    client.complete_allowlist(project(1), Kind::Group).await.unwrap();
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn list_read_during_a_write_is_not_cached() {
    let server = MockServer::slow(Duration::from_millis(100), accept_all).await;
    let client = server.client();
    let slow_reader = tokio::spawn({
        let client = client.clone();
        async move { client.allowlist(project(1), Kind::Project, Freshness::Shared).await }
    });
    server.wait_for_requests(1).await;
    client.cache.lists.added(project(1), project_target(9));
    assert_eq!(slow_reader.await.unwrap().unwrap().get(project_target(9)), None);
    assert!(client.peek_allowlist(project(1), Kind::Project).is_none());
    client.allowlist(project(1), Kind::Project, Freshness::Shared).await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn failed_list_is_not_cached() {
    let elements = [json!({"id": 1}), json!({"id": 2})];
    let server =
        MockServer::replying(vec![refusal(403, "403 Forbidden"), page(&elements, 1, 1, 2)]).await;
    let client = server.client();
    client.allowlist(project(1), Kind::Project, Freshness::Shared).await.unwrap_err();
    assert!(client.is_allowed(project(1), project_target(2), Freshness::Shared).await.unwrap());
}

#[tokio::test]
async fn cancelled_write_invalidates_the_list() {
    let server =
        MockServer::new(
            |seen| if seen.method == "POST" { Reply::NoResponse } else { accept_all(seen) },
        )
        .await;
    let client = server.client();
    client.allowlist(project(1), Kind::Project, Freshness::Shared).await.unwrap();
    let writing = tokio::spawn({
        let client = client.clone();
        async move { client.allow(project(1), project_target(9)).await }
    });
    server.wait_for_requests(2).await;
    assert!(client.peek_allowlist(project(1), Kind::Project).is_some());
    writing.abort();
    writing.await.unwrap_err();
    assert!(client.peek_allowlist(project(1), Kind::Project).is_none());
}
