//! The data sources of a project: its settings and allowlist, managed by Terraform or not.

use gitlab_simulator::{ADMINISTRATOR, LINK_LIMIT, Route, Simulator, Target};
use insta::assert_snapshot;
use serde_json::{Value, json};
use terraform_cli::Workspace;

use crate::kit::{heading, json, json_with, replaced, workspace};
use crate::needs::TERRAFORM_DATA;
use crate::worlds::{APP_ONLY, World};

const SCOPE: &str = "data.gitlab_job_token_scope.app";
const ALLOWLIST: &str = "data.gitlab_job_token_allowlist.app";

const READ_SCOPE: &str = r#"
data "gitlab_job_token_scope" "app" {
  project = "acme/app"
}
"#;

const READ_ALLOWLIST: &str = r#"
data "gitlab_job_token_allowlist" "app" {
  project = "acme/app"
}
"#;

/// The order of paths differs from that of IDs: projects 1 `acme/app`, 2 `acme/lib` and 3
/// `acme/cli`; groups 2 `ops` and 3 `ops/prod`.
const WORLD: World = World::new(&["acme/app", "acme/lib", "acme/cli"], &["ops/prod"]);

/// Returns what a data source reads, by an apply, which changes nothing.
fn read(gitlab: &Simulator, tf: &Workspace, config: &str, address: &str) -> Value {
    tf.config(config);
    tf.apply().succeeds().has_no_warnings();
    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.state().of(address).clone()
}

fn paths(allowed: &Value) -> Vec<&str> {
    allowed.as_array().into_iter().flatten().filter_map(|entry| entry["path"].as_str()).collect()
}

#[test]
fn scope_is_read_by_path_and_by_id() {
    let gitlab = WORLD.start();
    gitlab.set_inbound_enabled(1, false);
    gitlab.set_outbound_enabled(1, true);
    let tf = workspace(&gitlab);
    for project in ["acme/app", "1"] {
        let read = read(&gitlab, &tf, &replaced(READ_SCOPE, "acme/app", project), SCOPE);

        let expected = json!({
            "project": project, "project_id": 1, "inbound_enabled": false, "outbound_enabled": true,
            "push_repository_for_job_token_allowed": false, "cross_project_push_for_job_token_allowed": null,
        });
        assert_eq!(read, expected);
    }
}

#[test]
fn allowlist_is_sorted_by_path_without_the_project_itself() {
    let gitlab = WORLD.start();
    [2, 3].map(Target::Project).into_iter().for_each(|target| gitlab.allow(1, target));
    [3, 2].map(Target::Group).into_iter().for_each(|target| gitlab.allow(1, target));
    let tf = workspace(&gitlab);

    let read = read(&gitlab, &tf, READ_ALLOWLIST, ALLOWLIST);

    let entry = |target: Target, name: &str, path: &str, page: &str| {
        let (Target::Project(id) | Target::Group(id)) = target;
        let made = gitlab.entry(1, target).map(|entry| entry.created_at);
        json!({
            "id": id, "name": name, "path": path, "web_url": format!("{}/{page}", gitlab.url()),
            "default_permissions": true, "job_token_policies": [], "created_at": made, "added_by": ADMINISTRATOR,
        })
    };
    let (project, group) = (Target::Project, Target::Group);
    let expected = json!({
        "project": "acme/app", "project_id": 1, "own_permissions": null,
        "projects": [
            entry(project(3), "cli", "acme/cli", "acme/cli"), entry(project(2), "lib", "acme/lib", "acme/lib"),
        ],
        "groups": [
            entry(group(2), "ops", "ops", "groups/ops"), entry(group(3), "prod", "ops/prod", "groups/ops/prod"),
        ],
    });
    assert_eq!(read, expected);
}

