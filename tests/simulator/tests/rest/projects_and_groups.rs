//! Creation, deletion and names of projects and groups, and the settings of the instance.

use gitlab_simulator::{Simulator, Target, TokenScope, TokenSpec};
use reqwest::Method;
use serde_json::json;

use crate::kit::{Fixture, Reply};

#[tokio::test]
async fn project_is_created_in_the_namespace_of_the_user() {
    let scene = Fixture::new();
    let bot = scene.as_token(TokenSpec::new("bot"));
    let created = bot.post("/projects", &json!({ "name": "Ci_Cd Tool" })).await;
    let project = created.json();
    assert_eq!((created.status, &project["name"]), (201, &json!("Ci_Cd Tool")));
    assert_eq!(project["path_with_namespace"], "bot/ci_cd-tool");
    assert_eq!(project["name_with_namespace"], "bot / Ci_Cd Tool");
    let again = bot.post("/projects", &json!({ "name": "Ci_Cd Tool" })).await;
    again.is(
        400,
        json!({ "message": { "name": ["has already been taken"], "path": ["has already been taken"] } }),
    );
    bot.post("/projects", &json!({})).await.is(400, json!({ "error": "name is missing" }));
    let path = format!("/projects/{}", project["id"]);
    bot.delete(&path).await.is(202, json!({ "message": "202 Accepted" }));
    bot.get(&path).await.is(404, json!({ "message": "404 Project Not Found" }));
}

#[tokio::test]
async fn group_is_created_and_deleted_by_its_owner() {
    let scene = Fixture::new();
    let bot = scene.as_token(TokenSpec::new("bot"));
    let created = bot.post("/groups", &json!({ "name": "Add group", "path": "added" })).await;
    let group = created.json();
    assert_eq!(created.status, 201);
    assert_eq!((&group["name"], &group["full_path"]), (&json!("Add group"), &json!("added")));
    let taken = bot.post("/groups", &json!({ "name": "x", "path": "added" })).await;
    let message = "Failed to save group {:path=>[\"has already been taken\"]}";
    taken.is(400, json!({ "message": message }));
    let missing = bot.post("/groups", &json!({})).await;
    missing.is(400, json!({ "error": "name is missing, path is missing" }));
    bot.delete("/groups/added").await.is(202, json!({ "message": "202 Accepted" }));
    assert_eq!(scene.gitlab.group_id("added"), None);
}

#[tokio::test]
async fn delayed_deletion_takes_two_steps() {
    let scene = Fixture::of(Simulator::builder().delays_deletion());
    scene.gitlab.add_group("acme/team");
    for (path, key, after, kind) in [
        ("/projects/1", "path_with_namespace", "acme/app-deletion_scheduled-1", "project"),
        ("/groups/3", "full_path", "acme/team-deletion_scheduled-3", "subgroup"),
    ] {
        assert_eq!(scene.api.get(path).await.json()["marked_for_deletion_on"], json!(null));
        let early = scene.api.delete(&format!("{path}?permanently_remove=true&full_path=x")).await;
        assert!(
            early.status == 400 && early.text.contains("must be marked for deletion first."),
            "{early:?}"
        );
        scene.api.delete(path).await.is(202, json!({ "message": "202 Accepted" }));
        let marked = scene.api.get(path).await.json();
        assert_eq!(marked[key], after);
        assert!(marked["marked_for_deletion_on"].is_string());
        let again = scene.api.delete(path).await;
        assert!(
            again.status == 400 && again.text.contains("has been already marked for deletion"),
            "{again:?}"
        );
        let wrong =
            scene.api.delete(&format!("{path}?permanently_remove=true&full_path=acme%2Fapp")).await;
        let message =
            format!("`full_path` is incorrect. You must enter the complete path for the {kind}.");
        wrong.is(400, json!({ "message": message }));
        let for_good =
            format!("{path}?permanently_remove=true&full_path={}", after.replace('/', "%2F"));
        assert_eq!(scene.api.delete(&for_good).await.status, 202);
        assert_eq!(scene.api.get(path).await.status, 404);
    }
    let top = scene.api.delete("/groups/acme?permanently_remove=true&full_path=acme").await;
    top.is(400, json!({ "message": "Group must be a subgroup." }));
}

#[tokio::test]
async fn only_an_owner_deletes() {
    let scene = Fixture::new();
    let (app, partners) = (Target::Project(scene.app), scene.partners());
    let bot = scene.as_token(TokenSpec::new("bot").maintainer_of(app).maintainer_of(partners));
    let forbidden = json!({ "message": "403 Forbidden" });
    bot.delete("/projects/acme%2Fapp").await.is(403, forbidden.clone());
    bot.delete("/groups/partners").await.is(403, forbidden);
    let stranger = scene.as_token(TokenSpec::new("stranger"));
    stranger.delete("/projects/1").await.is(404, json!({ "message": "404 Project Not Found" }));
    stranger.delete("/groups/partners").await.is(404, json!({ "message": "404 Group Not Found" }));
}

