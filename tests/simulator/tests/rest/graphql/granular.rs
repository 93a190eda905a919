//! Fine-grained personal access tokens, whose permissions cover mutations but not yet their
//! payloads.

use gitlab_simulator::{GranularGraphql, Permissions, Simulator, TokenSpec};
use serde_json::{Value, json};

use super::{ADD, UPDATE, limited};
use crate::kit::{Api, Fixture};

const NOT_COVERED: &str =
    "Access denied: This operation doesn't support fine-grained personal access tokens.";

const READ: &str = "{ project(fullPath: \"acme/app\") {
  ciCdSettings { inboundJobTokenScopeEnabled }
  ciJobTokenAuthLogs { count nodes { lastAuthorizedAt } }
  ciJobTokenScopeAllowlist { projectsAllowlist { count nodes { createdAt } } }
} }";

const SETTINGS: &str = "mutation { projectCiCdSettingsUpdate(input: {
  fullPath: \"acme/app\", pushRepositoryForJobTokenAllowed: true
}) { ciCdSettings { pushRepositoryForJobTokenAllowed } errors } }";

fn scene(responses: GranularGraphql) -> Fixture {
    let scene = Fixture::of(Simulator::builder().version("19.4.1-ee"));
    scene.gitlab.set_granular_graphql(responses);
    scene.gitlab.allow(scene.app, scene.lib());
    scene.gitlab.record_authentication(scene.app, scene.lib, "2026-11-20T10:00:00Z");
    scene
}

fn client(scene: &Fixture, permissions: &[&str]) -> Api {
    scene.graphql_as(
        TokenSpec::new("fine").administrator().fine_grained(permissions.iter().copied()),
    )
}

fn sentence(permission: &str) -> String {
    format!(
        "Access denied: This operation requires a fine-grained personal access token with the \
         following project permissions: [{permission}]."
    )
}

