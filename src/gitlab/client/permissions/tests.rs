mod granting;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::gitlab::endpoints::job_token_permissions::PermittedEntry;
use crate::gitlab::testing::{
    MockServer, ReceivedRequest, Reply, empty, group_target, json, list, project, project_target,
    refusal,
};

/// Returns the JSON of an entry.
fn entry(gid: &str, policies: Option<&[&str]>) -> Value {
    json!({
        "sourceProject": {"id": "gid://gitlab/Project/1"},
        "target": {"id": format!("gid://gitlab/{gid}"), "fullPath": gid.to_lowercase()},
        "defaultPermissions": policies.is_none(),
        "jobTokenPolicies": policies.unwrap_or_default(),
        "direction": "inbound",
        "createdAt": "2025-01-31T12:00:00Z",
        "addedBy": {"username": "alice"},
    })
}

/// Returns the JSON of an entry while permissions are turned off.
fn switched_off(gid: &str) -> Value {
    let mut entry = entry(gid, None);
    entry["jobTokenPolicies"] = Value::Null;
    entry
}

fn page_of(nodes: &[Value], next: Option<&str>) -> Value {
    json!({ "nodes": nodes, "pageInfo": {"hasNextPage": next.is_some(), "endCursor": next} })
}

fn lists(projects: &[Value], groups: &[Value]) -> Value {
    let lists = json!({ "projectsAllowlist": page_of(projects, None), "groupsAllowlist": page_of(groups, None) });
    json!({ "id": "gid://gitlab/Project/1", "ciJobTokenScopeAllowlist": lists })
}

fn of_project(project: &Value) -> Reply {
    json(200, &json!({ "data": { "project": project } }))
}

/// Returns the project or group with the requested ID, with a path such as `project/2`.
fn found(seen: &ReceivedRequest) -> Reply {
    let (kind, number) = seen.path.trim_start_matches('/').split_once('/').unwrap();
    let number: u64 = number.parse().unwrap();
    let path = format!("{}/{number}", kind.trim_end_matches('s'));
    json(
        200,
        &json!({ "id": number, "name": path, "web_url": "http://x", "path_with_namespace": path, "full_path": path }),
    )
}

fn only(policies: &[&str]) -> Permissions {
    Permissions::Only(policies.iter().map(|policy| (*policy).to_owned()).collect())
}

fn queries(server: &MockServer) -> usize {
    server.lines().iter().filter(|line| *line == "POST /api/graphql").count()
}

/// Returns two projects and a group, with and without restricted permissions.
fn three_entries(seen: &ReceivedRequest) -> Reply {
    match seen.path.as_str() {
        "/api/graphql" => of_project(&lists(
            &[entry("Project/2", Some(&["READ_JOBS"])), entry("Project/3", None)],
            &[entry("Group/2", Some(&[]))],
        )),
        path if path.ends_with("/allowlist") => list(&[1, 2, 3], seen),
        _ if seen.method == "DELETE" => empty(204),
        _ if seen.method == "POST" => json(201, &seen.body),
        _ => found(seen),
    }
}

#[tokio::test]
async fn concurrent_readers_share_one_query_for_both_kinds() {
    let server = MockServer::slow(Duration::from_millis(20), three_entries).await;
    let client = server.client();
    let readers = (2..=50).map(|number| {
        let (client, target) = (client.clone(), project_target(2 + number % 2));
        tokio::spawn(async move { client.permissions_of(project(1), target).await })
    });
    let readers: Vec<_> = readers.collect();
    for reader in readers {
        assert!(reader.await.unwrap().unwrap().is_some());
    }
    let of = |target| client.permissions_of(project(1), target);
    assert_eq!(of(project_target(2)).await.unwrap(), Some(only(&["READ_JOBS"])));
    assert_eq!(of(project_target(3)).await.unwrap(), Some(Permissions::Default));
    assert_eq!(of(group_target(2)).await.unwrap(), Some(only(&[])));
    assert_eq!(queries(&server), 1);
    let list = client.permissions(project(1), Freshness::Shared).await.unwrap();
    let entry = list.get(group_target(2)).unwrap();
    assert_eq!((entry.full_path.as_str(), entry.added_by.as_deref()), ("group/2", Some("alice")));
    assert_eq!(entry.created_at.as_deref(), Some("2025-01-31T12:00:00Z"));
}

