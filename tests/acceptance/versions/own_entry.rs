//! The entry of a project for itself, "Current project" in GitLab's UI.

use gitlab_simulator::Route;
use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::Action;

use super::*;
use crate::kit::{heading, workspace};

const OWN: &str = "target_project = \"acme/app\"\n  default_permissions = true";
const OWN_LIMITED: &str = "target_project_id = 1\n  job_token_policies = [\"READ_JOBS\"]";

fn held(gitlab: &Simulator) -> Option<Permissions> {
    gitlab.permissions(APP, Target::Project(APP))
}

#[test]
fn entry_is_created_changed_and_restored() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(&entry(OWN_LIMITED));

    tf.apply().succeeds().has_no_warnings();
    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    assert_eq!(tf.state().of(ENTRY)["id"], "1:project:1");
    tf.plan().changes_nothing().has_no_warnings();

    tf.config(&entry(OWN));
    assert_eq!(tf.plan().change(ENTRY).action, Action::Update);
    tf.apply_saved().succeeds();
    assert_eq!(held(&gitlab), Some(Permissions::default()));

    tf.config(&entry(OWN_LIMITED));
    tf.apply().succeeds();
    gitlab.clear_requests();
    tf.destroy().succeeds();
    assert_eq!(held(&gitlab), Some(Permissions::default()), "it can't be removed");
    assert!(gitlab.requests().to(Route::AllowlistProjectDelete).is_empty());
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn drift_of_its_permissions_is_shown() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(&entry(OWN_LIMITED));
    tf.apply().succeeds();
    gitlab.set_permissions(APP, Target::Project(APP), Permissions::default());

    let plan = tf.plan();
    assert_eq!(plan.change(ENTRY).action, Action::Update);
    tf.apply_saved().succeeds();
    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));

    gitlab.revoke(APP, Target::Project(APP));
    assert_eq!(tf.plan().change(ENTRY).action, Action::Create);
}

#[test]
fn entry_is_imported_by_id_and_by_path() {
    for (permissions, arguments) in [
        (only(&["READ_JOBS"]), OWN_LIMITED.to_owned()),
        (Permissions::default(), "target_project_id = 1\n  default_permissions = true".to_owned()),
    ] {
        for id in ["1:project:1", "acme/app:project:acme/app", "1:1"] {
            let gitlab = newest();
            gitlab.allow_with(APP, Target::Project(APP), permissions.clone());
            let tf = workspace(&gitlab);
            tf.config(&entry(&arguments));
            tf.import(ENTRY, id).succeeds();
            // The text of the import may be an ID where the configuration has a path.
            assert!(matches!(tf.plan().actions()[..], [] | [(_, Action::Update)]), "{id}");
            gitlab.clear_requests();
            tf.apply().succeeds();
            assert_eq!(gitlab.requests().writes().to_string(), "", "{id}");
            tf.plan().changes_nothing();
        }
    }
}

#[test]
fn failed_import_names_its_id() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(&entry(OWN));

    let error = tf.import(ENTRY, "1:project:1").error();
    assert!(error.contains("Allowlist entry not found: project 1\n"), "{error}");
    assert_snapshot!(tf.import(ENTRY, "acme/app:project:acme/app").error(), @r#"
    Error: Allowlist entry not found: project acme/app (1)

    "acme/app:project:acme/app" can't be imported.

    Project acme/app (1) doesn't have an entry for itself, so there is nothing to
    import. Check the IDs or paths. To add the entry, apply the resource without
    importing it.
    "#);
}

#[test]
fn entry_without_permissions_is_an_error_of_the_plan() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(&entry("target_project_id = 1"));

    assert_snapshot!(heading(&tf.plan().error()), @r"
    Error: Target is the project itself
      gitlab_job_token_allowlist_entry.entry
      > target_project_id = 1
    ");
}

