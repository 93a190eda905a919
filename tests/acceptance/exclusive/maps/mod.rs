//! The maps `projects` and `groups`: a whole allowlist with the permissions of each entry.

mod bad_input;
mod hidden;

use gitlab_simulator::{Fault, Permissions, Route, Simulator, Target, TokenSpec};
use insta::assert_snapshot;
use serde_json::{Value, json};
use terraform_cli::{Action, Workspace};

use super::{LIST, exclusive, listed};
use crate::kit::{json as kit_json, workspace};
use crate::worlds::{ACME, APP, APP_ONLY, FOUR_PROJECTS, LIB, OLD, OPS, PROD, WEB};

const ADD: &str = "ciJobTokenScopeAddGroupOrProject";
const UPDATE: &str = "ciJobTokenScopeUpdatePolicies";

fn only(policies: &[&str]) -> Permissions {
    Permissions::limited_to(policies.iter().copied())
}

/// Returns what the jobs of a project may do, if it is on the list.
fn held(gitlab: &Simulator, project: u64) -> Option<Permissions> {
    gitlab.permissions(APP, Target::Project(project))
}

/// Applies a list with these arguments.
#[track_caller]
fn applied(gitlab: &Simulator, arguments: &str) -> Workspace {
    let tf = workspace(gitlab);
    tf.config(&exclusive(arguments));
    tf.apply().succeeds();
    gitlab.clear_requests();
    tf
}

fn element(id: u64, policies: &[&str]) -> Value {
    json!({ "id": id, "job_token_policies": policies, "default_permissions": null })
}

/// Returns a 403 of GitLab.
fn forbidden() -> Fault {
    let body = r#"{"message":"403 Forbidden"}"#.to_owned();
    Fault::Responds { status: 403, content_type: "application/json".to_owned(), body }
}

const BOTH_KINDS: &str = r#"
  projects = {
    "acme/lib" = { job_token_policies = ["READ_PACKAGES", "READ_JOBS"] }
    "3"        = { job_token_policies = [] }
  }
  groups = {
    "ops/prod" = { default_permissions = true }
  }
"#;

#[test]
fn allowlist_matches_the_maps_and_plans_clean() {
    let gitlab = FOUR_PROJECTS.allowing(&[OLD], &[OPS]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive(BOTH_KINDS));

    tf.apply().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[LIB, WEB], &[PROD]));
    assert_eq!(held(&gitlab, LIB), Some(only(&["READ_JOBS", "READ_PACKAGES"])));
    assert_eq!(held(&gitlab, WEB), Some(only(&[])));
    let expected = json!({
        "project": "acme/app", "project_id": 1, "id": "1",
        "projects": { "acme/lib": element(LIB, &["READ_JOBS", "READ_PACKAGES"]), "3": element(WEB, &[]) },
        "groups": { "ops/prod": { "id": PROD, "job_token_policies": null, "default_permissions": true } },
        "target_projects": null, "target_project_ids": null,
        "target_groups": null, "target_group_ids": null,
    });
    assert_eq!(*tf.state().of(LIST), expected);
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn entries_are_added_with_their_permissions_at_once() {
    let (gitlab, _tf) = FOUR_PROJECTS.applied(&exclusive(BOTH_KINDS));

    let writes = gitlab.requests().writes();
    assert_eq!((writes.len(), writes.named(ADD).len()), (3, 3), "{writes}");
}

#[test]
fn permissions_narrow_before_others_are_added() {
    let gitlab = FOUR_PROJECTS.start();
    let arguments = r#"projects = { "acme/lib" = { default_permissions = true } }"#;
    let tf = applied(&gitlab, arguments);
    tf.config(&exclusive(
        r#"projects = {
          "acme/lib" = { job_token_policies = ["READ_JOBS"] }
          "acme/web" = { job_token_policies = ["READ_JOBS"] }
        }"#,
    ));

    let plan = tf.plan();
    assert_eq!(plan.has_no_warnings().change(LIST).action, Action::Update);
    tf.apply_saved().succeeds();

    let writes = gitlab.requests().writes();
    let names: Vec<_> = writes.iter().filter_map(|write| write.names.last().cloned()).collect();
    assert_eq!(names, [UPDATE, ADD], "{writes}");
    tf.plan().changes_nothing();
}

