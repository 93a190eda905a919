//! Misleading responses of GitLab.

use gitlab_simulator::{ADMINISTRATOR, Fault, LINK_LIMIT, Route};
use serde_json::json;

use crate::kit::{Fixture, Reply};

#[tokio::test]
async fn removal_of_a_hidden_project_returns_404_and_keeps_the_link() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.lib());
    scene.gitlab.hide_from(ADMINISTRATOR, scene.lib());
    scene.remove_project(scene.lib).await.is(404, json!({ "message": "404 Project Not Found" }));
    assert!(scene.gitlab.allowlist(scene.app).projects.contains(&scene.lib));
    assert!(scene.listed("allowlist").await.contains(&scene.lib));
}

#[tokio::test]
async fn hidden_group_can_be_removed() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.partners());
    scene.gitlab.hide_from(ADMINISTRATOR, scene.partners());
    scene.remove_group(scene.partners).await.is_empty();
    assert!(scene.gitlab.allowlist(scene.app).groups.is_empty());
}

#[tokio::test]
async fn retry_after_a_lost_response_conflicts_with_itself() {
    for fault in [
        Fault::DropsTheResponse.on(Route::AllowlistProjectPost),
        Fault::BadGateway.on(Route::AllowlistProjectPost),
    ] {
        let scene = Fixture::new();
        scene.gitlab.inject(fault.carried_out().once());
        let path = scene.scope("/allowlist");
        let body = json!({ "target_project_id": scene.lib });
        let first = Reply::of(scene.api.request(reqwest::Method::POST, &path).json(&body)).await;
        assert!(first.is_err() || first.is_ok_and(|reply| reply.status == 502));
        let retry = scene.add_project(scene.lib).await;
        assert_eq!(retry.status, 400);
        assert!(retry.text.contains("already in"), "{retry:?}");
    }
}

#[tokio::test]
async fn retry_on_a_full_list_exceeds_the_limit() {
    let scene = Fixture::new();
    scene.fill_projects(LINK_LIMIT - 1);
    scene.add_project(scene.lib).await;
    let retry = scene.add_project(scene.lib).await;
    assert_eq!(retry.status, 400);
    assert!(
        retry.text.contains("exceeds the allowable number of project links in this direction"),
        "{retry:?}"
    );
    assert!(scene.listed("allowlist").await.contains(&scene.lib));
}
