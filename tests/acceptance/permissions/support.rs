//! GitLab versions without entry permissions, and projects with the feature disabled: one error
//! where permissions are configured, and everything else works.

use insta::assert_snapshot;
use serde_json::Value;
use terraform_cli::Action;

use super::*;

/// Starts a GitLab as [`acme`] does, of a version without permissions.
fn old() -> Simulator {
    THREE_PROJECTS.start_version("17.1.8-ee")
}

#[test]
fn old_gitlab_is_an_error_of_the_plan() {
    let gitlab = old();
    let tf = workspace(&gitlab);
    tf.config(&entry(JOBS));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read permissions: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    POST /api/graphql (JobTokenPermissions): not supported by this version of
    GitLab.
    Response: Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'

    Permissions of allowlist entries need GitLab 18.3 or later (beta in 18.0 to
    18.2). Upgrade GitLab, or remove `default_permissions` and
    `job_token_policies` from the configuration: the entry then has the default
    permissions.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    "#);

    assert_eq!(gitlab.requests().writes().to_string(), "");
}

/// As behind a proxy that lets the REST API through and nothing else.
#[test]
fn graphql_blocked_by_a_proxy_is_an_error_of_the_plan() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.inject(
        gitlab_simulator::Fault::Responds {
            status: 404,
            content_type: "text/html".to_owned(),
            body: "<title>Not here</title>".to_owned(),
        }
        .on(Route::GraphqlQuery),
    );
    let tf = workspace(&gitlab);
    tf.config(&entry("default_permissions = false"));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read permissions: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    POST /api/graphql (JobTokenPermissions): unexpected status (404).
    Response: a web page titled "Not here"

    The REST API isn't affected. Permissions of entries, cross-project push and
    the `gitlab_job_token_scopes` data source need GraphQL: let requests to
    `/api/graphql` through the proxy in front of GitLab.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    "#);
}

#[test]
fn everything_else_works_with_an_old_gitlab() {
    let gitlab = old();
    let tf = workspace(&gitlab);
    let reading = r#"
        data "gitlab_job_token_allowlist" "app" {
          project = "acme/app"
          depends_on = [gitlab_job_token_allowlist_entry.lib]
        }
    "#;
    tf.config(&format!("{}{reading}", entry("")));

    tf.apply().succeeds().has_no_warnings();

    let state = tf.state();
    let listed = &state.of("data.gitlab_job_token_allowlist.app")["projects"][0];
    assert_eq!(listed["path"], "acme/lib");
    for unknown in ["default_permissions", "job_token_policies", "added_by", "created_at"] {
        assert_eq!(listed[unknown], Value::Null, "{unknown}");
    }
    tf.config(&entry(""));
    tf.apply().succeeds();
    tf.run(&["state", "rm", ENTRY]).succeeds();
    tf.import(ENTRY, "acme/app:project:acme/lib").succeeds();
    assert_eq!(tf.state().of(ENTRY)["default_permissions"], Value::Null);
    tf.destroy().succeeds();
}

#[test]
fn downgraded_gitlab_is_an_error_but_allows_removal() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    gitlab.inject(
        crate::kit::json(
            r#"{"errors":[{"message":"Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'","extensions":{"code":"undefinedField"}}]}"#,
        )
        .on(Route::GraphqlQuery),
    );

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read permissions: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    POST /api/graphql (JobTokenPermissions): not supported by this version of
    GitLab.
    Response: Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'

    Permissions of allowlist entries need GitLab 18.3 or later (beta in 18.0 to
    18.2). Upgrade GitLab, or remove `default_permissions` and
    `job_token_policies` from the configuration: the entry then has the default
    permissions.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    "#);

    tf.config(&entry(""));
    let plan = tf.plan();
    assert_snapshot!(plan.warning(), @r#"
    Warning: Can't read permissions: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    POST /api/graphql (JobTokenPermissions): not supported by this version of
    GitLab.
    Response: Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'

    Permissions of allowlist entries need GitLab 18.3 or later (beta in 18.0 to
    18.2). Upgrade GitLab, or remove `default_permissions` and
    `job_token_policies` from the configuration: the entry then has the default
    permissions.
    "#);
    assert_eq!(plan.actions(), []);
    tf.destroy().succeeds();
    assert_eq!(held(&gitlab), None);
}

#[test]
fn disabled_feature_fails_the_plan_where_an_entry_shows_it() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, Target::Project(3));
    gitlab.set_fine_grained_permissions(APP, false);
    let tf = workspace(&gitlab);
    tf.config(&entry(JOBS));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Permissions turned off: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    GitLab ignores permissions of entries on the allowlist of project acme/app
    (1).

    Permissions of allowlist entries need GitLab 18.3 or later. In 18.0 to 18.2
    they are a beta that an administrator can turn on with the
    `add_policies_to_ci_job_token` feature flag. Upgrade GitLab, have the feature
    flag turned on, or remove `default_permissions` and `job_token_policies` from
    the configuration: the entry then has the default permissions.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    "#);
}

