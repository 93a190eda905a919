//! The settings of all projects of a group, read with few requests.

use gitlab_simulator::{
    ADMINISTRATOR, Permissions, Route, Simulator, Target, TokenScope, TokenSpec,
};
use insta::assert_snapshot;
use serde_json::{Value, json};
use terraform_cli::Workspace;

use crate::kit::{replaced, workspace};
use crate::worlds::{APP_ONLY, SUBGROUP_AND_OTHER_GROUP};

const SCOPES: &str = "data.gitlab_job_token_scopes.acme";

const READ: &str = r#"
data "gitlab_job_token_scopes" "acme" {
  group = "acme"
}
"#;

/// Starts a GitLab in which the allowlist of `acme/app` has `acme/tools/lint` with the default
/// permissions and group `other` with few; `acme/tools/lint` is open.
fn app_with_targets() -> Simulator {
    let gitlab = SUBGROUP_AND_OTHER_GROUP.allowing(&[2], &[]);
    gitlab.allow_with(1, Target::Group(3), Permissions::limited_to(["READ_JOBS"]));
    gitlab.set_inbound_enabled(2, false);
    gitlab
}

/// Returns what the data source reads, by an apply, which changes nothing.
fn read(gitlab: &Simulator, tf: &Workspace, config: &str) -> Value {
    tf.config(config);
    tf.apply().succeeds().has_no_warnings();
    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.state().of(SCOPES).clone()
}

fn app() -> Value {
    json!({
        "id": 1, "path": "acme/app", "archived": false, "inbound_enabled": true,
        "push_repository_for_job_token_allowed": false, "cross_project_push_for_job_token_allowed": null,
        "allowed_project_count": 1, "allowed_group_count": 1, "default_permissions_count": 1, "entries": null,
    })
}

fn lint() -> Value {
    json!({
        "id": 2, "path": "acme/tools/lint", "archived": false, "inbound_enabled": false,
        "push_repository_for_job_token_allowed": false, "cross_project_push_for_job_token_allowed": null,
        "allowed_project_count": 0, "allowed_group_count": 0, "default_permissions_count": 0, "entries": null,
    })
}

#[test]
fn projects_below_a_group_are_read_by_its_path_and_id() {
    let gitlab = app_with_targets();
    let number = gitlab.group_id("acme").expect("a group");
    let tf = workspace(&gitlab);
    for group in ["acme".to_owned(), number.to_string()] {
        let read = read(&gitlab, &tf, &replaced(READ, "acme\"\n", &format!("{group}\"\n")));

        let expected = json!({
            "group": group, "group_id": number, "include_archived": null, "include_entries": null,
            "projects": [app(), lint()],
        });
        assert_eq!(read, expected);
    }
}

#[test]
fn archived_projects_are_omitted_unless_requested() {
    let gitlab = app_with_targets();
    gitlab.set_archived(2, true);
    let tf = workspace(&gitlab);

    assert_eq!(read(&gitlab, &tf, READ)["projects"], json!([app()]));

    let all = replaced(READ, "group = \"acme\"", "group = \"acme\"\n  include_archived = true");
    let mut archived = lint();
    archived["archived"] = json!(true);
    assert_eq!(read(&gitlab, &tf, &all)["projects"], json!([app(), archived]));
}

#[test]
fn project_without_maintainer_role_has_null_settings() {
    let gitlab = app_with_targets();
    let acme = Target::Group(gitlab.group_id("acme").expect("a group"));
    let reader = TokenSpec::new("reader").scopes([TokenScope::ReadApi]);
    let token = gitlab.add_token(reader.developer_of(acme).maintainer_of(Target::Project(1)));
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);

    let unknown = json!({
        "id": 2, "path": "acme/tools/lint", "archived": false, "inbound_enabled": null,
        "push_repository_for_job_token_allowed": null, "cross_project_push_for_job_token_allowed": null,
        "allowed_project_count": null, "allowed_group_count": null, "default_permissions_count": null,
        "entries": null,
    });
    assert_eq!(read(&gitlab, &tf, READ)["projects"], json!([app(), unknown]));
}

#[test]
fn hundred_projects_cost_one_query() {
    const PROJECTS: usize = 250;
    let gitlab = Simulator::start();
    for number in 0..PROJECTS {
        gitlab.add_project(&format!("acme/p{number}"));
    }
    let tf = workspace(&gitlab);
    tf.config(READ);
    tf.apply().succeeds();
    gitlab.clear_requests();

    tf.plan().changes_nothing();

    assert_eq!(tf.state().of(SCOPES)["projects"].as_array().map(Vec::len), Some(PROJECTS));
    let requests = gitlab.requests();
    // One query is repeated, since this version lacks a setting.
    assert_eq!(requests.to(Route::GraphqlQuery).len(), 3 + 1);
    // The group is looked up, and the token verified.
    assert_eq!(requests.len(), 6);
}

