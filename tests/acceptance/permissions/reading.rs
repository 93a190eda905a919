//! The permissions in the allowlist data source.

use gitlab_simulator::{ADMINISTRATOR, Fault};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::allowlist_entry::TEAM;

const READ: &str = "data \"gitlab_job_token_allowlist\" \"app\" {\n  project = \"acme/app\"\n}\n";
const DATA: &str = "data.gitlab_job_token_allowlist.app";

/// Returns path and permissions of each entry of a kind.
fn permissions(read: &Value, kind: &str) -> Vec<Value> {
    let fields = |entry: &Value| {
        json!([
            entry["path"],
            entry["default_permissions"],
            entry["job_token_policies"],
            entry["created_at"],
            entry["added_by"]
        ])
    };
    read[kind].as_array().into_iter().flatten().map(fields).collect()
}

#[test]
fn entries_have_their_permissions_and_origin() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow_with(APP, TARGET, only(&["READ_PACKAGES", "ADMIN_JOBS"]));
    gitlab.allow(APP, Target::Project(3));
    gitlab.allow_with(APP, Target::Group(TEAM), only(&[]));
    let tf = workspace(&gitlab);
    tf.config(READ);

    tf.apply().succeeds().has_no_warnings();

    let state = tf.state();
    let made = |target| gitlab.entry(APP, target).map(|entry| entry.created_at);
    assert_eq!(
        permissions(state.of(DATA), "projects"),
        [
            json!([
                "acme/lib",
                false,
                ["ADMIN_JOBS", "READ_PACKAGES"],
                made(TARGET),
                ADMINISTRATOR
            ]),
            json!(["acme/other", true, [], made(Target::Project(3)), ADMINISTRATOR]),
        ]
    );
    assert_eq!(
        permissions(state.of(DATA), "groups"),
        [json!(["partners/team", false, [], made(Target::Group(TEAM)), ADMINISTRATOR])]
    );
}

#[test]
fn list_read_during_apply_has_the_changes_before_it() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    let after = r#"
        data "gitlab_job_token_allowlist" "app" {
          project = "acme/app"
          depends_on = [gitlab_job_token_allowlist_entry.lib]
        }
    "#;
    for (arguments, expected) in
        [(JOBS, json!(["READ_JOBS"])), ("job_token_policies = []", json!([]))]
    {
        tf.config(&format!("{}{after}", entry(arguments)));
        tf.apply().succeeds();
        assert_eq!(tf.state().of(DATA)["projects"][0]["job_token_policies"], expected);
    }
}

#[test]
fn unreadable_permissions_fail_the_data_source() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.inject(Fault::NotJson.on(Route::GraphqlQuery));
    let tf = workspace(&gitlab);
    tf.config(READ);

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read permissions: project acme/app (1)
      data.gitlab_job_token_allowlist.app
      > data "gitlab_job_token_allowlist" "app" {

    POST /api/graphql (JobTokenPermissions): the response isn't from GitLab's API
    (200): a web page titled "Welcome".

    A login page, a proxy or another server may have sent the response. Check the
    provider's `base_url`, and let requests to `/api/graphql` through any proxy in
    front of GitLab.
    "#);
}
