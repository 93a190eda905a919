//! Queries.

use gitlab_simulator::{Permissions, Simulator, Target, TokenSpec};
use serde_json::{Value, json};

use super::NOT_AVAILABLE;
use crate::kit::Fixture;

const LIST: &str = "query List($path: ID!, $first: Int, $after: String) {
  project(fullPath: $path) {
    ciJobTokenScopeAllowlist {
      projectsAllowlist(first: $first, after: $after) {
        count
        nodes {
          autopopulated createdAt defaultPermissions direction jobTokenPolicies
          sourceProject { fullPath }
          target { ... on CiJobTokenAccessibleProject { id name path fullPath webUrl avatarUrl } }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}";

const GROUP: &str = "query Group($path: ID!, $deep: Boolean, $archived: Boolean) {
  group(fullPath: $path) {
    id fullPath
    projects(includeSubgroups: $deep, includeArchived: $archived, first: 100) {
      count
      nodes { id fullPath archived ciCdSettings { inboundJobTokenScopeEnabled } ciJobTokenScopeAllowlist {
        projectsAllowlist { count } groupsAllowlist { count }
      } }
    }
  }
}";

fn paths(group: &Value) -> Vec<&str> {
    let nodes = group["group"]["projects"]["nodes"].as_array().unwrap();
    let mut paths: Vec<&str> =
        nodes.iter().map(|node| node["fullPath"].as_str().unwrap()).collect();
    paths.sort_unstable();
    paths
}

#[tokio::test]
async fn entry_is_read_with_its_permissions() {
    let scene = Fixture::new();
    scene.gitlab.allow_with(
        scene.app,
        scene.lib(),
        Permissions::limited_to(["READ_JOBS", "ADMIN_PACKAGES"]),
    );
    scene.gitlab.set_autopopulated(scene.app, scene.lib(), true);
    let entry = scene.gitlab.entry(scene.app, scene.lib()).unwrap();
    let data = scene.graphql().data(LIST, json!({ "path": "ACME/app" })).await;
    let list = &data["project"]["ciJobTokenScopeAllowlist"]["projectsAllowlist"];
    assert_eq!(list["count"], 1);
    assert_eq!(
        list["nodes"][0],
        json!({
            "autopopulated": true,
            "createdAt": entry.created_at,
            "defaultPermissions": false,
            "direction": "inbound",
            "jobTokenPolicies": ["READ_JOBS", "ADMIN_PACKAGES"],
            "sourceProject": { "fullPath": "acme/app" },
            "target": {
                "id": format!("gid://gitlab/Project/{}", scene.lib),
                "name": "lib",
                "path": "lib",
                "fullPath": "acme/lib",
                "webUrl": format!("{}/acme/lib", scene.gitlab.url()),
                "avatarUrl": null,
            },
        })
    );
}

#[tokio::test]
async fn groups_are_listed_separately_without_the_project_itself() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.partners());
    let query = r#"{ project(fullPath: "acme/app") { ciJobTokenScopeAllowlist {
        projectsAllowlist { count }
        groupsAllowlist { nodes { target { __typename ... on CiJobTokenAccessibleGroup { id fullPath } } } }
    } } }"#;
    let data = scene.graphql().data(query, json!({})).await;
    let lists = &data["project"]["ciJobTokenScopeAllowlist"];
    assert_eq!(lists["projectsAllowlist"]["count"], 0);
    let target = &lists["groupsAllowlist"]["nodes"][0]["target"];
    let id = format!("gid://gitlab/Group/{}", scene.partners);
    assert_eq!(
        *target,
        json!({ "__typename": "CiJobTokenAccessibleGroup", "id": id, "fullPath": "partners" })
    );
}

#[tokio::test]
async fn hidden_target_is_listed() {
    let scene = Fixture::new();
    scene.gitlab.allow(scene.app, scene.lib());
    let owner = TokenSpec::new("owner").maintainer_of(Target::Project(scene.app));
    let data = scene.graphql_as(owner).data(LIST, json!({ "path": "acme/app" })).await;
    let list = &data["project"]["ciJobTokenScopeAllowlist"]["projectsAllowlist"];
    assert_eq!(list["nodes"][0]["target"]["fullPath"], "acme/lib");
}

