//! A GitLab or a token that doesn't show permissions.

use super::*;

/// Returns a response to the query for permissions that shows none, as some tokens get it.
fn empty_permissions() -> Fault {
    let page = r#"{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}"#;
    let lists = format!(r#"{{"projectsAllowlist":{page},"groupsAllowlist":{page}}}"#);
    let project =
        format!(r#"{{"id":"gid://gitlab/Project/1","ciJobTokenScopeAllowlist":{lists}}}"#);
    kit_json(&format!(r#"{{"data":{{"project":{project}}}}}"#))
}

#[test]
fn hidden_permissions_are_an_error_of_the_plan() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[]);
    let tf = workspace(&gitlab);
    gitlab.inject(empty_permissions().on(Route::GraphqlQuery).named("JobTokenPermissions"));
    tf.config(&exclusive(r#"projects = { "acme/lib" = { job_token_policies = ["READ_JOBS"] } }"#));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read permissions: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > projects = { "acme/lib" = { job_token_policies = ["READ_JOBS"] } }

    GitLab shows these entries over REST, but not over GraphQL, so their
    permissions are unknown:

      - project acme/lib (2)

    Fine-grained tokens can't read permissions; a classic token with the `api`
    scope can.

    The `projects` and `groups` maps manage permissions, so the token must be able
    to read them. The sets `target_projects` and `target_groups` work without
    permissions.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    "#);

    tf.import(LIST, "acme/app").succeeds();
    assert_eq!(tf.state().of(LIST)["target_project_ids"], json!([LIB]));
    assert_eq!(tf.state().of(LIST)["projects"], Value::Null);
}

#[test]
fn refresh_keeps_hidden_permissions_and_warns() {
    let gitlab = FOUR_PROJECTS.start();
    let arguments = r#"projects = { "acme/lib" = { job_token_policies = ["READ_JOBS"] } }"#;
    let tf = applied(&gitlab, arguments);
    gitlab.inject(empty_permissions().on(Route::GraphqlQuery).named("JobTokenPermissions"));

    let warning = tf.plan().changes_nothing().warning();

    assert!(warning.contains("keeps the permissions that it has"), "{warning}");
}

#[test]
fn version_without_permissions_is_an_error_that_names_the_sets() {
    let gitlab = Simulator::builder().version("17.11.0").start();
    for path in ["acme/app", "acme/lib"] {
        gitlab.add_project(path);
    }
    let tf = workspace(&gitlab);
    tf.config(&exclusive(r#"projects = { "acme/lib" = { default_permissions = true } }"#));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read permissions: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > projects = { "acme/lib" = { default_permissions = true } }

    POST /api/graphql (JobTokenPermissions): not supported by this version of
    GitLab.
    Response: Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'

    Permissions of allowlist entries need GitLab 18.3 or later (beta in 18.0 to
    18.2). Upgrade GitLab, or set `target_projects` and `target_groups` instead of
    `projects` and `groups`: these sets don't manage permissions.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    "#);
}

#[test]
fn permissions_hidden_later_stay_in_the_map() {
    let gitlab = FOUR_PROJECTS.start_version("19.4.1-ee");
    let mut tf = applied(&gitlab, BOTH_KINDS);
    let permissions =
        ["Job Token Scope Allowlist: Read", "Project: Read", "Group: Read", "User: Read"];
    let spec = TokenSpec::new("fine-grained")
        .maintainer_of(Target::Group(ACME))
        .can_see(Target::Group(OPS));
    let token = gitlab.add_token(spec.fine_grained(permissions));
    tf.set_env("GITLAB_TOKEN", &token);

    assert_snapshot!(tf.plan().changes_nothing().warning(), @r#"
    Warning: Can't read permissions: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    POST /api/graphql (JobTokenPermissions): fine-grained tokens can't do this.
    Response: Access denied: This operation doesn't support fine-grained personal
    access tokens.

    GitLab offers this only over GraphQL, where fine-grained tokens don't support
    it yet. Use a classic access token with the `api` scope, or set
    `target_projects` and `target_groups` instead of `projects` and `groups`:
    these sets don't manage permissions.

    The state keeps the permissions that it has, and plans don't show drift.
    "#);
}
