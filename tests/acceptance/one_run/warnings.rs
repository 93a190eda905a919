//! Warnings of plans that can't read everything.

use std::thread;
use std::time::Duration;

use gitlab_simulator::{Fault, Route, Simulator};
use terraform_cli::{Action, Run};

use super::*;
use crate::kit::workspace;
use crate::needs::{PLANNED_PRIVATE_DATA, TERRAFORM_DATA};
use crate::worlds::{ACME, FOUR_PROJECTS, LIB, OLD, OPS, PROD, WEB};

/// Longer than the maximum age of a snapshot.
const LONG: Duration = Duration::from_secs(35);

/// Plans a new list, whose first request to a route about this project or group is limited. It
/// removes two targets, of which the plan warns.
#[track_caller]
fn warns_after_a_pause(route: Route, about: u64) {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB, OLD], &[OPS]);
    gitlab.inject(Fault::RateLimited { retry_after: LONG }.on(route).project(about).once());
    let tf = workspace(&gitlab);
    tf.config(&list(
        "this",
        "target_projects = [\"acme/lib\", \"acme/web\"]\ntarget_groups = [\"acme\"]",
    ));

    let plan = tf.plan();

    let requests = gitlab.requests();
    assert!(requests.iter().any(|request| request.status == Some(429)), "{requests}");
    assert_eq!(plan.change(&format!("{LIST}.this")).action, Action::Create);
    assert_warns(plan.run(), &["acme/old", "ops"]);
}

#[test]
fn lost_access_is_named_after_a_slow_read() {
    let routes = [
        (Route::ProjectGet, WEB),
        (Route::GroupGet, ACME),
        (Route::AllowlistProjectsGet, APP),
        (Route::AllowlistGroupsGet, APP),
    ];
    // All at once, because each takes that long.
    let plans = routes
        .map(|(route, about)| (route, thread::spawn(move || warns_after_a_pause(route, about))));
    for (route, plan) in plans {
        assert!(plan.join().is_ok(), "{route}");
    }
}

/// The facts of the warning that the plan has read nothing.
const NOTHING_READ: [&str; 2] =
    ["unknown|not known|isn't known", "reads nothing|nothing was read|nothing is read|not read"];

/// Panics unless the plan warns once, in all, that nothing was read.
#[track_caller]
fn assert_nothing_read(gitlab: &Simulator, run: &Run) {
    assert_eq!(gitlab.requests().to_string(), "");
    assert_eq!(warnings_of(&[run], &NOTHING_READ).len(), 1, "{run}");
}

/// Returns one of each resource.
fn one_of_each() -> String {
    [
        entry("this", "target_group = \"ops\""),
        list("this", "target_projects = [\"acme/lib\"]"),
        scope("this", "inbound_enabled = false"),
    ]
    .concat()
}

#[test]
fn unknown_provider_block_warns_once_that_nothing_was_read() {
    TERRAFORM_DATA.require();
    let gitlab = FOUR_PROJECTS.allowing(&[LIB, OLD], &[]);
    let tf = workspace_without_token(&gitlab);
    tf.config(&format!("{}{}", unknown_token(1), one_of_each()));

    assert_nothing_read(&gitlab, tf.plan().succeeds().run());
    tf.apply_saved().succeeds();

    let next = tf.plan();
    assert_does_not_warn(next.changes_nothing().run(), &NOTHING_READ);
}

#[test]
fn rotated_token_warns_once_that_nothing_was_read() {
    TERRAFORM_DATA.require();
    let gitlab = FOUR_PROJECTS.start();
    let tf = workspace_without_token(&gitlab);
    tf.config(&format!("{}{}", unknown_token(1), one_of_each()));
    tf.apply().succeeds();
    tf.config(&format!("{}{}", unknown_token(2), one_of_each()));
    gitlab.clear_requests();

    assert_nothing_read(&gitlab, tf.plan().succeeds().run());
}

#[test]
fn known_provider_block_does_not_warn_that_nothing_was_read() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&one_of_each());

    assert_does_not_warn(tf.plan().succeeds().run(), &NOTHING_READ);
}

