//! Map elements that are invalid, or that GitLab rejects.

use super::*;
use crate::needs::TERRAFORM_DATA;

#[test]
fn each_invalid_element_is_an_error_at_its_path() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive(
        r#"projects = {
          "acme/lib"   = {}
          "acme/web"   = { default_permissions = false }
          "acme/old"   = { default_permissions = true, job_token_policies = [] }
          "acme/x.git" = { job_token_policies = ["read_jobs"] }
        }
        target_groups = []
        groups = {}"#,
    ));

    let plan = tf.plan();
    let errors = plan.run().fails().errors();
    let mut messages: Vec<_> = errors
        .iter()
        .map(|error| {
            format!("{}\n  {}", error.summary, error.source.as_deref().unwrap_or_default())
        })
        .collect();
    messages.sort_unstable();
    assert_snapshot!(messages.join("\n"), @r#"
    Conflicting attributes for groups
      target_groups = []
    Conflicting permissions
      "acme/old"   = { default_permissions = true, job_token_policies = [] }
    Invalid default_permissions
      "acme/web"   = { default_permissions = false }
    Invalid job token policy
      "acme/x.git" = { job_token_policies = ["read_jobs"] }
    Invalid project
      "acme/x.git" = { job_token_policies = ["read_jobs"] }
    Permissions missing
      "acme/lib"   = {}
    "#);
}

#[test]
fn numeric_keys_do_not_crash_the_cli() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    // Group 1 is the project's own, which causes a warning.
    tf.config(&exclusive("groups = { 1 = { job_token_policies = [\"READ_JOBS\"] } }"));
    assert!(tf.plan().warning().contains("Own jobs restricted"));

    for element in [
        "{}",
        "{ default_permissions = true, job_token_policies = [] }",
        "{ job_token_policies = [\"NOPE\"] }",
    ] {
        tf.config(&exclusive(&format!("projects = {{ 3 = {element} }}")));
        assert!(tf.plan().error().contains("projects"), "{element}");
    }
}

#[test]
fn id_of_an_element_is_read_only() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive(r#"projects = { "acme/lib" = { job_token_policies = [], id = 2 } }"#));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Read-only attribute
      gitlab_job_token_allowlist_exclusive.app
      > projects = { "acme/lib" = { job_token_policies = [], id = 2 } }

    `projects["acme/lib"]` sets `id`, which is read-only. Remove it: the key
    identifies the target.
    "#);
}

#[test]
fn unknown_policy_is_an_error_of_the_plan_at_its_element() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive(
        r#"projects = { "acme/lib" = { job_token_policies = ["READ_PACKAGE"] } }"#,
    ));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Unknown job token policy
      gitlab_job_token_allowlist_exclusive.app
      > projects = { "acme/lib" = { job_token_policies = ["READ_PACKAGE"] } }

    `projects["acme/lib"].job_token_policies` has a policy that this GitLab
    version doesn't have:

      - READ_PACKAGE: did you mean READ_PACKAGES?

    It has ADMIN_DEPLOYMENTS, ADMIN_ENVIRONMENTS, ADMIN_JOBS, ADMIN_PACKAGES,
    ADMIN_PIPELINES, ADMIN_RELEASES, ADMIN_SECURE_FILES, ADMIN_TERRAFORM_STATE,
    READ_DEPLOYMENTS, READ_ENVIRONMENTS, READ_JOBS, READ_MERGE_REQUESTS,
    READ_PACKAGES, READ_PIPELINES, READ_RELEASES, READ_REPOSITORIES,
    READ_SECURE_FILES, READ_TERRAFORM_STATE, READ_WORK_ITEMS.

    Correct the names, or remove them. A name that is right belongs to a newer
    version: upgrade GitLab. The `gitlab_job_token_policies` data source reads the
    names that your GitLab accepts.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    "#);
}

#[test]
fn target_of_two_keys_is_an_error_of_the_plan() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive(
        r#"projects = {
          "2"        = { job_token_policies = [] }
          "acme/lib" = { job_token_policies = [] }
        }"#,
    ));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Duplicate project
      gitlab_job_token_allowlist_exclusive.app
      > projects = {
              "2"        = { job_token_policies = [] }
              "acme/lib" = { job_token_policies = [] }
            }

    The keys "2" and "acme/lib" of `projects` refer to the same project. Remove
    one of them.
    "#);
}

#[test]
fn key_of_a_missing_target_is_an_error_at_its_element() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive(
        r#"projects = {
          "acme/lib" = { job_token_policies = [] }
          "ops/prod" = { job_token_policies = [] }
        }"#,
    ));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Unknown project: ops/prod
      gitlab_job_token_allowlist_exclusive.app
      > projects = {
              "acme/lib" = { job_token_policies = [] }
              "ops/prod" = { job_token_policies = [] }
            }

    `ops/prod` is a group: use `groups`. The apply fails unless this is corrected.
    "#);
    assert_snapshot!(tf.apply().error(), @r#"
    Error: Unknown project: ops/prod
      gitlab_job_token_allowlist_exclusive.app
      > "ops/prod" = { job_token_policies = [] }

    `ops/prod` is a group: use `groups`.
    "#);
}

#[test]
fn policies_that_become_null_are_an_error() {
    TERRAFORM_DATA.require();
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    let unknown = r#"
        resource "terraform_data" "policies" { input = null }
    "#;
    let arguments =
        r#"projects = { "acme/lib" = { job_token_policies = terraform_data.policies.output } }"#;
    tf.config(&format!("{unknown}{}", exclusive(arguments)));

    assert!(tf.apply().error().contains("Permissions missing"));

    assert_eq!(gitlab.allowlist(APP), listed(&[], &[]));
}
