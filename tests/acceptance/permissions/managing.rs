//! Entries with permissions: create, update and destroy.

use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::Action;

use super::*;
use crate::allowlist_entry::TEAM;
use crate::kit::{heading, replaced};
use crate::needs::TERRAFORM_DATA;

#[test]
fn entry_is_created_with_its_permissions_in_one_write() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry(JOBS));

    tf.apply().succeeds().has_no_warnings();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    assert_snapshot!(gitlab.requests().writes().to_string(), @"POST /api/graphql \
        (AllowWithPermissions ciJobTokenScopeAddGroupOrProject) → 200");
    tf.plan().changes_nothing().has_no_warnings();
    let expected = json!({
        "id": "1:project:2", "project": "acme/app", "project_id": APP,
        "target_project": "acme/lib", "target_project_id": LIB, "target_type": "project",
        "target_group": null, "target_group_id": null,
        "default_permissions": false, "job_token_policies": ["READ_JOBS"],
    });
    assert_eq!(*tf.state().of(ENTRY), expected);
}

#[test]
fn permissions_are_known_during_the_plan() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&entry(JOBS_AND_PACKAGES));

    let change = tf.plan().change(ENTRY);

    assert_eq!((change.action, change.unknown), (Action::Create, json!({})));
    assert_eq!(change.after["default_permissions"], false);
    assert_eq!(change.after["job_token_policies"], json!(["READ_JOBS", "READ_PACKAGES"]));
}

#[test]
fn group_can_have_permissions() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&replaced(
        &entry(JOBS),
        r#"target_project = "acme/lib""#,
        r#"target_group = "partners/team""#,
    ));

    tf.apply().succeeds();

    assert_eq!(gitlab.permissions(APP, Target::Group(TEAM)), Some(only(&["READ_JOBS"])));
    tf.plan().changes_nothing();
    tf.destroy().succeeds();
    assert!(gitlab.allowlist(APP).groups.is_empty());
}

/// Each case has a configuration, its meaning, and the state.
#[test]
fn every_form_of_the_permissions_plans_clean() {
    let ways = [
        ("default_permissions = true", Permissions::default()),
        ("default_permissions = false", only(&[])),
        ("job_token_policies = []", only(&[])),
        ("default_permissions = false\njob_token_policies = [\"READ_JOBS\"]", only(&["READ_JOBS"])),
    ];
    for (arguments, expected) in ways {
        let gitlab = THREE_PROJECTS.start();
        let tf = applied(&gitlab, arguments);
        assert_eq!(held(&gitlab), Some(expected.clone()), "{arguments}");
        tf.plan().changes_nothing().has_no_warnings();
        let state = tf.state();
        assert_eq!(state.of(ENTRY)["default_permissions"], expected.default_permissions);
        assert_eq!(state.of(ENTRY)["job_token_policies"], json!(expected.job_token_policies));
    }
}

#[test]
fn each_change_of_permissions_is_one_call_in_place() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS_AND_PACKAGES);
    let steps = [
        (JOBS, only(&["READ_JOBS"])),
        ("job_token_policies = []", only(&[])),
        (JOBS_AND_PACKAGES, only(&["READ_JOBS", "READ_PACKAGES"])),
        ("default_permissions = true", Permissions::default()),
        (JOBS, only(&["READ_JOBS"])),
    ];
    for (arguments, expected) in steps {
        tf.config(&entry(arguments));
        assert_eq!(tf.plan().change(ENTRY).action, Action::Update, "{arguments}");
        gitlab.clear_requests();

        tf.apply_saved().succeeds().has_no_warnings();

        assert_eq!(held(&gitlab), Some(expected), "{arguments}");
        let writes = gitlab.requests().writes();
        assert_eq!((writes.len(), writes.named(UPDATE).len()), (1, 1), "{writes}");
        tf.plan().changes_nothing();
    }
}

#[test]
fn order_of_the_policies_does_not_matter() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS_AND_PACKAGES);
    tf.config(&entry(r#"job_token_policies = ["READ_JOBS", "READ_PACKAGES", "READ_JOBS"]"#));

    tf.plan().changes_nothing();
}

#[test]
fn replaced_entry_has_the_permissions_from_the_start() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    tf.config(&replaced(&entry(JOBS), "acme/lib", "acme/other"));

    assert_eq!(tf.plan().change(ENTRY).action, Action::Replace);
    tf.apply_saved().succeeds();

    assert_eq!(held(&gitlab), None);
    assert_eq!(gitlab.permissions(APP, Target::Project(3)), Some(only(&["READ_JOBS"])));
    assert!(gitlab.requests().to(Route::AllowlistProjectPost).is_empty());
}

/// REST addresses the target by ID, so a path that was reassigned can't redirect the removal.
/// GraphQL's removal also has defaults that differ by version.
#[test]
fn entry_with_permissions_is_removed_by_id() {
    let gitlab = THREE_PROJECTS.start();
    let tf = applied(&gitlab, JOBS);
    gitlab.rename_project(LIB, "acme/former");
    gitlab.add_project("acme/lib");

    tf.destroy().succeeds();

    assert_eq!(held(&gitlab), None);
    assert_eq!(gitlab.requests().to(Route::AllowlistProjectDelete).len(), 1);
    assert!(gitlab.requests().to(Route::GraphqlMutation).is_empty());
}

#[test]
fn existing_entry_with_more_is_adopted_and_restricted() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, TARGET);
    let tf = workspace(&gitlab);
    tf.config(&entry(JOBS));

    let plan = tf.plan();
    assert_snapshot!(heading(&plan.warning()), @r#"
    Warning: Entry already exists: acme/lib on acme/app
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {
    "#);
    tf.apply_saved().succeeds();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn permissions_can_be_unknown_during_the_plan() {
    TERRAFORM_DATA.require();
    let cases = [
        ("job_token_policies = [terraform_data.policy.output]", only(&["READ_JOBS"])),
        (
            "job_token_policies = toset(split(\",\", terraform_data.policy.output))",
            only(&["READ_JOBS"]),
        ),
        ("default_permissions = terraform_data.policy.output != \"READ_JOBS\"", only(&[])),
        (
            "default_permissions = terraform_data.policy.output == \"READ_JOBS\"",
            Permissions::default(),
        ),
        (
            "default_permissions = terraform_data.policy.output == \"\" ? true : \
             null\njob_token_policies = []",
            only(&[]),
        ),
        (
            "default_permissions = terraform_data.policy.output == \"\" ? true : null",
            Permissions::default(),
        ),
    ];
    for (arguments, expected) in cases {
        let (gitlab, tf) = THREE_PROJECTS.with_workspace();
        let policy = "resource \"terraform_data\" \"policy\" {\n  input = \"READ_JOBS\"\n}\n";
        tf.config(&format!("{policy}{}", entry(arguments)));
        assert_eq!(tf.plan().change(ENTRY).action, Action::Create, "{arguments}");

        tf.apply_saved().succeeds();

        assert_eq!(held(&gitlab), Some(expected), "{arguments}");
        tf.plan().changes_nothing();
    }
}
