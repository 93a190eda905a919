//! Import of entries with permissions.

use std::fs;

use gitlab_simulator::Fault;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::needs::{IMPORT_BLOCKS, IMPORTS_IGNORE_LOCAL_NAMES};

const ID: &str = "acme/app:project:acme/lib";

#[test]
fn permissions_are_imported_and_plan_clean() {
    for policies in [&["READ_JOBS"][..], &[]] {
        let gitlab = THREE_PROJECTS.start();
        gitlab.allow_with(APP, TARGET, only(policies));
        let tf = workspace(&gitlab);
        tf.config(
            &entry(&format!("job_token_policies = {policies:?}"))
                .replace("target_project = \"acme/lib\"", "target_project_id = 2"),
        );

        tf.import(ENTRY, ID).succeeds();

        let state = tf.state();
        assert_eq!(state.of(ENTRY)["default_permissions"], false);
        assert_eq!(state.of(ENTRY)["job_token_policies"], json!(policies));
        tf.plan().changes_nothing().has_no_warnings();
        assert_eq!(gitlab.requests().writes().to_string(), "");
    }
}

#[test]
fn default_permissions_are_imported_as_not_managed() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, TARGET);
    let tf = workspace(&gitlab);
    tf.config(&entry("").replace("target_project = \"acme/lib\"", "target_project_id = 2"));

    tf.import(ENTRY, ID).succeeds();

    let state = tf.state();
    assert_eq!(state.of(ENTRY)["default_permissions"], Value::Null);
    assert_eq!(state.of(ENTRY)["job_token_policies"], Value::Null);
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn entry_is_imported_without_permissions_that_are_off() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow_with(APP, TARGET, only(&["READ_JOBS"]));
    gitlab.set_fine_grained_permissions(APP, false);
    let tf = workspace(&gitlab);
    tf.config(&entry(""));

    tf.import(ENTRY, ID).succeeds();

    assert_eq!(tf.state().of(ENTRY)["default_permissions"], Value::Null);
}

/// By a proxy that knows no GraphQL, though GitLab itself would respond.
#[test]
fn import_warns_of_hidden_permissions() {
    IMPORT_BLOCKS.require();
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow_with(APP, TARGET, only(&["READ_JOBS"]));
    let page = "<html><head><title>Not for you</title></head></html>".to_owned();
    let refused = Fault::Responds { status: 403, content_type: "text/html".to_owned(), body: page };
    gitlab.inject(refused.on(Route::GraphqlQuery));
    let tf = workspace(&gitlab);
    tf.config(&format!(
        "import {{\n  to = {ENTRY}\n  id = \"{ID}\"\n}}\n{}",
        entry("").replace("target_project = \"acme/lib\"", "target_project_id = 2")
    ));

    let run = tf.apply();

    run.succeeds();
    assert_snapshot!(run.warning(), @r#"
    Warning: Permissions not visible: project acme/app (1)

    POST /api/graphql (JobTokenPermissions): something in front of GitLab rejected
    the request (403).
    Response: a web page titled "Not for you"

    GitLab shows the allowlist over REST, and permissions only over GraphQL
    (`/api/graphql`). The permissions of the entries aren't in the state. If the
    configuration sets them, applying it overwrites them; otherwise they stay as
    they are, and plans don't show them. To read them, let requests to
    `/api/graphql` through any proxy in front of GitLab.
    "#);
    assert_eq!(tf.state().of(ENTRY)["default_permissions"], Value::Null);
    tf.plan().changes_nothing().has_no_warnings();
    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
}

#[test]
fn generated_config_has_the_permissions_and_plans_clean() {
    IMPORT_BLOCKS.require();
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow_with(APP, TARGET, only(&["READ_PACKAGES", "READ_JOBS"]));
    gitlab.allow_with(APP, Target::Project(3), only(&[]));
    let tf = workspace(&gitlab);
    let import = |name: &str, id: &str| {
        format!("import {{\n  to = gitlab_job_token_allowlist_entry.{name}\n  id = \"{id}\"\n}}\n")
    };
    tf.config(&format!("{}{}", import("lib", "1:project:2"), import("other", "1:project:3")));
    let plan = tf.plan_with(&["-generate-config-out=generated.tf"]);
    IMPORTS_IGNORE_LOCAL_NAMES.skip_if_seen_in(plan.run());
    plan.succeeds();
    let file = tf.directory().join("generated.tf");
    let written = fs::read_to_string(&file).expect("a generated file");
    let lines = |name: &str| {
        let found = written.lines().filter(|line| line.trim_start().starts_with(name));
        found.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(lines("default_permissions"), ["default_permissions = false"; 2]);
    let mut policies = lines("job_token_policies");
    policies.sort();
    assert_eq!(
        policies,
        [r#"job_token_policies = ["READ_JOBS", "READ_PACKAGES"]"#, "job_token_policies = []"]
    );
    // The type of the provider is not its local name here.
    let without_provider =
        written.lines().filter(|line| !line.contains("provider ")).collect::<Vec<_>>().join("\n");
    fs::write(&file, without_provider).expect("a file to write");

    assert_eq!(tf.plan().has_no_warnings().actions(), []);
    tf.apply_saved().succeeds();
    tf.plan().changes_nothing();
    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn unreadable_permissions_fail_the_import() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, TARGET);
    gitlab.inject(gitlab_simulator::Fault::NotJson.on(Route::GraphqlQuery));
    let tf = workspace(&gitlab);
    tf.config(&entry(""));

    assert_snapshot!(tf.import(ENTRY, ID).error(), @r#"
    Error: Can't read permissions: project acme/app (1)

    "acme/app:project:acme/lib" can't be imported.

    POST /api/graphql (JobTokenPermissions): the response isn't from GitLab's API
    (200): a web page titled "Welcome".

    A login page, a proxy or another server may have sent the response. Check the
    provider's `base_url`, and let requests to `/api/graphql` through any proxy in
    front of GitLab.
    "#);
}