#[test]
fn drift_of_members_and_permissions_is_one_difference() {
    let gitlab = FOUR_PROJECTS.start();
    let tf = applied(&gitlab, BOTH_KINDS);
    gitlab.set_permissions(APP, Target::Project(LIB), Permissions::default());
    gitlab.revoke(APP, Target::Project(WEB));
    gitlab.allow(APP, Target::Project(OLD));

    let plan = tf.plan();
    let change = plan.change(LIST);
    assert_eq!(change.action, Action::Update);
    let before = &change.before["projects"];
    let kept = json!({ "id": LIB, "job_token_policies": null, "default_permissions": true });
    let added = json!({ "id": OLD, "job_token_policies": null, "default_permissions": true });
    assert_eq!(*before, json!({ "acme/lib": kept, "acme/old": added }));
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[LIB, WEB], &[PROD]));
    assert_eq!(held(&gitlab, LIB), Some(only(&["READ_JOBS", "READ_PACKAGES"])));
    tf.plan().changes_nothing();
}

#[test]
fn renamed_target_keeps_its_key() {
    let gitlab = FOUR_PROJECTS.start();
    let tf = applied(&gitlab, BOTH_KINDS);
    gitlab.rename_project(LIB, "acme/library");
    gitlab.rename_group(PROD, "ops/production");

    tf.plan().changes_nothing().has_no_warnings();

    tf.config(&exclusive(
        &BOTH_KINDS.replace("acme/lib", "acme/library").replace("ops/prod", "ops/production"),
    ));
    assert_eq!(tf.plan().has_no_warnings().change(LIST).action, Action::Update);
    gitlab.clear_requests();
    tf.apply_saved().succeeds();
    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.plan().changes_nothing();
}

#[test]
fn sets_become_maps_and_maps_become_sets_in_place() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB, WEB], &[]);
    let sets = r#"target_projects = ["acme/lib", "acme/web"]"#;
    let tf = applied(&gitlab, sets);
    tf.config(&exclusive(
        r#"projects = {
          "acme/lib" = { default_permissions = true }
          "acme/web" = { job_token_policies = ["READ_JOBS"] }
        }"#,
    ));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Permissions change: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Applying this changes the permissions of these entries:

      - project acme/web (3)
        from the default permissions
        to   READ_JOBS
    "#);
    tf.apply_saved().succeeds();
    let writes = gitlab.requests().writes();
    assert_eq!((writes.len(), writes.named(UPDATE).len()), (1, 1), "{writes}");
    tf.plan().changes_nothing();

    gitlab.clear_requests();
    tf.config(&exclusive(sets));
    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Permissions not managed: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    The configuration uses sets instead of maps, which don't manage permissions.
    These entries keep their permissions, and plans no longer show changes:

      - project acme/lib (2): the default permissions
      - project acme/web (3): READ_JOBS
    "#);
    tf.apply_saved().succeeds();
    assert_eq!(gitlab.requests().writes().to_string(), "");
    assert_eq!(held(&gitlab, WEB), Some(only(&["READ_JOBS"])));
    tf.plan().changes_nothing();
}

#[test]
fn import_uses_ids_as_keys_and_paths_write_nothing() {
    let gitlab = FOUR_PROJECTS.start();
    gitlab.allow_with(APP, Target::Project(LIB), only(&["READ_JOBS"]));
    gitlab.allow(APP, Target::Group(OPS));
    let tf = workspace(&gitlab);
    tf.config(&exclusive(
        r#"projects = { "acme/lib" = { job_token_policies = ["READ_JOBS"] } }
        groups = { ops = { default_permissions = true } }"#,
    ));
    tf.import(LIST, "acme/app").succeeds();

    let state = tf.state();
    assert_eq!(state.of(LIST)["projects"], json!({ "2": element(LIB, &["READ_JOBS"]) }));
    let group = json!({ "id": OPS, "job_token_policies": null, "default_permissions": true });
    assert_eq!(state.of(LIST)["groups"], json!({ "2": group }));
    assert_eq!(tf.plan().has_no_warnings().change(LIST).action, Action::Update);
    tf.apply_saved().succeeds();
    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.plan().changes_nothing();
}

#[test]
fn create_names_the_permissions_that_it_changes() {
    let gitlab = FOUR_PROJECTS.allowing(&[LIB], &[]);
    let tf = workspace(&gitlab);
    tf.config(&exclusive(r#"projects = { "acme/lib" = { job_token_policies = ["READ_JOBS"] } }"#));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Permissions change: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Applying this changes the permissions of these entries:

      - project acme/lib (2)
        from the default permissions
        to   READ_JOBS
    "#);
}

#[test]
fn changed_keys_do_not_hide_changed_permissions() {
    let gitlab = FOUR_PROJECTS.start();
    let tf = applied(
        &gitlab,
        r#"projects = {
          "2" = { job_token_policies = ["READ_JOBS"] }
          "3" = { job_token_policies = ["READ_JOBS"] }
        }"#,
    );
    tf.config(&exclusive(
        r#"projects = {
          "acme/lib" = { default_permissions = true }
          "acme/web" = { job_token_policies = ["READ_JOBS"] }
        }"#,
    ));

    let warning = tf.plan().warning();

    assert!(
        warning.ends_with(
            "  - project acme/lib (2)\n    from READ_JOBS\n    to   the default permissions"
        ),
        "{warning}"
    );
}

