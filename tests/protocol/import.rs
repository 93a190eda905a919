//! ImportResourceState, followed by the read that hosts always send: by ID in every form, and by
//! identity.

use serde_json::{Value, json};

use crate::kit::{ENTRY, EXCLUSIVE, Kit, SCOPE, only_error};
use crate::worlds::{ACME, lib_and_acme_allowed};

/// Starts a host for a GitLab where project 1 allows project 2 and group `acme`.
async fn kit() -> (Kit, u64) {
    (Kit::with(lib_and_acme_allowed()).await, ACME)
}

/// Returns the arguments of a list that match what its import finds.
fn maps(project: &str, group: u64) -> Value {
    let default = || json!({"default_permissions": true});
    json!({"project": project, "projects": {"2": default()}, "groups": {group.to_string(): default()}})
}

#[tokio::test]
async fn entry_is_imported_by_every_form_of_id() {
    let (kit, group) = kit().await;
    for (id, project, entry) in [
        ("1:project:2".to_owned(), "1", "1:project:2".to_owned()),
        ("acme/app:project:acme/lib".to_owned(), "acme/app", "1:project:2".to_owned()),
        ("1:2".to_owned(), "1", "1:project:2".to_owned()),
        ("acme/app:2".to_owned(), "acme/app", "1:project:2".to_owned()),
        (format!("1:group:{group}"), "1", format!("1:group:{group}")),
        ("acme/app:group:acme".to_owned(), "acme/app", format!("1:group:{group}")),
    ] {
        kit.begin_walk().await;
        let stored = kit.import_by_id(ENTRY, &id).await;
        assert_eq!(stored.state["id"], entry, "{id}");
        assert_eq!(stored.state["project"], project, "{id}: as it was written");
        let mut given = json!({"project": project});
        let attribute =
            if entry.contains("group") { "target_group_id" } else { "target_project_id" };
        given[attribute] = stored.state[attribute].clone();
        kit.assert_clean(ENTRY, &stored, given).await;
    }
}

#[tokio::test]
async fn scope_and_exclusive_list_are_imported_by_id_or_path() {
    let (kit, group) = kit().await;
    for project in ["1", "acme/app"] {
        kit.begin_walk().await;
        let scope = kit.import_by_id(SCOPE, project).await;
        assert_eq!((&scope.state["id"], &scope.state["project"]), (&json!("1"), &json!(project)));
        kit.assert_clean(SCOPE, &scope, json!({"project": project})).await;
        let list = kit.import_by_id(EXCLUSIVE, project).await;
        let given = maps(project, group);
        kit.assert_clean(EXCLUSIVE, &list, given).await;
    }
}

#[tokio::test]
async fn import_by_identity_shows_the_path_of_the_project() {
    let (kit, group) = kit().await;
    let scope = kit.import_by(SCOPE, &json!({"project_id": 1})).await;
    kit.assert_clean(SCOPE, &scope, json!({"project": "acme/app"})).await;
    let list = kit.import_by(EXCLUSIVE, &json!({"project_id": 1})).await;
    let given = maps("acme/app", group);
    kit.assert_clean(EXCLUSIVE, &list, given).await;
    let project = json!({"project_id": 1, "target_project_id": 2, "target_group_id": null});
    let entry = kit.import_by(ENTRY, &project).await;
    kit.assert_clean(ENTRY, &entry, json!({"project": "acme/app", "target_project_id": 2})).await;
    let group_identity =
        json!({"project_id": 1, "target_project_id": null, "target_group_id": group});
    let entry = kit.import_by(ENTRY, &group_identity).await;
    kit.assert_clean(ENTRY, &entry, json!({"project": "acme/app", "target_group_id": group})).await;
}

#[tokio::test]
async fn identity_without_a_target_fails_without_a_request() {
    let (kit, _) = kit().await;
    let entry = |project: Value, target_project: Value, target_group: Value| json!({"project_id": project, "target_project_id": target_project, "target_group_id": target_group});
    let null = Value::Null;
    for (type_name, identity) in [
        (ENTRY, entry(json!(1), json!(2), json!(1))),
        (ENTRY, entry(json!(1), null.clone(), null.clone())),
        (ENTRY, entry(json!(0), json!(2), null.clone())),
        (ENTRY, entry(null.clone(), json!(2), null.clone())),
        (ENTRY, entry(json!(1), json!(0), null.clone())),
        (ENTRY, entry(json!(1), null.clone(), json!(-1))),
        (ENTRY, entry(json!(1), json!(1.5), null.clone())),
        (SCOPE, json!({"project_id": 0})),
        (SCOPE, json!({"project_id": null})),
        (EXCLUSIVE, json!({"project_id": -1})),
        (EXCLUSIVE, json!({"project_id": null})),
    ] {
        let imported = kit.import_by_identity(type_name, &identity).await.unwrap();
        assert!(imported.resources.is_empty(), "{identity}");
        let error = only_error(&imported.diagnostics);
        assert!(!error.detail.contains("defect"), "{identity}: {error:#?}");
    }
    let zero = kit.import_by_identity(SCOPE, &json!({"project_id": 0})).await.unwrap();
    assert!(
        only_error(&zero.diagnostics).detail.starts_with(
            "The identity `project_id = 0` can't be imported.\n\n`project_id` is 0, but"
        ),
        "{zero:#?}"
    );
    let decimal = entry(json!(1), json!(1.5), Value::Null);
    let imported = kit.import_by_identity(ENTRY, &decimal).await.unwrap();
    assert_eq!(
        only_error(&imported.diagnostics).detail,
        "The identity `project_id = 1, target_project_id = 1.5` can't be imported.\n\n\
         `target_project_id` must be a whole number, but is 1.5."
    );
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn identity_of_another_shape_is_an_error() {
    let (kit, _) = kit().await;
    for identity in [
        json!({}),
        json!({"project_id": 1, "other": 2}),
        json!({"project_id": "acme/app"}),
        Value::Null,
    ] {
        let imported = kit.import_by_identity(SCOPE, &identity).await.unwrap();
        only_error(&imported.diagnostics);
    }
}

#[tokio::test]
async fn missing_objects_are_not_imported() {
    let (kit, _) = kit().await;
    for (type_name, id) in [
        (ENTRY, "1:project:9"),
        (ENTRY, "1:project:1"),
        (ENTRY, "9:project:2"),
        (ENTRY, "acme/none:project:2"),
        (ENTRY, "1:group:acme/none"),
        (SCOPE, "9"),
        (SCOPE, "acme/none"),
        (EXCLUSIVE, "9"),
        (EXCLUSIVE, "acme/none"),
    ] {
        let imported = kit.import(type_name, id).await.unwrap();
        assert!(imported.resources.is_empty(), "{id}");
        only_error(&imported.diagnostics);
    }
    let absent = json!({"project_id": 1, "target_project_id": 9, "target_group_id": null});
    only_error(&kit.import_by_identity(ENTRY, &absent).await.unwrap().diagnostics);
}

#[tokio::test]
async fn malformed_id_is_an_error_without_a_request() {
    let (kit, _) = kit().await;
    for (type_name, id) in [
        (ENTRY, "1"),
        (ENTRY, "1:user:2"),
        (ENTRY, "::"),
        (ENTRY, ""),
        (SCOPE, ""),
        (EXCLUSIVE, "a b"),
    ] {
        let imported = kit.import(type_name, id).await.unwrap();
        only_error(&imported.diagnostics);
    }
    assert_eq!(kit.requests(), "");
}
