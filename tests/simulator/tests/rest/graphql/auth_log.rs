//! The authentication log.

use gitlab_simulator::{Simulator, Target, TokenSpec};
use serde_json::{Value, json};

use crate::kit::Fixture;

const LOG: &str = "query($first: Int, $after: String) { project(fullPath: \"acme/app\") {
  ciJobTokenAuthLogs(first: $first, after: $after) {
    count
    nodes { lastAuthorizedAt originProject { id fullPath name path webUrl } }
    pageInfo { endCursor hasNextPage }
  }
} }";

const EARLY: &str = "2026-11-18T10:00:00Z";
const LATE: &str = "2026-11-20T10:00:00Z";

fn log(data: &Value) -> Value {
    data["project"]["ciJobTokenAuthLogs"].clone()
}

fn origins(log: &Value) -> Vec<&str> {
    let nodes = log["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["originProject"]["fullPath"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn rows_are_not_sorted_by_time() {
    let scene = Fixture::new();
    let tool = scene.gitlab.add_project("other/tool");
    scene.gitlab.record_authentication(scene.app, scene.lib, LATE);
    scene.gitlab.record_authentication(scene.app, tool, EARLY);
    let data = scene.graphql().data(LOG, json!({})).await;
    let log = log(&data);
    assert_eq!((&log["count"], origins(&log)), (&json!(2), vec!["other/tool", "acme/lib"]));
    let row = json!({ "lastAuthorizedAt": LATE, "originProject": {
        "id": format!("gid://gitlab/Project/{}", scene.lib),
        "fullPath": "acme/lib",
        "name": "lib",
        "path": "lib",
        "webUrl": format!("{}/acme/lib", scene.gitlab.url()),
    } });
    assert_eq!(log["nodes"][1], row);
}

#[tokio::test]
async fn project_has_one_row_with_its_last_time() {
    let scene = Fixture::new();
    scene.gitlab.record_authentication(scene.app, scene.lib, EARLY);
    scene.gitlab.record_authentication(scene.app, scene.lib, LATE);
    let log = log(&scene.graphql().data(LOG, json!({})).await);
    assert_eq!((&log["count"], &log["nodes"][0]["lastAuthorizedAt"]), (&json!(1), &json!(LATE)));
    scene.gitlab.delete_project(scene.lib);
    assert_eq!(self::log(&scene.graphql().data(LOG, json!({})).await)["count"], 0);
}

#[tokio::test]
async fn log_is_read_page_by_page() {
    let scene = Fixture::new();
    for (n, at) in [EARLY, LATE, LATE, EARLY].iter().enumerate() {
        let origin = scene.gitlab.add_project(&format!("other/p{n}"));
        scene.gitlab.record_authentication(scene.app, origin, at);
    }
    let api = scene.graphql();
    let first = log(&api.data(LOG, json!({ "first": 3 })).await);
    assert_eq!(origins(&first), ["other/p3", "other/p2", "other/p1"]);
    let rest = log(&api.data(LOG, json!({ "after": first["pageInfo"]["endCursor"] })).await);
    assert_eq!(
        (origins(&rest), &rest["pageInfo"]["hasNextPage"]),
        (vec!["other/p0"], &json!(false))
    );
}

#[tokio::test]
async fn page_of_the_log_holds_100() {
    let scene = Fixture::new();
    for n in 0..101 {
        let origin = scene.gitlab.add_project(&format!("many/p{n}"));
        scene.gitlab.record_authentication(scene.app, origin, LATE);
    }
    let log = log(&scene.graphql().data(LOG, json!({ "first": 200 })).await);
    assert_eq!((origins(&log).len(), &log["count"]), (100, &json!(101)));
}

#[tokio::test]
async fn page_of_the_log_doubles_the_cost() {
    let scene = Fixture::new();
    // The project costs 1, then the log, its nodes and their fields count twice.
    let query = |fields: usize| {
        let fields: String = (0..fields).map(|n| format!("f{n}: lastAuthorizedAt ")).collect();
        format!(
            "{{ project(fullPath: \"acme/app\") {{ ciJobTokenAuthLogs {{ nodes {{ {fields} }} }} \
             }} }}"
        )
    };
    scene.graphql().data(&query(122), json!({})).await;
    let dear = scene.graphql().ask(&query(123), json!({})).await;
    let message = "Query has complexity of 251, which exceeds max complexity of 250";
    assert_eq!(dear["errors"][0]["message"], message);
}

#[tokio::test]
async fn log_is_an_error_for_developers() {
    let scene = Fixture::new();
    scene.gitlab.record_authentication(scene.app, scene.lib, LATE);
    let developer = TokenSpec::new("developer").developer_of(Target::Project(scene.app));
    let response = scene.graphql_as(developer).ask(LOG, json!({})).await;
    assert_eq!(response["data"], json!({ "project": { "ciJobTokenAuthLogs": null } }));
    assert_eq!(response["errors"][0]["path"], json!(["project", "ciJobTokenAuthLogs"]));
    let maintainer = TokenSpec::new("maintainer").maintainer_of(Target::Project(scene.app));
    let data = scene.graphql_as(maintainer).data(LOG, json!({})).await;
    assert_eq!(origins(&log(&data)), ["acme/lib"], "out of sight, and shown all the same");
}

#[tokio::test]
async fn log_exists_since_17_6() {
    let scene = Fixture::of(Simulator::builder().version("17.5.4-ee"));
    let response = scene.graphql().ask(LOG, json!({})).await;
    let message = "Field 'ciJobTokenAuthLogs' doesn't exist on type 'Project'";
    assert_eq!(response["errors"][0]["message"], message);
    let scene = Fixture::of(Simulator::builder().version("17.6.0-ee"));
    scene.graphql().data(LOG, json!({})).await;
}
