//! An apply that is interrupted half-way.

use std::time::Duration;

use gitlab_simulator::{Fault, Route, Simulator};
use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::{Run, Workspace};

use super::{LIST, exclusive, listed};
use crate::kit::{wait_until, workspace};
use crate::worlds::{APP, FOUR_PROJECTS, LIB};

/// Long enough for an interrupt to arrive, even on a slow machine.
const STALL: Duration = Duration::from_secs(3);

const ONE_BY_ONE: &str = "provider \"gitlab\" {\n  max_concurrent_requests = 1\n}\n";

/// Applies, and interrupts the second write while GitLab executes it.
fn interrupted_in_the_second_write(gitlab: &Simulator, tf: &Workspace) -> Run {
    gitlab.clear_requests();
    gitlab.inject(Fault::StallsTheRequest(STALL).on(Route::AllowlistProjectPost).after(1).once());
    let apply = tf.start(&["apply", "-json", "-no-color", "-auto-approve"]);
    wait_until(|| gitlab.requests().to(Route::AllowlistProjectPost).len() == 2);
    apply.interrupt();
    apply.wait()
}

#[test]
fn interrupted_update_keeps_state_true_and_next_apply_converges() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[]);
    let more = gitlab.add_project("acme/more");
    let tf = workspace(&gitlab);
    tf.config(&format!("{ONE_BY_ONE}{}", exclusive("target_project_ids = [2]")));
    tf.apply().succeeds();
    let wanted = exclusive(&format!("target_project_ids = [3, 4, {more}]"));
    tf.config(&format!("{ONE_BY_ONE}{wanted}"));

    let run = interrupted_in_the_second_write(&gitlab, &tf);

    assert_snapshot!(run.fails().errors()[0], @r#"
    Error: Can't update allowlist: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Added:

      - project 3
      - project 4

    Not added (interrupted):

      - project 5

    Not removed (interrupted):

      - project acme/lib (2)

    The next plan shows the remaining changes.
    "#);
    assert_eq!(gitlab.allowlist(APP), listed(&[2, 3, 4], &[]), "what is on the wire is finished");
    assert_eq!(tf.state().of(LIST)["target_project_ids"], json!([2, 3, 4]));

    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP), listed(&[3, 4, more], &[]));
    tf.plan().changes_nothing();
}

#[test]
fn interrupted_create_leaves_no_state_and_next_apply_converges() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[]);
    let more = gitlab.add_project("acme/more");
    let tf = workspace(&gitlab);
    let wanted = exclusive(&format!("target_project_ids = [3, 4, {more}]"));
    tf.config(&format!("{ONE_BY_ONE}{wanted}"));

    interrupted_in_the_second_write(&gitlab, &tf).fails();

    assert!(tf.state().addresses().is_empty());
    assert_eq!(gitlab.allowlist(APP), listed(&[2, 3, 4], &[]));

    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP), listed(&[3, 4, more], &[]));
    tf.plan().changes_nothing();
}

#[test]
fn interrupted_destroy_keeps_what_is_left_in_state() {
    let gitlab = FOUR_PROJECTS.allowing(&[], &[]);
    let tf = workspace(&gitlab);
    tf.config(&format!("{ONE_BY_ONE}{}", exclusive("target_project_ids = [2, 3, 4]")));
    tf.apply().succeeds();
    gitlab.clear_requests();
    gitlab.inject(Fault::StallsTheRequest(STALL).on(Route::AllowlistProjectDelete).after(1).once());

    let destroy = tf.start(&["destroy", "-json", "-no-color", "-auto-approve"]);
    wait_until(|| gitlab.requests().to(Route::AllowlistProjectDelete).len() == 2);
    destroy.interrupt();
    destroy.wait().fails();

    assert_eq!(gitlab.allowlist(APP), listed(&[4], &[]));
    assert_eq!(tf.state().of(LIST)["target_project_ids"], json!([4]));
}
