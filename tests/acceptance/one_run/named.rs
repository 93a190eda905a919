//! An apply removes only what its plan has named.

use gitlab_simulator::Simulator;
use serde_json::Value;
use terraform_cli::{Run, Workspace};

use super::*;
use crate::kit::workspace;
use crate::needs::PLANNED_PRIVATE_DATA;

/// The words of the error that names what the plan has not.
const NOT_IN_THE_PLAN: &str = "plan doesn't show";

fn state(tf: &Workspace) -> Value {
    tf.state().of(&format!("{LIST}.this")).clone()
}

/// Panics unless the run failed before any write and named the target.
#[track_caller]
fn assert_removal_rejected(gitlab: &Simulator, applied: &Run, target: &str) {
    assert_fails_with(applied, &[NOT_IN_THE_PLAN, target]);
    assert_eq!(gitlab.requests().writes().to_string(), "");
}

/// Panics unless the run named the target: in an error before any write on a CLI that knows the
/// plan's names, else in a warning.
#[track_caller]
fn assert_named(gitlab: &Simulator, applied: &Run, target: &str) {
    if PLANNED_PRIVATE_DATA.is_there() {
        assert_removal_rejected(gitlab, applied, target);
    } else {
        applied.succeeds();
        assert_warns(applied, &[target]);
    }
}

/// Applies a list of the first two targets, then configures one of the first target.
#[track_caller]
fn list_to_shorten(gitlab: &Simulator, kind: &Kind) -> Workspace {
    let tf = workspace(gitlab);
    tf.config(&list("this", &kind.list(&[0, 1])));
    tf.apply().succeeds();
    tf.config(&list("this", &kind.list(&[0])));
    tf
}

#[test]
fn target_that_joins_after_the_plan_of_an_update_stays() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = list_to_shorten(&gitlab, &kind);
        tf.plan().succeeds();
        kind.allow(&gitlab, 2);
        gitlab.clear_requests();

        assert_removal_rejected(&gitlab, &tf.apply_saved(), &kind.named(2));

        assert_eq!(kind.allowed(&gitlab), [0, 1, 2]);
        let held = state(&tf);
        assert_eq!(
            held[kind.set].as_array().unwrap().len(),
            3,
            "the state has what the server holds: {held}"
        );
    }
}

#[test]
fn next_plan_names_the_target_that_has_joined() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = list_to_shorten(&gitlab, &kind);
        tf.plan().succeeds();
        kind.allow(&gitlab, 2);
        tf.apply_saved().fails();

        let before = tf.plan().change(&format!("{LIST}.this")).before;
        assert!(before[kind.set].to_string().contains(kind.paths[2]), "{before}");
        tf.apply_saved().succeeds();

        assert_eq!(kind.allowed(&gitlab), [0]);
        tf.plan().changes_nothing();
    }
}

#[test]
fn target_that_joins_after_the_plan_of_a_create_is_named() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[1]);
        let tf = workspace(&gitlab);
        tf.config(&list("this", &kind.list(&[0])));
        assert_warns(tf.plan().succeeds().run(), &[&kind.named(1)]);
        kind.allow(&gitlab, 2);
        gitlab.clear_requests();

        assert_named(&gitlab, &tf.apply_saved(), &kind.named(2));
    }
}

#[test]
fn target_that_joins_a_newly_managed_kind_is_named() {
    for (kind, managed) in KINDS.iter().zip([&KINDS[1], &KINDS[0]]) {
        let gitlab = kind.gitlab(&[1]);
        let tf = workspace(&gitlab);
        let managed = managed.list(&[]);
        tf.config(&list("this", &managed));
        tf.apply().succeeds();
        tf.config(&list("this", &format!("{managed}\n{}", kind.list(&[0]))));
        assert_warns(tf.plan().succeeds().run(), &[&kind.named(1)]);
        kind.allow(&gitlab, 2);
        gitlab.clear_requests();

        assert_named(&gitlab, &tf.apply_saved(), &kind.named(2));
    }
}

#[test]
fn plan_without_a_refresh_names_every_target_on_the_list() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = list_to_shorten(&gitlab, &kind);
        kind.allow(&gitlab, 2);

        let plan = tf.plan_with(&["-refresh=false"]);
        assert_warns(plan.succeeds().run(), &[&kind.named(2)]);
        gitlab.clear_requests();
        let applied = tf.apply_saved();

        if PLANNED_PRIVATE_DATA.is_there() {
            applied.succeeds();
            assert_eq!(kind.allowed(&gitlab), [0]);
        } else {
            assert_warns(plan.run(), &["applying this plan fails", &kind.named(2)]);
            assert_removal_rejected(&gitlab, &applied, &kind.named(2));
            assert_fails_with(&applied, &["-refresh=false"]);
        }
    }
}

/// It was put there by a resource that the plan has shown, which is a conflict with the list.
#[test]
fn target_that_the_run_has_added_is_a_conflict() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = list_to_shorten(&gitlab, &kind);
        let list_to_shorten =
            list("this", &format!("{}{}", kind.list(&[0]), after(&format!("{ENTRY}.new"))));
        tf.config(&format!("{list_to_shorten}{}", entry("new", &kind.entry(2))));
        tf.plan().succeeds();

        let applied = tf.apply_saved();

        applied.fails();
        assert!(
            applied.errors().iter().all(|error| !mentions(error, &[NOT_IN_THE_PLAN])),
            "{applied}"
        );
        assert_fails_with(&applied, &[&kind.named(2)]);
        assert!(kind.allowed(&gitlab).contains(&2));
    }
}

#[test]
fn target_that_joins_is_kept_where_the_list_names_it() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = list_to_shorten(&gitlab, &kind);
        tf.config(&list("this", &kind.list(&[0, 2])));
        tf.plan().succeeds();
        kind.allow(&gitlab, 2);

        tf.apply_saved().succeeds();

        assert_eq!(kind.allowed(&gitlab), [0, 2]);
        tf.plan().changes_nothing();
    }
}