#[test]
fn full_lists_are_within_the_complexity_limit_of_a_query() {
    let gitlab = APP_ONLY.start();
    for number in 0..200 {
        let project = gitlab.add_project(&format!("other/p{number}"));
        gitlab.allow(1, Target::Project(project));
        let group = gitlab.add_group(&format!("g{number}"));
        gitlab.allow(1, Target::Group(group));
    }
    let tf = workspace(&gitlab);

    let project = &read(&gitlab, &tf, READ)["projects"][0];

    let counts = ["allowed_project_count", "allowed_group_count", "default_permissions_count"];
    assert_eq!(counts.map(|count| project[count].as_u64()), [Some(200), Some(200), Some(400)]);
}

/// Returns the configuration with the entries of all allowlists.
fn with_entries() -> String {
    replaced(READ, "group = \"acme\"", "group = \"acme\"\n  include_entries = true")
}

#[test]
fn entries_are_sorted_by_type_and_path() {
    let gitlab = app_with_targets();
    gitlab.allow(1, Target::Project(3));
    gitlab.allow(1, Target::Project(1));
    gitlab.allow_outbound(1, 3);
    let tf = workspace(&gitlab);

    let read = read(&gitlab, &tf, &with_entries());

    assert_eq!(read["include_entries"], true);
    let other = gitlab.group_id("other").expect("a group");
    let made = |target| gitlab.entry(1, target).map(|entry| entry.created_at);
    let project = |id: u64, path: &str| {
        json!({
            "type": "project", "id": id, "path": path, "default_permissions": true, "job_token_policies": [],
            "created_at": made(Target::Project(id)), "added_by": ADMINISTRATOR,
        })
    };
    let group = json!({
        "type": "group", "id": other, "path": "other", "default_permissions": false,
        "job_token_policies": ["READ_JOBS"], "created_at": made(Target::Group(other)), "added_by": ADMINISTRATOR,
    });
    let app = &read["projects"][0];
    assert_eq!(
        app["entries"],
        json!([group, project(2, "acme/tools/lint"), project(3, "other/lib")])
    );
    let counts = ["allowed_project_count", "allowed_group_count", "default_permissions_count"];
    assert_eq!(counts.map(|count| app[count].as_u64()), [Some(2), Some(1), Some(2)]);
    assert_eq!(read["projects"][1]["entries"], json!([]));
}

#[test]
fn entries_hidden_from_the_token_are_null() {
    let gitlab = app_with_targets();
    let acme = Target::Group(gitlab.group_id("acme").expect("a group"));
    let reader = TokenSpec::new("reader").scopes([TokenScope::ReadApi]);
    let token = gitlab.add_token(reader.developer_of(acme).maintainer_of(Target::Project(1)));
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);

    let projects = &read(&gitlab, &tf, &with_entries())["projects"];

    let paths: Vec<_> = projects[0]["entries"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| &entry["path"])
        .collect();
    assert_eq!(paths, ["other", "acme/tools/lint"], "hidden targets, too");
    assert_eq!(projects[1]["entries"], Value::Null);
}

#[test]
fn twenty_projects_with_entries_cost_one_query() {
    const PROJECTS: u64 = 250;
    let gitlab = Simulator::builder().version("19.4.1-ee").start();
    for number in 1..=PROJECTS {
        gitlab.add_project(&format!("acme/p{number}"));
        gitlab.allow(number, Target::Project(1));
    }
    let tf = workspace(&gitlab);
    tf.config(&with_entries());
    tf.apply().succeeds();
    gitlab.clear_requests();

    tf.plan().changes_nothing();

    let state = tf.state();
    let projects = state.of(SCOPES)["projects"].as_array().expect("projects");
    assert_eq!(projects.len() as u64, PROJECTS);
    assert!(projects.iter().all(|project| project["entries"].is_array()));
    let requests = gitlab.requests();
    assert_eq!(requests.to(Route::GraphqlQuery).len(), 13);
    // The group is looked up, and the token verified.
    assert_eq!(requests.len(), 15);
}

