//! The authentication log of a project: which projects used a job token, which entry allowed them,
//! and which entries are unused.

use gitlab_simulator::{
    ADMINISTRATOR, GranularGraphql, Permissions, Route, Simulator, Target, TokenScope, TokenSpec,
};
use insta::assert_snapshot;
use serde_json::{Value, json};
use terraform_cli::Workspace;

use crate::kit::{json, replaced, workspace};
use crate::worlds::World;

const LOG: &str = "data.gitlab_job_token_authentication_log.app";

const READ: &str = r#"
data "gitlab_job_token_authentication_log" "app" {
  project = "acme/app"
}
"#;

/// Targets in groups of several levels: projects 1 `acme/app`, 2 `acme/lib`, 3 `ops/prod/deploy`, 4
/// `ops/bot` and 5 `other/tool`; groups 2 `ops`, 3 `ops/prod` and 4 `other`.
const WORLD: World =
    World::new(&["acme/app", "acme/lib", "ops/prod/deploy", "ops/bot", "other/tool"], &[]);

const LIB: Target = Target::Project(2);
const OPS: Target = Target::Group(2);
const PROD: Target = Target::Group(3);
const OTHER: Target = Target::Group(4);

/// Records the last use of a job token of a project, in hours of one day.
fn used(gitlab: &Simulator, origin: u64, hour: u8) {
    gitlab.record_authentication(1, origin, &time(hour));
}

fn time(hour: u8) -> String {
    format!("2026-11-20T{hour:02}:00:00Z")
}

/// Returns what the data source reads, by an apply, which changes nothing.
fn read(gitlab: &Simulator, tf: &Workspace, config: &str) -> Value {
    tf.config(config);
    tf.apply().succeeds().has_no_warnings();
    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.state().of(LOG).clone()
}

fn each<'v>(list: &'v Value, attribute: &str) -> Vec<&'v Value> {
    list.as_array().into_iter().flatten().map(|element| &element[attribute]).collect()
}

#[test]
fn log_names_the_entry_that_allows_each_project() {
    let gitlab = WORLD.start_version("19.4.1-ee");
    for target in [LIB, OPS, PROD] {
        gitlab.allow(1, target);
    }
    for (origin, hour) in [(2, 8), (3, 10), (4, 9), (5, 11)] {
        used(&gitlab, origin, hour);
    }
    let tf = workspace(&gitlab);
    for project in ["acme/app", "1"] {
        let read = read(&gitlab, &tf, &replaced(READ, "acme/app", project));

        let logged = |id: u64, path: &str, hour, allowed_by: Value| json!({ "id": id, "path": path, "last_authorized_at": time(hour), "allowed_by": allowed_by });
        let expected = json!({
            "project": project, "project_id": 1, "unused_entries": [],
            "projects": [
                logged(5, "other/tool", 11, Value::Null),
                logged(3, "ops/prod/deploy", 10, json!("1:group:3")),
                logged(4, "ops/bot", 9, json!("1:group:2")),
                logged(2, "acme/lib", 8, json!("1:project:2")),
            ],
        });
        assert_eq!(read, expected);
    }
}

#[test]
fn entries_without_a_project_in_the_log_are_unused() {
    let gitlab = WORLD.start_version("19.4.1-ee");
    for target in [LIB, OPS, Target::Project(1)] {
        gitlab.allow(1, target);
    }
    gitlab.allow_with(1, OTHER, Permissions::limited_to(["READ_JOBS"]));
    used(&gitlab, 3, 9);
    let tf = workspace(&gitlab);

    let unused = read(&gitlab, &tf, READ)["unused_entries"].clone();

    let made = |target| gitlab.entry(1, target).map(|entry| entry.created_at);
    let other = json!({
        "type": "group", "id": 4, "path": "other", "default_permissions": false,
        "job_token_policies": ["READ_JOBS"], "created_at": made(OTHER), "added_by": ADMINISTRATOR,
    });
    let lib = json!({
        "type": "project", "id": 2, "path": "acme/lib", "default_permissions": true,
        "job_token_policies": [], "created_at": made(LIB), "added_by": ADMINISTRATOR,
    });
    assert_eq!(unused, json!([other, lib]), "without the entry of the project for itself");
}

