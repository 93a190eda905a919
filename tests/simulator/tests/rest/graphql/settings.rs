//! The CI/CD settings of a project, read and written.

use gitlab_simulator::{Enforcement, Simulator, Target, TokenSpec};
use serde_json::{Value, json};

use super::NOT_AVAILABLE;
use crate::kit::Fixture;

const UPDATE: &str = "mutation($input: ProjectCiCdSettingsUpdateInput!) {
  projectCiCdSettingsUpdate(input: $input) {
    ciCdSettings { inboundJobTokenScopeEnabled jobTokenScopeEnabled pushRepositoryForJobTokenAllowed }
    errors
  }
}";

fn input(mut settings: Value) -> Value {
    settings["fullPath"] = json!("acme/app");
    json!({ "input": settings })
}

#[tokio::test]
async fn settings_are_written_separately() {
    let scene = Fixture::new();
    scene.gitlab.set_outbound_enabled(scene.app, true);
    let api = scene.graphql();
    let data = api.data(UPDATE, input(json!({ "pushRepositoryForJobTokenAllowed": true }))).await;
    let payload = &data["projectCiCdSettingsUpdate"];
    let settings = json!({
        "inboundJobTokenScopeEnabled": true,
        "jobTokenScopeEnabled": true,
        "pushRepositoryForJobTokenAllowed": true,
    });
    assert_eq!(*payload, json!({ "ciCdSettings": settings, "errors": [] }));
    let rest = json!({ "inboundJobTokenScopeEnabled": false, "jobTokenScopeEnabled": false });
    let data = api.data(UPDATE, input(rest)).await;
    let settings = &data["projectCiCdSettingsUpdate"]["ciCdSettings"];
    assert_eq!(
        (&settings["inboundJobTokenScopeEnabled"], &settings["jobTokenScopeEnabled"]),
        (&json!(false), &json!(false))
    );
    assert!(scene.gitlab.push_repository_for_job_token_allowed(scene.app));
    assert!(!scene.gitlab.inbound_enabled(scene.app));
}

#[tokio::test]
async fn cross_project_push_exists_since_19_1() {
    let query =
        "mutation($input: ProjectCiCdSettingsUpdateInput!) { projectCiCdSettingsUpdate(input: $input) {
        ciCdSettings { crossProjectPushForJobTokenAllowed } } }";
    let change = input(json!({ "crossProjectPushForJobTokenAllowed": true }));
    let scene = Fixture::of(Simulator::builder().version("19.1.0-ee"));
    let data = scene.graphql().data(query, change.clone()).await;
    assert_eq!(
        data["projectCiCdSettingsUpdate"]["ciCdSettings"]["crossProjectPushForJobTokenAllowed"],
        true
    );
    assert!(scene.gitlab.cross_project_push_for_job_token_allowed(scene.app));
    let old = Fixture::of(Simulator::builder().version("19.0.2-ee"));
    let response = old.graphql().ask(query, change).await;
    assert!(
        response["errors"].to_string().contains("crossProjectPushForJobTokenAllowed"),
        "{response}"
    );
    assert!(!old.gitlab.cross_project_push_for_job_token_allowed(old.app));
}

#[tokio::test]
async fn only_a_maintainer_writes_settings() {
    let scene = Fixture::new();
    let developer = TokenSpec::new("developer").developer_of(Target::Project(scene.app));
    for api in [scene.graphql_as(developer), scene.graphql_as(TokenSpec::new("stranger"))] {
        let response =
            api.ask(UPDATE, input(json!({ "inboundJobTokenScopeEnabled": false }))).await;
        assert_eq!(response["data"], json!({ "projectCiCdSettingsUpdate": null }));
        assert_eq!(response["errors"][0]["message"], NOT_AVAILABLE);
    }
    assert!(scene.gitlab.inbound_enabled(scene.app));
}

#[tokio::test]
async fn enforcement_prevents_opening_a_project() {
    let scene = Fixture::of(Simulator::builder().enforced());
    let change =
        json!({ "inboundJobTokenScopeEnabled": false, "pushRepositoryForJobTokenAllowed": true });
    let data = scene.graphql().data(UPDATE, input(change)).await;
    let reason = "Job token scope cannot be disabled for this project because it is enforced for \
        the instance.";
    assert_eq!(data["projectCiCdSettingsUpdate"]["errors"], json!([reason]));
    assert!(scene.gitlab.inbound_enabled(scene.app));
    assert!(!scene.gitlab.push_repository_for_job_token_allowed(scene.app));
}

#[tokio::test]
async fn outbound_setting_can_only_be_cleared() {
    let scene = Fixture::new();
    let response =
        scene.graphql().ask(UPDATE, input(json!({ "jobTokenScopeEnabled": true }))).await;
    assert_eq!(
        response["errors"][0]["message"],
        "job_token_scope_enabled can only be set to false"
    );
}

#[tokio::test]
async fn enforcement_does_not_change_the_project_setting() {
    let scene = Fixture::new();
    scene.gitlab.set_inbound_enabled(scene.app, false);
    scene.gitlab.set_enforcement(Enforcement::Refusing);
    let query =
        "{ project(fullPath: \"acme/app\") { ciCdSettings { inboundJobTokenScopeEnabled } } }";
    let data = scene.graphql().data(query, json!({})).await;
    assert_eq!(data["project"]["ciCdSettings"]["inboundJobTokenScopeEnabled"], false);
    assert_eq!(scene.api.get(&scene.scope("")).await.json()["inbound_enabled"], true);
}
