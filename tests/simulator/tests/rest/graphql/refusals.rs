//! Requests that GitLab rejects: tokens, invalid queries, variables and complexity.

use gitlab_simulator::{Permissions, Simulator, TokenScope, TokenSpec};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADD, UPDATE, limited};
use crate::kit::{Api, Fixture, Reply};

/// Returns the only error of a response without data.
async fn refusal(api: &Api, query: &str, variables: Value) -> Value {
    let response = api.ask(query, variables).await;
    assert_eq!(response.get("data"), None, "{response}");
    let errors = response["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{response}");
    errors[0].clone()
}

#[tokio::test]
async fn only_a_valid_token_is_accepted() {
    let scene = Fixture::new();
    let query = json!({ "query": "{ __typename }" });
    let invalid = || json!({ "errors": [{ "message": "Invalid token" }] });
    for spec in [
        TokenSpec::ci_job("job").administrator(),
        TokenSpec::new("old").administrator().expired(),
        TokenSpec::new("gone").administrator().revoked(),
        TokenSpec::new("git").administrator().scopes([TokenScope::ReadRepository]),
    ] {
        scene.graphql_as(spec).post("/api/graphql", &query).await.is(401, invalid());
    }
    Api::new(&scene.gitlab.url(), "glpat-wrong")
        .post("/api/graphql", &query)
        .await
        .is(401, invalid());
    let address = format!("{}/api/graphql", scene.gitlab.url());
    let anonymous = scene.api.http.request(Method::POST, &address).json(&query);
    let refused = Reply::of(anonymous).await.unwrap();
    refused.is(401, invalid());
    assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer realm="));
    let bearer = scene
        .api
        .http
        .request(Method::POST, &address)
        .bearer_auth(scene.gitlab.token())
        .json(&query);
    Reply::of(bearer).await.unwrap().is(200, json!({ "data": { "__typename": "Query" } }));
}

#[tokio::test]
async fn unknown_fields_are_named() {
    let scene = Fixture::new();
    let api = scene.graphql();
    let project = r#"{ project(fullPath: "acme/app") { id secret } }"#;
    assert_eq!(
        refusal(&api, project, json!({})).await,
        json!({
            "message": "Field 'secret' doesn't exist on type 'Project'",
            "locations": [{ "line": 1, "column": 38 }],
            "path": ["query", "project", "secret"],
            "extensions": { "code": "undefinedField", "typeName": "Project", "fieldName": "secret" },
        })
    );
    for (query, message, path) in [
        (
            r#"query Q { project(fullPath: "a", id: 1) { id } }"#,
            "Field 'project' doesn't accept argument 'id'",
            json!(["query Q", "project", "id"]),
        ),
        (
            "{ p: project { id } }",
            "Field 'project' is missing required arguments: fullPath",
            json!(["query", "p"]),
        ),
        (
            r#"mutation { ciJobTokenScopeRemoveGroup(input: { projectPath: "a", targetGroupPath: "b", now: true }) {
                errors
            } }"#,
            "InputObject 'CiJobTokenScopeRemoveGroupInput' doesn't accept argument 'now'",
            json!(["mutation", "ciJobTokenScopeRemoveGroup", "input", "now"]),
        ),
        (
            r#"query Q($unused: ID) { project(fullPath: "a") { id } }"#,
            "Variable $unused is declared by Q but not used",
            json!(["query Q"]),
        ),
        (
            "query { project(fullPath: $path) { id } }",
            "Variable $path is used by anonymous query but not declared",
            json!(["query", "project", "fullPath"]),
        ),
        (
            "query($path: String) { project(fullPath: $path) { id } }",
            "Type mismatch on variable $path and argument fullPath (String / ID!)",
            json!(["query", "project", "fullPath"]),
        ),
    ] {
        let error = refusal(&api, query, json!({})).await;
        assert_eq!((error["message"].as_str(), &error["path"]), (Some(message), &path), "{error}");
        assert!(error["extensions"]["code"].is_string());
    }
}

