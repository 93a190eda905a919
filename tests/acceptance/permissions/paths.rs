//! GraphQL addresses targets by path, and paths change: a write reaches the right target or fails.

use gitlab_simulator::Fault;
use insta::assert_snapshot;

use super::*;
use crate::worlds::APP_AND_LIB;

#[test]
fn renamed_project_and_target_are_found_by_their_ids() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS_AND_PACKAGES);
    gitlab.rename_project(APP, "acme/new-app");
    gitlab.rename_project(LIB, "acme/new-lib");
    tf.plan().changes_nothing();
    tf.config(&entry(JOBS));

    tf.apply().succeeds();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    tf.plan().changes_nothing();
}

#[test]
fn targets_by_id_can_have_permissions() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "lib" {{
          project = 1
          target_project_id = 2
          {JOBS}
        }}
        "#
    ));

    tf.apply().succeeds();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    tf.plan().changes_nothing();
}

/// GitLab's response if the target's path names project 3 by the time of the write.
#[test]
fn addition_of_another_target_is_undone() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry(JOBS));
    gitlab.allow(APP, Target::Project(3));
    gitlab.inject(
        crate::kit::json(
            r#"{"data":{"written":{"errors":[],"ciJobTokenScopeAllowlistEntry":{
                "sourceProject":{"id":"gid://gitlab/Project/1"},
                "target":{"id":"gid://gitlab/Project/3","fullPath":"acme/lib"},
                "defaultPermissions":false,"jobTokenPolicies":["READ_JOBS"],"autopopulated":false,
                "createdAt":"2025-01-01T00:00:00Z"}}}}"#,
        )
        .on(Route::GraphqlMutation),
    );

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add entry: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    Adding project acme/lib (2) to the allowlist of project acme/app (1) failed.

    POST /api/graphql (AllowWithPermissions): GitLab changed the entry for project
    3 on the allowlist of project 1 instead.

    GitLab identifies the entry by paths here, and one of them was reassigned
    during the run, as when a project or group is renamed and another takes its
    path. Apply again, and restore the permissions of the entry that was changed
    instead.

    GitLab added the entry without its permissions, so it was removed again.
    "#);

    assert!(gitlab.allowlist(APP).projects.is_empty());
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn graphql_works_below_a_relative_url() {
    let gitlab = APP_AND_LIB.start_with(Simulator::builder().relative_url_root("/gitlab"));
    let tf = applied(&gitlab, JOBS);

    tf.plan().changes_nothing();

    assert_eq!(graphql(&gitlab.requests())[0].path, "/gitlab/api/graphql");
}

#[test]
fn entry_on_only_one_of_the_lists_keeps_its_state() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    let empty = r#"{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}"#;
    let lists = format!(
        r#"{{"data":{{"project":{{"id":"gid://gitlab/Project/1","ciJobTokenScopeAllowlist":{{"projectsAllowlist":{empty},"groupsAllowlist":{empty}}}}}}}}}"#
    );
    gitlab.inject(crate::kit::json(&lists).on(Route::GraphqlQuery));

    let plan = tf.plan();
    plan.changes_nothing();
    assert_snapshot!(plan.warning(), @r#"
    Warning: Permissions hidden: acme/lib on acme/app
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    GitLab shows this entry over REST, but not over GraphQL.

    The permissions of project acme/lib (2) on the allowlist of project acme/app
    (1) aren't visible to the token. The state keeps them, and plans don't show
    drift. Fine-grained tokens can't read permissions; a classic token with the
    `api` scope can.
    "#);

    assert_eq!(graphql(&gitlab.requests()).len(), 2, "it is looked for once more");
    gitlab.clear_faults();
    gitlab.inject(Fault::NotJson.on(Route::GraphqlQuery).once());
    let error = tf.plan().error();
    assert!(error.contains("Can't read permissions"), "{error}");
}
