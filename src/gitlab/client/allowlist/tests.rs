use serde_json::json;

use super::*;
use crate::gitlab::Freshness;
use crate::gitlab::testing::{MockServer, page, project, project_target};

#[tokio::test]
async fn project_itself_is_left_out_and_gives_its_path() {
    let body = [
        json!({"id": 1, "path_with_namespace": "Own/Er", "name": "er"}),
        json!({"id": 2, "path_with_namespace": "a/b", "name": "b", "web_url": "https://h/a/b", "topics": []}),
        json!({"id": 3}),
    ];
    let server = MockServer::replying(vec![page(&body, 1, 1, 3)]).await;
    let list =
        server.client().allowlist(project(1), Kind::Project, Freshness::Shared).await.unwrap();
    assert_eq!(list.project_path(), Some("Own/Er"));
    let expected = ListedEntry {
        target: project_target(2),
        name: Some("b".to_owned()),
        full_path: Some("a/b".to_owned()),
        web_url: Some("https://h/a/b".to_owned()),
    };
    assert!(list.iter().eq([&expected, &ListedEntry::bare(project_target(3))]));
    assert_eq!((list.iter().count(), list.get(project_target(1))), (2, None));
}

#[tokio::test]
async fn groups_are_read_with_their_paths() {
    let body = [json!({"id": 5, "name": "Deploy", "web_url": "https://h/groups/platform/deploy"})];
    let server = MockServer::replying(vec![page(&body, 1, 1, 1)]).await;
    let list = server.client().allowlist(project(1), Kind::Group, Freshness::Shared).await.unwrap();
    let group = list.iter().next().unwrap();
    assert_eq!(group.full_path.as_deref(), Some("platform/deploy"));
    assert_eq!(server.lines(), ["GET /projects/1/job_token_scope/groups_allowlist"]);
}
