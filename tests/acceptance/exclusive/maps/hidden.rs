//! A GitLab or a token that doesn't show permissions.

use super::*;

/// An answer to the query for permissions that shows none, as some tokens get it.
fn empty_permissions() -> Fault {
    let page = r#"{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}"#;
    let lists = format!(r#"{{"projectsAllowlist":{page},"groupsAllowlist":{page}}}"#);
    let project = format!(r#"{{"id":"gid://gitlab/Project/1","ciJobTokenScopeAllowlist":{lists}}}"#);
    kit_json(&format!(r#"{{"data":{{"project":{project}}}}}"#))
}

#[test]
fn entries_without_visible_permissions_are_an_error_of_the_plan() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[]);
    let tf = workspace(&gitlab);
    gitlab.inject(empty_permissions().on(Route::GraphqlQuery).named("JobTokenPermissions"));
    tf.config(&exclusive(r#"projects = { "acme/lib" = { job_token_policies = ["READ_JOBS"] } }"#));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read the permissions on the allowlist of project 1
      gitlab_job_token_allowlist_exclusive.app
      > projects = { "acme/lib" = { job_token_policies = ["READ_JOBS"] } }

    GitLab shows these entries over REST, and not over GraphQL, so that their
    permissions aren't known:

      - project 2

    Most fine-grained tokens can't read permissions; a classic token with the
    scope `api` can.

    The maps `projects` and `groups` say what each entry may do, and need a GitLab
    and a token that show it. The sets `target_projects` and `target_groups` say
    only who is on the allowlist, and work without.

    If `terraform destroy` stops at this error, run it with the option
    `-refresh=false`.
    "#);

    tf.import(LIST, "acme/app").succeeds();
    assert_eq!(tf.state().of(LIST)["target_project_ids"], json!([LIB]));
    assert_eq!(tf.state().of(LIST)["projects"], Value::Null);
}

#[test]
fn refresh_without_visible_permissions_keeps_them_and_warns() {
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
    Error: Can't read the permissions on the allowlist of project 1
      gitlab_job_token_allowlist_exclusive.app
      > projects = { "acme/lib" = { default_permissions = true } }

    POST /api/graphql (JobTokenPermissions): this GitLab does not have it (200):
    Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'.

    Permissions of single allowlist entries, and the data source
    `gitlab_job_token_scopes`, need GitLab 18.3 or later (18.0 to 18.2 have them
    as a beta). Upgrade GitLab, or do without them: remove `default_permissions`
    and `job_token_policies` from the configuration. Everything else works.

    The maps `projects` and `groups` say what each entry may do, and need a GitLab
    and a token that show it. The sets `target_projects` and `target_groups` say
    only who is on the allowlist, and work without.

    If `terraform destroy` stops at this error, run it with the option
    `-refresh=false`.
    "#);
}

#[test]
fn token_that_no_longer_sees_permissions_empties_no_map() {
    let gitlab = FOUR_PROJECTS.start_version("19.4.1-ee");
    let mut tf = applied(&gitlab, BOTH_KINDS);
    let permissions = ["Job Token Scope Allowlist: Read", "Project: Read", "Group: Read", "User: Read"];
    let spec = TokenSpec::new("fine-grained").maintainer_of(Target::Group(ACME)).can_see(Target::Group(OPS));
    let token = gitlab.add_token(spec.fine_grained(permissions));
    tf.set_env("GITLAB_TOKEN", &token);

    assert_snapshot!(tf.plan().changes_nothing().warning(), @r#"
    Warning: Can't read the permissions on the allowlist of project 1
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    POST /api/graphql (JobTokenPermissions): not possible with a fine-grained
    token (200): Access denied: This operation doesn't support fine-grained
    personal access tokens.

    GitLab offers this over GraphQL alone, and to no fine-grained token yet: use a
    classic access token with the scope `api`, or do without permissions of single
    entries and cross-project push.

    So the state keeps the permissions that it has, and a plan doesn't show how
    they have changed.
    "#);
}
