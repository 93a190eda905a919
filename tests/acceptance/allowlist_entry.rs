//! `gitlab_job_token_allowlist_entry`: one project or group on a project's allowlist.

use gitlab_simulator::Target;
use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::Action;

use crate::kit::{replaced, workspace};
use crate::worlds::{APP, LIB, THREE_PROJECTS};

const ENTRY: &str = "gitlab_job_token_allowlist_entry.lib";

pub(crate) const LIB_ON_APP: &str = r#"
resource "gitlab_job_token_allowlist_entry" "lib" {
  project        = "acme/app"
  target_project = "acme/lib"
}
"#;

pub(crate) const TEAM_ON_APP: &str = r#"
resource "gitlab_job_token_allowlist_entry" "lib" {
  project      = "acme/app"
  target_group = "partners/team"
}
"#;

const OTHER: u64 = 3;
pub(crate) const TEAM: u64 = 3;

#[test]
fn applied_entry_is_on_the_allowlist_and_plans_clean() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(LIB_ON_APP);

    tf.apply().succeeds().has_no_warnings();

    assert_eq!(gitlab.allowlist(APP).projects, [LIB].into());
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn ids_of_existing_paths_are_known_during_the_plan() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(LIB_ON_APP);

    let change = tf.plan().change(ENTRY);

    assert_eq!((change.action, change.unknown), (Action::Create, json!({})));
    assert_eq!(change.after["id"], "1:project:2");
}

#[test]
fn state_has_ids_beside_configured_paths() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(LIB_ON_APP);

    tf.apply().succeeds();

    let expected = json!({
        "id": "1:project:2", "project": "acme/app", "project_id": APP,
        "target_project": "acme/lib", "target_project_id": LIB, "target_type": "project",
        "target_group": null, "target_group_id": null, "default_permissions": null, "job_token_policies": null,
    });
    assert_eq!(*tf.state().of(ENTRY), expected);
}

#[test]
fn target_can_be_a_group() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(TEAM_ON_APP);

    tf.apply().succeeds();

    assert_eq!(gitlab.allowlist(APP).groups, [TEAM].into());
    tf.plan().changes_nothing();
    let expected = json!({
        "id": "1:group:3", "project": "acme/app", "project_id": APP,
        "target_group": "partners/team", "target_group_id": TEAM, "target_type": "group",
        "target_project": null, "target_project_id": null, "default_permissions": null, "job_token_policies": null,
    });
    assert_eq!(*tf.state().of(ENTRY), expected);
}

#[test]
fn ids_in_attributes_of_the_official_provider_work() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_entry" "project" {
          project           = "1"
          target_project_id = 2
        }
        resource "gitlab_job_token_allowlist_entry" "group" {
          project         = 1
          target_group_id = "3"
        }
        "#,
    );

    tf.apply().succeeds();

    let list = gitlab.allowlist(APP);
    assert_eq!((list.projects, list.groups), ([LIB].into(), [TEAM].into()));
    tf.plan().changes_nothing();
}

#[test]
fn entries_for_each_element_of_a_set_are_independent() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    let config = r#"
        resource "gitlab_job_token_allowlist_entry" "each" {
          for_each       = toset(["acme/lib", "acme/other"])
          project        = "acme/app"
          target_project = each.key
        }
    "#;
    tf.config(config);
    tf.apply().succeeds();
    assert_eq!(gitlab.allowlist(APP).projects, [LIB, OTHER].into());

    tf.config(&replaced(config, r#"["acme/lib", "acme/other"]"#, r#"["acme/other"]"#));
    tf.apply().succeeds();

    assert_eq!(gitlab.allowlist(APP).projects, [OTHER].into());
    tf.plan().changes_nothing();
}

#[test]
fn other_entries_are_not_changed() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, Target::Project(OTHER));
    gitlab.allow(APP, Target::Group(TEAM));
    let tf = workspace(&gitlab);
    tf.config(LIB_ON_APP);

    tf.apply().succeeds();
    tf.destroy().succeeds();

    let list = gitlab.allowlist(APP);
    assert_eq!((list.projects, list.groups), ([OTHER].into(), [TEAM].into()));
}

#[test]
fn entry_removed_outside_terraform_is_added_again() {
    let (gitlab, tf) = THREE_PROJECTS.applied(LIB_ON_APP);
    gitlab.revoke(APP, Target::Project(LIB));

    let plan = tf.plan();
    assert_eq!(plan.actions(), [(ENTRY.to_owned(), Action::Create)]);
    assert_eq!(plan.drift()[0].action, Action::Delete);
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP).projects, [LIB].into());
}

#[test]
fn changed_target_replaces_the_entry() {
    let (gitlab, tf) = THREE_PROJECTS.applied(LIB_ON_APP);
    tf.config(&replaced(LIB_ON_APP, "acme/lib", "acme/other"));

    let change = tf.plan().change(ENTRY);
    assert_eq!(
        (change.action, change.replaced_by),
        (Action::Replace, vec!["target_project_id".to_owned()])
    );
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.allowlist(APP).projects, [OTHER].into());
}

#[test]
fn changed_project_replaces_the_entry() {
    let (gitlab, tf) = THREE_PROJECTS.applied(LIB_ON_APP);
    tf.config(&replaced(LIB_ON_APP, "acme/app", "acme/other"));

    let change = tf.plan().change(ENTRY);
    assert_eq!(
        (change.action, change.replaced_by),
        (Action::Replace, vec!["project_id".to_owned()])
    );
    tf.apply_saved().succeeds();

    assert!(gitlab.allowlist(APP).projects.is_empty());
    assert_eq!(gitlab.allowlist(OTHER).projects, [LIB].into());
}

#[test]
fn group_instead_of_a_project_replaces_the_entry() {
    let (gitlab, tf) = THREE_PROJECTS.applied(LIB_ON_APP);
    tf.config(TEAM_ON_APP);

    assert_eq!(tf.plan().change(ENTRY).action, Action::Replace);
    tf.apply_saved().succeeds();

    let list = gitlab.allowlist(APP);
    assert_eq!((list.projects, list.groups), ([].into(), [TEAM].into()));
    tf.plan().changes_nothing();
}

#[test]
fn refresh_of_many_entries_reads_the_allowlist_once() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    for n in 0..30 {
        gitlab.add_project(&format!("acme/lib-{n}"));
    }
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_entry" "each" {
          count          = 30
          project        = "acme/app"
          target_project = "acme/lib-${count.index}"
        }
        "#,
    );
    tf.apply().succeeds();
    gitlab.clear_requests();

    tf.plan().changes_nothing();

    assert_snapshot!(gitlab.requests().to_string(), @r"
    GET /api/v4/user → 200
    GET /api/v4/projects/1/job_token_scope/allowlist?per_page=100&page=1 → 200
    ");
}