#[tokio::test]
async fn unknown_policy_is_rejected_in_variable_and_literal() {
    let scene = Fixture::new();
    let api = scene.graphql();
    let mutation = |variables: &str, policies: &str| {
        format!(
            r#"mutation{variables} {{ ciJobTokenScopeAddGroupOrProject(input: {{
                projectPath: "acme/app", targetPath: "acme/lib", defaultPermissions: false, jobTokenPolicies: {policies}
            }}) {{ errors }} }}"#
        )
    };
    let query = mutation("($policies: [CiJobTokenScopePolicies!]!)", "$policies");
    let error = refusal(&api, &query, json!({ "policies": ["READ_JOBS", "READ_X"] })).await;
    let message = error["message"].as_str().unwrap();
    let start = "Variable $policies of type [CiJobTokenScopePolicies!]! was provided invalid value \
                 for 1 (Expected \"READ_X\" to be one of: ADMIN_DEPLOYMENTS, ";
    assert!(message.starts_with(start), "{message}");
    assert_eq!(error["locations"], json!([{ "line": 1, "column": 10 }]));
    assert_eq!(error["extensions"]["value"], json!(["READ_JOBS", "READ_X"]));
    let problem = &error["extensions"]["problems"][0];
    assert_eq!(problem["path"], json!([1]));
    assert!(
        problem["explanation"].as_str().unwrap().starts_with("Expected \"READ_X\" to be one of: ")
    );
    assert_eq!(
        refusal(&api, &mutation("", "[READ_JOBS, READ_X]"), json!({})).await["message"],
        "Argument 'jobTokenPolicies' on InputObject 'CiJobTokenScopeAddGroupOrProjectInput' has an \
         invalid value ([READ_JOBS, READ_X]). Expected type '[CiJobTokenScopePolicies!]'."
    );
    assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
}

#[tokio::test]
async fn policy_in_lower_case_is_unknown() {
    let scene = Fixture::new();
    let error = refusal(&scene.graphql(), ADD, limited(&["read_jobs"])).await;
    let message = error["message"].as_str().unwrap();
    let start = "Variable $input of type CiJobTokenScopeAddGroupOrProjectInput! was provided \
                 invalid value for jobTokenPolicies.0 (Expected \"read_jobs\" to be one of: ";
    assert!(message.starts_with(start), "{message}");
}

#[tokio::test]
async fn invalid_variables_are_named() {
    let scene = Fixture::new();
    let query = "query($path: ID!, $first: Int, $deep: Boolean) { group(fullPath: $path) {
        projects(first: $first, includeSubgroups: $deep) { count }
    } }";
    for (variables, message) in [
        (json!({}), "Variable $path of type ID! was provided invalid value"),
        (json!({ "path": true }), "Variable $path of type ID! was provided invalid value"),
        (
            json!({ "path": "a", "first": "1" }),
            "Variable $first of type Int was provided invalid value",
        ),
        (
            json!({ "path": "a", "deep": 1 }),
            "Variable $deep of type Boolean was provided invalid value",
        ),
    ] {
        let error = refusal(&scene.graphql(), query, variables).await;
        assert_eq!(error["message"], message);
    }
    let mut input = limited(&[]);
    input["input"]["permanent"] = json!(true);
    input["input"]["targetPath"] = json!(null);
    assert_eq!(
        refusal(&scene.graphql(), ADD, input).await["message"],
        "Variable $input of type CiJobTokenScopeAddGroupOrProjectInput! was provided invalid value \
         for permanent (Field is not defined on CiJobTokenScopeAddGroupOrProjectInput), targetPath \
         (Expected value to not be null)"
    );
}

