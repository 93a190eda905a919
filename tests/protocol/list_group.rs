//! ListResource for all projects of a group: pages, limits, and projects hidden from the token.

use std::collections::BTreeSet;

use gitlab_simulator::{Fault, GranularGraphql, Permissions, Route, Simulator, Target, TokenSpec};
use plugin_host::{Listed, Query};
use serde_json::{Value, json};

use crate::kit::{ENTRY, EXCLUSIVE, Kit, RESOURCES, SCOPE, only_error};
use crate::list::{all, config};

fn query(type_name: &str) -> Query<'_> {
    Query {
        type_name,
        config: config(json!({"group": "acme"})),
        include_object: false,
        limit: 100_000,
    }
}

fn whole(type_name: &str) -> Query<'_> {
    Query { include_object: true, ..query(type_name) }
}

/// Projects 1 `acme/app`, open, 2 `acme/tools/lint` and 3 `other/lib`. The first allows project 2
/// with few permissions and the group `other`, and job tokens push to the second.
fn world() -> Simulator {
    with_group(Simulator::start())
}

fn with_group(gitlab: Simulator) -> Simulator {
    for path in ["acme/app", "acme/tools/lint", "other/lib"] {
        gitlab.add_project(path);
    }
    gitlab.set_inbound_enabled(1, false);
    gitlab.set_push_repository_for_job_token_allowed(2, true);
    gitlab.allow(1, Target::Project(2));
    gitlab.allow(1, Target::Group(gitlab.group_id("other").unwrap()));
    gitlab
}

fn many(count: u64) -> Simulator {
    let gitlab = Simulator::start();
    for number in 0..count {
        gitlab.add_project(&format!("acme/p{number}"));
    }
    gitlab
}

fn names(listed: &[Listed]) -> Vec<&str> {
    listed.iter().map(|listed| listed.display_name.as_str()).collect()
}

/// Returns a rejection by GitLab.
fn refused() -> Fault {
    let body = r#"{"message":"403 Forbidden"}"#.to_owned();
    Fault::Responds { status: 403, content_type: "application/json".to_owned(), body }
}

/// Returns a rejection by a proxy.
fn blocked() -> Fault {
    let body = "<html><title>Not for you</title></html>".to_owned();
    Fault::Responds { status: 403, content_type: "text/html".to_owned(), body }
}

/// Starts a host whose token maintains only project 1 and can see the whole group.
async fn developer() -> Kit {
    let gitlab = world();
    let acme = Target::Group(gitlab.group_id("acme").unwrap());
    let token = gitlab
        .add_token(TokenSpec::new("dev").developer_of(acme).maintainer_of(Target::Project(1)));
    let kit = Kit::with(gitlab).await;
    let mut block = kit.block();
    block["token"] = json!(token);
    assert_eq!(kit.configure(block).await.unwrap(), []);
    kit.gitlab.clear_requests();
    kit
}

async fn assert_as_imported(kit: &Kit, type_name: &str, listed: Vec<Listed>) {
    for listed in listed {
        let imported = kit.import_by(type_name, &listed.identity.unwrap()).await;
        let mut object = listed.object.unwrap();
        if object["default_permissions"] == json!(true) {
            // Beside `true`, configuration can't have the empty set of a state.
            assert_eq!(object["job_token_policies"].take(), Value::Null);
            object["job_token_policies"] = json!([]);
        }
        assert_eq!(object, imported.state);
    }
}

#[tokio::test]
async fn objects_equal_those_of_an_import_by_identity() {
    let gitlab = world();
    gitlab.set_permissions(1, Target::Project(2), Permissions::limited_to(["READ_JOBS"]));
    gitlab.allow(2, Target::Project(2));
    let kit = Kit::with(gitlab).await;
    for (type_name, expected) in [
        (SCOPE, vec!["acme/tools/lint", "acme/app"]),
        (EXCLUSIVE, vec!["acme/tools/lint", "acme/app"]),
        (
            ENTRY,
            vec![
                "acme/tools/lint on the allowlist of acme/tools/lint",
                "acme/tools/lint on the allowlist of acme/app",
                "other on the allowlist of acme/app",
            ],
        ),
    ] {
        let listed = all(&kit, &whole(type_name)).await;
        assert_eq!(names(&listed), expected);
        assert!(listed.iter().all(|listed| listed.diagnostics.is_empty()), "{listed:#?}");
        assert_as_imported(&kit, type_name, listed).await;
        assert_eq!(names(&all(&kit, &query(type_name)).await), expected, "without objects");
    }
}

