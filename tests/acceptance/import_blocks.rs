//! `import` blocks, with `for_each`, by IDs in every form.

use gitlab_simulator::Simulator;
use insta::assert_snapshot;
use terraform_cli::Action;

use crate::kit::{heading, workspace};
use crate::needs::{IMPORT_BLOCKS, IMPORT_FOR_EACH};
use crate::worlds::FOUR_PROJECTS;

/// Starts a GitLab in which everything but group `acme` is on the allowlist of `acme/app`.
fn full() -> Simulator {
    FOUR_PROJECTS.allowing(&[2, 3, 4], &[2, 3])
}

/// Imports this configuration, which must not change the server and must leave nothing to do.
fn imports_clean(config: &str, count: usize) {
    IMPORT_FOR_EACH.require();
    let gitlab = full();
    let tf = workspace(&gitlab);
    tf.config(config);

    let plan = tf.plan();
    assert_eq!(plan.has_no_warnings().actions(), []);
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
    assert_eq!(tf.state().addresses().len(), count);
    tf.plan().changes_nothing().has_no_warnings();
}

/// Returns the only error of a plan for this configuration.
fn planning_error(config: &str) -> String {
    IMPORT_FOR_EACH.require();
    let gitlab = full();
    let tf = workspace(&gitlab);
    tf.config(config);
    tf.plan().error()
}

#[test]
fn entries_are_imported_by_ids_in_every_form() {
    imports_clean(
        r#"
        locals {
          projects = {
            "1:project:2"               = { project = "1", target = 2 }
            "acme/app:project:acme/web" = { project = "acme/app", target = 3 }
            "acme/app:4"                = { project = "acme/app", target = 4 }
          }
          groups = {
            "1:group:ops"      = { project = "1", target = 2 }
            "acme/app:group:3" = { project = "acme/app", target = 3 }
          }
        }
        import {
          for_each = local.projects
          to       = gitlab_job_token_allowlist_entry.project[each.key]
          id       = each.key
        }
        import {
          for_each = local.groups
          to       = gitlab_job_token_allowlist_entry.group[each.key]
          id       = each.key
        }
        resource "gitlab_job_token_allowlist_entry" "project" {
          for_each          = local.projects
          project           = each.value.project
          target_project_id = each.value.target
        }
        resource "gitlab_job_token_allowlist_entry" "group" {
          for_each        = local.groups
          project         = each.value.project
          target_group_id = each.value.target
        }
        "#,
        5,
    );
}

#[test]
fn scopes_are_imported_by_id_and_by_path() {
    imports_clean(
        r#"
        locals {
          projects = toset(["1", "2", "acme/web", "acme/old"])
        }
        import {
          for_each = local.projects
          to       = gitlab_job_token_scope.this[each.key]
          id       = each.key
        }
        resource "gitlab_job_token_scope" "this" {
          for_each = local.projects
          project  = each.key
        }
        "#,
        4,
    );
}

#[test]
fn exclusive_lists_are_imported_by_id_and_by_path() {
    imports_clean(
        r#"
        locals {
          projects = {
            "acme/app" = { projects = [2, 3, 4], groups = [2, 3] }
            "2"        = { projects = [], groups = [] }
          }
        }
        import {
          for_each = local.projects
          to       = gitlab_job_token_allowlist_exclusive.this[each.key]
          id       = each.key
        }
        resource "gitlab_job_token_allowlist_exclusive" "this" {
          for_each = local.projects
          project  = each.key
          projects = { for id in each.value.projects : id => { default_permissions = true } }
          groups   = { for id in each.value.groups : id => { default_permissions = true } }
        }
        "#,
        2,
    );
}

#[test]
fn list_changed_by_its_import_names_who_loses_access() {
    IMPORT_BLOCKS.require();
    let gitlab = full();
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        import {
          to = gitlab_job_token_allowlist_exclusive.app
          id = "acme/app"
        }
        resource "gitlab_job_token_allowlist_exclusive" "app" {
          project         = "acme/app"
          target_projects = ["acme/lib"]
          target_groups   = ["ops", "ops/prod"]
        }
        "#,
    );

    let plan = tf.plan();
    assert_snapshot!(heading(&plan.warning()), @r#"
    Warning: Targets lose access to project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {
    "#);
    assert_eq!(plan.change("gitlab_job_token_allowlist_exclusive.app").action, Action::Update);
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(1).projects, [2].into());
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn entry_missing_from_the_allowlist_cannot_be_imported() {
    let error = planning_error(
        r#"
        import {
          for_each = toset(["acme/app:group:acme"])
          to       = gitlab_job_token_allowlist_entry.this[each.key]
          id       = each.key
        }
        resource "gitlab_job_token_allowlist_entry" "this" {
          for_each     = toset(["acme/app:group:acme"])
          project      = "acme/app"
          target_group = "acme"
        }
        "#,
    );
    assert_snapshot!(error, @r#"
    Error: Allowlist entry not found: group acme (1)

    "acme/app:group:acme" can't be imported.

    Group acme (1) isn't on the allowlist of project acme/app (1), so there is
    nothing to import. Check the IDs or paths. To add the entry, apply the
    resource without importing it.
    "#);
}

#[test]
fn scope_of_a_missing_project_cannot_be_imported() {
    let error = planning_error(
        r#"
        import {
          to = gitlab_job_token_scope.this
          id = "acme/none"
        }
        resource "gitlab_job_token_scope" "this" {
          project = "acme/none"
        }
        "#,
    );
    assert_snapshot!(heading(&error), @r#"
    Error: Unknown project: acme/none
    "#);
}

#[test]
fn list_of_a_missing_project_cannot_be_imported() {
    let error = planning_error(
        r#"
        import {
          to = gitlab_job_token_allowlist_exclusive.this
          id = "99"
        }
        resource "gitlab_job_token_allowlist_exclusive" "this" {
          project            = "99"
          target_project_ids = []
        }
        "#,
    );
    assert_snapshot!(error, @r#"
    Error: Can't read allowlist: project 99

    "99" can't be imported.

    GET /projects/99/job_token_scope/allowlist: not found, or not visible to the
    token (404).
    Response: Project Not Found

    GitLab returns 404 both for projects that don't exist and for projects that
    aren't visible to the token. Check the path or ID, and that the token's user
    has at least the Maintainer role in the project.
    "#);
}