#[tokio::test]
async fn list_that_changes_is_read_page_by_page() {
    let scene = Fixture::new();
    let mut expected = scene.fill_projects(7);
    let api = scene.graphql();
    let (mut found, mut after) = (Vec::new(), Value::Null);
    loop {
        let data = api.data(LIST, json!({ "path": "acme/app", "first": 3, "after": after })).await;
        let list = data["project"]["ciJobTokenScopeAllowlist"]["projectsAllowlist"].clone();
        for node in list["nodes"].as_array().unwrap() {
            let id = node["target"]["id"].as_str().unwrap();
            found.push(id.rsplit('/').next().unwrap().parse::<u64>().unwrap());
        }
        // Elements that were read are removed; none of the others may be skipped.
        scene.gitlab.revoke(scene.app, Target::Project(found[0]));
        if list["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = list["pageInfo"]["endCursor"].clone();
    }
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn page_of_an_allowlist_holds_200_and_one_of_projects_100() {
    let scene = Fixture::new();
    scene.fill_projects(205);
    let api = scene.graphql();
    for first in [json!(null), json!(1000)] {
        let query =
            "query($first: Int) { project(fullPath: \"acme/app\") { ciJobTokenScopeAllowlist {
            projectsAllowlist(first: $first) { count nodes { direction } pageInfo { hasNextPage } }
        } } }";
        let data = api.data(query, json!({ "first": first })).await;
        let list = &data["project"]["ciJobTokenScopeAllowlist"]["projectsAllowlist"];
        assert_eq!(
            (list["count"].as_u64(), list["nodes"].as_array().unwrap().len()),
            (Some(205), 200)
        );
        assert_eq!(list["pageInfo"]["hasNextPage"], true);
        let query = "query($first: Int) { group(fullPath: \"many\") { projects(first: $first) { \
            nodes { id } } } }";
        let data = api.data(query, json!({ "first": first })).await;
        assert_eq!(data["group"]["projects"]["nodes"].as_array().unwrap().len(), 100);
    }
}

#[tokio::test]
async fn list_can_be_read_from_its_end() {
    let scene = Fixture::new();
    scene.fill_projects(3);
    let query =
        "query($before: String) { project(fullPath: \"acme/app\") { ciJobTokenScopeAllowlist {
        projectsAllowlist(last: 2, before: $before) {
            edges { cursor node { direction } }
            pageInfo { hasPreviousPage hasNextPage startCursor }
        }
    } } }";
    let api = scene.graphql();
    let page =
        |data: &Value| data["project"]["ciJobTokenScopeAllowlist"]["projectsAllowlist"].clone();
    let last = page(&api.data(query, json!({})).await);
    assert_eq!(last["edges"].as_array().unwrap().len(), 2);
    assert_eq!(last["edges"][0]["cursor"], last["pageInfo"]["startCursor"]);
    assert_eq!(
        (&last["pageInfo"]["hasPreviousPage"], &last["pageInfo"]["hasNextPage"]),
        (&json!(true), &json!(false))
    );
    let first = page(&api.data(query, json!({ "before": last["pageInfo"]["startCursor"] })).await);
    assert_eq!(first["edges"].as_array().unwrap().len(), 1);
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
}

#[tokio::test]
async fn invalid_cursor_is_an_error_of_the_field() {
    let scene = Fixture::new();
    for arguments in [r#"after: "nonsense""#, "first: 1, last: 1"] {
        let query = format!(
            "{{ project(fullPath: \"acme/app\") {{ ciJobTokenScopeAllowlist {{
                projectsAllowlist({arguments}) {{ count }} }} }} }}"
        );
        let response = scene.graphql().ask(&query, json!({})).await;
        assert_eq!(
            response["data"]["project"]["ciJobTokenScopeAllowlist"]["projectsAllowlist"],
            json!(null)
        );
        assert_eq!(
            response["errors"][0]["path"],
            json!(["project", "ciJobTokenScopeAllowlist", "projectsAllowlist"])
        );
    }
}

#[tokio::test]
async fn settings_and_list_are_for_maintainers() {
    let scene = Fixture::new();
    scene.gitlab.set_push_repository_for_job_token_allowed(scene.app, true);
    let query = r#"{ project(fullPath: "acme/app") { id ciCdSettings {
        inboundJobTokenScopeEnabled jobTokenScopeEnabled pushRepositoryForJobTokenAllowed
    } ciJobTokenScopeAllowlist { projectsAllowlist { count } } } }"#;
    let app = Target::Project(scene.app);
    let read = async |spec| scene.graphql_as(spec).ask(query, json!({})).await;
    let maintainer =
        read(TokenSpec::new("maintainer").maintainer_of(app)).await["data"]["project"].clone();
    assert_eq!(
        maintainer["ciCdSettings"],
        json!({
            "inboundJobTokenScopeEnabled": true,
            "jobTokenScopeEnabled": false,
            "pushRepositoryForJobTokenAllowed": true,
        })
    );
    assert_eq!(maintainer["ciJobTokenScopeAllowlist"]["projectsAllowlist"]["count"], 0);
    let developer = read(TokenSpec::new("developer").developer_of(app)).await;
    let id = format!("gid://gitlab/Project/{}", scene.app);
    let project = json!({ "id": id, "ciCdSettings": null, "ciJobTokenScopeAllowlist": null });
    assert_eq!(developer["data"]["project"], project);
    let errors = developer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{developer}");
    assert_eq!(errors[0]["message"], NOT_AVAILABLE);
    assert_eq!(errors[0]["path"], json!(["project", "ciJobTokenScopeAllowlist"]));
    let stranger = read(TokenSpec::new("stranger")).await;
    assert_eq!(stranger, json!({ "data": { "project": null } }));
}

