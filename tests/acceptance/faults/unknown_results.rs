//! Writes with an unknown result: the state has everything that may exist.

use gitlab_simulator::{Fault, Injection, Route, Simulator};
use insta::assert_snapshot;
use terraform_cli::Workspace;

use super::APP;
use crate::allowlist_entry::LIB_ON_APP;
use crate::kit::{json_with, workspace};
use crate::worlds::THREE_PROJECTS;

const ENTRY: &str = "gitlab_job_token_allowlist_entry.lib";
const SCOPE: &str = "gitlab_job_token_scope.app";
const PROVIDER: &str = "provider \"gitlab\" {\n  retries = 0\n}\n";

const OPEN: &str = r#"
resource "gitlab_job_token_scope" "app" {
  project = "acme/app"
  inbound_enabled = false
}
"#;

/// Executes a write without responding, and doesn't respond to anything afterwards. The apply reads
/// before it writes.
fn fail_after_write(gitlab: &Simulator, write: Route) {
    let dark = || Injection::from(Fault::Unavailable { retry_after: None });
    gitlab.inject(dark().on(write).carried_out());
    for (route, reads) in
        [(Route::AllowlistProjectsGet, 1), (Route::ScopeGet, 1), (Route::GraphqlQuery, 2)]
    {
        gitlab.inject(dark().on(route).after(reads));
    }
}

/// Plans with a working server, and applies with one that stops responding after a write.
fn applied(gitlab: &Simulator, config: &str, write: Route) -> (Workspace, String) {
    let tf = workspace(gitlab);
    tf.config(&format!("{PROVIDER}{config}"));
    tf.plan().succeeds();
    fail_after_write(gitlab, write);
    let error = tf.apply_saved().error();
    gitlab.clear_faults();
    (tf, error)
}