#[test]
fn group_that_covers_a_project_is_used_beside_its_entry() {
    let gitlab = WORLD.start_version("19.4.1-ee");
    gitlab.allow(1, Target::Project(3));
    gitlab.allow(1, OPS);
    used(&gitlab, 3, 9);
    let tf = workspace(&gitlab);

    let read = read(&gitlab, &tf, READ);

    assert_eq!(each(&read["projects"], "allowed_by"), ["1:project:3"]);
    assert_eq!(read["unused_entries"], json!([]));
}

#[test]
fn project_itself_is_left_out() {
    let gitlab = WORLD.start_version("19.4.1-ee");
    used(&gitlab, 1, 9);
    let tf = workspace(&gitlab);

    let read = read(&gitlab, &tf, READ);

    assert_eq!((&read["projects"], &read["unused_entries"]), (&json!([]), &json!([])));
}

#[test]
fn projects_hidden_from_the_token_are_shown() {
    let gitlab = WORLD.start_version("19.4.1-ee");
    gitlab.allow(1, OPS);
    gitlab.allow(1, OTHER);
    used(&gitlab, 3, 9);
    let reader =
        TokenSpec::new("reader").scopes([TokenScope::ReadApi]).maintainer_of(Target::Project(1));
    let token = gitlab.add_token(reader);
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);

    let read = read(&gitlab, &tf, READ);

    assert_eq!(each(&read["projects"], "path"), ["ops/prod/deploy"]);
    assert_eq!(each(&read["projects"], "allowed_by"), ["1:group:2"]);
    assert_eq!(each(&read["unused_entries"], "path"), ["other"]);
}

#[test]
fn hidden_row_makes_the_unused_entries_null() {
    let gitlab = WORLD.start_version("19.4.1-ee");
    gitlab.allow(1, OPS);
    let log = json!({
        "data": { "project": {
            "id": "gid://gitlab/Project/1",
            "ciCdSettings": { "inboundJobTokenScopeEnabled": true },
            "ciJobTokenAuthLogs": {
                "nodes": [null, { "lastAuthorizedAt": time(9), "originProject": null }],
                "pageInfo": { "hasNextPage": false, "endCursor": null },
            },
        } },
    });
    gitlab.inject(json(&log.to_string()).on(Route::GraphqlQuery).times(1));
    let tf = workspace(&gitlab);
    // An ID isn't looked up over GraphQL, so that the log is the first query.
    tf.config(&replaced(READ, "acme/app", "1"));

    let run = tf.plan();

    assert_snapshot!(run.warning(), @r#"
    Warning: Incomplete job token log: project 1
      data.gitlab_job_token_authentication_log.app
      > project = "1"

    The authentication log of project 1 has 2 more projects, which aren't visible
    to the token. They may use entries that look unused, so `unused_entries` is
    null.
    "#);
}

#[test]
fn long_log_is_read_with_one_query_per_100_rows() {
    let gitlab = WORLD.start_version("19.4.1-ee");
    gitlab.allow(1, Target::Group(2));
    for number in 0..250 {
        let project = gitlab.add_project(&format!("ops/p{number}"));
        used(&gitlab, project, 9);
    }
    let tf = workspace(&gitlab);
    tf.config(READ);
    tf.apply().succeeds();
    gitlab.clear_requests();

    tf.plan().changes_nothing().has_no_warnings();

    assert_eq!(tf.state().of(LOG)["projects"].as_array().map(Vec::len), Some(250));
    let requests = gitlab.requests();
    // Three pages of the log and one of the list. The project is looked up, and the token verified.
    assert_eq!((requests.to(Route::GraphqlQuery).len(), requests.len()), (4, 6));
}

#[test]
fn gitlab_without_entry_permissions_is_read_over_rest() {
    let gitlab = WORLD.start_version("17.6.0-ee");
    for target in [LIB, OPS, OTHER] {
        gitlab.allow(1, target);
    }
    used(&gitlab, 3, 9);
    let tf = workspace(&gitlab);

    let read = read(&gitlab, &tf, READ);

    assert_eq!(each(&read["projects"], "allowed_by"), ["1:group:2"]);
    let bare = |ty: &str, id: u64, path: &str| {
        json!({
            "type": ty, "id": id, "path": path, "default_permissions": null, "job_token_policies": null,
            "created_at": null, "added_by": null,
        })
    };
    assert_eq!(
        read["unused_entries"],
        json!([bare("group", 4, "other"), bare("project", 2, "acme/lib")])
    );
}

#[test]
fn targets_hidden_in_graphql_are_read_over_rest() {
    let gitlab = WORLD.start_version("18.2.0-ee");
    gitlab.allow(1, LIB);
    gitlab.allow(1, OTHER);
    let reader =
        TokenSpec::new("reader").scopes([TokenScope::ReadApi]).maintainer_of(Target::Project(1));
    let token = gitlab.add_token(reader);
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);

    let read = read(&gitlab, &tf, READ);

    assert_eq!(each(&read["unused_entries"], "id"), [4, 2]);
}

