//! Projects and targets whose IDs aren't known during the plan: every command works on such a plan,
//! whatever identity support the CLI has.

use serde_json::{Value, json};
use terraform_cli::Workspace;

use crate::kit::{bare_workspace, replaced};
use crate::needs::TERRAFORM_DATA;
use crate::worlds::APP_AND_LIB;

const SCOPE: &str = r#"
resource "gitlab_job_token_scope" "this" {
  project = PROJECT
}
"#;
const ENTRY: &str = r#"
resource "gitlab_job_token_allowlist_entry" "this" {
  project        = PROJECT
  target_project = "acme/lib"
}
"#;
const LIST: &str = r#"
resource "gitlab_job_token_allowlist_exclusive" "this" {
  project         = PROJECT
  target_projects = ["acme/lib"]
}
"#;
const RESOURCES: [&str; 3] = [SCOPE, ENTRY, LIST];

const NEW: &str = r#"
resource "terraform_data" "new" {
  input = "acme/app"
}
"#;
const NEW_IN_STATE: &str = "terraform_data.new";

fn of_project(resource: &str, project: &str) -> String {
    replaced(resource, "PROJECT", project)
}

/// Returns a resource whose project comes from a resource of the same configuration.
fn of_new_project(resource: &str) -> String {
    format!("{NEW}{}", of_project(resource, &format!("{NEW_IN_STATE}.output")))
}

/// Shows the saved plan in both forms. Where an identity in it is not known, no CLI that knows
/// identities can.
#[track_caller]
fn shows_saved_plan(tf: &Workspace) {
    let shown = tf.run(&["show", "-no-color", "saved.tfplan"]);
    assert!(shown.succeeds().stdout().contains("gitlab_job_token_"), "{shown}");
    assert!(!tf.saved_plan().is_null());
}

/// Plans, shows the plan and applies it, after which a plan has no changes.
#[track_caller]
fn plans_and_applies(tf: &Workspace, options: &[&str]) {
    tf.plan_with(options).succeeds();
    shows_saved_plan(tf);
    tf.apply_saved().succeeds();
    tf.plan().changes_nothing();
}

/// Plans, shows the plan, and applies it, which fails and names the path. A destroy then succeeds.
#[track_caller]
fn assert_apply_names(tf: &Workspace, path: &str) {
    tf.plan().succeeds();
    shows_saved_plan(tf);
    let applied = tf.apply_saved();

    let errors = applied.fails().errors();
    assert!(errors.iter().all(|error| error.detail.contains(path)), "{applied}");
    tf.destroy().succeeds();
}

/// Returns the identity of the resource in the state file; null on a CLI without identities.
fn identity(tf: &Workspace) -> Value {
    let text = std::fs::read_to_string(tf.state_file()).expect("a state file");
    let state: Value = serde_json::from_str(&text).expect("a state");
    let resources = state["resources"].as_array().expect("resources").iter();
    let ours = resources.filter(|resource| resource["name"] == "this");
    ours.map(|resource| resource["instances"][0]["identity"].clone()).next().expect("our resource")
}

#[test]
fn unknown_project_is_planned_and_applied() {
    TERRAFORM_DATA.require();
    for resource in RESOURCES {
        let (_gitlab, tf) = APP_AND_LIB.with_workspace();
        tf.config(&of_new_project(resource));

        plans_and_applies(&tf, &[]);

        let identity = identity(&tf);
        assert!(identity.is_null() || identity["project_id"] == 1, "{identity}");
        tf.destroy().succeeds();
    }
}

#[test]
fn unknown_target_is_planned_and_applied() {
    TERRAFORM_DATA.require();
    for target in [
        r#"
        resource "gitlab_job_token_allowlist_entry" "this" {
          project = "acme/app"
          target_project_id = terraform_data.new.output
        }
        "#,
        r#"
        resource "gitlab_job_token_allowlist_exclusive" "this" {
          project = "acme/app"
          target_project_ids = [terraform_data.new.output]
        }
        "#,
    ] {
        let (gitlab, tf) = APP_AND_LIB.with_workspace();
        tf.config(&format!("resource \"terraform_data\" \"new\" {{\n  input = 2\n}}\n{target}"));

        plans_and_applies(&tf, &[]);

        assert_eq!(gitlab.allowlist(1).projects, [2].into());
        tf.destroy().succeeds();
    }
}

#[test]
fn replacement_of_the_source_of_the_project_is_planned() {
    TERRAFORM_DATA.require();
    for resource in RESOURCES {
        let (_gitlab, tf) = APP_AND_LIB.applied(&of_new_project(resource));

        plans_and_applies(&tf, &[&format!("-replace={NEW_IN_STATE}")]);

        tf.destroy().succeeds();
    }
}

#[test]
fn unresolved_path_is_planned_and_named_by_the_apply() {
    for resource in RESOURCES {
        let (_gitlab, tf) = APP_AND_LIB.with_workspace();
        tf.config(&of_project(resource, "\"acme/ap\""));

        assert_apply_names(&tf, "`acme/ap`");
    }
}

#[test]
fn unresolved_target_is_planned_and_named_by_the_apply() {
    for resource in [ENTRY, LIST] {
        let (_gitlab, tf) = APP_AND_LIB.with_workspace();
        tf.config(&replaced(&of_project(resource, "\"acme/app\""), "acme/lib", "acme/libb"));

        assert_apply_names(&tf, "`acme/libb`");
    }
}

#[test]
fn project_deleted_in_gitlab_can_be_planned_and_destroyed() {
    for resource in RESOURCES {
        let (gitlab, tf) = APP_AND_LIB.applied(&of_project(resource, "\"acme/app\""));
        gitlab.delete_project(1);

        tf.plan().succeeds();
        shows_saved_plan(&tf);
        tf.destroy().succeeds();

        assert_eq!(tf.state().addresses(), [""; 0]);
    }
}

#[test]
fn project_deleted_and_created_again_is_adopted() {
    for resource in RESOURCES {
        let (gitlab, tf) = APP_AND_LIB.applied(&of_project(resource, "\"acme/app\""));
        gitlab.delete_project(1);
        gitlab.add_project("acme/app");

        plans_and_applies(&tf, &[]);

        let identity = identity(&tf);
        assert!(identity.is_null() || identity["project_id"] == 3, "{identity}");
    }
}

#[test]
fn unknown_provider_block_is_planned_and_applied() {
    TERRAFORM_DATA.require();
    for resource in RESOURCES {
        let gitlab = APP_AND_LIB.start();
        let mut tf = bare_workspace();
        tf.set_env("GITLAB_BASE_URL", &gitlab.api_url());
        tf.set_env("TF_VAR_token", gitlab.token());
        let provider = r#"
variable "token" {
  sensitive = true
}
resource "terraform_data" "new" {
  input = var.token
}
provider "gitlab" {
  token = terraform_data.new.output
}
"#;
        tf.config(&format!("{provider}{}", of_project(resource, "\"acme/app\"")));

        plans_and_applies(&tf, &[]);

        let identity = identity(&tf);
        assert!(identity.is_null() || identity["project_id"] == json!(1), "{identity}");
        tf.destroy().succeeds();
    }
}
