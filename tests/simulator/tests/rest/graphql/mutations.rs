//! Mutations.

use gitlab_simulator::{ADMINISTRATOR, LINK_LIMIT, Permissions, Target, TokenScope, TokenSpec};
use serde_json::{Value, json};

use super::{ADD, NOT_AVAILABLE, UPDATE, limited};
use crate::kit::{Api, Fixture};

const REMOVE_PROJECT: &str = "mutation($input: CiJobTokenScopeRemoveProjectInput!) {
  ciJobTokenScopeRemoveProject(input: $input) { clientMutationId ciJobTokenScope { groupsAllowlistCount } errors }
}";

const REMOVE_GROUP: &str = "mutation($input: CiJobTokenScopeRemoveGroupInput!) {
  ciJobTokenScopeRemoveGroup(input: $input) { ciJobTokenScope { groupsAllowlistCount } errors }
}";

/// Returns the errors in the payload of a request's only mutation.
async fn errors(api: &Api, query: &str, variables: Value) -> Value {
    let data = api.data(query, variables).await;
    let payload = data.as_object().unwrap().values().next().unwrap().clone();
    if payload["errors"] != json!([]) {
        assert!(
            payload["ciJobTokenScopeAllowlistEntry"].is_null()
                && payload["ciJobTokenScope"].is_null()
        );
    }
    payload["errors"].clone()
}

fn to(target: &str) -> Value {
    json!({ "input": { "projectPath": "acme/app", "targetPath": target } })
}

fn update(target: &str, policies: &[&str]) -> Value {
    json!({ "input": {
        "projectPath": "acme/app",
        "targetPath": target,
        "defaultPermissions": false,
        "jobTokenPolicies": policies,
    } })
}

#[tokio::test]
async fn entry_is_created_with_its_permissions() {
    let scene = Fixture::new();
    let data = scene.graphql().data(ADD, limited(&["READ_JOBS", "READ_PACKAGES"])).await;
    let id = format!("gid://gitlab/Project/{}", scene.lib);
    assert_eq!(
        data["ciJobTokenScopeAddGroupOrProject"],
        json!({
            "ciJobTokenScopeAllowlistEntry": {
                "defaultPermissions": false,
                "jobTokenPolicies": ["READ_JOBS", "READ_PACKAGES"],
                "target": { "id": id },
            },
            "errors": [],
        })
    );
    let permissions = scene.gitlab.permissions(scene.app, scene.lib());
    assert_eq!(permissions, Some(Permissions::limited_to(["READ_JOBS", "READ_PACKAGES"])));
}

#[tokio::test]
async fn entry_has_the_default_permissions_unless_specified() {
    let scene = Fixture::new();
    assert_eq!(errors(&scene.graphql(), ADD, to("partners")).await, json!([]));
    assert_eq!(scene.gitlab.permissions(scene.app, scene.partners()), Some(Permissions::default()));
    let none = update("partners", &[]);
    assert_eq!(errors(&scene.graphql(), UPDATE, none).await, json!([]));
    let nothing = Permissions::limited_to(Vec::<String>::new());
    assert_eq!(scene.gitlab.permissions(scene.app, scene.partners()), Some(nothing));
}

#[tokio::test]
async fn failed_addition_names_the_reason() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.lib());
    let bot = scene.graphql_as(TokenSpec::new("bot").maintainer_of(Target::Project(scene.app)));
    scene.gitlab.add_project("hidden/lib");
    for (target, reason) in [
        ("no/such", "The group or project does not exist."),
        (
            "hidden/lib",
            "The target_project that you are attempting to access does not exist or you don't have \
             permission to perform this action",
        ),
        (
            "partners",
            "The target_group that you are attempting to access does not exist or you don't have \
             permission to perform this action",
        ),
    ] {
        assert_eq!(errors(&bot, ADD, to(target)).await, json!([reason]), "{target}");
    }
    let again = errors(&scene.graphql(), ADD, limited(&["READ_JOBS"])).await;
    assert_eq!(again, json!(["This project is already in the job token allowlist."]));
    assert_eq!(scene.gitlab.permissions(scene.app, scene.lib()), Some(Permissions::default()));
}

