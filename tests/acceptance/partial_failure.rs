//! Some of it fails: what was done is in the state, what was not is not, and the next apply does the rest.

use gitlab_simulator::{Fault, Route, Target};
use insta::assert_snapshot;

use crate::kit::workspace;
use crate::worlds::THREE_PROJECTS;

const ENTRIES: &str = r#"
resource "gitlab_job_token_allowlist_entry" "each" {
  for_each          = toset(["2", "3", "4"])
  project           = "acme/app"
  target_project_id = each.key
}
"#;

#[test]
fn failed_entry_keeps_others_in_state_and_next_apply_converges() {
    let gitlab = THREE_PROJECTS.start();
    let tf = workspace(&gitlab);
    tf.config(ENTRIES);

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add project 4 to the allowlist of project 1
      gitlab_job_token_allowlist_entry.each["4"]
      > target_project_id = each.key

    POST /projects/1/job_token_scope/allowlist: not found, or not visible to the
    token (404): target_project_id not found Not Found.

    There is no target with this ID: check it, and whether it is the ID of a
    project or of a group.
    "#);
    assert_eq!(
        tf.state().addresses(),
        ["gitlab_job_token_allowlist_entry.each[\"2\"]", "gitlab_job_token_allowlist_entry.each[\"3\"]"]
    );

    gitlab.add_project("acme/four");
    gitlab.clear_requests();
    tf.apply().succeeds().warns_of_nothing();
    assert_eq!(gitlab.allowlist(1).projects, [2, 3, 4].into());
    assert_eq!(gitlab.requests().writes().len(), 1);
}

#[test]
fn one_removal_that_fails_leaves_that_entry_alone_in_state() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.add_project("acme/four");
    let tf = workspace(&gitlab);
    tf.config(ENTRIES);
    tf.apply().succeeds();

    gitlab.inject(Fault::InternalError.on(Route::AllowlistProjectDelete).target(Target::Project(3)));
    tf.destroy().fails();
    assert_eq!(tf.state().addresses(), ["gitlab_job_token_allowlist_entry.each[\"3\"]"]);

    gitlab.clear_faults();
    tf.destroy().succeeds();
    assert!(gitlab.allowlist(1).projects.is_empty());
}

#[test]
fn an_answer_that_was_lost_is_explained_by_our_own_first_try() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.add_project("acme/four");
    let tf = workspace(&gitlab);
    tf.config(ENTRIES);
    gitlab.inject(Fault::DropsTheAnswer.on(Route::AllowlistProjectPost).target(Target::Project(3)).once());

    tf.apply().succeeds().warns_of_nothing();

    assert_eq!(gitlab.allowlist(1).projects, [2, 3, 4].into());
}