#[tokio::test]
async fn subgroups_and_archived_projects_are_options() {
    let gitlab = world();
    gitlab.add_project("acme/old");
    gitlab.set_archived(4, true);
    let kit = Kit::with(gitlab).await;
    for (options, expected) in [
        (json!({}), vec!["acme/app", "acme/tools/lint"]),
        (json!({"include_subgroups": false}), vec!["acme/app"]),
        (json!({"include_archived": true}), vec!["acme/app", "acme/tools/lint", "acme/old"]),
        (
            json!({"include_archived": true, "include_subgroups": false}),
            vec!["acme/app", "acme/old"],
        ),
    ] {
        let mut given = options;
        given["group"] = json!("acme");
        for faults in [
            vec![],
            vec![refused().on(Route::GraphqlQuery)],
            vec![blocked().on(Route::GraphqlQuery)],
        ] {
            faults.into_iter().for_each(|fault| kit.gitlab.inject(fault));
            let listed = all(&kit, &Query { config: config(given.clone()), ..query(SCOPE) }).await;
            let mut paths = names(&listed);
            paths.sort_unstable();
            let mut expected = expected.clone();
            expected.sort_unstable();
            assert_eq!(paths, expected, "{given}");
            kit.gitlab.clear_faults();
        }
    }
}

#[tokio::test]
async fn scopes_of_a_hundred_projects_cost_one_query() {
    let kit = Kit::with(many(250)).await;
    let listed = all(&kit, &whole(SCOPE)).await;
    assert_eq!(listed.len(), 250);
    let requests = kit.gitlab.requests();
    // One query is repeated, since this version lacks a setting, and the group is looked up.
    assert_eq!((requests.to(Route::GraphqlQuery).len(), requests.len()), (3 + 1, 3 + 1 + 1));
}

#[tokio::test]
async fn no_requests_are_sent_beyond_the_limit() {
    for (type_name, limit, requests) in [
        // The group and its first page, twice.
        (SCOPE, 100, 3),
        (SCOPE, 101, 4),
        // And for each list at most its projects, its groups and their permissions; several are
        // read in one query.
        (EXCLUSIVE, 1, 3 + 3),
        (EXCLUSIVE, 2, 3 + 2 * 3),
        (EXCLUSIVE, 5, 3 + 5 * 3),
        (EXCLUSIVE, 100, 3 + 100 * 3),
    ] {
        let kit = Kit::with(many(250)).await;
        let listed = all(&kit, &Query { limit, ..whole(type_name) }).await;
        assert_eq!(listed.len() as i64, limit);
        let asked = kit.gitlab.requests().len();
        assert!(
            asked == requests || type_name == EXCLUSIVE && asked < requests,
            "{type_name} {limit}: {asked}"
        );
        assert!(limit < 100 || asked < 60, "{type_name} {limit}: {asked}");
    }
}

#[tokio::test]
async fn entries_up_to_the_limit_cost_their_lists() {
    let gitlab = many(20);
    for project in 1..=20 {
        gitlab.allow(project, Target::Project(project % 20 + 1));
    }
    let kit = Kit::with(gitlab).await;
    assert_eq!(all(&kit, &Query { limit: 1, ..query(ENTRY) }).await.len(), 1);
    assert_eq!(kit.gitlab.requests().to(Route::AllowlistProjectsGet).len(), 1);
    assert_eq!(
        kit.gitlab.requests().to(Route::AllowlistGroupsGet).len(),
        0,
        "the projects are enough"
    );
    kit.gitlab.clear_requests();
    assert_eq!(all(&kit, &Query { limit: 3, ..query(ENTRY) }).await.len(), 3);
    let requests = kit.gitlab.requests();
    assert!(requests.to(Route::AllowlistProjectsGet).len() <= 2, "one is known: {requests}");
    assert!(requests.len() <= 5, "{requests}");
}

