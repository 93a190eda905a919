//! The order and concurrency of writes.

use std::time::Duration;

use gitlab_simulator::{LINK_LIMIT, Simulator, Target};
use insta::assert_snapshot;

use super::{LIST, exclusive, listed};
use crate::kit::workspace;
use crate::worlds::{APP, APP_ONLY, FOUR_PROJECTS, LIB, OLD, OPS, PROD, WEB};

#[test]
fn additions_come_before_removals() {
    let gitlab = FOUR_PROJECTS.allowing(&[OLD], &[PROD]);
    let tf = workspace(&gitlab);
    tf.config(&format!(
        "provider \"gitlab\" {{\n  max_concurrent_requests = 1\n}}\n{}",
        exclusive("target_project_ids = [2, 3]\n  target_group_ids = [2]")
    ));

    tf.apply().succeeds();

    assert_snapshot!(gitlab.requests().writes(), @r"
    POST /api/v4/projects/1/job_token_scope/allowlist → 201
    POST /api/v4/projects/1/job_token_scope/allowlist → 201
    POST /api/v4/projects/1/job_token_scope/groups_allowlist → 201
    DELETE /api/v4/projects/1/job_token_scope/allowlist/4 → 204
    DELETE /api/v4/projects/1/job_token_scope/groups_allowlist/3 → 204
    ");
    assert_eq!(gitlab.allowlist(APP), listed(&[LIB, WEB], &[OPS]));
}

/// Starts a GitLab in which projects 2 to 201 fill the allowlist of `acme/app`. Project 202 isn't
/// on it.
fn full() -> Simulator {
    let gitlab = APP_ONLY.start();
    for n in 2..=202 {
        let id = gitlab.add_project(&format!("acme/project-{n}"));
        if n <= 201 {
            gitlab.allow(APP, Target::Project(id));
        }
    }
    assert_eq!(gitlab.allowlist(APP).projects.len(), LINK_LIMIT);
    gitlab
}

#[test]
fn full_allowlist_removes_first_only_what_it_must() {
    let gitlab = full();
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_project_ids = range(4, 203)"));

    tf.apply().succeeds();

    assert_snapshot!(gitlab.requests().writes(), @r"
    DELETE /api/v4/projects/1/job_token_scope/allowlist/2 → 204
    POST /api/v4/projects/1/job_token_scope/allowlist → 201
    DELETE /api/v4/projects/1/job_token_scope/allowlist/3 → 204
    ");
    assert_eq!(gitlab.allowlist(APP).projects, (4..=202).collect());
    tf.plan().changes_nothing();
}

#[test]
fn full_allowlist_can_be_managed() {
    let gitlab = full();
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_project_ids = range(2, 202)"));

    tf.apply().succeeds().has_no_warnings();

    assert_snapshot!(gitlab.requests().writes(), @"");
    tf.plan().changes_nothing();
}

#[test]
fn concurrent_writes_respect_the_configured_maximum() {
    let gitlab = APP_ONLY.start();
    for n in 2..=41 {
        gitlab.add_project(&format!("acme/project-{n}"));
    }
    gitlab.set_latency(Duration::from_millis(20));
    let tf = workspace(&gitlab);
    let list = exclusive("target_project_ids = range(2, 42)");
    tf.config(&format!("provider \"gitlab\" {{\n  max_concurrent_requests = 4\n}}\n{list}"));

    tf.apply().succeeds();

    assert_eq!(gitlab.allowlist(APP).projects.len(), 40);
    assert_eq!(gitlab.max_in_flight(), 4);
}

#[test]
fn allowlist_changed_to_the_plan_meanwhile_is_not_written() {
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive("target_project_ids = [2]"));
    assert_eq!(tf.plan().change(LIST).action, terraform_cli::Action::Create);
    gitlab.allow(APP, Target::Project(LIB));

    tf.apply_saved().succeeds();

    assert_snapshot!(gitlab.requests().writes(), @"");
}
