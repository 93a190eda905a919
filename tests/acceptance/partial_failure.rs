//! An apply that fails partially: the state has exactly the changes that were made, and the next
//! apply makes the others.

use std::collections::BTreeSet;

use gitlab_simulator::{Fault, Route, Target};
use insta::assert_snapshot;

use crate::kit::{json_with, workspace};
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
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(ENTRIES);

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add entry: project 4
      gitlab_job_token_allowlist_entry.each["4"]
      > target_project_id = each.key

    Adding project 4 to the allowlist of project acme/app (1) failed.

    POST /projects/1/job_token_scope/allowlist: not found, or not visible to the
    token (404).
    Response: target_project_id not found Not Found

    GitLab has no target with this ID. Check the ID, and whether it belongs to a
    project or a group.
    "#);
    assert_eq!(
        tf.state().addresses(),
        [
            "gitlab_job_token_allowlist_entry.each[\"2\"]",
            "gitlab_job_token_allowlist_entry.each[\"3\"]"
        ]
    );

    gitlab.add_project("acme/four");
    gitlab.clear_requests();
    tf.apply().succeeds().has_no_warnings();
    assert_eq!(gitlab.allowlist(1).projects, [2, 3, 4].into());
    assert_eq!(gitlab.requests().writes().len(), 1);
}

/// Returns the response to a token without the role that a request requires.
fn no_role() -> Fault {
    json_with(403, r#"{"message":"403 Forbidden"}"#)
}

#[test]
fn shared_cause_is_explained_once() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.add_project("acme/four");
    let tf = workspace(&gitlab);
    tf.config(ENTRIES);
    gitlab.inject(no_role().on(Route::AllowlistProjectPost));

    let errors = tf.apply().fails().errors();

    let titles: BTreeSet<&str> = errors.iter().map(|error| error.summary.as_str()).collect();
    let expected =
        ["project 2", "project 3", "project 4"].map(|target| format!("Can't add entry: {target}"));
    assert_eq!(titles, expected.iter().map(String::as_str).collect());
    let in_full =
        errors.iter().filter(|error| error.detail.contains("Give this role to the user."));
    assert_eq!(in_full.count(), 1, "{errors:#?}");
    let short = "isn't allowed to do this (403). Another message of this run has the details.";
    assert_eq!(
        errors.iter().filter(|error| error.detail.ends_with(short)).count(),
        2,
        "{errors:#?}"
    );
}

#[test]
fn shared_cause_of_several_allowlists_is_explained_once() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.add_project("acme/four");
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_exclusive" "each" {
          for_each      = toset(["2", "3", "4"])
          project       = each.key
          target_groups = ["acme"]
        }
        "#,
    );
    gitlab.inject(no_role().on(Route::AllowlistGroupPost));

    let errors = tf.apply().fails().errors();

    assert_eq!(errors.len(), 3, "{errors:#?}");
    let in_full =
        errors.iter().filter(|error| error.detail.contains("Give this role to the user."));
    assert_eq!(in_full.count(), 1, "{errors:#?}");
    let short = "Another message of this run has the details.\n\nNothing was changed on the ";
    assert_eq!(errors.iter().filter(|error| error.detail.contains(short)).count(), 2);
}

#[test]
fn failed_removal_keeps_only_its_entry_in_state() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.add_project("acme/four");
    let tf = workspace(&gitlab);
    tf.config(ENTRIES);
    tf.apply().succeeds();

    gitlab
        .inject(Fault::InternalError.on(Route::AllowlistProjectDelete).target(Target::Project(3)));
    tf.destroy().fails();
    assert_eq!(tf.state().addresses(), ["gitlab_job_token_allowlist_entry.each[\"3\"]"]);

    gitlab.clear_faults();
    tf.destroy().succeeds();
    assert!(gitlab.allowlist(1).projects.is_empty());
}

#[test]
fn lost_response_of_the_first_attempt_is_a_success() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.add_project("acme/four");
    let tf = workspace(&gitlab);
    tf.config(ENTRIES);
    gitlab.inject(
        Fault::DropsTheResponse.on(Route::AllowlistProjectPost).target(Target::Project(3)).once(),
    );

    tf.apply().succeeds().has_no_warnings();

    assert_eq!(gitlab.allowlist(1).projects, [2, 3, 4].into());
}