/// An empty allowlist doesn't show whether the feature is enabled, and GitLab silently adds the
/// entry with the default permissions.
#[test]
fn disabled_feature_leaves_no_entry_with_more_than_asked() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.set_fine_grained_permissions(APP, false);
    let tf = workspace(&gitlab);
    tf.config(&entry(JOBS));
    tf.plan().succeeds();

    assert_snapshot!(tf.apply_saved().error(), @r#"
    Error: Can't add entry: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    Adding project acme/lib (2) to the allowlist of project acme/app (1) failed.

    POST /api/graphql (AllowWithPermissions): permissions of entries are turned
    off for this project: GitLab returned the default permissions.

    Permissions of allowlist entries need GitLab 18.3 or later. In 18.0 to 18.2
    they are a beta that an administrator can turn on with the
    `add_policies_to_ci_job_token` feature flag. Upgrade GitLab, have the feature
    flag turned on, or remove `default_permissions` and `job_token_policies` from
    the configuration: the entry then has the default permissions.

    GitLab added the entry without its permissions, so it was removed again.
    "#);

    assert_eq!(held(&gitlab), None);
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn entry_that_cannot_be_removed_again_is_kept_in_state() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.set_fine_grained_permissions(APP, false);
    gitlab.inject(gitlab_simulator::Fault::InternalError.on(Route::AllowlistProjectDelete));
    let tf = workspace(&gitlab);
    tf.config(&entry(JOBS));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add entry: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    Adding project acme/lib (2) to the allowlist of project acme/app (1) failed.

    POST /api/graphql (AllowWithPermissions): permissions of entries are turned
    off for this project: GitLab returned the default permissions.

    Permissions of allowlist entries need GitLab 18.3 or later. In 18.0 to 18.2
    they are a beta that an administrator can turn on with the
    `add_policies_to_ci_job_token` feature flag. Upgrade GitLab, have the feature
    flag turned on, or remove `default_permissions` and `job_token_policies` from
    the configuration: the entry then has the default permissions.

    GitLab added the entry without its permissions, and it couldn't be removed
    again: project acme/lib (2) has access to project acme/app (1) with the
    default permissions until the entry is removed.
    DELETE /projects/1/job_token_scope/allowlist/2: the server returned an error
    (500).
    "#);

    assert_eq!(held(&gitlab).map(|held| held.default_permissions), Some(true));
    assert_eq!(tf.state().of(ENTRY)["default_permissions"], true);
    gitlab.clear_faults();
    tf.config(&entry(""));
    tf.destroy().succeeds();
    assert_eq!(held(&gitlab), None);
}

/// Neither the entry's removal nor anything else waits for the feature.
#[test]
fn feature_disabled_later_is_drift_that_cannot_be_repaired() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    gitlab.set_fine_grained_permissions(APP, false);

    let plan = tf.plan();
    assert_eq!(plan.change(ENTRY).action, Action::Update);
    assert_snapshot!(plan.warning(), @r#"
    Warning: Permissions turned off: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    GitLab ignores permissions of entries on the allowlist of project acme/app
    (1).

    Permissions of allowlist entries need GitLab 18.3 or later. In 18.0 to 18.2
    they are a beta that an administrator can turn on with the
    `add_policies_to_ci_job_token` feature flag. Upgrade GitLab, have the feature
    flag turned on, or remove `default_permissions` and `job_token_policies` from
    the configuration: the entry then has the default permissions.

    The entry has other permissions than the configuration. Applying fails for it;
    destroying it works.
    "#);
    assert_snapshot!(tf.apply_saved().error(), @r#"
    Error: Can't set permissions: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    Setting the permissions of project acme/lib (2) on the allowlist of project
    acme/app (1) failed.

    POST /api/graphql (ChangePermissions): permissions of entries are turned off
    for this project.
    Response: Failed to update job token scope

    Permissions of allowlist entries need GitLab 18.3 or later. In 18.0 to 18.2
    they are a beta that an administrator can turn on with the
    `add_policies_to_ci_job_token` feature flag. Upgrade GitLab, have the feature
    flag turned on, or remove `default_permissions` and `job_token_policies` from
    the configuration: the entry then has the default permissions.
    "#);
    assert_eq!(tf.state().of(ENTRY)["default_permissions"], true);

    tf.destroy().succeeds();
    assert_eq!(held(&gitlab), None);
}

#[test]
fn default_permissions_work_after_the_feature_was_disabled() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    gitlab.set_fine_grained_permissions(APP, false);
    tf.config(&entry("default_permissions = true"));

    tf.apply().succeeds().has_no_warnings();

    tf.plan().changes_nothing();
}

/// The plan fails before anything is done.
#[test]
fn unmanaged_entry_cannot_get_disabled_permissions() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, "");
    gitlab.set_fine_grained_permissions(APP, false);
    tf.config(&entry(JOBS));

    let error = tf.plan().error();

    assert!(error.contains("Permissions turned off: project acme/app (1)"), "{error}");
}
