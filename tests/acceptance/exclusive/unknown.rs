//! Values that are unknown until the apply, and paths that don't exist until then.

use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::Action;

use super::{LIST, exclusive, exclusive_of, listed};
use crate::kit::{heading, workspace};
use crate::needs::TERRAFORM_DATA;
use crate::worlds::{APP, FOUR_PROJECTS, LIB, OPS, WEB};

const OUTPUTS: &str = r#"
resource "terraform_data" "app" {
  input = "acme/app"
}
resource "terraform_data" "web" {
  input = "acme/web"
}
resource "terraform_data" "groups" {
  input = [2]
}
"#;

#[test]
fn target_can_be_unknown_during_the_plan() {
    TERRAFORM_DATA.require();
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&format!(
        "{OUTPUTS}{}",
        exclusive("target_projects = [\"acme/lib\", terraform_data.web.output]")
    ));

    let change = tf.plan().change(LIST);
    assert_eq!(
        (change.action, &change.unknown["target_project_ids"]),
        (Action::Create, &json!(true))
    );
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[LIB, WEB], &[]));
    tf.plan().changes_nothing();
}

#[test]
fn whole_set_and_project_can_be_unknown_during_the_plan() {
    TERRAFORM_DATA.require();
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[]);
    let tf = workspace(&gitlab);
    let list = exclusive_of(
        "${terraform_data.app.output}",
        "target_group_ids = terraform_data.groups.output",
    );
    tf.config(&format!("{OUTPUTS}{list}"));

    tf.plan().succeeds().has_no_warnings();
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[LIB], &[OPS]));
    tf.plan().changes_nothing();
}

#[test]
fn target_can_become_unknown_in_an_update() {
    TERRAFORM_DATA.require();
    let (gitlab, tf) = FOUR_PROJECTS.applied(&exclusive("target_projects = [\"acme/lib\"]"));
    tf.config(&format!("{OUTPUTS}{}", exclusive("target_projects = [terraform_data.web.output]")));

    assert_eq!(tf.plan().change(LIST).action, Action::Update);
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[WEB], &[]));
}

#[test]
fn path_created_after_the_plan_is_found() {
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive(
        "target_projects = [\"acme/lib\", \"acme/next\"]\n  target_groups = [\"ops/new\"]",
    ));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Unknown paths: allowlist of project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = ["acme/lib", "acme/next"]

    These don't exist, or aren't visible to the token:

      - project acme/next (`target_projects`)
      - group ops/new (`target_groups`)

    Correct the paths, or give the token's user access. If this apply creates
    them, ignore this warning: their IDs are resolved during the apply.
    "#);
    let next = gitlab.add_project("acme/next");
    let group = gitlab.add_group("ops/new");
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[LIB, next], &[group]));
    tf.plan().changes_nothing();
}

#[test]
fn every_path_missing_at_apply_is_named() {
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive("target_projects = [\"acme/lib\", \"acme/next\", \"acme/never\"]"));

    let run = tf.apply();

    let errors: Vec<String> = run.fails().errors().iter().map(ToString::to_string).collect();
    assert_snapshot!(errors.join("\n\n"), @r#"
    Error: Unknown project: acme/never
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = ["acme/lib", "acme/next", "acme/never"]

    There is no project `acme/never`, or it isn't visible to the token. Check the
    full path, and that the token's user is a member of the project.

    Error: Unknown project: acme/next
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = ["acme/lib", "acme/next", "acme/never"]

    There is no project `acme/next`, or it isn't visible to the token. Check the
    full path, and that the token's user is a member of the project.
    "#);
    assert_eq!(gitlab.allowlist(APP), listed(&[], &[]));
}

#[test]
fn target_that_becomes_the_project_itself_fails_at_apply() {
    TERRAFORM_DATA.require();
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&format!("{OUTPUTS}{}", exclusive("target_projects = [terraform_data.app.output]")));

    tf.plan().succeeds();
    assert_snapshot!(tf.apply_saved().error(), @r"
    Error: Target is the project itself
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = [terraform_data.app.output]

    Project acme/app always has access to itself, so it can't be in its own
    exclusive allowlist. Remove it.
    ");

    assert_snapshot!(gitlab.requests().writes(), @"");
}

#[test]
fn too_many_targets_are_an_error_once_they_are_known() {
    TERRAFORM_DATA.require();
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&format!(
        "resource \"terraform_data\" \"many\" {{\n  input = range(2, 203)\n}}\n{}",
        exclusive("target_project_ids = terraform_data.many.output")
    ));

    tf.plan().succeeds();
    assert_snapshot!(heading(&tf.apply_saved().error()), @r"
    Error: Too many projects: project acme/app
      gitlab_job_token_allowlist_exclusive.app
      > target_project_ids = terraform_data.many.output
    ");

    assert_snapshot!(gitlab.requests().writes(), @"");
}

#[test]
fn paths_of_the_wrong_kind_are_listed_apart() {
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    gitlab.add_group("ops/new");
    tf.config(&exclusive(
        "target_projects = [\"acme/lib\", \"ops/new\", \"acme/next\"]\n  target_groups = [\"acme/web\"]",
    ));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Unknown paths: allowlist of project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = ["acme/lib", "ops/new", "acme/next"]

    Correct these paths. Otherwise, the apply fails:

      - project ops/new (`target_projects`)
        `ops/new` is a group: use `target_groups`
      - group acme/web (`target_groups`)
        `acme/web` is a project: use `target_projects`

    These don't exist, or aren't visible to the token:

      - project acme/next (`target_projects`)

    Correct the paths, or give the token's user access. If this apply creates
    them, ignore this warning: their IDs are resolved during the apply.
    "#);

    tf.config(&exclusive("target_projects = [\"ops/new\"]\n  target_groups = [\"acme/web\"]"));
    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Unknown paths: allowlist of project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > target_projects = ["ops/new"]

    Correct these paths. Otherwise, the apply fails:

      - project ops/new (`target_projects`)
        `ops/new` is a group: use `target_groups`
      - group acme/web (`target_groups`)
        `acme/web` is a project: use `target_projects`
    "#);
}
