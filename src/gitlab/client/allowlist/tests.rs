use serde_json::json;

use super::*;
use crate::gitlab::testing::{Scripted, page, project};

#[tokio::test]
async fn the_owner_is_left_out_and_tells_its_path() {
    let body = [
        json!({"id": 1, "path_with_namespace": "Own/Er", "name": "er"}),
        json!({"id": 2, "path_with_namespace": "a/b", "name": "b", "web_url": "https://h/a/b", "topics": []}),
        json!({"id": 3}),
    ];
    let server = Scripted::answers(vec![page(&body, 1, 1, 3)]).await;
    let list = server.client().allowed_projects(project(1)).await.unwrap();
    assert_eq!(list.owner_path(), Some("Own/Er"));
    let expected = AllowedProject {
        id: project(2),
        name: Some("b".to_owned()),
        path_with_namespace: Some("a/b".to_owned()),
        web_url: Some("https://h/a/b".to_owned()),
    };
    assert!(list.iter().eq([&expected, &AllowedProject::bare(project(3))]));
    assert_eq!((list.len(), list.is_empty(), list.get(project(1))), (2, false, None));
}

#[test]
fn the_path_of_a_group_is_read_from_its_page() {
    for (url, root, path) in [
        ("https://h/groups/a", "", Some("a")),
        ("https://h/groups/a/groups/b", "", Some("a/groups/b")),
        ("https://h/gitlab/groups/a/b", "/gitlab", Some("a/b")),
        ("https://h/groups/groups/a/b", "/groups", Some("a/b")),
        ("https://h/other/groups/a/b", "/gitlab", Some("a/b")),
        ("https://h/groups/caf%C3%A9/", "", Some("café")),
        ("https://h/a/b", "", None),
        ("https://h/groups/", "", None),
        ("nonsense", "", None),
    ] {
        assert_eq!(group_path(url, root).as_deref(), path, "{url}");
    }
}

#[tokio::test]
async fn groups_are_read_with_their_paths() {
    let body = [json!({"id": 5, "name": "Deploy", "web_url": "https://h/groups/platform/deploy"})];
    let server = Scripted::answers(vec![page(&body, 1, 1, 1)]).await;
    let list = server.client().allowed_groups(project(1)).await.unwrap();
    let group = list.iter().next().unwrap();
    assert_eq!(group.full_path.as_deref(), Some("platform/deploy"));
    assert_eq!(server.lines(), ["GET /projects/1/job_token_scope/groups_allowlist"]);
}