#[tokio::test]
async fn full_allowlist_rejects_additions() {
    let scene = Fixture::new();
    scene.fill_projects(LINK_LIMIT);
    let reason = "Validation failed: Source project exceeds the allowable number of project links \
        in this direction";
    assert_eq!(errors(&scene.graphql(), ADD, to("acme/lib")).await, json!([reason]));
}

#[tokio::test]
async fn absent_hidden_or_forbidden_project_is_not_available() {
    let scene = Fixture::new();
    let app = Target::Project(scene.app);
    let developer =
        scene.graphql_as(TokenSpec::new("developer").developer_of(app).can_see(scene.lib()));
    let stranger = scene.graphql_as(TokenSpec::new("stranger"));
    let mut absent = limited(&["READ_JOBS"]);
    absent["input"]["projectPath"] = json!("no/such");
    for (api, input) in [
        (&developer, limited(&["READ_JOBS"])),
        (&stranger, limited(&["READ_JOBS"])),
        (&scene.graphql(), absent),
    ] {
        let response = api.ask(ADD, input).await;
        assert_eq!(response["data"], json!({ "ciJobTokenScopeAddGroupOrProject": null }));
        let error = &response["errors"][0];
        assert_eq!(error["message"], NOT_AVAILABLE);
        assert_eq!(error["path"], json!(["ciJobTokenScopeAddGroupOrProject"]));
        assert_eq!(error["locations"], json!([{ "line": 2, "column": 3 }]));
    }
    assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
}

#[tokio::test]
async fn read_only_token_cannot_change_anything() {
    let scene = Fixture::new();
    let spec = TokenSpec::new("reader").administrator().scopes([TokenScope::ReadApi]);
    let reader = scene.graphql_as(spec);
    let data = reader.data(r#"{ project(fullPath: "acme/app") { fullPath } }"#, json!({})).await;
    assert_eq!(data["project"]["fullPath"], "acme/app");
    let response = reader.ask(ADD, limited(&["READ_JOBS"])).await;
    assert_eq!(response["errors"][0]["message"], NOT_AVAILABLE);
    assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
}

#[tokio::test]
async fn update_replaces_permissions_and_nothing_else() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.partners());
    let before = scene.gitlab.entry(scene.app, scene.partners()).unwrap();
    let data = scene.graphql().data(UPDATE, update("PARTNERS", &["READ_JOBS"])).await;
    assert_eq!(
        data["ciJobTokenScopeUpdatePolicies"],
        json!({
            "ciJobTokenScopeAllowlistEntry": { "defaultPermissions": false, "jobTokenPolicies": ["READ_JOBS"] },
            "errors": [],
        })
    );
    let after = scene.gitlab.entry(scene.app, scene.partners()).unwrap();
    assert_eq!(after.permissions, Permissions::limited_to(["READ_JOBS"]));
    assert_eq!((after.created_at, after.autopopulated), (before.created_at, before.autopopulated));
}

#[tokio::test]
async fn failed_update_names_the_reason() {
    let scene = Fixture::new();
    let api = scene.graphql();
    for (target, reason) in [
        ("no/such", "The target does not exist"),
        ("acme/lib", "Unable to find a job token scope for the given project & target"),
    ] {
        assert_eq!(
            errors(&api, UPDATE, update(target, &["READ_JOBS"])).await,
            json!([reason]),
            "{target}"
        );
    }
    scene.gitlab.allow(scene.app, scene.lib());
    scene.gitlab.hide_from(ADMINISTRATOR, scene.lib());
    let reason = "You have insufficient permission to update this job token scope";
    assert_eq!(errors(&api, UPDATE, update("acme/lib", &["READ_JOBS"])).await, json!([reason]));
    assert_eq!(scene.gitlab.permissions(scene.app, scene.lib()), Some(Permissions::default()));
}

