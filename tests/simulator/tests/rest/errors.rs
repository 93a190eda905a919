//! The errors, one test for each documented response of GitLab.

use gitlab_simulator::{Enforcement, LINK_LIMIT, Simulator, Target, TokenSpec};
use serde_json::{Value, json};

use crate::kit::Fixture;

fn bad_request(reason: &str) -> Value {
    json!({ "message": format!("400 Bad request - {reason}") })
}

fn not_found(what: &str) -> Value {
    json!({ "message": format!("404 {what} Not Found") })
}

#[tokio::test]
async fn second_addition_has_the_error_of_the_version() {
    for (version, words) in [
        (
            "17.11.7-ee",
            [
                "Target project is already in the job token scope",
                "Target group is already in the job token scope",
            ],
        ),
        (
            "18.0.0-ee",
            [
                "This project is already in the job token allowlist.",
                "This group is already in the job token allowlist.",
            ],
        ),
    ] {
        let scene = Fixture::of(Simulator::builder().version(version));
        scene.gitlab.allow(scene.app, scene.lib());
        scene.gitlab.allow(scene.app, scene.partners());
        scene.add_project(scene.lib).await.is(400, bad_request(words[0]));
        scene.add_group(scene.partners).await.is(400, bad_request(words[1]));
    }
}

#[tokio::test]
async fn hidden_target_cannot_be_added() {
    let scene = Fixture::new();
    scene.gitlab.hide_from(gitlab_simulator::ADMINISTRATOR, scene.lib());
    scene.gitlab.hide_from(gitlab_simulator::ADMINISTRATOR, scene.partners());
    let unseen = |kind| {
        bad_request(&format!(
            "The target_{kind} that you are attempting to access does not exist or you don't have \
             permission to perform this action"
        ))
    };
    scene.add_project(scene.lib).await.is(400, unseen("project"));
    scene.add_group(scene.partners).await.is(400, unseen("group"));
}

#[tokio::test]
async fn target_that_is_not_listed_cannot_be_removed() {
    let scene = Fixture::new();
    let absent = |kind| bad_request(&format!("Target {kind} is not in the job token scope"));
    scene.remove_project(scene.lib).await.is(400, absent("project"));
    scene.remove_group(scene.partners).await.is(400, absent("group"));
}

#[tokio::test]
async fn full_list_rejects_additions_of_its_kind() {
    let scene = Fixture::new();
    scene.fill_projects(LINK_LIMIT);
    scene.fill_groups(LINK_LIMIT);
    let full = "Validation failed: Source project exceeds the allowable number of project links in \
        this direction";
    scene.add_project(scene.lib).await.is(400, bad_request(full));
    let full = "Validation failed: Source project exceeds the allowable number of group links";
    scene.add_group(scene.partners).await.is(400, bad_request(full));
}

#[tokio::test]
async fn enforced_restriction_cannot_be_turned_off() {
    let scene = Fixture::of(Simulator::builder().enforced());
    let enforced = "Job token scope cannot be disabled for this project because it is enforced for \
        the instance.";
    scene.set_enabled(false).await.is(400, bad_request(enforced));
    scene.set_enabled(true).await.is_empty();
}

#[tokio::test]
async fn before_18_8_enforced_restriction_stays_silently() {
    let scene = Fixture::of(Simulator::builder().enforced().version("18.7.2-ee"));
    scene.set_enabled(false).await.is_empty();
    assert!(scene.gitlab.inbound_enabled(scene.app));
}

#[tokio::test]
async fn enforcement_hides_the_setting_of_the_project() {
    for enforcement in [Enforcement::Silent, Enforcement::Refusing] {
        let scene = Fixture::new();
        scene.gitlab.set_inbound_enabled(scene.app, false);
        scene.gitlab.set_enforcement(enforcement);
        assert_eq!(
            scene.api.get(&scene.scope("")).await.json()["inbound_enabled"],
            true,
            "{enforcement:?}"
        );
    }
}