#[test]
fn group_below_a_relative_url_has_its_full_path() {
    let gitlab = APP_ONLY.start_with(Simulator::builder().relative_url_root("/groups"));
    gitlab.add_group("ops/groups/prod");
    gitlab.allow(1, Target::Group(4));
    let tf = workspace(&gitlab);

    let read = read(&gitlab, &tf, READ_ALLOWLIST, ALLOWLIST);

    assert_eq!(paths(&read["groups"]), ["ops/groups/prod"]);
}

#[test]
fn values_hidden_from_the_token_are_null() {
    let gitlab = WORLD.start();
    gitlab.inject(
        json(r#"[{"id":3},{"id":1},{"id":2,"path_with_namespace":"acme/lib"}]"#)
            .on(Route::AllowlistProjectsGet),
    );
    gitlab.inject(json(r#"[{"id":9}]"#).on(Route::AllowlistGroupsGet));
    let tf = workspace(&gitlab);

    tf.config(READ_ALLOWLIST);
    let run = tf.apply();
    run.succeeds();
    assert!(run.warning().contains("Permissions not visible: "), "{}", run.warning());
    let read = tf.state().of(ALLOWLIST).clone();

    // GraphQL lists none of them, as if they were added in between.
    let entry = |id: u64, path: Value| {
        json!({
            "id": id, "name": null, "path": path, "web_url": null, "default_permissions": null,
            "job_token_policies": null, "created_at": null, "added_by": null,
        })
    };
    assert_eq!(read["projects"], json!([entry(2, json!("acme/lib")), entry(3, Value::Null)]));
    assert_eq!(read["groups"], json!([entry(9, Value::Null)]));
}

#[test]
fn empty_allowlist_is_an_empty_list() {
    let (gitlab, tf) = WORLD.with_workspace();

    let read = read(&gitlab, &tf, READ_ALLOWLIST, ALLOWLIST);

    assert_eq!((&read["projects"], &read["groups"]), (&json!([]), &json!([])));
}

#[test]
fn full_allowlists_are_read_in_five_pages() {
    let gitlab = APP_ONLY.start();
    for n in 0..LINK_LIMIT {
        let project = gitlab.add_project(&format!("acme/project-{n:03}"));
        let group = gitlab.add_group(&format!("group-{n:03}"));
        gitlab.allow(1, Target::Project(project));
        gitlab.allow(1, Target::Group(group));
    }
    let tf = workspace(&gitlab);
    tf.config(READ_ALLOWLIST);

    tf.plan().succeeds();
    let requests = gitlab.requests();
    let pages = requests.to(Route::AllowlistProjectsGet).len()
        + requests.to(Route::AllowlistGroupsGet).len();
    assert_eq!(pages, 5);

    tf.apply().succeeds();
    let state = tf.state();
    let (projects, groups) =
        (paths(&state.of(ALLOWLIST)["projects"]), paths(&state.of(ALLOWLIST)["groups"]));
    assert_eq!((projects.len(), groups.len()), (LINK_LIMIT, LINK_LIMIT));
    assert!(projects.is_sorted() && groups.is_sorted());
}

#[test]
fn changes_of_the_same_apply_are_read() {
    let gitlab = WORLD.start();
    gitlab.set_inbound_enabled(1, false);
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_scope" "app" {
          project = "acme/app"
        }
        resource "gitlab_job_token_allowlist_entry" "lib" {
          project        = "acme/app"
          target_project = "acme/lib"
        }
        resource "gitlab_job_token_allowlist_entry" "ops" {
          project      = "acme/app"
          target_group = "ops/prod"
        }
        data "gitlab_job_token_scope" "app" {
          project    = "acme/app"
          depends_on = [gitlab_job_token_scope.app]
        }
        data "gitlab_job_token_allowlist" "app" {
          project    = "acme/app"
          depends_on = [gitlab_job_token_allowlist_entry.lib, gitlab_job_token_allowlist_entry.ops]
        }
        "#,
    );

    tf.apply().succeeds();

    let state = tf.state();
    assert_eq!(state.of(SCOPE)["inbound_enabled"], true);
    assert_eq!(paths(&state.of(ALLOWLIST)["projects"]), ["acme/lib"]);
    assert_eq!(paths(&state.of(ALLOWLIST)["groups"]), ["ops/prod"]);
    tf.plan().changes_nothing();
}

#[test]
fn unknown_project_is_read_during_apply() {
    TERRAFORM_DATA.require();
    let (_gitlab, tf) = WORLD.with_workspace();
    tf.config(&format!(
        "resource \"terraform_data\" \"app\" {{\n  input = 1\n}}\n{}",
        replaced(READ_ALLOWLIST, "\"acme/app\"", "terraform_data.app.output")
    ));

    tf.apply().succeeds();

    assert_eq!(tf.state().of(ALLOWLIST)["project_id"], 1);
}

#[test]
fn unknown_project_is_an_error() {
    let (_gitlab, tf) = WORLD.with_workspace();

    tf.config(&replaced(READ_SCOPE, "acme/app", "acme/none"));
    assert_snapshot!(heading(&tf.plan().error()), @r#"
    Error: Unknown project: acme/none
      data.gitlab_job_token_scope.app
      > project = "acme/none"
    "#);

    tf.config(&replaced(READ_SCOPE, "acme/app", "99"));
    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read job token scope: project 99
      data.gitlab_job_token_scope.app
      > project = "99"

    GET /projects/99/job_token_scope: not found, or not visible to the token
    (404).
    Response: Project Not Found

    GitLab returns 404 both for projects that don't exist and for projects that
    aren't visible to the token. Check the path or ID, and that the token's user
    has at least the Maintainer role in the project.
    "#);

    tf.config(&replaced(READ_ALLOWLIST, "acme/app", "99"));
    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read allowlist: project 99
      data.gitlab_job_token_allowlist.app
      > project = "99"

    GET /projects/99/job_token_scope/allowlist: not found, or not visible to the
    token (404).
    Response: Project Not Found

    GitLab returns 404 both for projects that don't exist and for projects that
    aren't visible to the token. Check the path or ID, and that the token's user
    has at least the Maintainer role in the project.
    "#);
}

#[test]
fn project_that_is_neither_id_nor_path_is_an_error() {
    let (_gitlab, tf) = WORLD.with_workspace();

    tf.config(&replaced(READ_ALLOWLIST, "acme/app", "app"));
    assert_snapshot!(heading(&tf.plan().error()), @r#"
    Error: Invalid project
      data.gitlab_job_token_allowlist.app
      > project = "app"
    "#);
}

#[test]
fn forbidden_policies_need_no_role() {
    let gitlab = WORLD.start();
    let forbidden = json_with(403, r#"{"message":"403 Forbidden"}"#);
    gitlab.inject(forbidden.on(Route::GraphqlQuery).named("JobTokenPolicies"));
    let tf = workspace(&gitlab);
    tf.config("data \"gitlab_job_token_policies\" \"all\" {}\n");

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read the job token policies
      data.gitlab_job_token_policies.all
      > data "gitlab_job_token_policies" "all" {}

    POST /api/graphql (JobTokenPolicies): the token's user isn't allowed to do
    this (403).

    GitLab doesn't respond this way over GraphQL if a role is missing: a proxy in
    front of it, or a restriction of the token or its user, rejects requests to
    `/api/graphql`. If the response gives no reason, ask an administrator of the
    instance.
    "#);
}

#[test]
fn policies_of_an_older_gitlab_are_an_error() {
    let gitlab = WORLD.start();
    gitlab.inject(
        json(r#"{"data":{"__type":null}}"#).on(Route::GraphqlQuery).named("JobTokenPolicies"),
    );
    let tf = workspace(&gitlab);
    tf.config("data \"gitlab_job_token_policies\" \"all\" {}\n");

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read the job token policies
      data.gitlab_job_token_policies.all
      > data "gitlab_job_token_policies" "all" {}

    POST /api/graphql (JobTokenPolicies): not supported by this version of GitLab.

    Policies need GitLab 18.0 or later. Upgrade GitLab, or remove the data source.
    "#);
}
