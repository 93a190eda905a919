//! The features that all versions have.

use gitlab_simulator::Route;
use insta::assert_snapshot;

use super::*;
use crate::kit::{json_with, workspace};

const ALL: &str = r#"
resource "gitlab_job_token_scope" "app" {
  project = "acme/app"
}

resource "gitlab_job_token_allowlist_entry" "lib" {
  project        = "acme/app"
  target_project = "acme/lib"
}

resource "gitlab_job_token_allowlist_entry" "team" {
  project      = "acme/app"
  target_group = "partners/team"
}

resource "gitlab_job_token_allowlist_exclusive" "other" {
  project         = "acme/other"
  target_projects = ["acme/app", "acme/lib"]
  target_groups   = ["partners"]
}

data "gitlab_job_token_allowlist" "other" {
  project    = "acme/other"
  depends_on = [gitlab_job_token_allowlist_exclusive.other]
}
"#;

#[test]
fn membership_and_access_are_managed_in_every_version() {
    // GitLab 16.0 can only read the setting.
    for version in VERSIONS.into_iter().skip(1) {
        let gitlab = of_version(version);
        let tf = workspace(&gitlab);
        tf.config(ALL);
        tf.apply().succeeds().has_no_warnings();
        assert_eq!(gitlab.allowlist(APP).projects, [LIB].into(), "{version}");
        assert_eq!(gitlab.allowlist(3).projects, [APP, LIB].into(), "{version}");
        tf.plan().changes_nothing().has_no_warnings();
        gitlab.revoke(APP, TARGET);
        tf.apply().succeeds();
        assert_eq!(gitlab.allowlist(APP).projects, [LIB].into(), "{version}");
        tf.destroy().succeeds();
        assert!(gitlab.allowlist(3).projects.is_empty(), "{version}");
    }
}

#[test]
fn permissions_are_managed_from_their_first_version() {
    for version in VERSIONS.into_iter().skip(2) {
        let gitlab = of_version(version);
        gitlab.set_fine_grained_permissions(APP, true);
        let tf = workspace(&gitlab);
        tf.config(&entry("target_project = \"acme/lib\"\n  job_token_policies = [\"READ_JOBS\"]"));
        tf.apply().succeeds().has_no_warnings();
        assert_eq!(gitlab.permissions(APP, TARGET), Some(only(&["READ_JOBS"])), "{version}");
        tf.plan().changes_nothing().has_no_warnings();
        gitlab.set_permissions(APP, TARGET, only(&[]));
        tf.apply().succeeds();
        assert_eq!(gitlab.permissions(APP, TARGET), Some(only(&["READ_JOBS"])), "{version}");
        tf.destroy().succeeds();
        assert_eq!(gitlab.permissions(APP, TARGET), None, "{version}");
    }
}

const PROJECTS: &str = r#"
resource "gitlab_job_token_scope" "app" {
  project         = "acme/app"
  inbound_enabled = false
}

resource "gitlab_job_token_allowlist_entry" "lib" {
  project        = "acme/app"
  target_project = "acme/lib"
}

resource "gitlab_job_token_allowlist_exclusive" "other" {
  project         = "acme/other"
  target_projects = ["acme/app"]
}

data "gitlab_job_token_allowlist" "other" {
  project    = "acme/other"
  depends_on = [gitlab_job_token_allowlist_exclusive.other]
}
"#;

#[test]
fn projects_are_managed_without_support_for_groups() {
    let gitlab = of_version("16.11.9-ee");
    let tf = workspace(&gitlab);
    tf.config(PROJECTS);
    tf.apply().succeeds();
    tf.plan().changes_nothing().has_no_warnings();
    assert_eq!(
        tf.state().of("data.gitlab_job_token_allowlist.other")["groups"],
        serde_json::json!([])
    );
    tf.run(&["state", "rm", "gitlab_job_token_allowlist_exclusive.other"]).succeeds();
    tf.import("gitlab_job_token_allowlist_exclusive.other", "acme/other").succeeds();
    tf.apply().succeeds();
    tf.destroy().succeeds();
    assert!(gitlab.inbound_enabled(APP) && gitlab.allowlist(APP).projects.is_empty());
}

#[test]
fn group_is_an_error_without_support_for_groups() {
    let gitlab = of_version("16.11.9-ee");
    let tf = workspace(&gitlab);
    tf.config(&entry("target_group = \"partners\""));
    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read allowlist: project acme/app (1)
      gitlab_job_token_allowlist_entry.entry
      > resource "gitlab_job_token_allowlist_entry" "entry" {

    GET /projects/1/job_token_scope/groups_allowlist: not supported by this
    version of GitLab (404).

    Allowlist entries for groups need GitLab 17.0 or later. Upgrade GitLab, or
    manage only projects. If this GitLab is newer, check that the provider's
    `base_url` is the URL of a GitLab instance.
    "#);
}

#[test]
fn empty_groups_are_an_error_without_support_for_groups() {
    let gitlab = of_version("16.11.9-ee");
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_exclusive" "this" {
          project = "acme/app"
          groups = {}
        }
        "#,
    );
    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read allowlist: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.this
      > resource "gitlab_job_token_allowlist_exclusive" "this" {

    GET /projects/1/job_token_scope/groups_allowlist: not supported by this
    version of GitLab (404).

    Allowlist entries for groups need GitLab 17.0 or later. Upgrade GitLab, or
    manage only projects. If this GitLab is newer, check that the provider's
    `base_url` is the URL of a GitLab instance.
    "#);
}

/// A missing endpoint says nothing about what exists.
#[test]
fn missing_endpoint_removes_nothing_from_state() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(&entry("target_group = \"partners\""));
    tf.apply().succeeds();
    gitlab.inject(json_with(404, r#"{"error":"404 Not Found"}"#).on(Route::AllowlistGroupsGet));
    tf.plan().run().fails();
    assert_eq!(tf.state().addresses(), [ENTRY]);
}

#[test]
fn first_version_has_a_readable_setting() {
    let gitlab = of_version("16.0.8-ee");
    let tf = workspace(&gitlab);
    let read = "data \"gitlab_job_token_scope\" \"app\" {\n  project = \"acme/app\"\n}\n";
    tf.config(read);
    tf.apply().succeeds().has_no_warnings();
    assert_eq!(tf.state().of("data.gitlab_job_token_scope.app")["inbound_enabled"], true);
    tf.config(&entry("target_project = \"acme/lib\""));
    let error = tf.plan().error();
    assert!(error.contains("need GitLab 16.1 or later"), "{error}");
}
