//! `-minimal-refresh`: Terraform reads only what a first plan changes, and then plans it again.

use gitlab_simulator::{Simulator, Target};
use serde_json::json;

use crate::kit::workspace;
use crate::needs::MINIMAL_REFRESH;

fn config(targets: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_scope" "app" {{
          project = "acme/app"
        }}
        resource "gitlab_job_token_allowlist_entry" "other" {{
          project        = "acme/other"
          target_project = "acme/lib"
        }}
        resource "gitlab_job_token_allowlist_exclusive" "app" {{
          project         = "acme/app"
          target_projects = [{targets}]
        }}
        "#
    )
}

#[test]
fn only_what_changes_is_read() {
    MINIMAL_REFRESH.require();
    let gitlab = Simulator::start();
    for project in ["acme/app", "acme/lib", "acme/docs", "acme/other"] {
        gitlab.add_project(project);
    }
    let tf = workspace(&gitlab);
    tf.config(&config(r#""acme/lib""#));
    tf.apply().succeeds();
    gitlab.clear_requests();
    tf.plan_with(&["-minimal-refresh"]).changes_nothing();
    // The token check, and what the plan of a list reads in any case.
    assert_eq!(gitlab.requests().len(), 2, "{}", gitlab.requests());

    gitlab.allow(1, Target::Project(4));
    tf.config(&config(r#""acme/lib", "acme/docs""#));
    let plan = tf.plan_with(&["-minimal-refresh"]);
    let change = plan.succeeds().change("gitlab_job_token_allowlist_exclusive.app");
    assert_eq!(change.before["target_project_ids"], json!([2, 4]));
    assert_eq!(change.after["target_project_ids"], json!([2, 3]));

    tf.apply_saved().succeeds();
    assert_eq!(gitlab.allowlist(1).projects, [2, 3].into());
    tf.plan().changes_nothing();
}
