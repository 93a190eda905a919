//! Parameters: missing, empty, of the wrong type, in the wrong place.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Fixture, Reply};

fn error(text: &str) -> Value {
    json!({ "error": text })
}

#[tokio::test]
async fn target_must_be_an_integer() {
    let scene = Fixture::new();
    for (list, name) in
        [("/allowlist", "target_project_id"), ("/groups_allowlist", "target_group_id")]
    {
        for (value, complaint) in [
            (json!(12.34), "is invalid"),
            (json!("acme/lib"), "is invalid"),
            (json!(true), "is invalid"),
            (json!(""), "is empty"),
            (json!(null), "is empty"),
        ] {
            let refused = scene.api.post(&scene.scope(list), &json!({ name: value })).await;
            refused.is(400, error(&format!("{name} {complaint}")));
        }
        scene
            .api
            .post(&scene.scope(list), &json!({}))
            .await
            .is(400, error(&format!("{name} is missing")));
    }
}

#[tokio::test]
async fn setting_must_be_a_boolean() {
    let scene = Fixture::new();
    for (body, complaint) in [
        (json!({ "enabled": 123 }), "enabled is invalid"),
        (json!({ "enabled": null }), "enabled is empty"),
        (json!({ "enabled": "" }), "enabled is empty"),
        (json!({}), "enabled is missing"),
        (json!({ "inbound_enabled": false }), "enabled is missing"),
    ] {
        scene.api.patch(&scene.scope(""), &body).await.is(400, error(complaint));
    }
    assert!(scene.gitlab.inbound_enabled(scene.app));
}

#[tokio::test]
async fn outbound_setting_cannot_be_sent() {
    let scene = Fixture::new();
    let alone = scene.api.patch(&scene.scope(""), &json!({ "outbound_enabled": true })).await;
    alone.is(400, error("enabled is missing"));
    let beside = json!({ "enabled": false, "outbound_enabled": true });
    scene.api.patch(&scene.scope(""), &beside).await.is_empty();
    let scope = scene.api.get(&scene.scope("")).await;
    scope.is(200, json!({ "inbound_enabled": false, "outbound_enabled": false }));
}

#[tokio::test]
async fn groups_list_rejects_a_target_project() {
    let scene = Fixture::new();
    let refused = scene
        .api
        .post(&scene.scope("/groups_allowlist"), &json!({ "target_project_id": scene.lib }))
        .await;
    refused.is(400, error("target_group_id is missing"));
}

#[tokio::test]
async fn writes_to_allowlists_accept_only_ids() {
    let scene = Fixture::new();
    let list = "/projects/acme%2Fapp/job_token_scope";
    let invalid = error("id is invalid");
    let api = &scene.api;
    let project = json!({ "target_project_id": scene.lib });
    api.post(&format!("{list}/allowlist"), &project).await.is(400, invalid.clone());
    let group = json!({ "target_group_id": scene.partners });
    api.post(&format!("{list}/groups_allowlist"), &group).await.is(400, invalid.clone());
    api.delete(&format!("{list}/allowlist/{}", scene.lib)).await.is(400, invalid.clone());
    api.delete(&format!("{list}/groups_allowlist/{}", scene.partners)).await.is(400, invalid);
    let refused = api.delete(&scene.scope("/allowlist/acme%2Flib")).await;
    refused.is(400, error("target_project_id is invalid"));
}

#[tokio::test]
async fn reads_and_the_setting_accept_paths() {
    let scene = Fixture::new();
    let scope = "/projects/acme%2Fapp/job_token_scope";
    for rest in ["", "/allowlist", "/groups_allowlist"] {
        assert_eq!(scene.api.get(&format!("{scope}{rest}")).await.status, 200, "{rest}");
    }
    scene.api.patch(scope, &json!({ "enabled": false })).await.is_empty();
    assert!(!scene.gitlab.inbound_enabled(scene.app));
}

#[tokio::test]
async fn ids_as_text_and_forms_are_accepted() {
    let scene = Fixture::new();
    let text = json!({ "target_project_id": scene.lib.to_string() });
    assert_eq!(scene.api.post(&scene.scope("/allowlist"), &text).await.status, 201);
    let form = scene.api.request(Method::POST, &scene.scope("/groups_allowlist"));
    let form = form
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("target_group_id={}", scene.partners));
    assert_eq!(Reply::of(form).await.unwrap().status, 201);
}

#[tokio::test]
async fn body_of_another_content_type_is_rejected() {
    let scene = Fixture::new();
    for (content_type, status) in [("application/json", 400), ("text/plain", 415)] {
        let request = scene.api.request(Method::PATCH, &scene.scope(""));
        let request = request.header("content-type", content_type).body("enabled: false");
        assert_eq!(Reply::of(request).await.unwrap().status, status, "{content_type}");
    }
    assert!(scene.gitlab.inbound_enabled(scene.app));
}

#[tokio::test]
async fn parameters_are_validated_before_the_source_project() {
    let scene = Fixture::new();
    scene
        .api
        .post("/projects/999/job_token_scope/allowlist", &json!({}))
        .await
        .is(400, error("target_project_id is missing"));
}