/// Returns the path and the sentence of each error.
fn errors(response: &Value) -> Vec<(Value, String)> {
    let errors = response["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| (error["path"].clone(), error["message"].as_str().unwrap().to_owned()))
        .collect()
}

#[tokio::test]
async fn mutation_without_its_permission_changes_nothing() {
    let scene = scene(GranularGraphql::Errors);
    let api = client(&scene, &["Job Token Scope: Read"]);
    let remove_project = "mutation { ciJobTokenScopeRemoveProject(input: {
        projectPath: \"acme/app\", targetProjectPath: \"acme/lib\", direction: INBOUND }) { errors \
            } }";
    let remove_group = "mutation { ciJobTokenScopeRemoveGroup(input: {
        projectPath: \"acme/app\", targetGroupPath: \"partners\" }) { errors } }";
    let mut group = limited(&["READ_JOBS"]);
    group["input"]["targetPath"] = json!("partners");
    for (query, variables, field, permission) in [
        (ADD, group, "ciJobTokenScopeAddGroupOrProject", "Job Token Scope Allowlist: Create"),
        (
            UPDATE,
            limited(&["READ_JOBS"]),
            "ciJobTokenScopeUpdatePolicies",
            "Job Token Scope: Update",
        ),
        (
            remove_project,
            json!({}),
            "ciJobTokenScopeRemoveProject",
            "Job Token Scope Allowlist: Delete",
        ),
        (
            remove_group,
            json!({}),
            "ciJobTokenScopeRemoveGroup",
            "Job Token Scope Allowlist: Delete",
        ),
        (SETTINGS, json!({}), "projectCiCdSettingsUpdate", "CI/CD Setting: Update"),
    ] {
        let response = api.ask(query, variables).await;
        assert_eq!(response["data"], json!({ field: null }));
        assert_eq!(errors(&response), [(json!([field]), sentence(permission))]);
    }
    assert_eq!(scene.gitlab.permissions(scene.app, scene.lib()), Some(Permissions::default()));
    assert!(scene.gitlab.allowlist(scene.app).groups.is_empty());
    assert!(!scene.gitlab.push_repository_for_job_token_allowed(scene.app));
}

#[tokio::test]
async fn mutation_succeeds_although_its_entry_is_an_error() {
    let scene = scene(GranularGraphql::Errors);
    let api = client(&scene, &["Job Token Scope: Update", "CI/CD Setting: Update"]);
    let response = api.ask(UPDATE, limited(&["READ_JOBS"])).await;
    let field = "ciJobTokenScopeUpdatePolicies";
    let payload = json!({ "ciJobTokenScopeAllowlistEntry": null, "errors": [] });
    assert_eq!(response["data"], json!({ field: payload }));
    let path = json!([field, "ciJobTokenScopeAllowlistEntry"]);
    assert_eq!(errors(&response), [(path, NOT_COVERED.to_owned())]);
    assert_eq!(
        scene.gitlab.permissions(scene.app, scene.lib()),
        Some(Permissions::limited_to(["READ_JOBS"]))
    );
    let response = api.ask(SETTINGS, json!({})).await;
    let path = json!(["projectCiCdSettingsUpdate", "ciCdSettings"]);
    assert_eq!(errors(&response), [(path, NOT_COVERED.to_owned())]);
    assert!(scene.gitlab.push_repository_for_job_token_allowed(scene.app));
}

#[tokio::test]
async fn reads_of_types_not_covered_are_errors() {
    let scene = scene(GranularGraphql::Errors);
    let response = client(&scene, &["Project: Read"]).ask(READ, json!({})).await;
    let fields = ["ciCdSettings", "ciJobTokenAuthLogs", "ciJobTokenScopeAllowlist"];
    let expected = fields.map(|field| (json!(["project", field]), NOT_COVERED.to_owned()));
    assert_eq!(errors(&response), expected);
    let nulls = json!({ "ciCdSettings": null, "ciJobTokenAuthLogs": null, "ciJobTokenScopeAllowlist": null });
    assert_eq!(response["data"]["project"], nulls);
}

#[tokio::test]
async fn reads_of_types_not_covered_can_be_null() {
    let scene = scene(GranularGraphql::Nulls);
    let api = client(&scene, &["Job Token Scope: Update"]);
    let data = api.data(READ, json!({})).await;
    let nulls = json!({ "ciCdSettings": null, "ciJobTokenAuthLogs": null, "ciJobTokenScopeAllowlist": null });
    assert_eq!(data["project"], nulls);
    let data = api.data(UPDATE, limited(&["READ_JOBS"])).await;
    let payload = json!({ "ciJobTokenScopeAllowlistEntry": null, "errors": [] });
    assert_eq!(data["ciJobTokenScopeUpdatePolicies"], payload);
}

#[tokio::test]
async fn reads_of_types_not_covered_can_be_empty_lists() {
    let scene = scene(GranularGraphql::EmptyLists);
    let data = client(&scene, &[]).data(READ, json!({})).await;
    let empty = json!({ "count": 0, "nodes": [] });
    assert_eq!(
        data["project"],
        json!({
            "ciCdSettings": null,
            "ciJobTokenAuthLogs": empty,
            // The entry is counted before it is left out.
            "ciJobTokenScopeAllowlist": { "projectsAllowlist": { "count": 1, "nodes": [] } },
        })
    );
}

#[tokio::test]
async fn fields_of_a_project_need_their_permission() {
    let scene = scene(GranularGraphql::Errors);
    let query = "{ project(fullPath: \"acme/app\") { fullPath } }";
    let response = client(&scene, &["Job Token Scope: Read"]).ask(query, json!({})).await;
    assert_eq!(response["data"], json!({ "project": null }));
    assert_eq!(errors(&response), [(json!(["project", "fullPath"]), sentence("Project: Read"))]);
    let spec = TokenSpec::new("reader").administrator().fine_grained(["Project: Read"]);
    let data = scene.graphql_as(spec).data(query, json!({})).await;
    assert_eq!(data["project"]["fullPath"], "acme/app");
}

#[tokio::test]
async fn enforcement_treats_classic_tokens_alike() {
    let scene = scene(GranularGraphql::Errors);
    scene.gitlab.enforce_fine_grained_tokens(true);
    let response = scene.graphql().ask(SETTINGS, json!({})).await;
    let path = json!(["projectCiCdSettingsUpdate"]);
    assert_eq!(errors(&response), [(path, sentence("CI/CD Setting: Update"))]);
    assert_eq!(errors(&scene.graphql().ask(READ, json!({})).await).len(), 3);
}
