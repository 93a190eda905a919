//! Paths: case, former ones, deleted ones, and a relative URL root.

use gitlab_simulator::{Simulator, Target, TokenSpec};
use serde_json::json;

use crate::kit::{Api, Fixture};

#[tokio::test]
async fn paths_are_case_insensitive() {
    let scene = Fixture::new();
    let project = scene.api.get("/projects/ACME%2FApp").await;
    assert_eq!((project.status, &project.json()["path_with_namespace"]), (200, &json!("acme/app")));
    assert_eq!(scene.api.get("/groups/ACME").await.json()["full_path"], "acme");
}

#[tokio::test]
async fn former_path_redirects_reads_to_the_id() {
    let scene = Fixture::new();
    scene.gitlab.rename_project(scene.app, "acme/renamed");
    for (path, location) in [
        ("/projects/acme%2Fapp", format!("/projects/{}", scene.app)),
        ("/projects/ACME%2Fapp/job_token_scope", scene.scope("")),
        ("/projects/acme%2Fapp/job_token_scope/allowlist?page=2", scene.scope("/allowlist?page=2")),
    ] {
        let moved = scene.api.get(path).await;
        let location = format!("{}{location}", scene.gitlab.api_url());
        assert_eq!(
            (moved.status, moved.header("location")),
            (301, Some(location.as_str())),
            "{path}"
        );
    }
    assert_eq!(scene.api.get("/projects/acme%2Frenamed").await.json()["id"], scene.app);
    assert_eq!(scene.api.get(&scene.scope("")).await.status, 200);
}

#[tokio::test]
async fn former_path_rejects_writes() {
    let scene = Fixture::new();
    scene.gitlab.rename_project(scene.app, "elsewhere/app");
    let refused =
        scene.api.patch("/projects/acme%2Fapp/job_token_scope", &json!({ "enabled": false })).await;
    refused.is(405, json!({ "message": "Non GET methods are not allowed for moved projects" }));
    assert!(scene.gitlab.inbound_enabled(scene.app));
}

#[tokio::test]
async fn former_path_ends_when_another_project_takes_it() {
    let scene = Fixture::new();
    scene.gitlab.rename_project(scene.app, "acme/renamed");
    let other = scene.gitlab.add_project("acme/app");
    assert_eq!(scene.api.get("/projects/acme%2Fapp").await.json()["id"], other);
}

#[tokio::test]
async fn former_path_is_not_found_without_a_role() {
    let scene = Fixture::new();
    scene.gitlab.rename_project(scene.app, "acme/renamed");
    let stranger = scene.as_token(TokenSpec::new("stranger"));
    assert_eq!(stranger.get("/projects/acme%2Fapp").await.status, 404);
}

#[tokio::test]
async fn former_group_path_is_gone_while_its_projects_redirect() {
    let scene = Fixture::new();
    let acme = scene.gitlab.group_id("acme").unwrap();
    scene.gitlab.rename_group(acme, "umbrella");
    scene.api.get("/groups/acme").await.is(404, json!({ "message": "404 Group Not Found" }));
    assert_eq!(scene.api.get("/groups/umbrella").await.json()["id"], acme);
    assert_eq!(scene.api.get("/projects/acme%2Fapp").await.status, 301);
}

#[tokio::test]
async fn deleted_target_is_removed_from_the_allowlist() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.lib());
    scene.gitlab.allow(scene.app, scene.partners());
    scene.gitlab.delete_project(scene.lib);
    scene.gitlab.delete_group(scene.partners);
    assert_eq!(scene.listed("allowlist").await, [scene.app]);
    assert!(scene.listed("groups_allowlist").await.is_empty());
    let gone = scene.remove_project(scene.lib).await;
    gone.is(404, json!({ "message": "404 Project Not Found" }));
    let gone = scene.remove_group(scene.partners).await;
    gone.is(404, json!({ "message": "404 target_group_id not found Not Found" }));
}

#[tokio::test]
async fn deleted_source_project_is_not_found() {
    let scene = Fixture::new();
    scene.gitlab.delete_project(scene.app);
    for path in [scene.scope(""), scene.scope("/allowlist"), "/projects/acme%2Fapp".to_owned()] {
        scene.api.get(&path).await.is(404, json!({ "message": "404 Project Not Found" }));
    }
}

#[tokio::test]
async fn relative_root_is_part_of_every_address() {
    let scene = Fixture::of(Simulator::builder().relative_url_root("/gitlab"));
    let root = scene.gitlab.url();
    assert!(root.ends_with("/gitlab"));
    scene.gitlab.allow(scene.app, scene.partners());
    let groups = scene.api.get(&scene.scope("/groups_allowlist")).await;
    assert_eq!(groups.json()[0]["web_url"], format!("{root}/groups/partners"));
    assert!(groups.header("link").unwrap().starts_with(&format!("<{root}/api/v4/projects/")));
    assert_eq!(scene.api.get("/projects/1").await.json()["web_url"], format!("{root}/acme/app"));
    scene.gitlab.rename_project(scene.app, "acme/renamed");
    let moved = scene.api.get("/projects/acme%2Fapp").await;
    assert_eq!(
        moved.header("location"),
        Some(format!("{root}/api/v4/projects/{}", scene.app).as_str())
    );
}

#[tokio::test]
async fn api_exists_only_below_the_relative_root() {
    let scene = Fixture::of(Simulator::builder().relative_url_root("gitlab"));
    let outside =
        Api::new(scene.gitlab.url().strip_suffix("/gitlab").unwrap(), scene.gitlab.token());
    let page = outside.get("/api/v4/version").await;
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
}

#[tokio::test]
async fn public_project_is_visible_but_not_writable() {
    let scene = Fixture::new();
    scene.gitlab.make_public(Target::Project(scene.app));
    let stranger = scene.as_token(TokenSpec::new("stranger"));
    assert_eq!(stranger.get("/projects/acme%2Fapp").await.status, 200);
    assert_eq!(stranger.get(&scene.scope("")).await.status, 403);
}
