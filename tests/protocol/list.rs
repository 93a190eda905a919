//! ListResource: the stream behind `terraform query`.

use std::collections::BTreeSet;
use std::time::Duration;

use gitlab_simulator::{ADMINISTRATOR, Fault, Permissions, Route, Simulator, Target};
use plugin_host::{Listed, Query};
use serde_json::{Value, json};

use crate::kit::{ENTRY, Kit, RESOURCES, only_error};
use crate::worlds::{ACME, four_projects};

/// The maximum number of entries of each kind.
const FULL: u64 = 200;

/// Returns a `config` block with null for all other attributes.
pub(crate) fn config(given: Value) -> Value {
    let mut config = json!({"project": null, "group": null, "include_subgroups": null, "include_archived": null});
    for (name, value) in given.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    config
}

fn query(project: &str) -> Query<'_> {
    let config = config(json!({"project": project}));
    Query { type_name: ENTRY, config, include_object: false, limit: 1000 }
}

pub(crate) async fn all(kit: &Kit, query: &Query<'_>) -> Vec<Listed> {
    kit.list(query).await.unwrap().rest().await.unwrap()
}

/// Starts a GitLab with projects 2 and 3 and group `acme` on the allowlist of project 1.
fn three_targets() -> Simulator {
    let gitlab = four_projects();
    gitlab.allow(1, Target::Project(2));
    gitlab.allow(1, Target::Project(3));
    gitlab.allow(1, Target::Group(ACME));
    gitlab
}

fn full_allowlist() -> Simulator {
    let gitlab = Simulator::start();
    gitlab.add_project("acme/app");
    for number in 0..FULL {
        let project = gitlab.add_project(&format!("acme/lib-{number}"));
        gitlab.allow(1, Target::Project(project));
        let group = gitlab.add_group(&format!("team-{number}"));
        gitlab.allow(1, Target::Group(group));
    }
    gitlab
}

#[tokio::test]
async fn every_entry_comes_with_a_name_and_an_identity() {
    let kit = Kit::with(three_targets()).await;
    let listed = all(&kit, &query("acme/app")).await;
    let names: Vec<_> = listed.iter().map(|listed| listed.display_name.as_str()).collect();
    assert_eq!(names, ["acme/lib", "acme/tool", "acme"]);
    for (listed, identity) in listed.iter().zip([
        json!({"project_id": 1, "target_project_id": 2, "target_group_id": null}),
        json!({"project_id": 1, "target_project_id": 3, "target_group_id": null}),
        json!({"project_id": 1, "target_project_id": null, "target_group_id": 1}),
    ]) {
        assert_eq!(listed.identity, Some(identity));
        assert_eq!((&listed.object, &listed.diagnostics[..]), (&None, &[][..]));
    }
}

#[tokio::test]
async fn requested_objects_can_be_imported() {
    let kit = Kit::with(three_targets()).await;
    let listed = all(&kit, &Query { include_object: true, ..query("acme/app") }).await;
    assert_eq!(listed.len(), 3);
    for listed in listed {
        let imported = kit.import_by(ENTRY, &listed.identity.unwrap()).await;
        let object = listed.object.unwrap();
        assert_eq!(kit.config(ENTRY, object.clone()), object, "every attribute is there");
        assert_eq!(object, imported.state);
    }
}

#[tokio::test]
async fn permissions_are_listed_where_gitlab_supports_them() {
    let gitlab = three_targets();
    gitlab.set_permissions(1, Target::Project(2), Permissions::limited_to(["READ_JOBS"]));
    let kit = Kit::with(gitlab).await;
    let listed = all(&kit, &Query { include_object: true, ..query("acme/app") }).await;
    let permissions = |listed: &Listed| {
        let object = listed.object.as_ref().unwrap();
        (object["default_permissions"].clone(), object["job_token_policies"].clone())
    };
    assert_eq!(permissions(&listed[0]), (json!(false), json!(["READ_JOBS"])));
    assert_eq!(
        permissions(&listed[1]),
        (Value::Null, Value::Null),
        "the default is what nobody manages"
    );
    let imported = kit.import_by(ENTRY, listed[0].identity.as_ref().unwrap()).await;
    assert_eq!(imported.state["job_token_policies"], json!(["READ_JOBS"]));

    let old = Simulator::builder().version("17.1.8-ee").start();
    old.add_project("acme/app");
    old.add_project("acme/lib");
    old.allow(1, Target::Project(2));
    let kit = Kit::with(old).await;
    let listed = all(&kit, &Query { include_object: true, ..query("acme/app") }).await;
    assert_eq!((listed.len(), &listed[0].diagnostics[..]), (1, &[][..]));
    assert_eq!(permissions(&listed[0]), (Value::Null, Value::Null));
}

#[tokio::test]
async fn results_stop_at_the_limit() {
    let kit = Kit::with(three_targets()).await;
    for (limit, count) in [(1, 1), (2, 2), (3, 3), (100, 3)] {
        assert_eq!(all(&kit, &Query { limit, ..query("1") }).await.len(), count, "{limit}");
    }
}