#[tokio::test]
async fn path_of_the_project_comes_from_its_list_if_read() {
    let server = MockServer::new(|seen| match seen.path.as_str() {
        "/projects/1/job_token_scope/allowlist" => {
            let source_project = json!({"id": 1, "path_with_namespace": "acme/app"});
            crate::gitlab::testing::page(&[source_project], 1, 1, 1)
        }
        _ => three_entries(seen),
    })
    .await;
    let client = server.client();
    client.allowlist(project(1), Kind::Project, Freshness::Shared).await.unwrap();
    client.permissions(project(1), Freshness::Shared).await.unwrap();
    assert_eq!(server.count(), 2);
    assert_eq!(server.seen()[1].body["variables"]["project"], "acme/app");
}

#[tokio::test]
async fn missing_entry_is_read_a_second_time() {
    let server = MockServer::new(three_entries).await;
    let client = server.client();
    assert_eq!(client.permissions_of(project(1), project_target(9)).await.unwrap(), None);
    assert_eq!(queries(&server), 2);
}

#[tokio::test]
async fn removal_updates_the_snapshot_and_addition_drops_it() {
    let server = MockServer::new(three_entries).await;
    let client = server.client();
    client.permissions(project(1), Freshness::Shared).await.unwrap();
    client.revoke(project(1), project_target(2)).await.unwrap();
    assert!(
        client
            .permissions(project(1), Freshness::Shared)
            .await
            .unwrap()
            .get(project_target(2))
            .is_none()
    );
    assert_eq!(queries(&server), 1);
    client.allow(project(1), project_target(3)).await.unwrap();
    client.permissions(project(1), Freshness::Shared).await.unwrap();
    assert_eq!(queries(&server), 2);
}

#[tokio::test]
async fn longer_lists_are_followed_by_their_cursors() {
    let server = MockServer::new(|seen| {
        if seen.path != "/api/graphql" {
            return found(seen);
        }
        let (projects, groups) = match seen.body["variables"]["projectsAfter"].as_str() {
            None => (
                page_of(&[entry("Project/2", None)], Some("p1")),
                page_of(&[entry("Group/2", None)], None),
            ),
            Some("p1") => (
                page_of(&[entry("Project/3", None)], Some("p2")),
                page_of(&[entry("Group/2", None)], None),
            ),
            Some(_) => (page_of(&[], None), page_of(&[], None)),
        };
        let lists = json!({ "projectsAllowlist": projects, "groupsAllowlist": groups });
        of_project(&json!({ "id": "gid://gitlab/Project/1", "ciJobTokenScopeAllowlist": lists }))
    })
    .await;
    let list = server.client().permissions(project(1), Freshness::Shared).await.unwrap();
    for target in [project_target(2), project_target(3), group_target(2)] {
        assert!(list.get(target).is_some(), "{target}");
    }
    assert_eq!(queries(&server), 3);
}

#[tokio::test]
async fn endless_list_is_an_error() {
    let count = Arc::new(Mutex::new(0));
    for moves in [false, true] {
        let count = Arc::clone(&count);
        let server = MockServer::new(move |seen| {
            if seen.path != "/api/graphql" {
                return found(seen);
            }
            let mut count = count.lock().unwrap();
            *count += 1;
            let cursor = if moves { count.to_string() } else { "same".to_owned() };
            let page = page_of(&[], Some(&cursor));
            let lists = json!({ "projectsAllowlist": page, "groupsAllowlist": page_of(&[], None) });
            of_project(
                &json!({ "id": "gid://gitlab/Project/1", "ciJobTokenScopeAllowlist": lists }),
            )
        })
        .await;
        let error = server.client().permissions(project(1), Freshness::Shared).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidResponse);
    }
}

#[tokio::test]
async fn renamed_project_is_found_at_its_current_path() {
    // Another project has taken the former path, or none has.
    for former in
        [json!({"id": "gid://gitlab/Project/9", "ciJobTokenScopeAllowlist": null}), Value::Null]
    {
        let asked = Arc::new(Mutex::new(0));
        let server = MockServer::new(move |seen| match seen.path.as_str() {
            "/api/graphql" if seen.body["variables"]["project"] == "new/path" => {
                of_project(&lists(&[entry("Project/2", None)], &[]))
            }
            "/api/graphql" => of_project(&former),
            _ => {
                let mut asked = asked.lock().unwrap();
                *asked += 1;
                let path = if *asked == 1 { "old/path" } else { "new/path" };
                json(
                    200,
                    &json!({"id": 1, "name": "x", "web_url": "x", "path_with_namespace": path}),
                )
            }
        })
        .await;
        let list = server.client().permissions(project(1), Freshness::Shared).await.unwrap();
        assert!(list.get(project_target(2)).is_some());
    }
}

