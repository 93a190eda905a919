//! Import adopts the allowlist as it is, and the next plan shows what the configuration would
//! remove.

use gitlab_simulator::Target;
use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::Action;

use super::{LIST, exclusive, listed};
use crate::kit::workspace;
use crate::worlds::{ACME, APP, FOUR_PROJECTS, LIB, OLD, OPS};

#[test]
fn gitlab_without_permissions_yields_sets_of_ids() {
    let gitlab = FOUR_PROJECTS.start_version("17.11.0-ee");
    [LIB, OLD].map(Target::Project).into_iter().for_each(|target| gitlab.allow(APP, target));
    gitlab.allow(APP, Target::Group(ACME));
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_project_ids = [2, 4]\n  target_group_ids = [1]"));

    tf.import(LIST, "acme/app").succeeds();

    let expected = json!({
        "project": "acme/app", "project_id": 1, "id": "1",
        "projects": null, "target_projects": null, "target_project_ids": [2, 4],
        "groups": null, "target_groups": null, "target_group_ids": [1],
    });
    assert_eq!(*tf.state().of(LIST), expected);
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn paths_instead_of_imported_ids_write_nothing() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[OPS]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_projects = [\"acme/lib\"]\n  target_groups = [\"ops\"]"));
    tf.import(LIST, "1").succeeds();

    let plan = tf.plan();
    assert_eq!(plan.has_no_warnings().change(LIST).action, Action::Update);
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn only_the_first_plan_after_an_import_names_who_loses_access() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB, OLD], &[ACME]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_projects = [\"acme/lib\"]\n  target_groups = []"));
    tf.import(LIST, "acme/app").succeeds();

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Targets lose access to project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Applying this removes these from the allowlist, because the configuration
    doesn't include them:

      - project acme/old (4)
      - group acme (1)

    To keep one, add it to the configuration.
    "#);
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[LIB], &[]));
    tf.plan().changes_nothing().has_no_warnings();
    gitlab.allow(APP, Target::Project(OLD));
    assert_eq!(tf.plan().has_no_warnings().change(LIST).action, Action::Update);
}

#[test]
fn omitted_kind_is_not_managed_and_loses_no_access() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[ACME]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_project_ids = [2]"));
    tf.import(LIST, "acme/app").succeeds();

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Groups not managed: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    The configuration doesn't set `groups`, `target_groups` or `target_group_ids`.
    These keep access, and plans don't show changes:

      - group acme (1)

    To remove them, set `target_groups = []`.
    "#);
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[LIB], &[ACME]));
    tf.plan().changes_nothing();
}

#[test]
fn empty_list_can_be_imported() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive("projects = {}\n  groups = {}"));

    tf.import(LIST, "acme/app").succeeds();

    tf.plan().changes_nothing();
}

#[test]
fn list_of_an_unknown_project_cannot_be_imported() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive("target_project_ids = []"));

    assert_snapshot!(tf.import(LIST, "99").error(), @r#"
    Error: Can't read allowlist: project 99

    "99" can't be imported.

    GET /projects/99/job_token_scope/allowlist: not found, or not visible to the
    token (404).
    Response: Project Not Found

    GitLab returns 404 both for projects that don't exist and for projects that
    aren't visible to the token. Check the path or ID, and that the token's user
    has at least the Maintainer role in the project.
    "#);
    assert_snapshot!(tf.import(LIST, "acme/none").error(), @r#"
    Error: Unknown project: acme/none

    "acme/none" can't be imported.

    There is no project `acme/none`, or it isn't visible to the token. Check the
    full path, and that the token's user is a member of the project.
    "#);
    assert_snapshot!(tf.import(LIST, "acme").error(), @r#"
    Error: Invalid project

    "acme" can't be imported.

    "acme" is neither the ID nor the full path of a project: the full path of a
    project starts with its group or user, for example `group/project`.
    "#);
    let error = tf.import(LIST, "1:project:2").error();
    assert!(error.contains("the import ID of a `gitlab_job_token_allowlist_entry`"), "{error}");
}
