//! The first plans warn who will lose access, since no earlier state shows it.

use gitlab_simulator::{Route, Target};
use insta::assert_snapshot;

use super::exclusive;
use crate::kit::{json, replaced, workspace};
use crate::needs::TERRAFORM_DATA;
use crate::worlds::{ACME, APP, FOUR_PROJECTS, LIB, OLD, OPS, WEB};

#[test]
fn first_plan_names_each_target_that_will_lose_access() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB, WEB, OLD], &[ACME, OPS]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_projects = [\"acme/lib\"]\n  target_group_ids = [2]"));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Targets lose access to project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Applying this removes these from the allowlist, because the configuration
    doesn't include them:

      - project acme/web (3)
      - project acme/old (4)
      - group acme (1)

    To keep one, add it to the configuration.
    "#);
    tf.apply_saved().succeeds();

    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn unmanaged_kind_loses_no_access() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[ACME]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_projects = [\"acme/lib\"]"));

    tf.plan().succeeds().has_no_warnings();
}

#[test]
fn later_plans_show_removals_without_warnings() {
    let gitlab = FOUR_PROJECTS.allowing(&[], &[]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_projects = [\"acme/lib\", \"acme/web\"]"));
    tf.apply().succeeds();
    tf.config(&exclusive("target_projects = [\"acme/lib\"]"));

    tf.plan().succeeds().has_no_warnings();
}

/// Returns the allowlist with a map of these projects, with full permissions.
fn map(keys: &[&str]) -> String {
    let entry = |key: &&str| format!("    \"{key}\" = {{ default_permissions = true }}\n");
    exclusive(&format!("projects = {{\n{}  }}", keys.iter().map(entry).collect::<String>()))
}

#[test]
fn removed_key_among_kept_keys_is_shown_without_a_warning() {
    let gitlab = FOUR_PROJECTS.allowing(&[], &[]);
    let tf = workspace(&gitlab);
    tf.config(&map(&["acme/lib", "acme/web"]));
    tf.apply().succeeds();
    tf.config(&map(&["acme/lib"]));

    tf.plan().succeeds().has_no_warnings();
}

/// A missing key is hard to see among keys that are all removed and added.
#[test]
fn target_dropped_while_the_form_changes_is_named() {
    let set = exclusive("target_projects = [\"acme/lib\"]");
    let changes = [
        (map(&["2", "3"]), map(&["acme/lib"])),
        (map(&["acme/lib", "acme/web"]), set),
        (exclusive("target_projects = [\"acme/lib\", \"acme/web\"]"), map(&["2"])),
    ];
    for (before, after) in changes {
        let gitlab = FOUR_PROJECTS.allowing(&[], &[]);
        let tf = workspace(&gitlab);
        tf.config(&before);
        tf.apply().succeeds();
        tf.config(&after);

        let warnings = tf.plan().succeeds().run().warnings();

        let loss = warnings.iter().find(|warning| warning.summary.starts_with("Targets lose"));
        let loss = loss.expect("a warning that names the target");
        assert!(loss.detail.contains("  - project acme/web (3)\n\n"), "{}", loss.detail);
        assert!(!loss.detail.contains("acme/lib"), "{}", loss.detail);
    }
}

#[test]
fn plan_without_changes_does_not_announce_a_removal() {
    let gitlab = FOUR_PROJECTS.allowing(&[], &[]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_projects = [\"acme/lib\"]"));
    tf.apply().succeeds();
    gitlab.allow(APP, Target::Project(WEB));

    let planned = tf.plan_with(&["-refresh=false"]);

    assert_snapshot!(planned.warning(), @r#"
    Warning: Targets not in the state: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    These are on the allowlist of project acme/app (1), but not in the state,
    which wasn't refreshed since they were added. This plan doesn't remove them:

      - project acme/web (3)

    Plan again, without `-refresh=false`: the next plan removes them.
    "#);
    planned.changes_nothing();
}

#[test]
fn newly_managed_kind_names_who_loses_access() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[ACME, OPS]);
    let tf = workspace(&gitlab);
    let projects = exclusive("target_projects = [\"acme/lib\"]");
    tf.config(&projects);
    tf.apply().succeeds();
    gitlab.allow(APP, Target::Project(WEB));

    tf.config(&replaced(&projects, "]\n", "]\n  target_groups = [\"ops\"]\n"));
    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Targets lose access to project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Applying this removes these from the allowlist, because the configuration
    doesn't include them:

      - group acme (1)

    To keep one, add it to the configuration.
    "#);
}