#[tokio::test]
async fn missing_or_moved_project_is_null() {
    let scene = Fixture::new();
    scene.gitlab.rename_project(scene.app, "acme/renamed");
    let query =
        "query($path: ID!) { project(fullPath: $path) { id } group(fullPath: $path) { id } }";
    for path in ["acme/app", "no/such", ""] {
        let data = scene.graphql().data(query, json!({ "path": path })).await;
        assert_eq!(data, json!({ "project": null, "group": null }), "{path}");
    }
}

#[tokio::test]
async fn group_lists_projects_with_or_without_subgroups_and_archived() {
    let scene = Fixture::new();
    let old = scene.gitlab.add_project("acme/team/old");
    scene.gitlab.set_archived(old, true);
    scene.gitlab.add_project("acme/team/new");
    scene.gitlab.add_project("acme-labs/other");
    let api = scene.graphql();
    let read = async |deep, archived| {
        api.data(GROUP, json!({ "path": "acme", "deep": deep, "archived": archived })).await
    };
    assert_eq!(paths(&read(false, true).await), ["acme/app", "acme/lib"]);
    let all = read(true, true).await;
    assert_eq!(paths(&all), ["acme/app", "acme/lib", "acme/team/new", "acme/team/old"]);
    assert_eq!(all["group"]["projects"]["count"], 4);
    assert_eq!(paths(&read(true, false).await), ["acme/app", "acme/lib", "acme/team/new"]);
}

#[tokio::test]
async fn group_omits_invisible_projects_and_hides_forbidden_settings() {
    let scene = Fixture::new();
    scene.gitlab.add_project("acme/hidden");
    let spec = TokenSpec::new("bot")
        .maintainer_of(Target::Project(scene.app))
        .developer_of(Target::Project(scene.lib));
    let response = scene.graphql_as(spec).ask(GROUP, json!({ "path": "acme" })).await;
    let (data, errors) = (&response["data"], response["errors"].as_array().unwrap());
    assert_eq!(paths(data), ["acme/app", "acme/lib"]);
    let path = json!(["group", "projects", "nodes", 0, "ciJobTokenScopeAllowlist"]);
    assert_eq!(
        (errors.len(), &errors[0]["message"], &errors[0]["path"]),
        (1, &json!(NOT_AVAILABLE), &path)
    );
    let nodes = data["group"]["projects"]["nodes"].as_array().unwrap();
    let lib = nodes.iter().find(|node| node["fullPath"] == "acme/lib").unwrap();
    assert_eq!(
        (&lib["ciCdSettings"], &lib["ciJobTokenScopeAllowlist"]),
        (&json!(null), &json!(null))
    );
    let app = nodes.iter().find(|node| node["fullPath"] == "acme/app").unwrap();
    assert_eq!(app["ciJobTokenScopeAllowlist"]["groupsAllowlist"]["count"], 0);
}

#[tokio::test]
async fn switched_off_permissions_are_not_shown() {
    let scene = Fixture::new();
    scene.gitlab.allow_with(scene.app, scene.lib(), Permissions::limited_to(["READ_JOBS"]));
    scene.gitlab.set_fine_grained_permissions(scene.app, false);
    let data = scene.graphql().data(LIST, json!({ "path": "acme/app" })).await;
    let entry = &data["project"]["ciJobTokenScopeAllowlist"]["projectsAllowlist"]["nodes"][0];
    assert_eq!(
        (&entry["defaultPermissions"], &entry["jobTokenPolicies"]),
        (&json!(true), &json!(null))
    );
}

#[tokio::test]
async fn graphql_is_served_below_a_relative_root() {
    let scene = Fixture::of(Simulator::builder().relative_url_root("/gitlab"));
    let query = r#"{ project(fullPath: "acme/app") { webUrl } }"#;
    let data = scene.graphql().data(query, json!({})).await;
    assert_eq!(data["project"]["webUrl"], format!("{}/acme/app", scene.gitlab.url()));
    let outside = scene.gitlab.url().replace("/gitlab", "");
    let reply =
        crate::kit::Api::new(&outside, scene.gitlab.token()).graphql(query, json!({})).await;
    assert_eq!(reply.status, 404);
}
