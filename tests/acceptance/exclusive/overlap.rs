//! Access that is granted twice, and allowlists that are managed twice.

use insta::assert_snapshot;

use super::{exclusive, listed};
use crate::kit::workspace;
use crate::worlds::{ACME, APP, FOUR_PROJECTS, LIB, WEB};

/// Returns an entry for `acme/web`, which is applied before or after the list.
fn entry(depends_on: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "web" {{
          project        = "acme/app"
          target_project = "acme/web"
          depends_on     = [{depends_on}]
        }}
        "#
    )
}

#[test]
fn list_warns_of_an_entry_resource_that_it_removes() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    let list = exclusive(
        "target_projects = [\"acme/lib\"]\n  depends_on = [gitlab_job_token_allowlist_entry.web]",
    );
    tf.config(&format!("{list}{}", entry("")));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Conflicting allowlist: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    This configuration has a `gitlab_job_token_allowlist_entry` for each of these,
    but this resource removes them from the allowlist of project acme/app (1):

      - project acme/web (3)

    Add the targets to the exclusive allowlist, or use only one of the two
    resources.
    "#);
}

#[test]
fn entry_warns_of_a_list_resource_that_removes_it() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    let list = exclusive("target_projects = [\"acme/lib\"]");
    tf.config(&format!("{list}{}", entry("gitlab_job_token_allowlist_exclusive.app")));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Conflicting allowlist: project acme/app (1)
      gitlab_job_token_allowlist_entry.web
      > resource "gitlab_job_token_allowlist_entry" "web" {

    This configuration has a `gitlab_job_token_allowlist_entry` for each of these,
    but a `gitlab_job_token_allowlist_exclusive` removes them from the allowlist
    of project acme/app (1):

      - project acme/web (3)

    Add the targets to the exclusive allowlist, or use only one of the two
    resources.
    "#);
}

#[test]
fn entry_in_the_list_does_not_conflict() {
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&format!(
        "{}{}",
        exclusive(
            "target_project_ids = [2, gitlab_job_token_allowlist_entry.web.target_project_id]"
        ),
        entry("")
    ));

    tf.apply().succeeds().has_no_warnings();

    assert_eq!(gitlab.allowlist(APP), listed(&[LIB, WEB], &[]));
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn entry_of_an_unmanaged_kind_does_not_conflict() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&format!("{}{}", exclusive("target_groups = [\"ops\"]"), entry("")));

    tf.plan().succeeds().has_no_warnings();
}

#[test]
fn entry_of_another_project_does_not_conflict() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&format!(
        "{}{}",
        exclusive("target_projects = []"),
        entry("").replace("acme/app", "acme/old")
    ));

    tf.plan().succeeds().has_no_warnings();
}

#[test]
fn project_in_a_listed_group_warns_once() {
    let gitlab = FOUR_PROJECTS.start();
    gitlab.add_project("ops/prod/deploy");
    gitlab.add_project("opsy/tool");
    let tf = workspace(&gitlab);
    tf.config(&exclusive(
        "target_projects = [\"acme/lib\", \"ops/prod/deploy\", \"opsy/tool\"]\n  target_groups = \
         [\"Ops\"]",
    ));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Redundant projects: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    A group in the configuration already gives these projects access to project
    acme/app (1):

      - project ops/prod/deploy (5), by group Ops (2)

    Remove these projects from the configuration, or the groups: while both are on
    the allowlist, removing one of these projects doesn't end its access.
    "#);
    tf.apply_saved().succeeds();

    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn targets_by_id_are_compared_by_their_listed_paths() {
    let gitlab = FOUR_PROJECTS.start();
    gitlab.allow(APP, gitlab_simulator::Target::Project(LIB));
    gitlab.allow(APP, gitlab_simulator::Target::Group(ACME));
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_project_ids = [2]\n  target_group_ids = [1]"));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Redundant projects: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    A group in the configuration already gives these projects access to project
    acme/app (1):

      - project acme/lib (2), by group acme (1)

    Remove these projects from the configuration, or the groups: while both are on
    the allowlist, removing one of these projects doesn't end its access.
    "#);
}