#[test]
fn changed_project_names_who_will_lose_access() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[]);
    gitlab.allow(WEB, Target::Project(OLD));
    let tf = workspace(&gitlab);
    let list = exclusive("target_projects = [\"acme/lib\"]");
    tf.config(&list);
    tf.apply().succeeds();

    tf.config(&replaced(&list, "acme/app", "acme/web"));
    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Targets lose access to project acme/web (3)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Applying this removes these from the allowlist, because the configuration
    doesn't include them:

      - project acme/old (4)

    To keep one, add it to the configuration.
    "#);
}

#[test]
fn unknown_targets_may_be_on_the_allowlist_already() {
    TERRAFORM_DATA.require();
    let gitlab = FOUR_PROJECTS.allowing(&[LIB, OLD], &[]);
    let tf = workspace(&gitlab);
    tf.config(&format!(
        "resource \"terraform_data\" \"web\" {{\n  input = \"acme/web\"\n}}\n{}",
        exclusive("target_projects = [\"acme/lib\", terraform_data.web.output]")
    ));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Targets may lose access to project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    The configuration doesn't include these, as far as its values are known now.
    Applying this removes them from the allowlist, unless a value that is known
    later refers to them:

      - project acme/old (4)

    To keep one, add it to the configuration.
    "#);
}

#[test]
fn hidden_targets_are_named_by_what_gitlab_returns() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[ACME]);
    gitlab.inject(json(r#"[{"id":1},{"id":2}]"#).on(Route::AllowlistProjectsGet));
    let tf = workspace(&gitlab);
    tf.config(&exclusive("target_project_ids = []"));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Targets lose access to project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Applying this removes these from the allowlist, because the configuration
    doesn't include them:

      - project 2

    To keep one, add it to the configuration.
    "#);
}

#[test]
fn unreadable_allowlist_fails_the_plan() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[]);
    let tf = workspace(&gitlab);
    tf.config(&replaced(&exclusive("target_project_ids = []"), "acme/app", "99"));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read allowlist: project 99
      gitlab_job_token_allowlist_exclusive.app
      > project = "99"

    GET /projects/99/job_token_scope/allowlist: not found, or not visible to the
    token (404).
    Response: Project Not Found

    GitLab returns 404 both for projects that don't exist and for projects that
    aren't visible to the token. Check the path or ID, and that the token's user
    has at least the Maintainer role in the project.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    "#);
}

#[test]
fn unknown_projects_do_not_make_the_loss_of_groups_uncertain() {
    TERRAFORM_DATA.require();
    let gitlab = FOUR_PROJECTS.allowing(&[OLD], &[ACME]);
    let tf = workspace(&gitlab);
    tf.config(&format!(
        "resource \"terraform_data\" \"web\" {{\n  input = \"acme/web\"\n}}\n{}",
        exclusive("target_projects = [terraform_data.web.output]\ntarget_groups = []")
    ));

    let plan = tf.plan();

    let mut warnings: Vec<(String, bool)> = plan
        .succeeds()
        .run()
        .warnings()
        .into_iter()
        .map(|warning| (warning.summary, warning.detail.contains("  - group acme (1)")))
        .collect();
    warnings.sort();
    let titled = |verb: &str| format!("Targets {verb} access to project acme/app (1)");
    assert_eq!(warnings, [(titled("lose"), true), (titled("may lose"), false)]);
}