#[tokio::test]
async fn while_off_additions_get_the_default_and_updates_fail() {
    let scene = Fixture::new();
    scene.gitlab.set_fine_grained_permissions(scene.app, false);
    let data = scene.graphql().data(ADD, limited(&["READ_JOBS"])).await;
    let payload = &data["ciJobTokenScopeAddGroupOrProject"];
    assert_eq!(payload["errors"], json!([]));
    let entry = &payload["ciJobTokenScopeAllowlistEntry"];
    assert_eq!(
        (&entry["defaultPermissions"], &entry["jobTokenPolicies"]),
        (&json!(true), &json!(null))
    );
    assert!(scene.gitlab.permissions(scene.app, scene.lib()).unwrap().default_permissions);
    let failed = errors(&scene.graphql(), UPDATE, update("acme/lib", &["READ_JOBS"])).await;
    assert_eq!(failed, json!(["Failed to update job token scope"]));
    // The setting applies to one project.
    scene.gitlab.allow(scene.lib, scene.partners());
    let mut other = update("partners", &["READ_JOBS"]);
    other["input"]["projectPath"] = json!("acme/lib");
    assert_eq!(errors(&scene.graphql(), UPDATE, other).await, json!([]));
}

#[tokio::test]
async fn only_the_inbound_link_of_a_project_is_removed() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.lib());
    let api = scene.graphql();
    let remove = |target: &str, direction: Value| json!({ "input": { "projectPath": "acme/app", "targetProjectPath": target, "direction": direction } });
    let unmoved = json!(["Target project is not in the job token scope"]);
    for direction in [json!(null), json!("OUTBOUND")] {
        assert_eq!(errors(&api, REMOVE_PROJECT, remove("acme/lib", direction)).await, unmoved);
    }
    assert!(scene.gitlab.allowlist(scene.app).projects.contains(&scene.lib));
    // Unlike over REST, what is hidden can be removed.
    scene.gitlab.hide_from(ADMINISTRATOR, scene.lib());
    let mut input = remove("acme/lib", json!("INBOUND"));
    input["input"]["clientMutationId"] = json!("7");
    let data = api.data(REMOVE_PROJECT, input.clone()).await;
    assert_eq!(
        data["ciJobTokenScopeRemoveProject"],
        json!({ "clientMutationId": "7", "ciJobTokenScope": { "groupsAllowlistCount": 0 }, "errors": [] })
    );
    assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
    assert_eq!(errors(&api, REMOVE_PROJECT, input).await, unmoved);
    let own = errors(&api, REMOVE_PROJECT, remove("acme/app", json!("INBOUND"))).await;
    assert_eq!(own, json!(["Source project cannot be removed from the job token scope"]));
}

#[tokio::test]
async fn group_is_removed() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.partners());
    let api = scene.graphql();
    let input = json!({ "input": { "projectPath": "acme/app", "targetGroupPath": "partners" } });
    assert_eq!(errors(&api, REMOVE_GROUP, input.clone()).await, json!([]));
    assert!(scene.gitlab.allowlist(scene.app).groups.is_empty());
    let again = errors(&api, REMOVE_GROUP, input).await;
    assert_eq!(again, json!(["Target group is not in the job token scope"]));
}

#[tokio::test]
async fn mutations_of_one_request_run_in_order() {
    let scene = Fixture::new();
    let query = r#"mutation {
        first: ciJobTokenScopeAddGroupOrProject(input: { projectPath: "acme/app", targetPath: "acme/lib" }) { errors }
        second: ciJobTokenScopeUpdatePolicies(input: {
            projectPath: "acme/app", targetPath: "acme/lib", defaultPermissions: false, jobTokenPolicies: [READ_JOBS]
        }) { errors }
    }"#;
    let data = scene.graphql().data(query, json!({})).await;
    assert_eq!(data, json!({ "first": { "errors": [] }, "second": { "errors": [] } }));
    let permissions = scene.gitlab.permissions(scene.app, scene.lib());
    assert_eq!(permissions, Some(Permissions::limited_to(["READ_JOBS"])));
}