#[tokio::test]
async fn identities_of_scopes_and_lists_cost_no_request_per_project() {
    for type_name in [SCOPE, EXCLUSIVE] {
        let kit = Kit::with(many(50)).await;
        assert_eq!(all(&kit, &query(type_name)).await.len(), 50);
        assert_eq!(kit.gitlab.requests().len(), 3, "{type_name}");
    }
}

#[tokio::test]
async fn objects_are_sent_before_the_next_page_is_requested() {
    let kit = Kit::with(many(250)).await;
    let mut listing = kit.list(&query(SCOPE)).await.unwrap();
    assert!(listing.next().await.unwrap().is_some());
    drop(listing);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(kit.gitlab.requests().len() < 3 + 2, "not all pages were read");
}

#[tokio::test]
async fn enforced_restriction_is_shown_as_rest_shows_it() {
    let kit = Kit::with(with_group(Simulator::builder().enforced().start())).await;
    let listed = all(&kit, &whole(SCOPE)).await;
    let app = listed[1].object.as_ref().unwrap();
    assert_eq!((&app["project"], &app["inbound_enabled"]), (&json!("acme/app"), &json!(true)));
    assert_as_imported(&kit, SCOPE, listed).await;
}

#[tokio::test]
async fn one_open_project_shows_that_nothing_is_enforced() {
    let gitlab = many(30);
    (1..=30).for_each(|project| gitlab.set_inbound_enabled(project, false));
    let kit = Kit::with(gitlab).await;
    let listed = all(&kit, &whole(SCOPE)).await;
    assert!(
        listed.iter().all(|listed| listed.object.as_ref().unwrap()["inbound_enabled"] == false)
    );
    assert_eq!(kit.gitlab.requests().to(Route::ScopeGet).len(), 1);
}

#[tokio::test]
async fn unmaintained_projects_are_counted_in_one_warning() {
    for type_name in RESOURCES {
        for include_object in [false, true] {
            let kit = developer().await;
            let mut listed = all(&kit, &Query { include_object, ..query(type_name) }).await;
            let end = listed.pop().unwrap();
            assert!(!listed.is_empty(), "{type_name}");
            assert!(names(&listed).iter().all(|name| name.ends_with("acme/app")), "{listed:#?}");
            let [warning] = &end.diagnostics[..] else { panic!("{end:#?}") };
            assert_eq!(warning.summary, "Projects not visible: group acme (1)");
            assert!(warning.detail.starts_with("1 project of group acme (1)"), "{warning:#?}");
        }
    }
}

