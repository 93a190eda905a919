//! Successful requests to each endpoint.

use gitlab_simulator::{Permissions, Simulator, Target, TokenScope, TokenSpec};
use serde_json::{Value, json};

use crate::kit::Fixture;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn read_of_the_scope_has_both_settings() {
    let scene = Fixture::new();
    scene
        .api
        .get(&scene.scope(""))
        .await
        .is(200, json!({ "inbound_enabled": true, "outbound_enabled": false }));
    scene.gitlab.set_inbound_enabled(scene.app, false);
    scene.gitlab.set_outbound_enabled(scene.app, true);
    scene
        .api
        .get(&scene.scope(""))
        .await
        .is(200, json!({ "inbound_enabled": false, "outbound_enabled": true }));
}

#[tokio::test]
async fn change_of_the_scope_returns_no_content() {
    let scene = Fixture::new();
    scene.set_enabled(false).await.is_empty();
    assert!(!scene.gitlab.inbound_enabled(scene.app));
    scene.set_enabled(true).await.is_empty();
    assert!(scene.gitlab.inbound_enabled(scene.app));
}

#[tokio::test]
async fn additions_return_both_ids() {
    let scene = Fixture::new();
    let Fixture { app, lib, partners, .. } = scene;
    scene
        .add_project(lib)
        .await
        .is(201, json!({ "source_project_id": app, "target_project_id": lib }));
    scene
        .add_group(partners)
        .await
        .is(201, json!({ "source_project_id": app, "target_group_id": partners }));
    let list = scene.gitlab.allowlist(app);
    assert_eq!(
        (list.projects.into_iter().collect(), list.groups.into_iter().collect()),
        (vec![lib], vec![partners])
    );
}

#[tokio::test]
async fn older_responses_name_the_source_project_differently() {
    let scene = Fixture::of(Simulator::builder().version("16.11.10-ee"));
    let Fixture { app, lib, .. } = scene;
    scene.add_project(lib).await.is(201, json!({ "project_id": app, "target_project_id": lib }));
}

#[tokio::test]
async fn removals_return_no_content() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.lib());
    scene.gitlab.allow(scene.app, scene.partners());
    scene.remove_project(scene.lib).await.is_empty();
    scene.remove_group(scene.partners).await.is_empty();
    assert_eq!(scene.gitlab.allowlist(scene.app), gitlab_simulator::Allowlist::default());
}

#[tokio::test]
async fn project_itself_is_always_listed() {
    let scene = Fixture::new();
    assert_eq!(scene.listed("allowlist").await, [scene.app]);
    scene.add_project(scene.lib).await;
    let mut listed = scene.listed("allowlist").await;
    listed.sort_unstable();
    assert_eq!(listed, [scene.app, scene.lib]);
}

#[tokio::test]
async fn listed_project_has_all_the_keys_of_a_basic_project() {
    let scene = Fixture::new();
    let listed = scene.api.get(&scene.scope("/allowlist")).await.json();
    let element = &listed[0];
    for key in [
        "id",
        "description",
        "name",
        "name_with_namespace",
        "path",
        "path_with_namespace",
        "created_at",
        "default_branch",
        "tag_list",
        "topics",
        "ssh_url_to_repo",
        "http_url_to_repo",
        "web_url",
        "avatar_url",
        "star_count",
        "last_activity_at",
        "namespace",
    ] {
        assert!(element.get(key).is_some(), "{key}");
    }
    assert_eq!(
        keys(&element["namespace"]),
        ["avatar_url", "full_path", "id", "kind", "name", "parent_id", "path", "web_url"]
    );
    let size = element.to_string().len();
    assert!((1000..2000).contains(&size), "{size} bytes");
}

#[tokio::test]
async fn listed_project_that_the_token_cannot_see_lacks_keys() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.lib());
    let bot = scene.as_token(TokenSpec::new("bot").maintainer_of(Target::Project(scene.app)));
    let listed = bot.get(&scene.scope("/allowlist")).await.json();
    let hidden =
        listed.as_array().unwrap().iter().find(|element| element["id"] == scene.lib).unwrap();
    assert_eq!(
        keys(hidden),
        [
            "created_at",
            "id",
            "name",
            "name_with_namespace",
            "path",
            "path_with_namespace",
            "web_url"
        ]
    );
}

#[tokio::test]
async fn listed_group_has_three_keys() {
    let scene = Fixture::new();
    let builders = scene.gitlab.add_group("partners/builders");
    scene.add_group(builders).await;
    let web_url = format!("{}/groups/partners/builders", scene.gitlab.url());
    let expected = json!([{ "id": builders, "web_url": web_url, "name": "builders" }]);
    scene.api.get(&scene.scope("/groups_allowlist")).await.is(200, expected);
}

#[tokio::test]
async fn project_is_read_by_id_or_path() {
    let scene = Fixture::new();
    scene.gitlab.set_push_repository_for_job_token_allowed(scene.app, true);
    let by_id = scene.api.get(&format!("/projects/{}", scene.app)).await;
    let by_path = scene.api.get("/projects/acme%2Fapp").await;
    assert_eq!((by_id.status, &by_id.text), (200, &by_path.text));
    let project = by_id.json();
    assert_eq!(project["path_with_namespace"], "acme/app");
    assert_eq!(project["web_url"], format!("{}/acme/app", scene.gitlab.url()));
    assert_eq!(project["ci_push_repository_for_job_token_allowed"], true);
}