#[test]
fn twenty_full_lists_are_read_in_one_query() {
    let gitlab = Simulator::builder().version("19.4.1-ee").start();
    for number in 1..=20 {
        gitlab.add_project(&format!("acme/p{number}"));
    }
    for number in 0..200 {
        let project = gitlab.add_project(&format!("other/p{number}"));
        let group = gitlab.add_group(&format!("g{number}"));
        for source in 1..=20 {
            gitlab.allow(source, Target::Project(project));
            gitlab.allow_with(source, Target::Group(group), Permissions::limited_to(["READ_JOBS"]));
        }
    }
    let tf = workspace(&gitlab);
    tf.config(&with_entries());

    tf.apply().succeeds().has_no_warnings();

    let state = tf.state();
    let projects = state.of(SCOPES)["projects"].as_array().expect("projects");
    let lengths: Vec<_> =
        projects.iter().map(|project| project["entries"].as_array().map(Vec::len)).collect();
    assert_eq!(lengths, [Some(400); 20]);
    assert_eq!(gitlab.requests().to(Route::GraphqlQuery).len(), 1);
}

#[test]
fn list_longer_than_a_page_is_read_completely() {
    let gitlab = APP_ONLY.start_version("19.4.1-ee");
    for number in 0..200 {
        let project = gitlab.add_project(&format!("other/p{number}"));
        gitlab.allow(1, Target::Project(project));
    }
    let old = gitlab.add_project("other/old");
    gitlab.allow_outbound(1, old);
    let tf = workspace(&gitlab);
    tf.config(&with_entries());

    tf.apply().succeeds().has_no_warnings();

    let state = tf.state();
    assert_eq!(state.of(SCOPES)["projects"][0]["entries"].as_array().map(Vec::len), Some(200));
    assert_eq!(gitlab.requests().to(Route::GraphqlQuery).len(), 3);
}

#[test]
fn entries_of_a_gitlab_that_lacks_fields_are_read() {
    let gitlab = Simulator::builder().version("18.0.6-ee").start();
    for path in ["acme/app", "acme/lib"] {
        gitlab.add_project(path);
    }
    gitlab.allow(1, Target::Project(2));
    let tf = workspace(&gitlab);

    let entries = &read(&gitlab, &tf, &with_entries())["projects"][0]["entries"];

    assert_eq!(
        (&entries[0]["path"], entries.as_array().map(Vec::len)),
        (&json!("acme/lib"), Some(1))
    );
}

#[test]
fn hidden_group_is_an_error() {
    let gitlab = app_with_targets();
    let tf = workspace(&gitlab);
    tf.config(&replaced(READ, "\"acme\"\n", "\"acme/none\"\n"));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Unknown group: acme/none
      data.gitlab_job_token_scopes.acme
      > group = "acme/none"

    There is no group `acme/none`, or it isn't visible to the token. Check the
    full path, and that the token's user is a member of the group.
    "#);

    tf.config(&replaced(READ, "\"acme\"\n", "99\n"));

    assert_snapshot!(tf.plan().error(), @"
    Error: Can't read job token scopes: group 99
      data.gitlab_job_token_scopes.acme
      > group = 99

    GET /groups/99: not found, or not visible to the token (404).

    GitLab returns 404 both for groups that don't exist and for groups that aren't
    visible to the token. Check the path or ID, and that the token's user is a
    member of the group.
    ");
}

#[test]
fn gitlab_without_entry_permissions_is_an_error() {
    let gitlab = APP_ONLY.start_version("17.1.8-ee");
    let tf = workspace(&gitlab);
    tf.config(READ);

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read job token scopes: group acme (1)
      data.gitlab_job_token_scopes.acme
      > group = "acme"

    POST /api/graphql (JobTokenScopes): not supported by this version of GitLab.
    Response: Field 'projects' doesn't accept argument 'includeArchived'; Field
    'pushRepositoryForJobTokenAllowed' doesn't exist on type 'ProjectCiCdSetting';
    Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'

    The `gitlab_job_token_scopes` data source needs GitLab 18.3 or later (beta in
    18.0 to 18.2). Upgrade GitLab, or read each project with
    `gitlab_job_token_scope` and `gitlab_job_token_allowlist` instead, which older
    versions support.
    "#);
}

#[test]
fn url_instead_of_a_group_fails_without_a_request() {
    let gitlab = app_with_targets();
    let tf = workspace(&gitlab);
    tf.config(&replaced(READ, "\"acme\"\n", "\"https://gitlab.com/acme\"\n"));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Invalid group
      data.gitlab_job_token_scopes.acme
      > group = "https://gitlab.com/acme"

    `group` is "https://gitlab.com/acme", which is neither the ID nor the full
    path of a group: it is a URL. Write "acme".
    "#);

    assert!(gitlab.requests().is_empty());
}
