//! GraphQL responses with data and errors, and REST where GraphQL can't be reached.

use gitlab_simulator::{Fault, Route, TokenSpec};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::kit::{json_with, workspace};

#[test]
fn project_without_the_maintainer_role_is_null() {
    for version in ["18.3.6-ee", "19.4.1-ee"] {
        let gitlab = of_version(version);
        gitlab.allow(LIB, Target::Project(APP));
        let spec = TokenSpec::new("bot").developer_of(ACME).maintainer_of(TARGET);
        let token = gitlab.add_token(spec);
        let mut tf = workspace(&gitlab);
        tf.set_env("GITLAB_TOKEN", &token);
        tf.config("data \"gitlab_job_token_scopes\" \"acme\" {\n  group = \"acme\"\n}\n");

        tf.apply().succeeds().has_no_warnings();

        let state = tf.state();
        let projects = state.of("data.gitlab_job_token_scopes.acme")["projects"].clone();
        let counts = [0, 1, 2].map(|place| projects[place]["allowed_project_count"].clone());
        assert_eq!(counts, [Value::Null, json!(1), Value::Null], "{version}");
    }
}

#[test]
fn allowlist_is_read_if_graphql_hides_the_project() {
    let gitlab = newest();
    gitlab.allow(APP, TARGET);
    gitlab.inject(json_with(200, r#"{"data":{"project":null}}"#).on(Route::GraphqlQuery));
    let tf = workspace(&gitlab);
    tf.config("data \"gitlab_job_token_allowlist\" \"app\" {\n  project = \"acme/app\"\n}\n");

    let run = tf.apply();
    run.succeeds();

    assert_snapshot!(run.warning(), @r#"
    Warning: Permissions not visible: project acme/app (1)
      data.gitlab_job_token_allowlist.app
      > data "gitlab_job_token_allowlist" "app" {

    POST /api/graphql (JobTokenPermissions): not found, or the token isn't allowed
    to read or change it.

    GitLab shows the allowlist over REST, and permissions only over GraphQL
    (`/api/graphql`). `default_permissions`, `job_token_policies`, `created_at`
    and `added_by` of its entries are null. Fine-grained tokens can't read them.
    If the token is a classic one, give its user at least the Maintainer role in
    the project.
    "#);
}

#[test]
fn allowlist_is_read_if_a_proxy_rejects_graphql() {
    let gitlab = newest();
    gitlab.allow(APP, TARGET);
    gitlab.inject(
        Fault::Responds {
            status: 403,
            content_type: "text/html".to_owned(),
            body: "<title>Forbidden</title>".to_owned(),
        }
        .on(Route::GraphqlQuery),
    );
    let tf = workspace(&gitlab);
    tf.config("data \"gitlab_job_token_allowlist\" \"app\" {\n  project = \"acme/app\"\n}\n");

    let run = tf.apply();
    run.succeeds();

    assert_snapshot!(run.warning(), @r#"
    Warning: Permissions not visible: project acme/app (1)
      data.gitlab_job_token_allowlist.app
      > data "gitlab_job_token_allowlist" "app" {

    POST /api/graphql (JobTokenPermissions): something in front of GitLab rejected
    the request (403).
    Response: a web page titled "Forbidden"

    GitLab shows the allowlist over REST, and permissions only over GraphQL
    (`/api/graphql`). `default_permissions`, `job_token_policies`, `created_at`
    and `added_by` of its entries are null. To read them, let requests to
    `/api/graphql` through any proxy in front of GitLab.
    "#);
    let state = tf.state();
    let listed = &state.of("data.gitlab_job_token_allowlist.app")["projects"][0];
    assert_eq!(
        (&listed["path"], &listed["default_permissions"]),
        (&json!("acme/lib"), &Value::Null)
    );
}
