//! Entries: links of both directions, a project's own entry, and further fields.

use gitlab_simulator::{ADMINISTRATOR, Permissions, Simulator, Target, TokenSpec};
use serde_json::{Value, json};

use super::{ADD, UPDATE, limited};
use crate::kit::{Api, Fixture};

const LINKS: &str = "query($first: Int, $after: String) { project(fullPath: \"acme/app\") {
  ciJobTokenScopeAllowlist { projectsAllowlist(first: $first, after: $after) {
    count
    nodes { direction target { ... on CiJobTokenAccessibleProject { fullPath } } }
    pageInfo { endCursor hasNextPage }
  } }
} }";

const REMOVE: &str = "mutation($direction: CiJobTokenScopeDirection, $target: ID!) {
  ciJobTokenScopeRemoveProject(input: {
    projectPath: \"acme/app\", targetProjectPath: $target, direction: $direction
  }) { errors }
}";

fn list(data: &Value) -> Value {
    data["project"]["ciJobTokenScopeAllowlist"]["projectsAllowlist"].clone()
}

/// Returns the direction and path of each link, in the order of the response.
async fn links(api: &Api, variables: Value) -> Vec<(String, String)> {
    let list = list(&api.data(LINKS, variables).await);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let nodes = list["nodes"].as_array().unwrap();
    nodes.iter().map(|node| (text(&node["direction"]), text(&node["target"]["fullPath"]))).collect()
}

fn link(direction: &str, path: &str) -> (String, String) {
    (direction.to_owned(), path.to_owned())
}

#[tokio::test]
async fn links_of_both_directions_come_newest_first() {
    let scene = Fixture::new();
    scene.gitlab.allow_outbound(scene.app, scene.lib);
    let other = scene.gitlab.add_project("acme/other");
    scene.gitlab.allow(scene.app, Target::Project(other));
    scene.gitlab.allow(scene.app, scene.lib());
    let expected =
        [link("inbound", "acme/lib"), link("inbound", "acme/other"), link("outbound", "acme/lib")];
    let api = scene.graphql();
    assert_eq!(links(&api, json!({})).await, expected);
    let first = list(&api.data(LINKS, json!({ "first": 2 })).await);
    assert_eq!((&first["count"], &first["pageInfo"]["hasNextPage"]), (&json!(3), &json!(true)));
    let rest = links(&api, json!({ "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!(rest, expected[2..]);
}

#[tokio::test]
async fn removal_defaults_to_the_outbound_link() {
    let scene = Fixture::new();
    scene.gitlab.allow_outbound(scene.app, scene.lib);
    scene.gitlab.allow(scene.app, scene.lib());
    let api = scene.graphql();
    let remove = async |direction: &str| {
        let variables = json!({ "target": "acme/lib", "direction": (!direction.is_empty()).then_some(direction) });
        api.data(REMOVE, variables).await["ciJobTokenScopeRemoveProject"]["errors"].clone()
    };
    assert_eq!(remove("").await, json!([]));
    assert_eq!(links(&api, json!({})).await, [link("inbound", "acme/lib")]);
    assert_eq!(remove("OUTBOUND").await, json!(["Target project is not in the job token scope"]));
    assert_eq!(remove("INBOUND").await, json!([]));
    assert!(links(&api, json!({})).await.is_empty());
}

#[tokio::test]
async fn update_of_the_project_itself_creates_its_entry() {
    let scene = Fixture::new();
    let own = Target::Project(scene.app);
    let mut input = limited(&["READ_JOBS"]);
    input["input"]["targetPath"] = json!("acme/app");
    let data = scene.graphql().data(UPDATE, input).await;
    assert_eq!(data["ciJobTokenScopeUpdatePolicies"]["errors"], json!([]));
    assert_eq!(
        scene.gitlab.permissions(scene.app, own),
        Some(Permissions::limited_to(["READ_JOBS"]))
    );
    assert_eq!(links(&scene.graphql(), json!({})).await, [link("inbound", "acme/app")]);
    let variables = json!({ "target": "acme/app", "direction": "INBOUND" });
    let data = scene.graphql().data(REMOVE, variables).await;
    let fixed = json!(["Source project cannot be removed from the job token scope"]);
    assert_eq!(data["ciJobTokenScopeRemoveProject"]["errors"], fixed);
}

#[tokio::test]
async fn project_itself_is_added_like_any_other() {
    let scene = Fixture::new();
    let mut input = limited(&["READ_JOBS"]);
    input["input"]["targetPath"] = json!("acme/app");
    let data = scene.graphql().data(ADD, input).await;
    let entry = &data["ciJobTokenScopeAddGroupOrProject"]["ciJobTokenScopeAllowlistEntry"];
    assert_eq!(entry["target"]["id"], format!("gid://gitlab/Project/{}", scene.app));
}

#[tokio::test]
async fn project_cannot_have_its_own_entry_before_18_3() {
    let scene = Fixture::of(Simulator::builder().version("18.2.8-ee"));
    scene.gitlab.set_fine_grained_permissions(scene.app, true);
    let add = ADD.replace("CiJobTokenAccessible", "");
    for (mutation, reason) in [
        (UPDATE, "Unable to find a job token scope for the given project & target"),
        (&add, "Validation failed: Target project can't be the same as the source project"),
    ] {
        let mut input = limited(&["READ_JOBS"]);
        input["input"]["targetPath"] = json!("acme/app");
        let data = scene.graphql().data(mutation, input).await;
        let payload = data.as_object().unwrap().values().next().unwrap();
        assert_eq!(payload["errors"], json!([reason]));
    }
}

#[tokio::test]
async fn permissions_are_disabled_before_18_3() {
    let scene = Fixture::of(Simulator::builder().version("18.0.0-ee"));
    let data = scene
        .graphql()
        .data(&ADD.replace("CiJobTokenAccessible", ""), limited(&["READ_JOBS"]))
        .await;
    let entry = &data["ciJobTokenScopeAddGroupOrProject"]["ciJobTokenScopeAllowlistEntry"];
    assert_eq!(
        (&entry["defaultPermissions"], &entry["jobTokenPolicies"]),
        (&json!(true), &json!(null))
    );
}

#[tokio::test]
async fn before_18_3_targets_are_projects_and_groups() {
    let scene = Fixture::of(Simulator::builder().version("18.2.8-ee"));
    scene.gitlab.allow(scene.app, scene.lib());
    scene.gitlab.allow(scene.app, scene.partners());
    let query = "{ project(fullPath: \"acme/app\") { ciJobTokenScopeAllowlist {
        projectsAllowlist { nodes { target { __typename ... on Project { fullPath } } } }
        groupsAllowlist { nodes { target { __typename ... on Group { fullPath } } } }
    } } }";
    let maintainer = TokenSpec::new("maintainer").maintainer_of(Target::Project(scene.app));
    let unseen = scene.graphql_as(maintainer).data(query, json!({})).await;
    let lists = &unseen["project"]["ciJobTokenScopeAllowlist"];
    assert_eq!(lists["groupsAllowlist"]["nodes"][0]["target"], json!(null));
    let data = scene.graphql().data(query, json!({})).await;
    let lists = &data["project"]["ciJobTokenScopeAllowlist"];
    let project = &lists["projectsAllowlist"]["nodes"][0]["target"];
    assert_eq!(*project, json!({ "__typename": "Project", "fullPath": "acme/lib" }));
    let group = &lists["groupsAllowlist"]["nodes"][0]["target"];
    assert_eq!(*group, json!({ "__typename": "Group", "fullPath": "partners" }));
}