#[tokio::test]
async fn without_graphql_the_group_is_listed_over_rest() {
    for type_name in RESOURCES {
        let kit = Kit::with(world()).await;
        let expected = all(&kit, &whole(type_name)).await;
        kit.gitlab.inject(refused().on(Route::GraphqlQuery));
        assert_eq!(kit.configure(kit.block()).await.unwrap(), []);
        let mut listed = all(&kit, &whole(type_name)).await;
        let end = listed.pop().unwrap();
        let [warning] = &end.diagnostics[..] else { panic!("{end:#?}") };
        assert!(warning.attribute.as_deref() == Some("group"), "{warning:#?}");
        if type_name == EXCLUSIVE {
            // In the form of sets, without permissions.
            let [are_listed, expected] =
                [&listed, &expected].map(|listed| BTreeSet::from_iter(names(listed)));
            assert_eq!(are_listed, expected);
            assert!(
                listed.iter().all(|listed| listed.object.as_ref().unwrap()["projects"].is_null())
            );
            continue;
        }
        let objects = |listed: Vec<Listed>| {
            listed
                .into_iter()
                .map(|listed| listed.object.unwrap().to_string())
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(objects(listed), objects(expected), "{type_name}");
    }
}

#[tokio::test]
async fn one_cause_in_many_projects_is_one_warning() {
    let kit = Kit::with(world()).await;
    kit.gitlab.allow(2, Target::Project(3));
    kit.gitlab.inject(blocked().on(Route::GraphqlQuery));
    let listed = all(&kit, &whole(ENTRY)).await;
    let end = listed.last().unwrap();
    let [warning] = &end.diagnostics[..] else { panic!("{end:#?}") };
    assert!(
        warning.detail.ends_with("This also applies to 1 more project of group acme (1)."),
        "{warning:#?}"
    );
}

#[tokio::test]
async fn fine_grained_token_lists_over_rest() {
    for responses in [GranularGraphql::Nulls, GranularGraphql::Errors] {
        let gitlab = with_group(Simulator::builder().version("19.2.0-ee").start());
        gitlab.set_granular_graphql(responses);
        let permissions = [
            "Job Token Scope: Read",
            "Job Token Scope Allowlist: Read",
            "Project: Read",
            "Group: Read",
            "User: Read",
        ];
        let acme = Target::Group(gitlab.group_id("acme").unwrap());
        let token = TokenSpec::new("fine").fine_grained(permissions).maintainer_of(acme);
        let token = gitlab.add_token(token);
        let kit = Kit::with(gitlab).await;
        let mut block = kit.block();
        block["token"] = json!(token);
        assert_eq!(kit.configure(block).await.unwrap(), []);
        for type_name in [SCOPE, EXCLUSIVE] {
            let listed = all(&kit, &whole(type_name)).await;
            let found: Vec<_> = listed.iter().filter(|listed| listed.identity.is_some()).collect();
            assert_eq!(found.len(), 2, "{type_name} {listed:#?}");
        }
    }
}

#[tokio::test]
async fn older_versions_are_listed_in_one_query() {
    for version in ["17.1.8-ee", "17.11.7-ee"] {
        let kit = Kit::with(with_group(Simulator::builder().version(version).start())).await;
        let listed = all(&kit, &whole(SCOPE)).await;
        assert_eq!(names(&listed), ["acme/tools/lint", "acme/app"]);
        assert_eq!(kit.gitlab.requests().to(Route::GroupProjectsGet).len(), 0, "{version}");
        assert_as_imported(&kit, SCOPE, listed).await;
    }
}

#[tokio::test]
async fn missing_project_or_group_is_an_error() {
    let kit = Kit::with(world()).await;
    for type_name in RESOURCES {
        for (given, attribute, said) in [
            (json!({"group": "acme/none"}), "group", "There is no group"),
            (json!({"group": "99"}), "group", "not found"),
            (json!({"group": "acme/app"}), "group", "is a project"),
            (json!({"project": "acme/tools"}), "project", "is a group"),
            (json!({"project": "99"}), "project", "not found"),
        ] {
            for include_object in [false, true] {
                // Each cause is reported once per run.
                kit.begin_walk().await;
                let query =
                    Query { config: config(given.clone()), include_object, ..query(type_name) };
                let listed = all(&kit, &query).await;
                let [end] = &listed[..] else { panic!("{given}: {listed:#?}") };
                let error = only_error(&end.diagnostics);
                assert_eq!(error.attribute.as_deref(), Some(attribute), "{given}");
                assert!(error.detail.contains(said), "{given}: {error:#?}");
            }
        }
    }
}

#[tokio::test]
async fn group_of_one_project_lists_like_that_project() {
    let gitlab = many(1);
    gitlab.allow(1, Target::Group(gitlab.group_id("acme").unwrap()));
    let kit = Kit::with(gitlab).await;
    for type_name in RESOURCES {
        let in_group = all(&kit, &whole(type_name)).await;
        let given = config(json!({"project": "1"}));
        let alone = all(&kit, &Query { config: given, ..whole(type_name) }).await;
        let objects = |listed: &[Listed]| {
            listed.iter().map(|listed| listed.object.clone()).collect::<Vec<Option<Value>>>()
        };
        assert_eq!(objects(&alone), objects(&in_group));
        assert_eq!(alone[0].object.as_ref().unwrap()["project"], "acme/p0", "the path, not the ID");
    }
}

#[tokio::test]
async fn group_without_projects_is_an_empty_stream() {
    let gitlab = Simulator::start();
    gitlab.add_group("acme");
    let kit = Kit::with(gitlab).await;
    for type_name in RESOURCES {
        assert_eq!(all(&kit, &whole(type_name)).await.len(), 0);
    }
}

#[tokio::test]
async fn later_failure_ends_the_stream_with_an_error() {
    let kit = Kit::with(many(150)).await;
    kit.gitlab.inject(Fault::InternalError.on(Route::GraphqlQuery).after(2));
    let mut listed = all(&kit, &query(SCOPE)).await;
    only_error(&listed.pop().unwrap().diagnostics);
    assert_eq!(listed.len(), 100);
}