#[test]
fn gitlab_without_the_log_is_an_error() {
    let gitlab = WORLD.start_version("17.5.4-ee");
    let tf = workspace(&gitlab);
    tf.config(READ);

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read job token log: project acme/app (1)
      data.gitlab_job_token_authentication_log.app
      > project = "acme/app"

    POST /api/graphql (JobTokenAuthenticationLog): not supported by this version
    of GitLab.
    Response: Field 'ciJobTokenAuthLogs' doesn't exist on type 'Project'

    Authentication logs need GitLab 17.6 or later. Upgrade GitLab, or remove the
    data source.
    "#);
}

#[test]
fn role_below_maintainer_is_an_error() {
    let gitlab = WORLD.start_version("19.4.1-ee");
    let token = gitlab.add_token(TokenSpec::new("developer").developer_of(Target::Project(1)));
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);
    tf.config(READ);

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read job token log: project acme/app (1)
      data.gitlab_job_token_authentication_log.app
      > project = "acme/app"

    POST /api/graphql (JobTokenAuthenticationLog): not found, or the token isn't
    allowed to read or change it.
    Response: The resource that you are attempting to access does not exist or you
    don't have permission to perform this action

    The token needs the `read_api` or `api` scope, and its user at least the
    Maintainer role in the project. Fine-grained tokens can't read authentication
    logs: use a classic token.
    "#);
}

#[test]
fn fine_grained_token_is_an_error_for_every_response() {
    for responses in [GranularGraphql::Errors, GranularGraphql::Nulls, GranularGraphql::EmptyLists]
    {
        let gitlab = WORLD.start_version("19.4.1-ee");
        used(&gitlab, 2, 9);
        gitlab.set_granular_graphql(responses);
        let spec = TokenSpec::new("fine-grained").maintainer_of(Target::Project(1));
        let token = gitlab.add_token(spec.fine_grained(["Project: Read", "User: Read"]));
        let mut tf = workspace(&gitlab);
        tf.set_env("GITLAB_TOKEN", &token);
        tf.config(READ);

        let error = tf.plan().error();

        assert!(
            error.replace('\n', " ").contains("Fine-grained tokens can't read authentication logs"),
            "{responses:?}: {error}"
        );
        assert!(error.contains("> project = \"acme/app\""), "{responses:?}: {error}");
    }
}

#[test]
fn unknown_project_is_an_error() {
    let gitlab = WORLD.start_version("19.4.1-ee");
    let tf = workspace(&gitlab);
    tf.config(&replaced(READ, "acme/app", "99"));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read job token log: project 99
      data.gitlab_job_token_authentication_log.app
      > project = "99"

    GET /projects/99: not found, or not visible to the token (404).

    GitLab returns 404 both for projects that don't exist and for projects that
    aren't visible to the token. Check the path or ID, and that the token's user
    has at least the Maintainer role in the project.
    "#);
}

#[test]
fn project_that_is_neither_id_nor_path_is_an_error() {
    let gitlab = WORLD.start_version("19.4.1-ee");
    let tf = workspace(&gitlab);
    tf.config(&replaced(READ, "acme/app", "app/"));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Invalid project
      data.gitlab_job_token_authentication_log.app
      > project = "app/"

    `project` is "app/", which is neither the ID nor the full path of a project: a
    full path doesn't start or end with a slash.
    "#);
    assert!(gitlab.requests().is_empty());
}