#[tokio::test]
async fn name_can_differ_from_the_path() {
    let scene = Fixture::new();
    let acme = Target::Group(scene.gitlab.group_id("acme").unwrap());
    scene.gitlab.set_name(Target::Project(scene.app), "Deploy Tools");
    scene.gitlab.set_name(acme, "Acme Inc.");
    let project = scene.api.get("/projects/acme%2Fapp").await.json();
    assert_eq!((&project["name"], &project["path"]), (&json!("Deploy Tools"), &json!("app")));
    assert_eq!(project["name_with_namespace"], "Acme Inc. / Deploy Tools");
    assert_eq!(
        (&project["namespace"]["name"], &project["namespace"]["path"]),
        (&json!("Acme Inc."), &json!("acme"))
    );
    assert_eq!(scene.api.get("/groups/acme").await.json()["full_name"], "Acme Inc.");
    scene.gitlab.set_name(scene.partners(), "Our Partners");
    scene.gitlab.allow(scene.app, scene.partners());
    assert_eq!(
        scene.api.get(&scene.scope("/groups_allowlist")).await.json()[0]["name"],
        "Our Partners"
    );
}

#[tokio::test]
async fn instance_settings_are_for_administrators() {
    let scene = Fixture::of(Simulator::builder().enforced());
    let settings = scene.api.get("/application/settings").await;
    assert_eq!(
        (settings.status, &settings.json()["enforce_ci_inbound_job_token_scope_enabled"]),
        (200, &json!(true))
    );
    assert!(settings.json().as_object().unwrap().len() > 30);
    let owner =
        TokenSpec::new("owner").role(Target::Project(scene.app), gitlab_simulator::Role::Owner);
    let refused = scene.as_token(owner).get("/application/settings").await;
    refused.is(403, json!({ "message": "403 Forbidden" }));
    let reader = TokenSpec::new("reader").administrator().scopes([TokenScope::ReadApi]);
    assert_eq!(scene.as_token(reader).get("/application/settings").await.status, 200);
    let user = TokenSpec::new("user").administrator().scopes([TokenScope::ReadUser]);
    let refused = scene.as_token(user).get("/application/settings").await;
    assert_eq!((refused.status, &refused.json()["error"]), (403, &json!("insufficient_scope")));
}

#[tokio::test]
async fn enforcement_is_a_setting_since_18_0() {
    for (version, expected) in [("17.11.7-ee", None), ("18.0.0-ee", Some(json!(false)))] {
        let scene = Fixture::of(Simulator::builder().version(version));
        let settings = scene.api.get("/application/settings").await.json();
        assert_eq!(
            settings.get("enforce_ci_inbound_job_token_scope_enabled"),
            expected.as_ref(),
            "{version}"
        );
    }
}

#[tokio::test]
async fn version_has_the_edition() {
    for (version, enterprise) in [("18.8.0-ee", true), ("18.8.0", false)] {
        let scene = Fixture::of(Simulator::builder().version(version));
        let response = scene.api.get("/version").await.json();
        assert_eq!(
            (&response["version"], &response["enterprise"]),
            (&json!(version), &json!(enterprise))
        );
        assert_eq!(response["kas"]["enabled"], true);
    }
}

#[tokio::test]
async fn head_is_served_like_get_without_a_body() {
    let scene = Fixture::new();
    let request = scene.api.request(Method::HEAD, &scene.scope("/allowlist"));
    let reply = Reply::of(request).await.unwrap();
    assert_eq!((reply.status, reply.text.as_str(), reply.header("x-total")), (200, "", Some("1")));
    let missing = Reply::of(scene.api.request(Method::HEAD, "/projects/999")).await.unwrap();
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn trailing_slashes_are_ignored() {
    let scene = Fixture::new();
    for path in ["/version/", "/projects/acme%2Fapp/", "/groups/acme/"] {
        assert_eq!(scene.api.get(path).await.status, 200, "{path}");
    }
    let target = json!({ "target_project_id": scene.lib });
    assert_eq!(scene.api.post(&scene.scope("/allowlist/"), &target).await.status, 201);
    scene.api.delete(&scene.scope(&format!("/allowlist/{}/", scene.lib))).await.is_empty();
}

#[tokio::test]
async fn group_projects_come_with_subgroups_and_archived_ones() {
    let scene = Fixture::new();
    scene.gitlab.add_project("acme/tools/lint");
    scene.gitlab.set_archived(scene.lib, true);
    for (query, expected) in [
        ("", vec![1, 2]),
        ("?archived=false", vec![1]),
        ("?include_subgroups=true", vec![1, 2, 3]),
        ("?include_subgroups=true&archived=false", vec![1, 3]),
        ("?include_subgroups=true&per_page=2&page=2", vec![3]),
    ] {
        let response = scene.api.get(&format!("/groups/acme/projects{query}")).await.json();
        let ids: Vec<_> =
            response.as_array().unwrap().iter().map(|project| project["id"].clone()).collect();
        assert_eq!(ids, expected, "{query}");
    }
    let missing = scene.api.get("/groups/none/projects").await;
    missing.is(404, json!({ "message": "404 Group Not Found" }));
}
