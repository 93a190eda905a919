//! `gitlab_job_token_scope`: access restricted to the allowlist, or open.

use gitlab_simulator::{ADMINISTRATOR, Enforcement, Simulator, Target, TokenSpec, TokenState};
use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::{Action, Workspace};

use crate::kit::{heading, workspace};
use crate::worlds::{APP, APP_AND_LIB, APP_ONLY};

const SCOPE: &str = "gitlab_job_token_scope.app";

const LIMITED: &str = r#"
resource "gitlab_job_token_scope" "app" {
  project = "acme/app"
}
"#;

const OPEN: &str = r#"
resource "gitlab_job_token_scope" "app" {
  project         = "acme/app"
  inbound_enabled = false
}
"#;

/// Makes a workspace whose token can't read the instance's settings.
fn maintainer(gitlab: &Simulator) -> Workspace {
    let acme = Target::Group(gitlab.group_id("acme").expect("a group"));
    let token = gitlab.add_token(TokenSpec::new("maintainer").maintainer_of(acme));
    let mut tf = workspace(gitlab);
    tf.set_env("GITLAB_TOKEN", &token);
    tf
}

#[test]
fn applied_scope_plans_clean() {
    let gitlab = APP_ONLY.start();
    gitlab.set_inbound_enabled(APP, false);
    let tf = workspace(&gitlab);
    tf.config(LIMITED);

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Project acme/app (1) becomes restricted
      gitlab_job_token_scope.app
      > resource "gitlab_job_token_scope" "app" {

    Project acme/app (1) is open (`inbound_enabled = false`). Applying this
    restricts access to its allowlist. Its allowlist is empty now: all other
    projects lose access, except for those that this apply adds first. If more
    projects need access, add them to the allowlist first.
    "#);
    tf.apply_saved().succeeds();

    assert!(gitlab.inbound_enabled(APP));
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn state_has_the_id_beside_the_configured_path() {
    let gitlab = Simulator::start();
    gitlab.add_project("acme/other");
    gitlab.add_project("acme/app");
    let tf = workspace(&gitlab);
    tf.config(LIMITED);

    tf.apply().succeeds();

    let expected = json!({
        "project": "acme/app", "project_id": 2, "id": "2", "inbound_enabled": true, "outbound_enabled": false,
        "push_repository_for_job_token_allowed": null, "cross_project_push_for_job_token_allowed": null,
    });
    assert_eq!(*tf.state().of(SCOPE), expected);
}

#[test]
fn matching_setting_is_not_written() {
    let (gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(LIMITED);

    tf.apply().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn setting_changes_in_place_with_one_write() {
    let (gitlab, tf) = APP_ONLY.applied(LIMITED);
    tf.config(OPEN);
    gitlab.clear_requests();

    let change = tf.plan().change(SCOPE);
    assert_eq!((change.action, change.unknown), (Action::Update, json!({})));
    tf.apply_saved().succeeds();

    assert!(!gitlab.inbound_enabled(APP));
    assert_eq!(
        gitlab.requests().writes().to_string(),
        "PATCH /api/v4/projects/1/job_token_scope → 204\n"
    );
}

#[test]
fn only_the_plan_warns_of_opening_a_project() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.config(OPEN);

    assert_snapshot!(tf.plan().warning(), @r"
    Warning: Project acme/app (1) opens to all job tokens
      gitlab_job_token_scope.app
      > inbound_enabled = false

    With `inbound_enabled = false`, the jobs of all projects of the instance can
    access project acme/app (1) with their job token, within the rights of the
    user who runs them. It is safer to add the projects and groups that need
    access to the allowlist. If the instance enforces allowlists, as GitLab.com
    does, applying this fails.
    ");
    tf.apply_saved().succeeds();

    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn warning_names_each_project_that_will_be_open() {
    let (_gitlab, tf) = APP_AND_LIB.with_workspace();
    tf.config(&format!(
        "{OPEN}{}",
        OPEN.replace("\"app\"", "\"lib\"").replace("acme/app", "acme/lib")
    ));

    let plan = tf.run(&["plan", "-no-color", "-input=false"]);

    plan.succeeds();
    for project in ["acme/app (1)", "acme/lib (2)"] {
        let title = format!("Warning: Project {project} opens to all job tokens");
        assert!(plan.stdout().contains(&title), "{title:?} is not in {plan}");
    }
}

#[test]
fn setting_changed_outside_terraform_is_restored() {
    let (gitlab, tf) = APP_ONLY.applied(LIMITED);
    gitlab.set_inbound_enabled(APP, false);

    let plan = tf.plan();
    assert_eq!(plan.drift()[0].after["inbound_enabled"], false);
    assert_eq!(plan.actions(), [(SCOPE.to_owned(), Action::Update)]);
    tf.apply_saved().succeeds();

    assert!(gitlab.inbound_enabled(APP));
    tf.plan().changes_nothing();
}

#[test]
fn enforcement_that_begins_later_fails_the_plan() {
    let (gitlab, tf) = APP_ONLY.applied(OPEN);
    gitlab.set_enforcement(Enforcement::Refusing);

    let plan = tf.plan();

    assert!(plan.error().contains("Can't open project acme/app (1)"), "{}", plan.error());
    let warnings: Vec<String> = plan.run().warnings().iter().map(ToString::to_string).collect();
    assert_snapshot!(warnings.join("\n\n"), @r#"
    Warning: Project acme/app (1) isn't open
      gitlab_job_token_scope.app
      > resource "gitlab_job_token_scope" "app" {

    The state has `inbound_enabled = false` for project acme/app (1), but GitLab
    returns `true`. A user may have changed the setting, or an earlier apply may
    not have changed it. The next apply sets it.

    If the instance enforces allowlists, as GitLab.com does, `inbound_enabled` can
    only be `true`. Remove the attribute, and add the projects and groups that
    need access to the allowlist.
    "#);
}

#[test]
fn deprecated_outbound_setting_follows_the_server() {
    let (gitlab, tf) = APP_ONLY.applied(LIMITED);
    gitlab.set_outbound_enabled(APP, true);

    tf.plan().changes_nothing();
    tf.apply().succeeds();

    assert_eq!(tf.state().of(SCOPE)["outbound_enabled"], true);
}

#[test]
fn changed_project_replaces_and_restricts_the_former_one() {
    let gitlab = Simulator::start();
    let (app, other) = (gitlab.add_project("acme/app"), gitlab.add_project("acme/other"));
    let tf = workspace(&gitlab);
    tf.config(OPEN);
    tf.apply().succeeds();
    tf.config(&OPEN.replace("acme/app", "acme/other"));

    let change = tf.plan().change(SCOPE);
    assert_eq!(
        (change.action, change.replaced_by),
        (Action::Replace, vec!["project_id".to_owned()])
    );
    tf.apply_saved().succeeds();

    assert!(gitlab.inbound_enabled(app) && !gitlab.inbound_enabled(other));
    assert_eq!(tf.state().of(SCOPE)["project_id"], other);
}

#[test]
fn destroy_restricts_the_project() {
    let (gitlab, tf) = APP_ONLY.applied(OPEN);

    tf.destroy().succeeds().has_no_warnings();

    assert!(gitlab.inbound_enabled(APP));
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn destroy_of_a_missing_project_succeeds_with_a_warning() {
    let (gitlab, tf) = APP_ONLY.applied(LIMITED);
    gitlab.delete_project(APP);

    let run = tf.apply_with(&["-destroy", "-refresh=false"]);
    assert_snapshot!(heading(&run.succeeds().warning()), @r"
    Warning: Project acme/app (1) is gone or not visible
    ");

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn deleted_project_leaves_the_state_on_refresh() {
    let (gitlab, tf) = APP_ONLY.applied(LIMITED);
    gitlab.delete_project(APP);

    let refresh = tf.apply_with(&["-refresh-only"]);

    assert_snapshot!(refresh.succeeds().warning(), @r#"
    Warning: Project acme/app (1) is gone or not visible
      gitlab_job_token_scope.app
      > resource "gitlab_job_token_scope" "app" {

    GitLab returns 404 for project acme/app (1), so its resources will be removed
    from the state. If the project still exists, don't apply: restore the
    Maintainer role of the token's user first. If it was deleted, remove its
    resources from the configuration: the apply can't create them again.
    "#);
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn deleted_project_is_reported_once() {
    let (gitlab, tf) = APP_ONLY.applied(LIMITED);
    gitlab.delete_project(APP);

    let plan = tf.plan();

    let titles: Vec<String> =
        plan.succeeds().run().warnings().into_iter().map(|warning| warning.summary).collect();
    assert_eq!(titles, ["Project acme/app (1) is gone or not visible"]);
}

#[test]
fn rejected_token_removes_nothing_from_state() {
    let (gitlab, mut tf) = APP_ONLY.with_workspace();
    tf.set_env("GITLAB_EARLY_AUTH_CHECK", "false");
    tf.config(LIMITED);
    tf.apply().succeeds();

    gitlab.set_token_state(ADMINISTRATOR, TokenState::Expired);
    assert_snapshot!(tf.apply_with(&["-refresh-only"]).error(), @r#"
    Error: Can't read job token scope: project acme/app (1)
      gitlab_job_token_scope.app
      > resource "gitlab_job_token_scope" "app" {

    GET /projects/1/job_token_scope: the token has expired (401).
    Response: Token is expired. You can either do re-authorization or token
    refresh.

    Create a new access token with the `api` scope, and set it as the provider's
    `token` or as `GITLAB_TOKEN`.
    "#);

    assert_eq!(tf.state().addresses(), [SCOPE]);
}

#[test]
fn insufficient_role_removes_nothing_from_state() {
    let (gitlab, mut tf) = APP_ONLY.applied(LIMITED);

    let place = Target::Project(APP);
    tf.set_env("GITLAB_TOKEN", &gitlab.add_token(TokenSpec::new("demoted").developer_of(place)));
    assert_snapshot!(tf.apply_with(&["-refresh-only"]).error(), @r#"
    Error: Can't read job token scope: project acme/app (1)
      gitlab_job_token_scope.app
      > resource "gitlab_job_token_scope" "app" {

    GET /projects/1/job_token_scope: the token's user isn't allowed to do this
    (403).

    If the response gives no other reason, the token's user lacks the Maintainer
    role in the project, which GitLab requires for job token settings. Give this
    role to the user.
    "#);

    assert_eq!(tf.state().addresses(), [SCOPE]);
}

#[test]
fn opening_a_project_fails_where_the_allowlist_is_enforced() {
    let gitlab = APP_ONLY.start_with(Simulator::builder().enforcement(Enforcement::Refusing));
    let tf = maintainer(&gitlab);
    tf.config(OPEN);

    assert_snapshot!(tf.apply().error(), @r"
    Error: Can't open project acme/app (1)
      gitlab_job_token_scope.app
      > inbound_enabled = false

    PATCH /projects/1/job_token_scope: GitLab rejected the request (400).
    Response: Job token scope cannot be disabled for this project because it is
    enforced for the instance.

    If the instance enforces allowlists, as GitLab.com does, `inbound_enabled` can
    only be `true`. Remove the attribute, and add the projects and groups that
    need access to the allowlist.
    ");

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn setting_silently_kept_by_an_old_gitlab_is_an_error() {
    let gitlab = APP_ONLY.start_with(Simulator::builder().enforcement(Enforcement::Silent));
    let tf = maintainer(&gitlab);
    tf.config(OPEN);

    assert_snapshot!(tf.apply().error(), @r"
    Error: Can't open project acme/app (1)
      gitlab_job_token_scope.app
      > inbound_enabled = false

    GitLab accepted the change, but still returns `inbound_enabled = true`.

    If the instance enforces allowlists, as GitLab.com does, `inbound_enabled` can
    only be `true`. Remove the attribute, and add the projects and groups that
    need access to the allowlist.
    ");

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn update_without_effect_keeps_the_state_true() {
    let gitlab = APP_ONLY.start_with(Simulator::builder().enforcement(Enforcement::Silent));
    let tf = workspace(&gitlab);
    tf.config(LIMITED);
    tf.apply().succeeds();
    tf.config(OPEN);

    tf.apply().fails();

    assert_eq!(tf.state().of(SCOPE)["inbound_enabled"], true);
}

#[test]
fn enforced_allowlist_satisfies_a_restricted_project() {
    let gitlab = APP_ONLY.start_with(Simulator::builder().enforced());
    gitlab.set_inbound_enabled(APP, false);
    let tf = workspace(&gitlab);
    tf.config(LIMITED);

    tf.apply().succeeds();

    tf.plan().changes_nothing();
    assert_eq!(gitlab.requests().writes().to_string(), "");
}