#[tokio::test]
async fn absent_or_hidden_project_is_an_error() {
    let kind = |source_project: Value, status: u16| async move {
        let server = MockServer::new(move |seen| match seen.path.as_str() {
            "/api/graphql" => of_project(&source_project),
            _ if status == 404 => refusal(404, "404 Project Not Found"),
            _ => found(seen),
        })
        .await;
        server.client().permissions(project(1), Freshness::Shared).await.unwrap_err().kind().clone()
    };
    assert_eq!(kind(Value::Null, 404).await, ErrorKind::NotFound);
    assert_eq!(kind(Value::Null, 200).await, ErrorKind::NotAvailable);
    let no_maintainer = json!({"id": "gid://gitlab/Project/1", "ciJobTokenScopeAllowlist": null});
    assert_eq!(kind(no_maintainer, 200).await, ErrorKind::NotAvailable);
}

#[test]
fn withheld_permissions_show_that_the_feature_is_off() {
    let list = |switched_off| {
        let mut list = PermissionList::default();
        list.insert(PermittedEntry {
            target: project_target(2),
            full_path: "a/b".to_owned(),
            permissions: Permissions::Default,
            created_at: None,
            added_by: None,
            switched_off,
        });
        list
    };
    assert!(list(true).is_switched_off());
    assert!(!list(false).is_switched_off());
    assert!(!PermissionList::default().is_switched_off());
}

#[tokio::test]
async fn outbound_links_are_ignored() {
    let mut outbound = entry("Project/2", None);
    outbound["direction"] = json!("outbound");
    let nodes = [entry("Project/2", Some(&["READ_JOBS"])), outbound];
    let server = MockServer::new(move |seen| match seen.path.as_str() {
        "/api/graphql" => of_project(&lists(&nodes, &[])),
        _ => found(seen),
    })
    .await;
    let list = server.client().permissions(project(1), Freshness::Shared).await.unwrap();
    assert_eq!(list.iter().count(), 1);
    assert_eq!(list.get(project_target(2)).unwrap().permissions, only(&["READ_JOBS"]));
}

#[tokio::test]
async fn fields_missing_from_the_schema_are_requested_once() {
    let lacks = |field: &str, ty: &str| {
        json!({
            "message": format!("Field '{field}' doesn't exist on type '{ty}'"),
            "extensions": {"code": "undefinedField", "typeName": ty, "fieldName": field},
        })
    };
    let server = MockServer::new(move |seen| {
        let query = seen.body["query"].as_str().unwrap_or_default();
        let missing: Vec<Value> = ["createdAt", "addedBy"]
            .into_iter()
            .filter(|field| query.contains(field))
            .map(|field| lacks(field, "CiJobTokenScopeAllowlistEntry"))
            .collect();
        match seen.path.as_str() {
            "/api/graphql" if !missing.is_empty() => json(200, &json!({ "errors": missing })),
            "/api/graphql" => {
                let mut entry = entry("Project/2", Some(&["READ_JOBS"]));
                entry
                    .as_object_mut()
                    .unwrap()
                    .retain(|name, _| name != "createdAt" && name != "addedBy");
                of_project(&lists(&[entry], &[]))
            }
            _ => found(seen),
        }
    })
    .await;
    let client = server.client();
    for expected in [2, 3] {
        let list = client.permissions(project(1), Freshness::Now).await.unwrap();
        let entry = list.get(project_target(2)).unwrap();
        assert_eq!((&entry.created_at, &entry.added_by), (&None, &None));
        assert_eq!(queries(&server), expected);
    }
}

#[tokio::test]
async fn targets_of_older_versions_have_other_types() {
    let server = MockServer::new(|seen| {
        let is_new =
            seen.body["query"].as_str().is_some_and(|query| query.contains("CiJobTokenAccessible"));
        let refusal = |ty: &str| {
            json!({
                "message": format!("Fragment on {ty} can't be spread inside CiJobTokenScopeTarget"),
                "extensions": {"code": "cannotSpreadFragment", "typeName": ty},
            })
        };
        match seen.path.as_str() {
            "/api/graphql" if is_new => {
                let types = ["CiJobTokenAccessibleProject", "CiJobTokenAccessibleGroup"];
                json(200, &json!({ "errors": types.map(refusal) }))
            }
            "/api/graphql" => of_project(&lists(&[entry("Project/2", None)], &[])),
            _ => found(seen),
        }
    })
    .await;
    let list = server.client().permissions(project(1), Freshness::Shared).await.unwrap();
    assert_eq!(list.get(project_target(2)).unwrap().permissions, Permissions::Default);
    assert!(
        server.seen().pop().unwrap().body["query"].as_str().unwrap().contains("... on Project {")
    );
}