#[test]
fn limited_parent_group_is_warned_of() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&exclusive(r#"groups = { acme = { job_token_policies = ["READ_JOBS"] } }"#));

    let warning = tf.plan().warning();
    assert!(warning.contains("Own jobs restricted: project acme/app (1)"), "{warning}");
}

#[test]
fn plan_without_refresh_names_permissions_that_have_changed() {
    let gitlab = FOUR_PROJECTS.start();
    let arguments = r#"projects = { "acme/lib" = { job_token_policies = ["READ_JOBS"] } }"#;
    let tf = applied(&gitlab, arguments);
    gitlab.set_permissions(APP, Target::Project(LIB), only(&["ADMIN_JOBS"]));
    tf.config(&exclusive(&arguments.replace("READ_JOBS", "READ_PACKAGES")));

    let warning = tf.plan_with(&["-refresh=false"]).warning();

    assert!(warning.contains("from ADMIN_JOBS\n    to   READ_PACKAGES"), "{warning}");
}

#[test]
fn failed_write_leaves_the_state_true() {
    let gitlab = FOUR_PROJECTS.start();
    let tf = applied(&gitlab, r#"projects = { "acme/lib" = { job_token_policies = [] } }"#);
    tf.config(&exclusive(
        r#"projects = {
          "acme/lib" = { job_token_policies = ["READ_JOBS"] }
          "acme/web" = { job_token_policies = ["READ_JOBS"] }
        }"#,
    ));
    gitlab.inject(forbidden().on(Route::GraphqlMutation).named(ADD));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't update allowlist: project acme/app (1)
      gitlab_job_token_allowlist_exclusive.app
      > resource "gitlab_job_token_allowlist_exclusive" "app" {

    Failed:

      - add project acme/web (3)

    POST /api/graphql (AllowWithPermissions): the token's user isn't allowed to do
    this (403).

    GitLab doesn't respond this way over GraphQL if a role is missing: a proxy in
    front of it, or a restriction of the token or its user, rejects requests to
    `/api/graphql`. If the response gives no reason, ask an administrator of the
    instance.

    Permissions changed:

      - project acme/lib (2)
    "#);

    assert_eq!(
        tf.state().of(LIST)["projects"],
        json!({ "acme/lib": element(LIB, &["READ_JOBS"]) })
    );
    gitlab.clear_faults();
    tf.apply().succeeds();
    tf.plan().changes_nothing();
}

#[test]
fn destroy_removes_what_the_maps_name() {
    let gitlab = FOUR_PROJECTS.allowing(&[], &[OPS]);
    let tf = applied(&gitlab, r#"projects = { "acme/lib" = { job_token_policies = [] } }"#);

    tf.destroy().succeeds();

    assert_eq!(gitlab.allowlist(APP), listed(&[], &[OPS]));
}

#[test]
fn full_list_with_permissions_costs_a_mutation_each() {
    const FULL: usize = 200;
    let gitlab = APP_ONLY.start();
    for n in 0..FULL {
        gitlab.add_project(&format!("targets/t{n}"));
    }
    let tf = workspace(&gitlab);
    tf.config(&exclusive(
        r#"projects = { for n in range(200) : "targets/t${n}" => { job_token_policies = ["READ_JOBS"] } }"#,
    ));

    tf.apply().succeeds();

    let requests = gitlab.requests();
    assert_eq!((requests.writes().len(), requests.writes().named(ADD).len()), (FULL, FULL));
    let lists = requests.to(Route::GraphqlQuery).named("JobTokenPermissions");
    assert!(lists.len() <= 2, "{lists}");
    let look_ups = requests.to(Route::ProjectGet).len();
    assert!(look_ups <= 2 * (FULL + 1), "{look_ups}");
    assert!(requests.to(Route::AllowlistProjectsGet).len() <= 2);

    gitlab.clear_requests();
    tf.plan().changes_nothing();
    let requests = gitlab.requests();
    assert!(requests.len() <= 3 + 1 + 1, "{requests}");
}