#[test]
fn possible_entry_is_in_state() {
    let gitlab = THREE_PROJECTS.start();
    let (tf, error) = applied(&gitlab, LIB_ON_APP, Route::AllowlistProjectPost);
    assert_snapshot!(error, @r#"
    Error: Can't add entry: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    Adding project acme/lib (2) to the allowlist of project acme/app (1) failed.

    POST /projects/1/job_token_scope/allowlist: the server returned an error
    (503).
    Response: a web page titled "Service Unavailable"

    GitLab or a proxy in front of it failed. Try again: an apply makes only the
    remaining changes.

    The entry may have been added, but this couldn't be verified. It is in the
    state, and the next apply replaces it.
    "#);
    assert_eq!(gitlab.allowlist(APP).projects, [2].into());
    assert_eq!(tf.state().addresses(), [ENTRY]);
    tf.destroy().succeeds();
    assert!(gitlab.allowlist(APP).projects.is_empty(), "nothing stays behind");
}

#[test]
fn entry_with_permissions_that_may_be_there_is_in_state() {
    let gitlab = THREE_PROJECTS.start();
    let config = LIB_ON_APP
        .replace("\"acme/lib\"\n", "\"acme/lib\"\n  job_token_policies = [\"READ_JOBS\"]\n");
    let (tf, _) = applied(&gitlab, &config, Route::GraphqlMutation);
    assert_eq!(tf.state().addresses(), [ENTRY]);
    tf.destroy().succeeds();
    assert!(gitlab.allowlist(APP).projects.is_empty());
}

#[test]
fn project_that_may_be_open_is_in_state() {
    let gitlab = THREE_PROJECTS.start();
    let (tf, error) = applied(&gitlab, OPEN, Route::ScopePatch);
    assert_snapshot!(error, @r#"
    Error: Can't open project acme/app (1)
      gitlab_job_token_scope.app
      > inbound_enabled = false

    PATCH /projects/1/job_token_scope: the server returned an error (503).
    Response: a web page titled "Service Unavailable"

    GitLab or a proxy in front of it failed. Try again: an apply makes only the
    remaining changes.

    The setting may have been changed, but this couldn't be verified. The state
    has the new value. Plan again: if GitLab doesn't have it, the next apply sets
    it.
    "#);
    assert!(!gitlab.inbound_enabled(APP));
    assert_eq!(tf.state().of(SCOPE)["inbound_enabled"], false);
    tf.destroy().succeeds();
    assert!(gitlab.inbound_enabled(APP));
}

/// GitLab may still carry out the request after the provider has read the previous value.
#[test]
fn project_that_may_yet_be_opened_is_in_state() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    gitlab.inject(Fault::BadGateway.on(Route::ScopePatch));
    tf.config(OPEN);

    let error = tf.apply().error();

    let (_, effect) = error.rsplit_once("\n\n").expect("a last paragraph");
    assert_snapshot!(effect, @"
    GitLab still returns the previous value, but may make the change later. The
    state has the new value. Plan again: if GitLab doesn't have it, the next apply
    sets it.
    ");
    assert_eq!(tf.state().of(SCOPE)["inbound_enabled"], false);
}

/// The push setting is refused after the project was opened.
#[test]
fn partially_failed_create_keeps_what_was_done() {
    let gitlab = THREE_PROJECTS.start();
    let forbidden = r#"{"message":"403 Forbidden"}"#.to_owned();
    let content_type = "application/json".to_owned();
    gitlab.inject(
        Fault::Responds { status: 403, content_type, body: forbidden }.on(Route::ProjectPut),
    );
    let tf = workspace(&gitlab);
    tf.config(&OPEN.replace("false\n", "false\n  push_repository_for_job_token_allowed = true\n"));

    tf.apply().fails();

    assert_eq!(tf.state().of(SCOPE)["inbound_enabled"], false);
    gitlab.clear_faults();
    tf.destroy().succeeds();
    assert!(gitlab.inbound_enabled(APP));
}

#[test]
fn list_decides_after_an_empty_response_to_a_mutation() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.inject(
        Injection::from(crate::kit::json("{}")).on(Route::GraphqlMutation).carried_out().once(),
    );
    let tf = workspace(&gitlab);
    tf.config(
        &LIB_ON_APP
            .replace("\"acme/lib\"\n", "\"acme/lib\"\n  job_token_policies = [\"READ_JOBS\"]\n"),
    );

    tf.apply().succeeds();

    assert_eq!(tf.state().addresses(), [ENTRY]);
    tf.plan().changes_nothing();
}

#[test]
fn incomplete_list_proves_no_removal() {
    let (gitlab, tf) = THREE_PROJECTS.applied(LIB_ON_APP);
    // The token no longer sees the target, and the list leaves it out of what it counts.
    gitlab.inject(
        json_with(404, r#"{"message":"404 Project Not Found"}"#).on(Route::AllowlistProjectDelete),
    );
    gitlab.inject(Injection::from(Fault::LosesAnElement).on(Route::AllowlistProjectsGet));
    let run = tf.run(&["destroy", "-auto-approve", "-no-color", "-refresh=false"]);
    run.fails();
    assert_eq!(tf.state().addresses(), [ENTRY]);

    tf.plan().run().fails();
    assert_eq!(tf.state().addresses(), [ENTRY]);
}

#[test]
fn gateway_404_does_not_change_the_state() {
    let (gitlab, tf) = THREE_PROJECTS.applied(LIB_ON_APP);
    gitlab.inject(json_with(404, r#"{"message":"no Route matched with those values"}"#));

    tf.run(&["refresh", "-no-color"]).fails();

    assert_eq!(tf.state().addresses(), [ENTRY]);
}

/// A top-level error of a mutation is a rejection only if it is GitLab's message for one.
#[test]
fn change_of_a_failed_mutation_is_found() {
    let gitlab = THREE_PROJECTS.start();
    let failed = r#"{"data":{"written":null},"errors":[{"message":"Internal server error","path":["written"]}]}"#;
    gitlab.inject(
        Injection::from(crate::kit::json(failed)).on(Route::GraphqlMutation).carried_out().once(),
    );
    let tf = workspace(&gitlab);
    tf.config(
        &LIB_ON_APP
            .replace("\"acme/lib\"\n", "\"acme/lib\"\n  job_token_policies = [\"READ_JOBS\"]\n"),
    );

    tf.apply().succeeds();

    assert_eq!(tf.state().addresses(), [ENTRY]);
    tf.plan().changes_nothing();
}

/// GitLab's list of projects always has the project itself.
#[test]
fn empty_list_proves_no_removal() {
    let (gitlab, tf) = THREE_PROJECTS.applied(LIB_ON_APP);
    gitlab.inject(crate::kit::json("[]").on(Route::AllowlistProjectsGet));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read allowlist: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    GET /projects/1/job_token_scope/allowlist: the list is incomplete: the project
    itself is missing, read 3 times.

    The list was ignored, because elements are missing. Try again. If the error
    persists, a proxy may be changing GitLab's responses.
    "#);

    gitlab.inject(Fault::DropsTheRequest.on(Route::AllowlistProjectDelete));
    tf.run(&["destroy", "-auto-approve", "-no-color", "-refresh=false"]).fails();
    assert_eq!(tf.state().addresses(), [ENTRY]);
}

/// GitLab's response, but only to one request of the project.
#[test]
fn response_404_removes_only_a_missing_project() {
    let (gitlab, tf) = THREE_PROJECTS.applied(LIB_ON_APP);
    gitlab.inject(
        json_with(404, r#"{"message":"404 Project Not Found"}"#).on(Route::AllowlistProjectsGet),
    );

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't read allowlist: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    GET /projects/1/job_token_scope/allowlist: not found, although the project
    exists (404).
    Response: Project Not Found

    GitLab shows the project, so this response was ignored. Try again. If the
    error persists, a proxy may be changing GitLab's responses.
    "#);

    assert_eq!(tf.state().addresses(), [ENTRY]);
}

#[test]
fn failed_create_of_a_list_names_possible_entries() {
    let gitlab = THREE_PROJECTS.start();
    let list = r#"
        resource "gitlab_job_token_allowlist_exclusive" "app" {
          project = "acme/app"
          target_projects = ["acme/lib"]
        }
    "#;
    let (tf, error) = applied(&gitlab, list, Route::AllowlistProjectPost);
    assert_snapshot!(error, @r#"
    Error: Can't update allowlist: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Failed:

      - add project acme/lib (2)

    POST /projects/1/job_token_scope/allowlist: the server returned an error
    (503).
    Response: a web page titled "Service Unavailable"

    GitLab or a proxy in front of it failed. Try again: an apply makes only the
    remaining changes.

    May have been added:

      - project acme/lib (2)

    The resource isn't in the state, so destroying doesn't remove the entries that
    were added. The next apply adopts them.
    "#);
    assert!(tf.state().addresses().is_empty());
    tf.apply().succeeds();
    tf.destroy().succeeds();
    assert!(gitlab.allowlist(APP).projects.is_empty());
}
