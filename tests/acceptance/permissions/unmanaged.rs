//! Entries without configured permissions: they aren't changed or requested.

use insta::assert_snapshot;
use serde_json::Value;
use terraform_cli::Action;

use super::*;
use crate::needs::TERRAFORM_DATA;

#[test]
fn graphql_is_unused_without_configured_permissions() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry(""));

    tf.apply().succeeds();
    tf.plan().changes_nothing();
    assert_eq!(held(&gitlab), Some(Permissions::default()));
    let state = tf.state();
    assert_eq!(state.of(ENTRY)["default_permissions"], Value::Null);
    assert_eq!(state.of(ENTRY)["job_token_policies"], Value::Null);
    tf.destroy().succeeds();

    assert_eq!(graphql(&gitlab.requests()).to_string(), "");
}

#[test]
fn unmanaged_permissions_are_not_changed() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow_with(APP, TARGET, only(&["READ_JOBS"]));
    let tf = applied(&gitlab, "");
    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));

    gitlab.set_permissions(APP, TARGET, only(&["ADMIN_JOBS"]));

    tf.plan().changes_nothing();
    assert_eq!(graphql(&gitlab.requests()).to_string(), "");
}

#[test]
fn exclusive_list_does_not_change_permissions() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow_with(APP, TARGET, only(&["READ_JOBS"]));
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_exclusive" "app" {
          project         = "acme/app"
          target_projects = ["acme/lib", "acme/other"]
        }
        "#,
    );

    tf.apply().succeeds();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    assert_eq!(graphql(&gitlab.requests()).to_string(), "");
}

#[test]
fn managing_the_permissions_of_an_entry_begins_in_place() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, "");
    tf.config(&entry(JOBS));

    let change = tf.plan().change(ENTRY);
    assert_eq!(
        (change.action, &change.before["job_token_policies"]),
        (Action::Update, &Value::Null)
    );
    tf.apply_saved().succeeds().has_no_warnings();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    assert_eq!(gitlab.requests().writes().len(), 1);
    tf.plan().changes_nothing();
}

#[test]
fn managing_ends_in_place_without_a_write_and_with_a_warning() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS_AND_PACKAGES);
    tf.config(&entry(""));

    let plan = tf.plan();
    assert_eq!(plan.change(ENTRY).action, Action::Update);
    assert_snapshot!(plan.warning(), @r#"
    Warning: Permissions not set: acme/lib on acme/app
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    The configuration no longer sets `default_permissions` or `job_token_policies`
    of project acme/lib (2) on the allowlist of project acme/app (1). It keeps
    READ_JOBS, READ_PACKAGES, and plans no longer show changes. To manage its
    permissions, set `default_permissions` or `job_token_policies`.
    "#);
    tf.apply_saved().succeeds();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS", "READ_PACKAGES"])));
    assert_eq!(gitlab.requests().writes().to_string(), "");
    assert_eq!(tf.state().of(ENTRY)["default_permissions"], Value::Null);
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn kept_permissions_are_named_when_managing_ends() {
    for (arguments, held) in [
        ("default_permissions = true", "keeps the default permissions"),
        ("job_token_policies = []", "still has no permissions"),
    ] {
        let gitlab = THREE_PROJECTS.start();
        let tf = applied(&gitlab, arguments);
        tf.config(&entry(""));

        let warning = tf.plan().warning().replace('\n', " ");
        assert!(warning.contains(&format!("{held}, and")), "{warning}");
    }
}

/// Terraform before 1.16 doesn't pass the plan's data to the apply, so the plan warns.
#[test]
fn plan_warns_of_policies_that_may_become_null() {
    TERRAFORM_DATA.require();
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    let config = |arguments: &str| {
        format!(
            "resource \"terraform_data\" \"seed\" {{}}\n{}",
            entry(&format!(
                "job_token_policies = terraform_data.seed.id == \"\" ? [\"READ_JOBS\"] : \
                 null\n{arguments}"
            ))
        )
    };
    tf.config(&config(""));
    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Permissions unknown: acme/lib on acme/app
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    `default_permissions` or `job_token_policies` of project acme/lib (2) on the
    allowlist of project acme/app (1) is known only after apply. If it is null
    then, permissions aren't managed, and a new entry has the default permissions,
    which are all that a job token can have. To give no permissions in that case,
    set `default_permissions = false` in addition to `job_token_policies`.
    "#);
    tf.apply_saved().succeeds();
    assert_eq!(held(&gitlab), Some(Permissions::default()));

    tf.destroy().succeeds();
    tf.config(&config("default_permissions = false"));
    tf.plan().succeeds().has_no_warnings();
    tf.apply_saved().succeeds();
    assert_eq!(held(&gitlab), Some(only(&[])));
}

#[test]
fn change_from_unmanaged_permissions_is_named() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow_with(APP, TARGET, only(&["READ_JOBS"]));
    let tf = applied(&gitlab, "");
    tf.config(&entry("default_permissions = true"));

    assert_snapshot!(tf.plan().warning(), @"
    Warning: Permissions change: acme/lib on acme/app
      gitlab_job_token_allowlist_entry.lib
      > default_permissions = true

    Applying this changes the permissions of project acme/lib (2) on the allowlist
    of project acme/app (1), which the plan doesn't show:

      - from READ_JOBS
        to   the default permissions
    ");
    tf.config(&entry(JOBS));
    tf.plan().has_no_warnings();
}

#[test]
fn adoption_names_the_permissions_that_change() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow_with(APP, TARGET, only(&["READ_JOBS"]));
    let tf = workspace(&gitlab);
    tf.config(&entry("default_permissions = true"));

    let plan = tf.plan();

    let titles: Vec<String> =
        plan.succeeds().run().warnings().into_iter().map(|warning| warning.summary).collect();
    let expected = ["Entry already exists", "Permissions change"];
    assert_eq!(titles, expected.map(|title| format!("{title}: acme/lib on acme/app")));
}

#[test]
fn replacement_by_an_existing_entry_keeps_its_permissions() {
    let gitlab = THREE_PROJECTS.start();
    let next = gitlab.add_project("acme/next");
    gitlab.allow_with(APP, Target::Project(next), only(&["READ_JOBS"]));
    let tf = applied(&gitlab, JOBS);
    tf.config(&entry("").replace("acme/lib", "acme/next"));

    let plan = tf.plan();
    let warnings = plan.succeeds().run().warnings();
    let details = warnings.iter().map(|warning| warning.detail.as_str()).collect::<String>();
    tf.apply_saved().succeeds();

    assert!(details.contains("exists already, and keeps its permissions"), "{details}");
    assert!(!details.contains("has the default permissions"), "{details}");
    assert_eq!(gitlab.permissions(APP, Target::Project(next)), Some(only(&["READ_JOBS"])));
}
