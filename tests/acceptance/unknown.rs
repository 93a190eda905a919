//! Values that are unknown until the apply: the plan is valid, and the apply uses them.

use insta::assert_snapshot;
use terraform_cli::Action;

use crate::kit::heading;
use crate::needs::TERRAFORM_DATA;
use crate::worlds::APP_AND_LIB;

const ENTRY: &str = "gitlab_job_token_allowlist_entry.this";

#[test]
fn project_and_target_can_be_unknown_during_the_plan() {
    TERRAFORM_DATA.require();
    let (gitlab, tf) = APP_AND_LIB.with_workspace();
    tf.config(
        r#"
        resource "terraform_data" "project" {
          input = "acme/app"
        }
        resource "terraform_data" "target" {
          input = 2
        }
        resource "gitlab_job_token_allowlist_entry" "this" {
          project           = terraform_data.project.output
          target_project_id = terraform_data.target.output
        }
        resource "gitlab_job_token_scope" "this" {
          project = terraform_data.project.output
        }
        "#,
    );
    let plan = tf.plan();
    assert_eq!(plan.change(ENTRY).action, Action::Create);

    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(1).projects, [2].into());
    tf.plan().changes_nothing();
}

#[test]
fn kind_of_the_target_can_be_unknown_during_the_plan() {
    TERRAFORM_DATA.require();
    let (gitlab, tf) = APP_AND_LIB.with_workspace();
    tf.config(
        r#"
        resource "terraform_data" "group" {
          input = "acme"
        }
        resource "gitlab_job_token_allowlist_entry" "this" {
          project        = "acme/app"
          target_project = terraform_data.group.output == "acme" ? null : "acme/lib"
          target_group   = terraform_data.group.output == "acme" ? "acme" : null
        }
        "#,
    );
    tf.plan().succeeds();

    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(1).groups, [1].into());
    tf.plan().changes_nothing();
}

#[test]
fn target_that_becomes_the_project_itself_fails_at_apply() {
    TERRAFORM_DATA.require();
    let (_gitlab, tf) = APP_AND_LIB.with_workspace();
    tf.config(
        r#"
        resource "terraform_data" "target" {
          input = 1
        }
        resource "gitlab_job_token_allowlist_entry" "this" {
          project           = "acme/app"
          target_project_id = terraform_data.target.output
        }
        "#,
    );
    tf.plan().succeeds();

    assert_snapshot!(heading(&tf.apply_saved().error()), @r"
    Error: Target is the project itself
      gitlab_job_token_allowlist_entry.this
      > target_project_id = terraform_data.target.output
    ");
}

#[test]
fn missing_targets_are_an_error_at_apply() {
    TERRAFORM_DATA.require();
    let (_gitlab, tf) = APP_AND_LIB.with_workspace();
    tf.config(
        r#"
        resource "terraform_data" "nothing" {
          input = "nothing"
        }
        resource "gitlab_job_token_allowlist_entry" "this" {
          project        = "acme/app"
          target_project = terraform_data.nothing.output == "nothing" ? null : "acme/lib"
        }
        "#,
    );
    tf.plan().succeeds();

    assert_snapshot!(heading(&tf.apply_saved().error()), @r#"
    Error: No target
      gitlab_job_token_allowlist_entry.this
      > resource "gitlab_job_token_allowlist_entry" "this" {
    "#);
}

#[test]
fn setting_can_be_unknown_during_the_plan() {
    TERRAFORM_DATA.require();
    let (gitlab, tf) = APP_AND_LIB.with_workspace();
    tf.config(
        r#"
        resource "terraform_data" "limited" {
          input = false
        }
        resource "gitlab_job_token_scope" "app" {
          project         = "acme/app"
          inbound_enabled = terraform_data.limited.output
        }
        "#,
    );
    tf.plan().succeeds();

    tf.apply_saved().succeeds();

    assert!(!gitlab.inbound_enabled(1));
    tf.plan().changes_nothing();
}

#[test]
fn provider_block_can_be_unknown_during_the_plan() {
    TERRAFORM_DATA.require();
    let (gitlab, mut tf) = APP_AND_LIB.with_workspace();
    tf.remove_env("GITLAB_TOKEN");
    tf.set_env("TF_VAR_token", gitlab.token());
    tf.config(
        r#"
        variable "token" {
          sensitive = true
        }
        resource "terraform_data" "token" {
          input = var.token
        }
        provider "gitlab" {
          token = terraform_data.token.output
        }
        resource "gitlab_job_token_allowlist_entry" "this" {
          project        = "acme/app"
          target_project = "acme/lib"
        }
        "#,
    );
    tf.plan().succeeds();
    assert_eq!(gitlab.requests().to_string(), "");

    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(1).projects, [2].into());
    tf.plan().changes_nothing();
}
