//! The differences between versions that REST shows.

use gitlab_simulator::{ADMINISTRATOR, Enforcement, Permissions, Simulator, Target};
use serde_json::json;

use crate::kit::Fixture;

fn scene(version: &str) -> Fixture {
    Fixture::of(Simulator::builder().version(version))
}

#[tokio::test]
async fn before_18_3_a_project_has_no_entry_for_itself() {
    let scene = scene("18.2.8-ee");
    let same = "400 Bad request - Validation failed: Target project can't be the same as the \
        source project";
    scene.add_project(scene.app).await.is(400, json!({ "message": same }));
    assert_eq!(scene.listed("allowlist").await, [scene.app]);
}

#[tokio::test]
async fn own_entry_is_listed_beside_the_project_itself() {
    let scene = scene("18.3.0-ee");
    let own = Target::Project(scene.app);
    let ids = json!({ "source_project_id": scene.app, "target_project_id": scene.app });
    scene.add_project(scene.app).await.is(201, ids);
    let page = scene.api.get(&scene.scope("/allowlist")).await;
    assert_eq!((page.json().as_array().unwrap().len(), page.header("x-total")), (2, Some("2")));
    assert_eq!(scene.listed("allowlist").await, [scene.app, scene.app]);
    assert_eq!(scene.gitlab.permissions(scene.app, own), Some(Permissions::default()));
    assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
    let fixed = "400 Bad request - Source project cannot be removed from the job token scope";
    scene.remove_project(scene.app).await.is(400, json!({ "message": fixed }));
    assert!(scene.gitlab.entry(scene.app, own).is_some());
}

#[tokio::test]
async fn own_entry_can_be_set_up_without_a_request() {
    let scene = Fixture::new();
    let own = Target::Project(scene.app);
    scene.gitlab.allow(scene.app, own);
    let limited = Permissions::limited_to(["READ_JOBS"]);
    scene.gitlab.set_permissions(scene.app, own, limited.clone());
    assert_eq!(scene.gitlab.permissions(scene.app, own), Some(limited));
    assert_eq!(scene.listed("allowlist").await.len(), 2);
}

#[tokio::test]
async fn outbound_links_are_not_listed() {
    let scene = Fixture::new();
    scene.gitlab.allow_outbound(scene.app, scene.lib);
    assert_eq!(scene.listed("allowlist").await, [scene.app]);
    assert_eq!(scene.remove_project(scene.lib).await.status, 400);
    assert_eq!(scene.add_project(scene.lib).await.status, 201);
}

#[tokio::test]
async fn since_19_4_a_hidden_project_is_removed() {
    let scene = scene("19.4.1-ee");
    scene.gitlab.allow(scene.app, scene.lib());
    scene.gitlab.hide_from(ADMINISTRATOR, scene.lib());
    scene.remove_project(scene.lib).await.is_empty();
    let absent =
        json!({ "message": "400 Bad request - Target project is not in the job token scope" });
    scene.remove_project(scene.lib).await.is(400, absent);
    scene.remove_project(999).await.is(404, json!({ "message": "404 Project Not Found" }));
}

#[tokio::test]
async fn version_decides_how_the_allowlist_is_enforced() {
    for (version, status) in
        [("18.0.1-ee", 204), ("18.7.5-ee", 204), ("18.8.0-ee", 400), ("19.4.1-ee", 400)]
    {
        let scene = Fixture::of(Simulator::builder().enforced().version(version));
        assert_eq!(scene.set_enabled(false).await.status, status, "{version}");
        assert!(scene.gitlab.inbound_enabled(scene.app));
    }
    let scene =
        Fixture::of(Simulator::builder().version("18.8.0-ee").enforcement(Enforcement::Silent));
    assert_eq!(scene.set_enabled(false).await.status, 204);
}

#[tokio::test]
async fn deprecated_outbound_setting_can_be_absent() {
    let scene = Fixture::of(Simulator::builder().without_outbound_enabled());
    scene.api.get(&scene.scope("")).await.is(200, json!({ "inbound_enabled": true }));
}

#[test]
#[should_panic(expected = "`latest` isn't a version of GitLab such as 18.8.0-ee")]
fn version_needs_a_release_number() {
    let _ = Simulator::builder().version("latest");
}

#[tokio::test]
async fn rights_of_jobs_follow_the_allowlist() {
    let scene = scene("19.1.0-ee");
    let Fixture { app, lib, .. } = scene;
    assert!(!scene.gitlab.job_may(lib, app, "READ_PACKAGES"));
    scene.add_project(lib).await;
    assert!(
        scene.gitlab.job_may(lib, app, "READ_PACKAGES") && !scene.gitlab.job_may_push(lib, app)
    );
    scene.gitlab.set_push_repository_for_job_token_allowed(app, true);
    scene.gitlab.set_cross_project_push_for_job_token_allowed(app, true);
    assert!(scene.gitlab.job_may_push(lib, app));
}
