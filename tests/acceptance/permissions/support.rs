//! GitLab versions without permissions of entries, and projects for which they are switched off: one clear error where
//! they are asked for, and everything else works.

use insta::assert_snapshot;
use serde_json::Value;
use terraform_cli::Action;

use super::*;

/// As [`acme`], before permissions were invented.
fn old() -> Simulator {
    THREE_PROJECTS.start_version("17.1.8-ee")
}

#[test]
fn an_old_gitlab_is_told_while_planning() {
    let gitlab = old();
    let tf = workspace(&gitlab);
    tf.config(&entry(JOBS));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read the permissions on the allowlist of project 1
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    POST /api/graphql (JobTokenPermissions): this GitLab does not have it (200):
    Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'.

    Permissions of single allowlist entries, and the data source
    `gitlab_job_token_scopes`, need GitLab 18.3 or later (18.0 to 18.2 have them
    as a beta). Upgrade GitLab, or do without them: remove `default_permissions`
    and `job_token_policies` from the configuration. Everything else works.

    If `terraform destroy` stops at this error, run it with the option
    `-refresh=false`.
    "#);

    assert_eq!(gitlab.requests().writes().to_string(), "");
}

/// As behind a proxy that lets the REST API through and nothing else.
#[test]
fn graphql_that_a_proxy_refuses_is_an_error_of_the_plan() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.inject(
        gitlab_simulator::Fault::Answers {
            status: 404,
            content_type: "text/html".to_owned(),
            body: "<title>Not here</title>".to_owned(),
        }
        .on(Route::GraphqlQuery),
    );
    let tf = workspace(&gitlab);
    tf.config(&entry("default_permissions = false"));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read the permissions on the allowlist of project 1
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    POST /api/graphql (JobTokenPermissions): an unexpected status (404): a web
    page titled "Not here".

    The REST API isn't affected. Permissions of single entries, cross-project push
    and the data source `gitlab_job_token_scopes` need GraphQL: what is in front
    of GitLab must let requests to `/api/graphql` through.

    If `terraform destroy` stops at this error, run it with the option
    `-refresh=false`.
    "#);
}

#[test]
fn everything_else_works_with_an_old_gitlab() {
    let gitlab = old();
    let tf = workspace(&gitlab);
    let reading = "data \"gitlab_job_token_allowlist\" \"app\" {\n  project = \"acme/app\"\n  depends_on = [gitlab_job_token_allowlist_entry.lib]\n}\n";
    tf.config(&format!("{}{reading}", entry("")));

    tf.apply().succeeds().warns_of_nothing();

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
    Error: Can't read the permissions on the allowlist of project 1
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    POST /api/graphql (JobTokenPermissions): this GitLab does not have it (200):
    Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'.

    Permissions of single allowlist entries, and the data source
    `gitlab_job_token_scopes`, need GitLab 18.3 or later (18.0 to 18.2 have them
    as a beta). Upgrade GitLab, or do without them: remove `default_permissions`
    and `job_token_policies` from the configuration. Everything else works.

    If `terraform destroy` stops at this error, run it with the option
    `-refresh=false`.
    "#);

    tf.config(&entry(""));
    let plan = tf.plan();
    assert_snapshot!(plan.warning(), @r#"
    Warning: Can't read the permissions on the allowlist of project 1
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    POST /api/graphql (JobTokenPermissions): this GitLab does not have it (200):
    Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'.

    Permissions of single allowlist entries, and the data source
    `gitlab_job_token_scopes`, need GitLab 18.3 or later (18.0 to 18.2 have them
    as a beta). Upgrade GitLab, or do without them: remove `default_permissions`
    and `job_token_policies` from the configuration. Everything else works.
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
    Error: Permissions of entries are switched off for project 1
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    GitLab takes permissions for the entries of project 1, but keeps the default
    ones.

    Permissions of single allowlist entries need GitLab 18.3 or later; in 18.0 to
    18.2 they are a beta that an administrator can switch on (feature flag
    `add_policies_to_ci_job_token`). Upgrade GitLab or have them switched on, or
    remove `default_permissions` and `job_token_policies` from the configuration:
    the entry then has the default permissions.

    If `terraform destroy` stops at this error, run it with the option
    `-refresh=false`.
    "#);
}

/// An empty list shows nothing, and GitLab adds the entry with the default permissions without a word.
#[test]
fn disabled_feature_leaves_no_entry_with_more_than_asked() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.set_fine_grained_permissions(APP, false);
    let tf = workspace(&gitlab);
    tf.config(&entry(JOBS));
    tf.plan().succeeds();

    assert_snapshot!(tf.apply_saved().error(), @r#"
    Error: Can't add project 2 to the allowlist of project 1
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    POST /api/graphql (AllowWithPermissions): fine-grained permissions are
    switched off for this project: GitLab answers that the entry has the default
    permissions.

    Permissions of single allowlist entries need GitLab 18.3 or later; in 18.0 to
    18.2 they are a beta that an administrator can switch on (feature flag
    `add_policies_to_ci_job_token`). Upgrade GitLab or have them switched on, or
    remove `default_permissions` and `job_token_policies` from the configuration:
    the entry then has the default permissions.

    The entry that GitLab made was taken off the list again.
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
    Error: Can't add project 2 to the allowlist of project 1
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    POST /api/graphql (AllowWithPermissions): fine-grained permissions are
    switched off for this project: GitLab answers that the entry has the default
    permissions.

    Permissions of single allowlist entries need GitLab 18.3 or later; in 18.0 to
    18.2 they are a beta that an administrator can switch on (feature flag
    `add_policies_to_ci_job_token`). Upgrade GitLab or have them switched on, or
    remove `default_permissions` and `job_token_policies` from the configuration:
    the entry then has the default permissions.

    The entry that GitLab made could not be taken off the list again, so that
    project 2 has access to project 1 until somebody removes it. DELETE
    /projects/1/job_token_scope/allowlist/2: the server failed (500).
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
    Warning: Permissions of entries are switched off for project 1
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    GitLab takes permissions for the entries of project 1, but keeps the default
    ones.

    Permissions of single allowlist entries need GitLab 18.3 or later; in 18.0 to
    18.2 they are a beta that an administrator can switch on (feature flag
    `add_policies_to_ci_job_token`). Upgrade GitLab or have them switched on, or
    remove `default_permissions` and `job_token_policies` from the configuration:
    the entry then has the default permissions.

    As it is, the entry has other permissions than the configuration says,
    applying fails for it, and destroying it works.
    "#);
    assert_snapshot!(tf.apply_saved().error(), @r#"
    Error: Can't change what project 2 may do in project 1
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    POST /api/graphql (ChangePermissions): fine-grained permissions are switched
    off for this project (200): Failed to update job token scope.

    Permissions of single allowlist entries need GitLab 18.3 or later; in 18.0 to
    18.2 they are a beta that an administrator can switch on (feature flag
    `add_policies_to_ci_job_token`). Upgrade GitLab or have them switched on, or
    remove `default_permissions` and `job_token_policies` from the configuration:
    the entry then has the default permissions.
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

    tf.apply().succeeds().warns_of_nothing();

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

    assert!(error.contains("Permissions of entries are switched off for project 1"), "{error}");
}
