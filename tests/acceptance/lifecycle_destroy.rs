//! `destroy = false` in a resource's `lifecycle` block.

use gitlab_simulator::Simulator;
use terraform_cli::Workspace;

use crate::kit::workspace;
use crate::needs::{KEPT_WITHOUT_BLOCK, LIFECYCLE_DESTROY};

/// Returns an entry of a project with this `count`.
fn entry(count: usize, target: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "this" {{
          count          = {count}
          project        = "acme/app"
          target_project = "{target}"
          lifecycle {{
            destroy = false
          }}
        }}
        "#
    )
}

/// Applies an entry for project 2 `acme/lib` to project 1 `acme/app` that a destroy keeps. Project
/// 3 is `acme/docs`.
fn kept() -> (Simulator, Workspace) {
    LIFECYCLE_DESTROY.require();
    let gitlab = Simulator::start();
    for project in ["acme/app", "acme/lib", "acme/docs"] {
        gitlab.add_project(project);
    }
    let tf = workspace(&gitlab);
    tf.config(&entry(1, "acme/lib"));
    tf.apply().succeeds();
    (gitlab, tf)
}

#[test]
fn destroy_keeps_the_entry() {
    let (gitlab, tf) = kept();
    // OpenTofu returns an error that says what is left.
    assert_eq!(tf.destroy().is_success(), !KEPT_WITHOUT_BLOCK.is_there());
    assert_eq!(gitlab.allowlist(1).projects, [2].into());
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn count_zero_keeps_the_entry() {
    let (gitlab, tf) = kept();
    tf.config(&entry(0, "acme/lib"));
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(1).projects, [2].into());
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn opentofu_alone_keeps_the_entry_of_a_deleted_block() {
    let (gitlab, tf) = kept();
    tf.config("");
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(1).projects == [2].into(), KEPT_WITHOUT_BLOCK.is_there());
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn opentofu_alone_keeps_a_replaced_entry() {
    let (gitlab, tf) = kept();
    tf.config(&entry(1, "acme/docs"));
    tf.apply().succeeds();
    let allowed = if KEPT_WITHOUT_BLOCK.is_there() { vec![2, 3] } else { vec![3] };
    assert_eq!(gitlab.allowlist(1).projects, allowed.into_iter().collect());
}