#[tokio::test]
async fn fragment_of_an_impossible_type_is_rejected() {
    let query = |spread: &str, fragment: &str| {
        format!(
            "{{ project(fullPath: \"acme/app\") {{ ciJobTokenScopeAllowlist {{ projectsAllowlist {{
                nodes {{ target {{ {spread} }} }} }} }} }} }} {fragment}"
        )
    };
    for (version, ty) in [("18.2.8-ee", "CiJobTokenAccessibleProject"), ("18.3.0-ee", "Project")] {
        let scene = Fixture::of(Simulator::builder().version(version));
        let inline = query(&format!("... on {ty} {{ id }}"), "");
        let named = query("...seen", &format!("fragment seen on {ty} {{ id }}"));
        for (query, start, name) in
            [(inline, "Fragment", "unknown"), (named, "Fragment seen", "seen")]
        {
            let response = scene.graphql().ask(&query, json!({})).await;
            let errors = response["errors"].as_array().unwrap();
            assert_eq!(errors.len(), 1, "{response}");
            let message = format!("{start} on {ty} can't be spread inside CiJobTokenScopeTarget");
            assert_eq!(errors[0]["message"], message);
            let extensions = json!({
                "code": "cannotSpreadFragment",
                "typeName": ty,
                "fragmentName": name,
                "parentName": "CiJobTokenScopeTarget",
            });
            assert_eq!(errors[0]["extensions"], extensions);
        }
    }
}

#[tokio::test]
async fn entry_names_who_added_it() {
    let scene = Fixture::new();
    let app = Target::Project(scene.app);
    scene.gitlab.allow(scene.app, scene.partners());
    let bot = scene.graphql_as(TokenSpec::new("bot").maintainer_of(app).can_see(scene.lib()));
    bot.data(ADD, limited(&["READ_JOBS"])).await;
    let query = "{ project(fullPath: \"acme/app\") { ciJobTokenScopeAllowlist {
        projectsAllowlist { nodes { addedBy { id username name } } }
        groupsAllowlist { nodes { addedBy { username } } }
    } } }";
    let data = bot.data(query, json!({})).await;
    let lists = &data["project"]["ciJobTokenScopeAllowlist"];
    assert_eq!(
        lists["projectsAllowlist"]["nodes"][0]["addedBy"],
        json!({ "id": "gid://gitlab/User/2", "username": "bot", "name": "bot" })
    );
    assert_eq!(lists["groupsAllowlist"]["nodes"][0]["addedBy"]["username"], ADMINISTRATOR);
}

#[tokio::test]
async fn field_can_be_removed_from_the_schema() {
    let query = "{ project(fullPath: \"acme/app\") { ciJobTokenScopeAllowlist {
        projectsAllowlist { nodes { autopopulated } } } } }";
    let before = Fixture::new();
    before.graphql().data(query, json!({})).await;
    before.gitlab.remove_field("CiJobTokenScopeAllowlistEntry", "autopopulated");
    let without = Fixture::of(Simulator::builder().without_field("autopopulated"));
    for scene in [before, without] {
        let error = scene.graphql().ask(query, json!({})).await["errors"][0].clone();
        let message = "Field 'autopopulated' doesn't exist on type 'CiJobTokenScopeAllowlistEntry'";
        assert_eq!(
            (&error["message"], &error["extensions"]["code"]),
            (&json!(message), &json!("undefinedField"))
        );
    }
}

#[test]
#[should_panic(expected = "the schema has no field Project.nothing")]
fn absent_field_cannot_be_removed() {
    Simulator::start().remove_field("Project", "nothing");
}