#[test]
fn kind_dropped_from_a_list_warns_who_keeps_access() {
    for (dropped, left) in [(&KINDS[0], &KINDS[1]), (&KINDS[1], &KINDS[0])] {
        let gitlab = dropped.gitlab(&[]);
        let tf = workspace(&gitlab);
        let left = left.list(&[0]);
        tf.config(&list("this", &format!("{left}\n{}", dropped.list(&[1, 2]))));
        tf.apply().succeeds();
        tf.config(&list("this", &left));

        let facts = ["keep|kept", "[]", &dropped.named(1), &dropped.named(2)];
        assert_warns(tf.plan().succeeds().run(), &facts);
        tf.apply_saved().succeeds();

        assert_eq!(dropped.allowed(&gitlab), [1, 2]);
        tf.plan().changes_nothing().has_no_warnings();
    }
}

#[test]
fn empty_kind_of_a_list_warns_of_no_kept_access() {
    let (_gitlab, tf) = FOUR_PROJECTS
        .applied(&list("this", "target_projects = [\"acme/lib\"]\ntarget_groups = []"));
    tf.config(&list("this", "target_projects = [\"acme/lib\"]"));

    tf.plan().succeeds().has_no_warnings();
}

/// The entry is adopted, the list removes another target, and the scope counts what is on the
/// allowlist, which has changed by the time that the apply plans the scope again.
#[test]
fn apply_repeats_no_warning_of_its_plan() {
    PLANNED_PRIVATE_DATA.require();
    let gitlab = FOUR_PROJECTS.allowing(&[LIB, OLD], &[OPS]);
    gitlab.set_inbound_enabled(APP, false);
    let tf = workspace(&gitlab);
    let order = after(&format!("{LIST}.this, {ENTRY}.this"));
    tf.config(
        &[
            entry("this", "target_group = \"ops\""),
            list("this", "target_projects = [\"acme/lib\", \"acme/web\"]"),
            scope("this", &format!("inbound_enabled = true{order}")),
        ]
        .concat(),
    );

    let plan = tf.plan();
    assert_eq!(plan.succeeds().run().warnings().len(), 3, "{}", plan.run());
    tf.apply_saved().succeeds().has_no_warnings();

    tf.plan().changes_nothing();
}

#[test]
fn restricting_an_open_project_warns_how_many_keep_access() {
    for (projects, groups) in [(&[LIB, WEB, OLD][..], &[][..]), (&[], &[ACME, OPS, PROD])] {
        let gitlab = FOUR_PROJECTS.allowing(projects, groups);
        gitlab.set_inbound_enabled(APP, false);
        let tf = workspace(&gitlab);
        tf.config(&scope("this", ""));

        assert_warns(tf.plan().succeeds().run(), &["acme/app", "allowlist", "3"]);
        tf.apply_saved().succeeds();

        tf.plan().changes_nothing().has_no_warnings();
    }
}

#[test]
fn update_that_restricts_a_project_warns_how_many_keep_access() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB, WEB, OLD], &[]);
    let tf = workspace(&gitlab);
    tf.config(&scope("this", "inbound_enabled = false"));
    tf.apply().succeeds();
    tf.config(&scope("this", "inbound_enabled = true"));

    assert_warns(tf.plan().succeeds().run(), &["acme/app", "allowlist", "3"]);
}

/// Somebody has opened it by hand, and the next apply restricts it again.
#[test]
fn repair_that_restricts_a_project_warns_how_many_keep_access() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB, WEB, OLD], &[]);
    let tf = workspace(&gitlab);
    tf.config(&scope("this", ""));
    tf.apply().succeeds();
    gitlab.set_inbound_enabled(APP, false);

    assert_warns(tf.plan().succeeds().run(), &["acme/app", "allowlist", "3"]);
}

#[test]
fn restricting_a_project_with_an_empty_allowlist_warns() {
    let gitlab = FOUR_PROJECTS.start();
    gitlab.set_inbound_enabled(APP, false);
    let tf = workspace(&gitlab);
    tf.config(&scope("this", ""));

    assert_warns(tf.plan().succeeds().run(), &["acme/app", "allowlist"]);
}

#[test]
fn scope_of_a_restricted_project_does_not_warn() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[]);
    let tf = workspace(&gitlab);
    tf.config(&scope("this", ""));

    tf.plan().succeeds().has_no_warnings();
}