#[test]
fn older_gitlab_without_own_entries_is_an_error() {
    let gitlab = of_version("18.0.6-ee");
    gitlab.set_fine_grained_permissions(APP, true);
    let tf = workspace(&gitlab);
    tf.config(&entry(OWN));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't set own entry: project acme/app (1)
      gitlab_job_token_allowlist_entry.entry
      > resource "gitlab_job_token_allowlist_entry" "entry" {

    Setting the permissions of the project's own jobs failed.

    POST /api/graphql (ChangePermissions): GitLab rejected the request.
    Response: Unable to find a job token scope for the given project & target

    An entry for the project itself needs GitLab 18.3 or later. Upgrade GitLab, or
    remove this resource from the configuration: a project always has access to
    itself, and its own entry only sets permissions.
    "#);
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn exclusive_list_does_not_change_the_own_entry() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    let list = r#"
        resource "gitlab_job_token_allowlist_exclusive" "app" {
          project = "acme/app"
          target_projects = ["acme/lib"]
        }
    "#;
    tf.config(&format!("{}{list}", entry(OWN_LIMITED)));

    tf.apply().succeeds().has_no_warnings();

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    assert_eq!(gitlab.allowlist(APP).projects, [LIB].into());
    tf.plan().changes_nothing().has_no_warnings();
    tf.destroy().succeeds();
    assert_eq!(held(&gitlab), Some(Permissions::default()));
}

/// The project is on the list twice then, and counted twice.
#[test]
fn long_list_with_an_own_entry_is_read_once() {
    let gitlab = newest();
    gitlab.allow(APP, Target::Project(APP));
    for number in 0..150 {
        let id = gitlab.add_project(&format!("many/p{number}"));
        gitlab.allow(APP, Target::Project(id));
    }
    gitlab.allow(APP, TARGET);
    let tf = workspace(&gitlab);
    tf.config(&entry("target_project_id = 2"));
    tf.import(ENTRY, "acme/app:project:acme/lib").succeeds();
    gitlab.clear_requests();

    tf.plan().changes_nothing();

    assert_eq!(gitlab.requests().to(Route::AllowlistProjectsGet).len(), 2);
}

#[test]
fn limited_entry_of_the_parent_group_is_warned_of() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    let group = "target_group = \"acme\"\n  job_token_policies = [\"READ_JOBS\"]";
    tf.config(&entry(group));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Own jobs restricted: project acme/app (1)
      gitlab_job_token_allowlist_entry.entry
      > job_token_policies = ["READ_JOBS"]

    Project acme/app (1) is in group acme (1), and GitLab also applies the
    permissions of a group's entry to the project's own jobs
    (gitlab-org/gitlab!262365). Their requests fail with 403 unless
    `job_token_policies` allows them. To prevent this, add an entry for the
    project itself: the same project as `project` and `target_project`, with
    `default_permissions = true`.
    "#);
    tf.apply_saved().succeeds();
    assert!(!gitlab.job_may(APP, APP, "READ_PACKAGES"), "GitLab restricts the project's own jobs");
    tf.plan().changes_nothing().has_no_warnings();

    let own = r#"
        resource "gitlab_job_token_allowlist_entry" "own" {
          project = "acme/app"
          target_project = "acme/app"
          default_permissions = true
        }
    "#;
    tf.config(&format!("{}{own}", entry(group)));
    tf.apply().succeeds().has_no_warnings();
    assert!(gitlab.job_may(APP, APP, "READ_PACKAGES"));

    tf.config(&format!(
        "{}{own}",
        entry("target_group = \"acme\"\n  job_token_policies = [\"READ_JOBS\", \"READ_PACKAGES\"]")
    ));
    tf.apply().succeeds().has_no_warnings();
}

#[test]
fn limited_entry_of_another_group_is_not_warned_of() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(&entry("target_group = \"partners/team\"\n  job_token_policies = [\"READ_JOBS\"]"));

    tf.apply().succeeds().has_no_warnings();

    tf.config(&entry("target_group = \"acme\"\n  default_permissions = true"));
    tf.apply().succeeds();
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn data_source_shows_the_own_entry_separately() {
    let gitlab = newest();
    gitlab.allow(APP, TARGET);
    let tf = workspace(&gitlab);
    let read = "data \"gitlab_job_token_allowlist\" \"app\" {\n  project = \"acme/app\"\n}\n";
    tf.config(read);
    tf.apply().succeeds().has_no_warnings();
    let own = |tf: &terraform_cli::Workspace| {
        tf.state().of("data.gitlab_job_token_allowlist.app")["own_permissions"].clone()
    };
    assert_eq!(own(&tf), json!(null));

    gitlab.allow_with(APP, Target::Project(APP), only(&["READ_JOBS"]));
    tf.apply().succeeds().has_no_warnings();

    assert_eq!(
        own(&tf),
        json!({ "default_permissions": false, "job_token_policies": ["READ_JOBS"] })
    );
    let state = tf.state();
    let projects = &state.of("data.gitlab_job_token_allowlist.app")["projects"];
    assert_eq!(projects.as_array().map(Vec::len), Some(1));
}

#[test]
fn gitlab_without_permissions_has_no_own_entries() {
    let gitlab = of_version("16.11.9-ee");
    let tf = workspace(&gitlab);
    tf.config(&entry(OWN));

    assert_snapshot!(tf.plan().error(), @"
    Error: Can't read permissions: project acme/app (1)
      gitlab_job_token_allowlist_entry.entry
      > default_permissions = true

    POST /api/graphql (JobTokenPermissions): not supported by this version of
    GitLab.
    Response: Field 'ciJobTokenScopeAllowlist' doesn't exist on type 'Project'

    An entry for the project itself needs GitLab 18.3 or later. Upgrade GitLab, or
    remove this resource from the configuration: a project always has access to
    itself, and its own entry only sets permissions.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    ");
    let error = tf.import(ENTRY, "1:project:1").error();
    assert!(error.contains("remove this resource from the configuration"), "{error}");
}

#[test]
fn entry_that_restricts_own_jobs_is_adopted() {
    let gitlab = newest();
    gitlab.allow_with(APP, Target::Project(APP), only(&["READ_JOBS"]));
    let tf = workspace(&gitlab);
    tf.config(&entry(OWN));

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Own entry already exists: project acme/app (1)
      gitlab_job_token_allowlist_entry.entry
      > resource "gitlab_job_token_allowlist_entry" "entry" {

    Project acme/app (1) has an entry for itself already, which restricts the
    project's own jobs. Its import ID is `1:project:1`.

    Applying this adopts the entry and sets its permissions. Destroying the
    resource restores the default permissions. Import the entry instead, with an
    `import` block or the `import` command, and the plan shows what changes.
    "#);

    tf.apply_saved().succeeds();
    assert_eq!(held(&gitlab), Some(Permissions::default()));
}
