//! Invalid configurations are errors at their attribute, before anything is written.

use gitlab_simulator::Simulator;
use insta::assert_snapshot;

use super::{exclusive, exclusive_of};
use crate::kit::{heading, workspace};
use crate::worlds::FOUR_PROJECTS;

/// Returns the only error of a plan, which must not write anything.
fn planning_error(gitlab: &Simulator, config: &str) -> String {
    let tf = workspace(gitlab);
    tf.config(config);
    let error = tf.plan().error();
    assert_eq!(gitlab.requests().writes().to_string(), "");
    error
}

#[test]
fn no_targets() {
    let error = planning_error(&FOUR_PROJECTS.start(), &exclusive(""));
    assert_snapshot!(error, @r#"
    Error: Nothing to manage
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Set projects (`projects`, `target_projects` or `target_project_ids`), groups
    (`groups`, `target_groups` or `target_group_ids`), or both. An empty map or
    set removes all projects or groups.
    "#);
}

#[test]
fn projects_by_path_and_id() {
    let arguments = "target_projects = [\"acme/lib\"]\n  target_project_ids = [2]";
    let error = planning_error(&FOUR_PROJECTS.start(), &exclusive(arguments));
    assert_snapshot!(error, @r"
    Error: Conflicting attributes for projects
      gitlab_job_token_allowlist_exclusive.app
      > target_project_ids = [2]

    `target_projects` and `target_project_ids` are both set, but only one
    attribute can list the projects. Remove one of them.
    ");
}

#[test]
fn groups_by_path_and_id() {
    let arguments = "target_groups = []\n  target_group_ids = []";
    let error = planning_error(&FOUR_PROJECTS.start(), &exclusive(arguments));
    assert_snapshot!(error, @r"
    Error: Conflicting attributes for groups
      gitlab_job_token_allowlist_exclusive.app
      > target_group_ids = []

    `target_groups` and `target_group_ids` are both set, but only one attribute
    can list the groups. Remove one of them.
    ");
}

#[test]
fn too_many_projects() {
    let arguments = "target_projects = [for n in range(1, 202) : \"acme/project-${n}\"]";
    let error = planning_error(&FOUR_PROJECTS.start(), &exclusive(arguments));
    assert_snapshot!(error, @r#"
    Error: Too many projects: project acme/app
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = [for n in range(1, 202) : "acme/project-${n}"]

    `target_projects` has 201 projects, but the allowlist of project acme/app can
    have at most 200. Add a group instead of its projects.
    "#);
}

#[test]
fn too_many_groups() {
    let arguments = "target_group_ids = range(1, 202)";
    let error = planning_error(&FOUR_PROJECTS.start(), &exclusive(arguments));
    assert_snapshot!(error, @r"
    Error: Too many groups: project acme/app
      gitlab_job_token_allowlist_exclusive.app
      > target_group_ids = range(1, 202)

    `target_group_ids` has 201 groups, but the allowlist of project acme/app can
    have at most 200. Add a group instead of its subgroups.
    ");
}

#[test]
fn null_target_path() {
    let error = planning_error(
        &FOUR_PROJECTS.start(),
        &exclusive("target_projects = [\"acme/lib\", null]"),
    );
    assert_snapshot!(error, @r#"
    Error: Invalid attribute value
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = ["acme/lib", null]

    `target_projects` must not contain null.
    "#);
}

#[test]
fn null_target_id() {
    let error = planning_error(&FOUR_PROJECTS.start(), &exclusive("target_group_ids = [1, null]"));
    assert_snapshot!(error, @r"
    Error: Invalid attribute value
      gitlab_job_token_allowlist_exclusive.app
      > target_group_ids = [1, null]

    `target_group_ids` must not contain null.
    ");
}

#[test]
fn target_that_is_neither_id_nor_path() {
    let error = planning_error(&FOUR_PROJECTS.start(), &exclusive("target_projects = [\"lib\"]"));
    assert_snapshot!(error, @r#"
    Error: Invalid project
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = ["lib"]

    `target_projects` has "lib", which is neither the ID nor the full path of a
    project: the full path of a project starts with its group or user, for example
    `group/project`.
    "#);
}

#[test]
fn id_that_does_not_exist() {
    let error = planning_error(&FOUR_PROJECTS.start(), &exclusive("target_project_ids = [0]"));
    assert_snapshot!(error, @"
    Error: Invalid project ID
      gitlab_job_token_allowlist_exclusive.app
      > target_project_ids = [0]

    `target_project_ids` has 0, but the ID of a project is 1 or more.
    ");
}

#[test]
fn project_itself_with_the_same_text() {
    let error =
        planning_error(&FOUR_PROJECTS.start(), &exclusive("target_projects = [\"Acme/App\"]"));
    assert_snapshot!(error, @r#"
    Error: Target is the project itself
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = ["Acme/App"]

    Project Acme/App always has access to itself, so it can't be in its own
    exclusive allowlist. Remove it.
    "#);
}

#[test]
fn project_itself_by_id() {
    let error = planning_error(&FOUR_PROJECTS.start(), &exclusive("target_project_ids = [1, 2]"));
    assert_snapshot!(heading(&error), @r"
    Error: Target is the project itself
      gitlab_job_token_allowlist_exclusive.app
      > target_project_ids = [1, 2]
    ");
}

#[test]
fn project_itself_by_path() {
    let config = exclusive_of("1", "target_projects = [\"acme/lib\", \"acme/app\"]");
    let error = planning_error(&FOUR_PROJECTS.start(), &config);
    assert_snapshot!(error, @r#"
    Error: Target is the project itself
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = ["acme/lib", "acme/app"]

    Project acme/app (1) always has access to itself, so it can't be in its own
    exclusive allowlist. Remove it.
    "#);
}
