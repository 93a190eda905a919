//! Invalid permissions: each is one error at its attribute.

use gitlab_simulator::Fault;
use insta::assert_snapshot;

use super::*;
use crate::kit::heading;
use crate::needs::TERRAFORM_DATA;

/// Returns the error of planning the entry with these arguments.
#[track_caller]
fn error(arguments: &str) -> String {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry(arguments));
    let error = tf.plan().error();
    assert_eq!(graphql(&gitlab.requests()).to_string(), "");
    error
}

#[test]
fn policies_beside_the_default_permissions() {
    let error = error("default_permissions = true\njob_token_policies = [\"READ_JOBS\"]");
    assert_snapshot!(error, @r#"
    Error: Conflicting permissions
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]

    `default_permissions = true` gives the target's jobs all permissions, and
    `job_token_policies` restricts them. Remove one of the two.
    "#);
}

#[test]
fn policy_in_lower_case() {
    let error = error(r#"job_token_policies = ["read_jobs"]"#);
    assert_snapshot!(error, @r#"
    Error: Invalid job token policy
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["read_jobs"]

    `job_token_policies` has "read_jobs", but policy names consist of uppercase
    letters, digits and underscores. Write "READ_JOBS".
    "#);
}

#[test]
fn policy_with_surrounding_spaces() {
    let error = error(r#"job_token_policies = [" READ_JOBS"]"#);
    assert_snapshot!(error, @r#"
    Error: Invalid job token policy
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = [" READ_JOBS"]

    `job_token_policies` has " READ_JOBS", but policy names consist of uppercase
    letters, digits and underscores. Write "READ_JOBS".
    "#);
}

#[test]
fn policy_that_is_not_a_name() {
    let error = error(r#"job_token_policies = ["*"]"#);
    assert_snapshot!(error, @r#"
    Error: Invalid job token policy
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["*"]

    `job_token_policies` has "*", but policy names consist of uppercase letters,
    digits and underscores. Write a name such as "READ_JOBS".
    "#);
}

#[test]
fn null_policy() {
    let error = error("job_token_policies = [null]");
    assert_snapshot!(error, @"
    Error: Invalid job token policy
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = [null]

    `job_token_policies` must not contain null.
    ");
}

/// Makes the plan do without the names that GitLab knows, so that the apply finds out.
fn hide_policy_names(gitlab: &Simulator) {
    gitlab.inject(Fault::NotJson.on(Route::GraphqlQuery).named("JobTokenPolicies"));
}

#[test]
fn unknown_policy_is_an_error_at_its_attribute() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry(r#"job_token_policies = ["READ_JOBS", "READ_TEA_LEAVES"]"#));
    hide_policy_names(&gitlab);

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add entry: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS", "READ_TEA_LEAVES"]

    Adding project acme/lib (2) to the allowlist of project acme/app (1) failed.

    POST /api/graphql (AllowWithPermissions): GitLab doesn't recognize
    READ_TEA_LEAVES.
    Response: Expected "READ_TEA_LEAVES" to be one of: ADMIN_DEPLOYMENTS,
    ADMIN_ENVIRONMENTS, ADMIN_JOBS, ADMIN_PACKAGES, ADMIN_PIPELINES,
    ADMIN_RELEASES, ADMIN_SECURE_FILES, ADMIN_TERRAFORM_STATE, READ_DEPLOYMENTS,
    READ_ENVIRONMENTS, READ_JOBS, READ_MERGE_REQUESTS, READ_PACKAGES,
    READ_PIPELINES, READ_RELEASES, READ_REPOSITORIES, READ_SECURE_FILES,
    READ_TERRAFORM_STATE, READ_WORK_ITEMS

    Correct the name, or remove it. If it is right, it belongs to a newer version:
    upgrade GitLab.
    "#);

    assert_eq!(held(&gitlab), None);
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn policy_unknown_to_gitlab_does_not_change_the_entry() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    tf.config(&entry(r#"job_token_policies = ["READ_TEA_LEAVES"]"#));
    hide_policy_names(&gitlab);

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't set permissions: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_TEA_LEAVES"]

    Setting the permissions of project acme/lib (2) on the allowlist of project
    acme/app (1) failed.

    POST /api/graphql (ChangePermissions): GitLab doesn't recognize
    READ_TEA_LEAVES.
    Response: Expected "READ_TEA_LEAVES" to be one of: ADMIN_DEPLOYMENTS,
    ADMIN_ENVIRONMENTS, ADMIN_JOBS, ADMIN_PACKAGES, ADMIN_PIPELINES,
    ADMIN_RELEASES, ADMIN_SECURE_FILES, ADMIN_TERRAFORM_STATE, READ_DEPLOYMENTS,
    READ_ENVIRONMENTS, READ_JOBS, READ_MERGE_REQUESTS, READ_PACKAGES,
    READ_PIPELINES, READ_RELEASES, READ_REPOSITORIES, READ_SECURE_FILES,
    READ_TERRAFORM_STATE, READ_WORK_ITEMS

    Correct the name, or remove it. If it is right, it belongs to a newer version:
    upgrade GitLab.
    "#);

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    assert_eq!(tf.state().of(ENTRY)["job_token_policies"], serde_json::json!(["READ_JOBS"]));
    tf.config(&entry(JOBS));
    tf.plan().changes_nothing();
}

#[test]
fn conflicting_policies_are_an_error_at_apply() {
    TERRAFORM_DATA.require();
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    let default = "resource \"terraform_data\" \"default\" {\n  input = true\n}\n";
    let contradiction =
        "default_permissions = terraform_data.default.output\njob_token_policies = [\"READ_JOBS\"]";
    tf.config(&format!("{default}{}", entry(contradiction)));
    tf.plan().succeeds();

    assert_snapshot!(heading(&tf.apply_saved().error()), @r#"
    Error: Conflicting permissions
      gitlab_job_token_allowlist_entry.lib
      > job_token_policies = ["READ_JOBS"]
    "#);

    assert_eq!(held(&gitlab), None);
}
