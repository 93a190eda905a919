//! Fine-grained personal access tokens: what works, and which permission an error names.

use gitlab_simulator::{GranularGraphql, TokenSpec};
use insta::assert_snapshot;
use serde_json::{Value, json};
use terraform_cli::{Run, Workspace};

use super::*;
use crate::kit::workspace;

/// All permissions that the resources need.
const ALL: [&str; 9] = [
    "Job Token Scope: Read",
    "Job Token Scope: Update",
    "Job Token Scope Allowlist: Read",
    "Job Token Scope Allowlist: Create",
    "CI/CD Setting: Update",
    "Job Token Scope Allowlist: Delete",
    "Project: Read",
    "Group: Read",
    "User: Read",
];

/// Without a block, Terraform adds an error to those of the provider configuration.
const PROVIDER: &str = "provider \"gitlab\" {}\n";

const LIMITED: &str = "target_project = \"acme/lib\"\n  job_token_policies = [\"READ_JOBS\"]";

/// Makes a workspace with a token that has these permissions and the Maintainer role.
fn with(gitlab: &Simulator, permissions: &[&str]) -> Workspace {
    let spec = TokenSpec::new("fine-grained").maintainer_of(ACME).can_see(Target::Group(3));
    let token = gitlab.add_token(spec.fine_grained(permissions.iter().copied()));
    let mut tf = workspace(gitlab);
    tf.set_env("GITLAB_TOKEN", &token);
    tf
}

fn has_warning(run: &Run, title: &str) -> bool {
    run.warnings().iter().any(|warning| warning.summary.contains(title))
}

fn without(missing: &str) -> Vec<&'static str> {
    ALL.into_iter().filter(|permission| *permission != missing).collect()
}

#[test]
fn membership_and_access_are_managed() {
    for version in ["18.10.0-ee", "19.4.1-ee"] {
        let gitlab = of_version(version);
        let tf = with(&gitlab, &ALL);
        tf.config(&format!(
            "{}resource \"gitlab_job_token_scope\" \"app\" {{\n  project = \"acme/app\"\n}}\n\
             resource \"gitlab_job_token_allowlist_exclusive\" \"other\" {{\n  project = \
             \"acme/other\"\n  target_groups = [\"partners/team\"]\n}}\n\
             ",
            entry("target_project = \"acme/lib\"")
        ));
        tf.apply().succeeds().has_no_warnings();
        tf.plan().changes_nothing().has_no_warnings();
        tf.destroy().succeeds();
        assert!(gitlab.allowlist(APP).projects.is_empty(), "{version}");
    }
}

#[test]
fn early_check_names_the_workaround() {
    let gitlab = newest();
    let mut tf = with(&gitlab, &without("User: Read"));
    tf.config(&format!("{PROVIDER}{}", entry("target_project = \"acme/lib\"")));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Can't use GitLab at http://127.0.0.1:PORT
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {}

    GET /user: the token lacks the permission User: Read (403).
    Response: Access denied: This operation requires a fine-grained personal
    access token with the following user permissions: [User: Read].

    Create a fine-grained token with User: Read and all other permissions in the
    guide "GitLab versions and tokens"; the permissions of a token can't be
    changed. If this token isn't fine-grained, the instance or group accepts only
    fine-grained tokens. Only the check of the token during provider configuration
    needs this permission: `early_auth_check = false` turns it off.
    "#);
    tf.set_env("GITLAB_EARLY_AUTH_CHECK", "false");
    tf.apply().succeeds().has_no_warnings();
}

