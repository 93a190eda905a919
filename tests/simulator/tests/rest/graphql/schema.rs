//! Introspection, and the list of all projects.

use gitlab_simulator::{Simulator, Target, TokenSpec};
use serde_json::{Value, json};

use crate::kit::Fixture;

#[tokio::test]
async fn names_of_policies_can_be_queried() {
    let query = "{ __type(name: \"CiJobTokenScopePolicies\") { __typename enumValues { name } } }";
    for (version, count, badges) in [("18.8.0-ee", 19, false), ("19.4.1-ee", 22, true)] {
        let scene = Fixture::of(Simulator::builder().version(version));
        let data = scene.graphql().data(query, json!({})).await;
        let values = data["__type"]["enumValues"].as_array().unwrap();
        assert_eq!(
            (values.len(), values.contains(&json!({ "name": "READ_BADGES" }))),
            (count, badges)
        );
        assert_eq!(data["__type"]["__typename"], "__Type");
    }
}

#[tokio::test]
async fn policy_of_a_later_version_is_rejected() {
    let query = "mutation { ciJobTokenScopeAddGroupOrProject(input: {
        projectPath: \"acme/app\", targetPath: \"acme/lib\", defaultPermissions: false,
        jobTokenPolicies: [ADMIN_REPOSITORIES]
    }) { errors } }";
    for (version, accepted) in [("18.11.0-ee", false), ("19.0.0-ee", true)] {
        let scene = Fixture::of(Simulator::builder().version(version));
        let response = scene.graphql().ask(query, json!({})).await;
        assert_eq!(response.get("errors").is_none(), accepted, "{response}");
        assert_eq!(scene.gitlab.entry(scene.app, scene.lib()).is_some(), accepted);
    }
}

const PROJECTS: &str = "query($ids: [ID!], $paths: [String!], $first: Int, $after: String) {
  projects(ids: $ids, fullPaths: $paths, first: $first, after: $after) {
    count nodes { fullPath } pageInfo { hasNextPage endCursor }
  }
}";

fn paths(data: &Value) -> Vec<&str> {
    let nodes = data["projects"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["fullPath"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn projects_are_found_by_ids_and_paths() {
    let scene = Fixture::new();
    let api = scene.graphql();
    let data = api.data(PROJECTS, json!({})).await;
    assert_eq!(
        (paths(&data), &data["projects"]["count"]),
        (vec!["acme/lib", "acme/app"], &json!(2))
    );
    let data = api.data(PROJECTS, json!({ "paths": ["ACME/app", "no/such"] })).await;
    assert_eq!(paths(&data), ["acme/app"]);
    let data = api
        .data(PROJECTS, json!({ "ids": ["gid://gitlab/Project/2", "gid://gitlab/Group/1"] }))
        .await;
    assert_eq!(paths(&data), ["acme/lib"]);
    let first = api.data(PROJECTS, json!({ "first": 1 })).await;
    let after = &first["projects"]["pageInfo"]["endCursor"];
    assert_eq!(paths(&api.data(PROJECTS, json!({ "after": after })).await), ["acme/app"]);
    let bot = scene.graphql_as(TokenSpec::new("bot").maintainer_of(Target::Project(scene.lib)));
    assert_eq!(paths(&bot.data(PROJECTS, json!({})).await), ["acme/lib"]);
}

#[tokio::test]
async fn page_of_projects_holds_100_and_takes_50_paths() {
    let scene = Fixture::new();
    scene.fill_projects(101);
    let data = scene.graphql().data(PROJECTS, json!({ "first": 200 })).await;
    assert_eq!(
        (paths(&data).len(), &data["projects"]["pageInfo"]["hasNextPage"]),
        (100, &json!(true))
    );
    let many: Vec<String> = (0..51).map(|n| format!("many/p{n}")).collect();
    let response = scene.graphql().ask(PROJECTS, json!({ "paths": many })).await;
    assert_eq!(response["errors"][0]["message"], "You cannot provide more than 50 full_paths");
}