#[tokio::test]
async fn role_below_maintainer_is_always_forbidden() {
    let scene = Fixture::new();
    let api = scene.as_token(
        TokenSpec::new("developer").developer_of(Target::Project(scene.app)).can_see(scene.lib()),
    );
    let forbidden = json!({ "message": "403 Forbidden" });
    for rest in ["", "/allowlist", "/groups_allowlist"] {
        api.get(&scene.scope(rest)).await.is(403, forbidden.clone());
    }
    api.patch(&scene.scope(""), &json!({ "enabled": true })).await.is(403, forbidden.clone());
    api.post(&scene.scope("/allowlist"), &json!({ "target_project_id": scene.lib }))
        .await
        .is(403, forbidden.clone());
    api.post(&scene.scope("/groups_allowlist"), &json!({ "target_group_id": 1 }))
        .await
        .is(403, forbidden.clone());
}

#[tokio::test]
async fn removal_finds_its_target_before_the_role() {
    let scene = Fixture::new();
    let spec =
        TokenSpec::new("developer").developer_of(Target::Project(scene.app)).can_see(scene.lib());
    let api = scene.as_token(spec);
    let forbidden = json!({ "message": "403 Forbidden - Insufficient permissions to modify the job \
        token scope" });
    api.delete(&scene.scope(&format!("/allowlist/{}", scene.lib))).await.is(403, forbidden.clone());
    api.delete(&scene.scope(&format!("/groups_allowlist/{}", scene.partners)))
        .await
        .is(403, forbidden);
    api.delete(&scene.scope("/allowlist/999")).await.is(404, not_found("Project"));
    let missing = not_found("target_group_id not found");
    api.delete(&scene.scope("/groups_allowlist/999")).await.is(404, missing);
}

#[tokio::test]
async fn absent_or_hidden_source_project_is_not_found() {
    let scene = Fixture::new();
    let stranger = scene.as_token(TokenSpec::new("stranger"));
    for (api, id) in [(&scene.api, 999), (&stranger, scene.app)] {
        let path = |rest: &str| format!("/projects/{id}/job_token_scope{rest}");
        for rest in ["", "/allowlist", "/groups_allowlist"] {
            api.get(&path(rest)).await.is(404, not_found("Project"));
        }
        api.get(&format!("/projects/{id}")).await.is(404, not_found("Project"));
        api.patch(&path(""), &json!({ "enabled": true })).await.is(404, not_found("Project"));
        api.post(&path("/allowlist"), &json!({ "target_project_id": 1 }))
            .await
            .is(404, not_found("Project"));
        api.post(&path("/groups_allowlist"), &json!({ "target_group_id": 1 }))
            .await
            .is(404, not_found("Project"));
        api.delete(&path("/allowlist/1")).await.is(404, not_found("Project"));
        api.delete(&path("/groups_allowlist/1")).await.is(404, not_found("Project"));
    }
}

#[tokio::test]
async fn target_that_does_not_exist_is_not_found() {
    let scene = Fixture::new();
    for id in [999, u64::MAX] {
        scene.add_project(id).await.is(404, not_found("target_project_id not found"));
        scene.add_group(id).await.is(404, not_found("target_group_id not found"));
        scene.remove_project(id).await.is(404, not_found("Project"));
        scene.remove_group(id).await.is(404, not_found("target_group_id not found"));
    }
}

#[tokio::test]
async fn absent_or_hidden_group_is_not_found() {
    let scene = Fixture::new();
    scene.api.get("/groups/nobody").await.is(404, not_found("Group"));
    scene.api.get("/groups/acme%2Fapp").await.is(404, not_found("Group"));
    scene
        .as_token(TokenSpec::new("stranger"))
        .get("/groups/partners")
        .await
        .is(404, not_found("Group"));
}

#[tokio::test]
async fn unknown_path_and_wrong_method_are_distinguished() {
    let scene = Fixture::new();
    scene.api.get("/projects/1/nothing").await.is(404, json!({ "error": "404 Not Found" }));
    let refused = scene.api.post(&scene.scope(""), &json!({})).await;
    refused.is(405, json!({ "error": "405 Not Allowed" }));
    assert_eq!(refused.header("allow"), Some("GET, PATCH"));
}