#[test]
fn missing_permission_is_named() {
    let gitlab = newest();
    let tf = with(&gitlab, &without("Job Token Scope Allowlist: Create"));
    tf.config(&entry("target_project = \"acme/lib\""));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add entry: project acme/lib (2)
      gitlab_job_token_allowlist_entry.entry
      > resource "gitlab_job_token_allowlist_entry" "entry" {

    Adding project acme/lib (2) to the allowlist of project acme/app (1) failed.

    POST /projects/1/job_token_scope/allowlist: the token lacks the permission Job
    Token Scope Allowlist: Create (403).
    Response: Access denied: This operation requires a fine-grained personal
    access token with the following project permissions: [Job Token Scope
    Allowlist: Create].

    Create a fine-grained token with Job Token Scope Allowlist: Create and all
    other permissions in the guide "GitLab versions and tokens"; the permissions
    of a token can't be changed. If this token isn't fine-grained, the instance or
    group accepts only fine-grained tokens.
    "#);
    tf.config(&entry(LIMITED));
    let error = tf.apply().error();
    assert!(error.contains("Job Token Scope Allowlist: Create"), "{error}");
    assert!(gitlab.allowlist(APP).projects.is_empty());
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn unreadable_permissions_can_be_written() {
    for responses in [GranularGraphql::Errors, GranularGraphql::Nulls, GranularGraphql::EmptyLists]
    {
        let gitlab = newest();
        gitlab.set_granular_graphql(responses);
        let tf = with(&gitlab, &ALL);
        tf.config(&entry(LIMITED));

        let run = tf.apply();
        run.succeeds();
        assert!(
            run.warning().contains("Change not verified: "),
            "{responses:?}: {}",
            run.warning()
        );
        assert_eq!(gitlab.permissions(APP, TARGET), Some(only(&["READ_JOBS"])), "{responses:?}");
        assert_eq!(tf.state().of(ENTRY)["job_token_policies"], json!(["READ_JOBS"]));

        let plan = tf.plan();
        plan.changes_nothing();
        assert!(plan.warning().contains("Permissions hidden: "), "{responses:?}");

        tf.config(&entry(
            "target_project = \"acme/lib\"\n  job_token_policies = [\"READ_PACKAGES\"]",
        ));
        tf.apply().succeeds();
        assert_eq!(
            gitlab.permissions(APP, TARGET),
            Some(only(&["READ_PACKAGES"])),
            "{responses:?}"
        );

        gitlab.revoke(APP, TARGET);
        tf.apply().succeeds();
        assert_eq!(
            gitlab.permissions(APP, TARGET),
            Some(only(&["READ_PACKAGES"])),
            "{responses:?}"
        );
        tf.destroy().succeeds();
        assert_eq!(gitlab.permissions(APP, TARGET), None, "{responses:?}");
    }
}

#[test]
fn hidden_values_are_warned_of() {
    let gitlab = newest();
    let tf = with(&gitlab, &ALL);
    tf.config(&entry(LIMITED));
    let run = tf.apply();
    assert_snapshot!(run.warning(), @r#"
    Warning: Change not verified: acme/lib on acme/app
      gitlab_job_token_allowlist_entry.entry
      > resource "gitlab_job_token_allowlist_entry" "entry" {

    GitLab accepted the permissions of project acme/lib (2) on the allowlist of
    project acme/app (1) without an error, but doesn't show them to the token, so
    they couldn't be verified. Fine-grained tokens can't read permissions; a
    classic token with the `api` scope can.
    "#);
    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Permissions hidden: acme/lib on acme/app
      gitlab_job_token_allowlist_entry.entry
      > resource "gitlab_job_token_allowlist_entry" "entry" {

    POST /api/graphql (JobTokenPermissions): fine-grained tokens can't do this.
    Response: Access denied: This operation doesn't support fine-grained personal
    access tokens.

    The permissions of project acme/lib (2) on the allowlist of project acme/app
    (1) aren't visible to the token. The state keeps them, and plans don't show
    drift. Fine-grained tokens can't read them; a classic token with the `api`
    scope can.
    "#);
}

#[test]
fn data_sources_show_nulls_with_a_warning() {
    for responses in [GranularGraphql::Errors, GranularGraphql::Nulls, GranularGraphql::EmptyLists]
    {
        let gitlab = newest();
        gitlab.allow(APP, TARGET);
        gitlab.set_granular_graphql(responses);
        let tf = with(&gitlab, &ALL);
        tf.config(
            r#"
            data "gitlab_job_token_allowlist" "app" {
              project = "acme/app"
            }
            data "gitlab_job_token_scope" "app" {
              project = "acme/app"
            }
            "#,
        );
        let run = tf.apply();
        run.succeeds();
        assert!(has_warning(&run, "Permissions"), "{responses:?}: {}", run.stdout());
        let state = tf.state();
        let listed = &state.of("data.gitlab_job_token_allowlist.app")["projects"][0];
        assert_eq!(
            (&listed["path"], &listed["default_permissions"]),
            (&json!("acme/lib"), &Value::Null)
        );
        assert_eq!(state.of("data.gitlab_job_token_scope.app")["inbound_enabled"], true);
    }
}

#[test]
fn entries_that_may_push_are_not_denied_where_lists_look_empty() {
    let gitlab = newest();
    gitlab.allow(APP, TARGET);
    gitlab.set_granular_graphql(GranularGraphql::EmptyLists);
    let tf = with(&gitlab, &ALL);
    tf.config(
        r#"
        resource "gitlab_job_token_scope" "app" {
          project = "acme/app"
          cross_project_push_for_job_token_allowed = true
        }
        "#,
    );
    let plan = tf.plan();
    let warning = plan.warning();
    assert!(warning.contains("The entries on its allowlist couldn't be read"), "{warning}");
}

#[test]
fn hidden_own_permissions_are_warned_of() {
    let gitlab = newest();
    gitlab.allow_with(APP, Target::Project(APP), only(&["READ_JOBS"]));
    gitlab.set_granular_graphql(GranularGraphql::EmptyLists);
    let tf = with(&gitlab, &ALL);
    tf.config("data \"gitlab_job_token_allowlist\" \"app\" {\n  project = \"acme/app\"\n}\n");
    let run = tf.apply();
    run.succeeds();
    assert!(has_warning(&run, "Permissions not visible: project acme/app (1)"), "{}", run.stdout());
    assert_eq!(
        tf.state().of("data.gitlab_job_token_allowlist.app")["own_permissions"],
        Value::Null
    );
}

#[test]
fn counts_are_null_where_lists_look_empty() {
    for responses in [GranularGraphql::Nulls, GranularGraphql::EmptyLists] {
        let gitlab = newest();
        gitlab.allow(APP, TARGET);
        gitlab.set_granular_graphql(responses);
        let tf = with(&gitlab, &ALL);
        tf.config("data \"gitlab_job_token_scopes\" \"acme\" {\n  group = \"acme\"\n}\n");
        tf.apply().succeeds();
        let state = tf.state();
        let projects = state.of("data.gitlab_job_token_scopes.acme")["projects"].clone();
        assert_eq!(projects[0]["allowed_project_count"], Value::Null, "{responses:?}: {projects}");
    }
}

#[test]
fn unreadable_own_entry_is_restored() {
    for responses in [GranularGraphql::Errors, GranularGraphql::Nulls, GranularGraphql::EmptyLists]
    {
        let gitlab = newest();
        let own = Target::Project(APP);
        gitlab.allow_with(APP, own, only(&["READ_JOBS"]));
        gitlab.set_granular_graphql(responses);
        let tf = with(&gitlab, &ALL);
        tf.config(&entry("target_project_id = 1\n  job_token_policies = [\"READ_PACKAGES\"]"));
        let import = tf.import(ENTRY, "1:project:1");
        import.succeeds();
        assert!(
            import.stdout().contains("Warning: Permissions"),
            "{responses:?}: {}",
            import.stdout()
        );
        tf.apply().succeeds();
        assert_eq!(gitlab.permissions(APP, own), Some(only(&["READ_PACKAGES"])), "{responses:?}");
        tf.destroy().succeeds();
        assert_eq!(gitlab.permissions(APP, own), Some(Permissions::default()), "{responses:?}");
    }
}

#[test]
fn import_warns_of_unreadable_cross_project_push() {
    let gitlab = newest();
    gitlab.set_cross_project_push_for_job_token_allowed(APP, true);
    let tf = with(&gitlab, &ALL);
    tf.config("resource \"gitlab_job_token_scope\" \"app\" {\n  project = \"acme/app\"\n}\n");
    let import = tf.import("gitlab_job_token_scope.app", "1");
    import.succeeds();
    assert!(
        import.stdout().contains("Warning: Can't read cross-project push: 1"),
        "{}",
        import.stdout()
    );
}

#[test]
fn unreadable_cross_project_push_can_be_written() {
    for responses in [GranularGraphql::Errors, GranularGraphql::Nulls] {
        let gitlab = newest();
        gitlab.set_granular_graphql(responses);
        let tf = with(&gitlab, &ALL);
        tf.config(
            r#"
            resource "gitlab_job_token_scope" "app" {
              project = "acme/app"
              cross_project_push_for_job_token_allowed = true
            }
            "#,
        );
        let run = tf.apply();
        run.succeeds();
        assert!(has_warning(&run, "Cross-project push unknown"), "{responses:?}: {}", run.stdout());
        assert!(gitlab.cross_project_push_for_job_token_allowed(APP));
        tf.plan().changes_nothing();
        tf.destroy().succeeds();
        assert!(!gitlab.cross_project_push_for_job_token_allowed(APP), "{responses:?}");
    }
}

#[test]
fn classic_token_under_enforcement_is_an_error() {
    let gitlab = newest();
    gitlab.enforce_fine_grained_tokens(true);
    let tf = workspace(&gitlab);
    tf.config(&format!("{PROVIDER}{}", entry("target_project = \"acme/lib\"")));

    let error = tf.plan().error();

    assert!(error.contains("If this token isn't fine-grained"), "{error}");
}

#[test]
fn advice_for_data_sources_names_no_resource_attributes() {
    let gitlab = newest();
    gitlab.set_granular_graphql(GranularGraphql::Errors);
    let tf = with(&gitlab, &ALL);
    tf.config("data \"gitlab_job_token_scope\" \"app\" {\n  project = \"acme/app\"\n}\n");

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Can't read push settings: project acme/app (1)
      data.gitlab_job_token_scope.app
      > data "gitlab_job_token_scope" "app" {

    POST /api/graphql (JobTokenSettings): fine-grained tokens can't do this.
    Response: Access denied: This operation doesn't support fine-grained personal
    access tokens.

    GitLab offers this only over GraphQL, where fine-grained tokens don't support
    it yet. Use a classic access token with the `api` scope; `read_api` is enough
    for plans and data sources.

    Until then, `cross_project_push_for_job_token_allowed` is null.
    "#);

    tf.config("data \"gitlab_job_token_scopes\" \"acme\" {\n  group = \"acme\"\n}\n");
    let error = tf.plan().error();
    assert!(error.contains("`read_api` is enough"), "{error}");
}
