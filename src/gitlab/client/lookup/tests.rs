use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::gitlab::testing::{MockServer, Reply, json, refusal};
use crate::gitlab::{ErrorKind, GroupRef, ProjectRef};

fn project() -> Value {
    json!({"id": 7, "path_with_namespace": "New/Name", "name": "n", "web_url": "https://h/New/Name", "x": 1})
}

fn reference(text: &str) -> ProjectRef {
    text.parse().unwrap()
}

#[tokio::test]
async fn project_is_requested_once_under_all_its_names() {
    let server = MockServer::new(|seen| match seen.path.as_str() {
        "/projects/old%2Fname" => Reply::ApiResponse {
            status: 301,
            headers: vec![("location", "/api/v4/projects/7".to_owned())],
            body: Vec::new(),
        },
        _ => json(200, &project()),
    })
    .await;
    let client = server.client();
    for name in ["old/name", "OLD/name", "new/name", "7"] {
        let found = client.find(&reference(name)).await.unwrap().unwrap();
        assert_eq!((found.target.id(), found.full_path.as_str()), (7, "New/Name"), "{name}");
    }
    assert_eq!(server.lines(), ["GET /projects/old%2Fname", "GET /projects/7"]);
}

#[tokio::test]
async fn concurrent_lookups_share_one_request() {
    let server = MockServer::slow(Duration::from_millis(20), |_| json(200, &project())).await;
    let client = server.client();
    let name = reference("new/name");
    let asked = (0..30).map(|_| client.find(&name));
    futures_util::future::try_join_all(asked).await.unwrap();
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn missing_project_is_requested_again() {
    let exists = std::sync::Arc::new(AtomicBool::new(false));
    let server = MockServer::new({
        let exists = exists.clone();
        move |_| match exists.load(Ordering::SeqCst) {
            true => json(200, &project()),
            false => refusal(404, "404 Project Not Found"),
        }
    })
    .await;
    let client = server.client();
    assert_eq!(client.find(&reference("new/name")).await.unwrap(), None);
    exists.store(true, Ordering::SeqCst);
    assert!(client.find(&reference("new/name")).await.unwrap().is_some());
}

#[tokio::test]
async fn group_is_requested_without_its_projects() {
    let body = json!({"id": 3, "full_path": "a/b", "name": "b", "web_url": "https://h/groups/a/b"});
    let server = MockServer::replying(vec![json(200, &body)]).await;
    let client = server.client();
    let group: GroupRef = "A/b".parse().unwrap();
    assert_eq!(client.find(&group).await.unwrap().unwrap().target.id(), 3);
    assert_eq!(
        client.find(&"3".parse::<GroupRef>().unwrap()).await.unwrap().unwrap().full_path,
        "a/b"
    );
    assert_eq!(server.lines(), ["GET /groups/A%2Fb"]);
    assert_eq!(server.seen()[0].query, "with_projects=false");
}

#[tokio::test]
async fn forbidden_is_not_missing() {
    let server = MockServer::replying(vec![refusal(403, "403 Forbidden")]).await;
    let error = server.client().find(&reference("a/b")).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn user_endpoint_validates_the_token() {
    let server =
        MockServer::replying(vec![json(200, &json!({"id": 1, "username": "bot", "bio": null}))])
            .await;
    assert_eq!(server.client().current_user().await.unwrap().username, "bot");
    let server = MockServer::replying(vec![refusal(401, "401 Unauthorized")]).await;
    assert!(server.client().current_user().await.unwrap_err().is_token_error());
    assert_eq!(server.count(), 1);
}