#[tokio::test]
async fn too_complex_query_is_not_executed() {
    let scene = Fixture::new();
    let fields = |count: usize| (0..count).map(|n| format!("f{n}: name ")).collect::<String>();
    let list = |first: usize, count: usize| {
        format!(
            "{{ group(fullPath: \"acme\") {{ projects(first: {first}) {{ nodes {{ {} }} }} }} }}",
            fields(count)
        )
    };
    // A page of 100 doubles (own 1 + 10, nodes 1, fields); the group adds one.
    let dear = refusal(&scene.graphql(), &list(100, 113), json!({})).await;
    let message = "Query has complexity of 251, which exceeds max complexity of 250";
    assert_eq!(dear, json!({ "message": message }));
    scene.graphql().data(&list(100, 112), json!({})).await;
    // A page size beyond the maximum costs no more than the maximum, and a small page is cheap.
    scene.graphql().data(&list(1000, 112), json!({})).await;
    scene.graphql().data(&list(1, 200), json!({})).await;
}

#[tokio::test]
async fn most_complex_type_of_a_target_counts() {
    let scene = Fixture::new();
    let fields = |count: usize| (0..count).map(|n| format!("f{n}: name ")).collect::<String>();
    let list = |count: usize| {
        let fields = fields(count);
        format!(
            "{{ project(fullPath: \"acme/app\") {{ ciJobTokenScopeAllowlist {{ projectsAllowlist(first: 1) {{ nodes {{
                target {{ ... on CiJobTokenAccessibleProject {{ {fields} }} ... on CiJobTokenAccessibleGroup {{ {fields} }} }}
            }} }} }} }} }}"
        )
    };
    scene.graphql().data(&list(200), json!({})).await;
    let dear = refusal(&scene.graphql(), &list(300), json!({})).await;
    assert!(dear["message"].as_str().unwrap().starts_with("Query has complexity of 308"), "{dear}");
}

#[tokio::test]
async fn request_without_a_query_is_an_error() {
    let scene = Fixture::new();
    let api = scene.graphql();
    api.post("/api/graphql", &json!({}))
        .await
        .is(200, json!({ "errors": [{ "message": "No query string was present" }] }));
    let long = format!("{{ __typename {} }}", " ".repeat(10_000));
    api.post("/api/graphql", &json!({ "query": long }))
        .await
        .is(422, json!({ "errors": [{ "message": "Query too large" }] }));
    let broken = api
        .request(Method::POST, "/api/graphql")
        .header("content-type", "application/json")
        .body("{");
    assert_eq!(Reply::of(broken).await.unwrap().status, 400);
    let syntax = api.ask("{ project(", json!({})).await;
    assert!(syntax.get("data").is_none() && syntax["errors"][0]["message"].is_string());
    let two = json!({ "query": "query A { __typename } query B { __typename }" });
    let response = api.post("/api/graphql", &two).await.json();
    assert_eq!(response["errors"][0]["message"], "An operation name is required");
}

#[tokio::test]
async fn old_version_has_neither_lists_nor_permissions() {
    let scene = Fixture::of(Simulator::builder().version("17.1.8-ee"));
    let api = scene.graphql();
    let list = r#"{ project(fullPath: "acme/app") { ciJobTokenScopeAllowlist { projectsAllowlist { count } } } }"#;
    let error = refusal(&api, list, json!({})).await;
    assert_eq!(
        error["message"],
        "Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'"
    );
    let unknown = api.ask(ADD, limited(&["READ_JOBS"])).await;
    assert!(unknown.get("data").is_none());
    assert_eq!(
        unknown["errors"][0]["message"],
        "Field 'ciJobTokenScopeAllowlistEntry' doesn't exist on type \
         'CiJobTokenScopeAddGroupOrProjectPayload'"
    );
    let unknown = api.ask(UPDATE, limited(&["READ_JOBS"])).await;
    assert!(
        unknown["errors"]
            .to_string()
            .contains("Field 'ciJobTokenScopeUpdatePolicies' doesn't exist on type 'Mutation'")
    );
    assert!(scene.gitlab.allowlist(scene.app).projects.is_empty());
    let plain = r#"mutation { ciJobTokenScopeAddGroupOrProject(input: { projectPath: "acme/app", targetPath: "acme/lib" }) {
        errors
    } }"#;
    api.data(plain, json!({})).await;
    assert_eq!(scene.gitlab.permissions(scene.app, scene.lib()), Some(Permissions::default()));
    assert_eq!(scene.add_group(scene.partners).await.status, 201);
}