#[tokio::test]
async fn push_setting_is_written_by_id_or_path() {
    let scene = Fixture::new();
    for (path, allowed) in [("/projects/1", true), ("/projects/acme%2Fapp", false)] {
        let written = scene
            .api
            .put(path, &json!({ "ci_push_repository_for_job_token_allowed": allowed }))
            .await;
        let shown = written.json()["ci_push_repository_for_job_token_allowed"].clone();
        assert_eq!((written.status, shown), (200, json!(allowed)));
        assert_eq!(scene.gitlab.push_repository_for_job_token_allowed(scene.app), allowed);
    }
}

#[tokio::test]
async fn push_setting_requires_the_maintainer_role() {
    let scene = Fixture::new();
    let developer =
        scene.as_token(TokenSpec::new("developer").developer_of(Target::Project(scene.app)));
    let project = developer.get("/projects/1").await;
    assert_eq!(
        (project.status, project.json().get("ci_push_repository_for_job_token_allowed")),
        (200, None)
    );
    let setting = json!({ "ci_push_repository_for_job_token_allowed": true });
    developer.put("/projects/1", &setting).await.is(403, json!({ "message": "403 Forbidden" }));
    let stranger = scene.as_token(TokenSpec::new("stranger"));
    stranger
        .put("/projects/1", &setting)
        .await
        .is(404, json!({ "message": "404 Project Not Found" }));
    let reader = TokenSpec::new("reader").administrator().scopes([TokenScope::ReadApi]);
    assert_eq!(scene.as_token(reader).put("/projects/1", &setting).await.status, 403);
    assert!(!scene.gitlab.push_repository_for_job_token_allowed(scene.app));
}

#[tokio::test]
async fn project_update_needs_at_least_one_setting() {
    let scene = Fixture::new();
    let missing = scene.api.put("/projects/1", &json!({ "no_such_setting": 1 })).await;
    assert_eq!(missing.status, 400);
    let why = missing.json()["error"].as_str().unwrap().to_owned();
    assert!(why.ends_with("are missing, at least one parameter must be provided"), "{why}");
    let invalid = json!({ "ci_push_repository_for_job_token_allowed": "perhaps" });
    let refused = scene.api.put("/projects/1", &invalid).await;
    refused.is(400, json!({ "error": "ci_push_repository_for_job_token_allowed is invalid" }));
}

#[tokio::test]
async fn old_version_has_no_push_setting() {
    let scene = Fixture::of(Simulator::builder().version("17.1.8-ee"));
    let project = scene.api.get("/projects/1").await;
    assert_eq!(
        (project.status, project.json().get("ci_push_repository_for_job_token_allowed")),
        (200, None)
    );
    let refused = scene
        .api
        .put("/projects/1", &json!({ "ci_push_repository_for_job_token_allowed": true }))
        .await;
    assert_eq!(refused.status, 400);
    assert!(!scene.gitlab.push_repository_for_job_token_allowed(scene.app));
}

#[tokio::test]
async fn entry_added_over_rest_has_the_default_permissions() {
    let scene = Fixture::new();
    scene.add_project(scene.lib).await;
    let entry = scene.gitlab.entry(scene.app, scene.lib()).unwrap();
    assert_eq!((entry.permissions, entry.autopopulated), (Permissions::default(), false));
}

#[tokio::test]
async fn adding_an_entry_again_over_rest_leaves_its_permissions() {
    let scene = Fixture::new();
    let limited = Permissions::limited_to(["READ_JOBS"]);
    scene.gitlab.allow_with(scene.app, scene.lib(), limited.clone());
    assert_eq!(scene.add_project(scene.lib).await.status, 400);
    assert_eq!(scene.gitlab.permissions(scene.app, scene.lib()), Some(limited));
}

#[tokio::test]
async fn group_includes_its_projects_by_default() {
    let scene = Fixture::new();
    let plain = scene.api.get("/groups/acme?with_projects=false").await.json();
    assert_eq!((&plain["full_path"], plain.get("projects")), (&json!("acme"), None));
    assert_eq!(plain["web_url"], format!("{}/groups/acme", scene.gitlab.url()));
    let number = plain["id"].as_u64().unwrap();
    let full = scene.api.get(&format!("/groups/{number}")).await.json();
    assert_eq!(full["projects"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn group_includes_at_most_100_projects() {
    let scene = Fixture::new();
    scene.fill_projects(101);
    let group = scene.api.get("/groups/many").await.json();
    assert_eq!(group["projects"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn token_has_a_user_and_the_instance_a_version() {
    let scene = Fixture::of(Simulator::builder().version("18.3.1"));
    assert_eq!(scene.api.get("/user").await.json()["username"], gitlab_simulator::ADMINISTRATOR);
    assert_eq!(scene.api.get("/version").await.json()["version"], "18.3.1");
}