#[tokio::test]
async fn full_allowlist_is_listed_page_by_page() {
    let kit = Kit::with(full_allowlist()).await;
    let listed = all(&kit, &query("acme/app")).await;
    let identities: BTreeSet<String> =
        listed.iter().map(|listed| listed.identity.as_ref().unwrap().to_string()).collect();
    assert_eq!((listed.len() as u64, identities.len() as u64), (2 * FULL, 2 * FULL));
    // Three pages of projects, for the project itself is on the list, two of groups, and the path.
    assert_eq!(kit.gitlab.requests().len(), 3 + 2 + 1);
}

#[tokio::test]
async fn permissions_are_queried_once_and_only_if_requested() {
    let kit = Kit::with(full_allowlist()).await;
    let asked = || kit.gitlab.requests().to(Route::GraphqlQuery).len();
    all(&kit, &query("acme/app")).await;
    assert_eq!(asked(), 0);
    let listed = all(&kit, &Query { include_object: true, ..query("acme/app") }).await;
    assert_eq!((listed.len() as u64, asked()), (2 * FULL, 1));
}

/// As behind a proxy that blocks GraphQL.
#[tokio::test]
async fn entries_with_hidden_permissions_are_listed_with_a_warning() {
    let kit = Kit::with(three_targets()).await;
    let page = "<html><title>Not for you</title></html>".to_owned();
    let refused = Fault::Responds { status: 403, content_type: "text/html".to_owned(), body: page };
    kit.gitlab.inject(refused.on(Route::GraphqlQuery));
    let mut listed = all(&kit, &Query { include_object: true, ..query("acme/app") }).await;
    let end = listed.pop().unwrap();
    assert_eq!(end.diagnostics[0].summary, "Permissions not visible: project acme/app (1)");
    assert_eq!((listed.len(), end.identity), (3, None));
}

#[tokio::test]
async fn host_can_end_the_stream_early() {
    let kit = Kit::with(full_allowlist()).await;
    for _ in 0..3 {
        let mut listing = kit.list(&query("1")).await.unwrap();
        assert!(listing.next().await.unwrap().is_some());
        drop(listing);
    }
    assert_eq!(all(&kit, &query("1")).await.len() as u64, 2 * FULL);
    let exit = kit.host.stop().await.unwrap();
    assert!(exit.status.success() && exit.duration < Duration::from_secs(2), "{exit:?}");
}

#[tokio::test]
async fn empty_list_is_an_empty_stream() {
    let kit = Kit::with(three_targets()).await;
    assert_eq!(all(&kit, &query("2")).await.len(), 0);
}

/// GitLab lists it, since otherwise nobody could find out who has access.
#[tokio::test]
async fn entry_of_a_hidden_target_is_listed() {
    let gitlab = three_targets();
    gitlab.hide_from(ADMINISTRATOR, Target::Project(2));
    let kit = Kit::with(gitlab).await;
    let listed = all(&kit, &query("1")).await;
    let targets: Vec<_> = listed
        .iter()
        .map(|listed| &listed.identity.as_ref().unwrap()["target_project_id"])
        .collect();
    assert_eq!(targets, [&json!(2), &json!(3), &Value::Null]);
}

#[tokio::test]
async fn missing_project_ends_the_stream_with_an_error() {
    let kit = Kit::with(three_targets()).await;
    for project in ["acme/none", "99"] {
        let listed = all(&kit, &query(project)).await;
        let [end] = &listed[..] else { panic!("{listed:#?}") };
        assert_eq!(only_error(&end.diagnostics).attribute.as_deref(), Some("project"));
        assert_eq!(end.identity, None);
    }
}

#[tokio::test]
async fn failed_listing_is_an_event() {
    let kit = Kit::with(three_targets()).await;
    let unreadable = [
        Query { type_name: "gitlab_project", ..query("1") },
        Query { config: Value::Null, ..query("1") },
        Query { config: config(json!({"project": "1", "other": 1})), ..query("1") },
        Query { config: config(json!({"project": "/"})), ..query("1") },
        Query { config: config(json!({"group": "/"})), ..query("1") },
        Query { config: config(json!({})), ..query("1") },
        Query { config: config(json!({"project": "1", "group": "acme"})), ..query("1") },
    ];
    for query in unreadable {
        let listed = all(&kit, &query).await;
        let [end] = &listed[..] else { panic!("{listed:#?}") };
        only_error(&end.diagnostics);
    }
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn unconfigured_provider_lists_nothing() {
    let kit = Kit::with_environment(three_targets()).await;
    let listed = all(&kit, &query("1")).await;
    assert_eq!(only_error(&listed[0].diagnostics).summary, "Provider is not configured");
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn query_is_validated_without_a_server() {
    let kit = Kit::with_environment(three_targets()).await;
    for type_name in RESOURCES {
        let validate = async |given| kit.validate_list(type_name, given).await.unwrap();
        assert_eq!(validate(config(json!({"project": "acme/app"}))).await, []);
        assert_eq!(validate(config(json!({"group": "acme", "include_archived": true}))).await, []);
        for invalid in [
            config(json!({"project": "/"})),
            config(json!({})),
            config(json!({"project": "acme/app", "group": "acme"})),
            config(json!({"project": "acme/app", "include_subgroups": true})),
            Value::Null,
        ] {
            only_error(&validate(invalid).await);
        }
    }
    assert_eq!(kit.requests(), "");
}
