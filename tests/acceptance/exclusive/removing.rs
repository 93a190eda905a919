//! Destroying and forgetting an exclusive list.

use gitlab_simulator::Target;
use insta::assert_snapshot;
use terraform_cli::Action;

use super::{LIST, exclusive, exclusive_of, listed};
use crate::kit::workspace;
use crate::needs::REMOVED;
use crate::worlds::{ACME, APP, FOUR_PROJECTS, LIB, OLD, OPS, WEB};

#[test]
fn destroy_removes_only_entries_of_managed_kinds() {
    let gitlab = FOUR_PROJECTS.allowing(&[], &[ACME]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_projects = [\"acme/lib\", \"acme/web\"]"));
    tf.apply().succeeds();

    tf.destroy().succeeds().has_no_warnings();

    assert_eq!(gitlab.allowlist(APP), listed(&[], &[ACME]));
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn destroy_keeps_entries_added_since_the_last_refresh() {
    let (gitlab, tf) = FOUR_PROJECTS.applied(&exclusive("target_project_ids = [2]"));
    tf.plan_with(&["-destroy"]).succeeds();
    gitlab.allow(APP, Target::Project(OLD));

    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[OLD], &[]));
}

#[test]
fn destroy_succeeds_without_the_entries() {
    let (gitlab, tf) =
        FOUR_PROJECTS.applied(&exclusive("target_project_ids = [2, 3]\n  target_group_ids = [2]"));
    tf.plan_with(&["-destroy"]).succeeds();
    gitlab.revoke(APP, Target::Project(LIB));
    gitlab.delete_project(WEB);
    gitlab.delete_group(OPS);

    tf.apply_saved().succeeds();

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn destroy_succeeds_without_the_project() {
    let (gitlab, tf) =
        FOUR_PROJECTS.applied(&exclusive("target_project_ids = [2, 3]\n  target_group_ids = [2]"));
    gitlab.delete_project(APP);

    tf.run(&["destroy", "-json", "-auto-approve", "-refresh=false"]).succeeds();

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn removed_block_without_destroy_keeps_the_allowlist() {
    REMOVED.require();
    let (gitlab, tf) =
        FOUR_PROJECTS.applied(&exclusive("target_project_ids = [2]\n  target_group_ids = [2]"));
    tf.config(
        r"
        removed {
          from = gitlab_job_token_allowlist_exclusive.app
          lifecycle {
            destroy = false
          }
        }
        ",
    );
    gitlab.clear_requests();

    assert_eq!(tf.plan().actions(), [(LIST.to_owned(), Action::Forget)]);
    tf.apply_saved().succeeds();

    assert_snapshot!(gitlab.requests().writes(), @"");
    assert_eq!(gitlab.allowlist(APP), listed(&[LIB], &[OPS]));
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn deleted_project_does_not_stop_a_destroy() {
    for project in ["1", "acme/app"] {
        let list = exclusive_of(project, "target_project_ids = [2]");
        let (gitlab, tf) = FOUR_PROJECTS.applied(&list);
        gitlab.delete_project(APP);

        let plan = tf.plan();
        let titles: Vec<String> =
            plan.succeeds().run().warnings().into_iter().map(|warning| warning.summary).collect();
        tf.destroy().succeeds();

        assert_eq!(titles.len(), 1, "{titles:?}");
        assert!(titles[0].ends_with(" is gone or not visible"), "{titles:?}");
        assert!(tf.state().addresses().is_empty());
    }
}
