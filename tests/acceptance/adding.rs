//! Additions that GitLab rejects: the entry exists already, the target is hidden or doesn't exist,
//! or the allowlist is full.

use gitlab_simulator::{LINK_LIMIT, Route, Simulator, Target, TokenSpec};
use insta::assert_snapshot;

use crate::allowlist_entry::{LIB_ON_APP, TEAM, TEAM_ON_APP};
use crate::kit::{heading, json_with, replaced, workspace};
use crate::worlds::{APP, LIB, THREE_PROJECTS};

#[test]
fn existing_entry_is_adopted_with_a_warning() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, Target::Project(LIB));
    let tf = workspace(&gitlab);
    tf.config(LIB_ON_APP);

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Entry already exists: acme/lib on acme/app
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    The allowlist of project acme/app (1) already has an entry for project
    acme/lib (2). The entry's import ID is `1:project:2`.

    Applying this adopts the entry, and destroying the resource then removes it.
    Import the entry instead, with an `import` block or the `import` command, and
    the plan shows what changes. If another resource manages the entry, too, keep
    only one of them; if this plan destroys that one, the entry stays. If the
    resource was renamed, add a `moved` block.
    "#);

    tf.apply_saved().succeeds();
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn entry_created_after_the_plan_is_adopted_with_one_warning() {
    let (gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(LIB_ON_APP);
    tf.plan().succeeds().has_no_warnings();
    gitlab.allow(APP, Target::Project(LIB));

    let warning = tf.apply_saved().succeeds().warning();

    assert!(warning.starts_with("Warning: Entry already exists: "), "{warning}");
}

#[test]
fn entry_that_the_plan_could_not_read_is_adopted() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, Target::Project(LIB));
    let tf = workspace(&gitlab);
    tf.config(LIB_ON_APP);
    let hidden = json_with(403, r#"{"message":"403 Forbidden"}"#);
    // The plan, and the plan of the apply.
    gitlab.inject(hidden.on(Route::AllowlistProjectsGet).times(2));
    tf.plan().succeeds().has_no_warnings();

    assert_snapshot!(tf.apply_saved().succeeds().warning(), @r#"
    Warning: Entry already exists: acme/lib on acme/app
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    The allowlist of project acme/app (1) already had an entry for project
    acme/lib (2).

    This apply has adopted the entry, and destroying the resource removes it. If
    another resource manages the entry, too, keep only one of them.
    "#);
    tf.plan().changes_nothing().has_no_warnings();
}

#[test]
fn renamed_resource_warns_that_its_entry_exists() {
    let (_gitlab, tf) = THREE_PROJECTS.applied(LIB_ON_APP);
    tf.config(&replaced(LIB_ON_APP, "\"lib\"", "\"renamed\""));

    let warning = tf.plan().warning();

    assert!(warning.starts_with("Warning: Entry already exists: "), "{warning}");
}

#[test]
fn unreadable_allowlist_does_not_fail_the_plan() {
    let gitlab = THREE_PROJECTS.start();
    let token = gitlab.add_token(TokenSpec::new("planner").developer_of(Target::Project(APP)));
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);
    tf.config(&replaced(LIB_ON_APP, "acme/lib", "2"));

    tf.plan().succeeds().has_no_warnings();
}

#[test]
fn plan_warns_of_an_existing_entry() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, Target::Group(TEAM));
    let tf = workspace(&gitlab);
    tf.config(TEAM_ON_APP);

    assert_snapshot!(heading(&tf.plan().warning()), @r#"
    Warning: Entry already exists: partners/team on acme/app
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {
    "#);
}

/// Hosts show only one of several warnings with the same title.
#[test]
fn existing_entries_of_one_target_have_different_titles() {
    let gitlab = THREE_PROJECTS.start();
    for project in [APP, LIB] {
        gitlab.allow(project, Target::Group(TEAM));
    }
    let tf = workspace(&gitlab);
    tf.config(
        r#"
        resource "gitlab_job_token_allowlist_entry" "team" {
          for_each     = toset(["acme/app", "acme/lib"])
          project      = each.key
          target_group = "partners/team"
        }
        "#,
    );

    let mut titles: Vec<String> =
        tf.plan().run().warnings().into_iter().map(|warning| warning.summary).collect();
    titles.sort();

    assert_eq!(
        titles,
        [
            "Entry already exists: partners/team on acme/app",
            "Entry already exists: partners/team on acme/lib"
        ]
    );
}

#[test]
fn hidden_target_is_an_error_and_not_in_state() {
    let gitlab = THREE_PROJECTS.start();
    let token = gitlab.add_token(TokenSpec::new("deployer").maintainer_of(Target::Project(APP)));
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);
    tf.config(&replaced(LIB_ON_APP, "acme/lib", "2"));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add entry: project 2
      gitlab_job_token_allowlist_entry.lib
      > target_project = "2"

    Adding project 2 to the allowlist of project acme/app (1) failed.

    POST /projects/1/job_token_scope/allowlist: GitLab rejected the request (400).
    Response: The target_project that you are attempting to access does not exist
    or you don't have permission to perform this action

    A target can be added only if it still exists and is visible to the token's
    user. Check its path or ID, and give the user at least the Guest role in it.
    "#);

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn unknown_target_id_is_an_error_and_not_in_state() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(&replaced(LIB_ON_APP, "acme/lib", "4711"));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add entry: project 4711
      gitlab_job_token_allowlist_entry.lib
      > target_project = "4711"

    Adding project 4711 to the allowlist of project acme/app (1) failed.

    POST /projects/1/job_token_scope/allowlist: not found, or not visible to the
    token (404).
    Response: target_project_id not found Not Found

    GitLab has no target with this ID. Check the ID, and whether it belongs to a
    project or a group.
    "#);

    assert!(tf.state().addresses().is_empty());
}

/// Starts a GitLab where the allowlist of `acme/app` has this many projects.
fn with_fillers(count: usize) -> Simulator {
    let gitlab = THREE_PROJECTS.start();
    for n in 0..count {
        let filler = gitlab.add_project(&format!("fillers/filler-{n}"));
        gitlab.allow(APP, Target::Project(filler));
    }
    gitlab
}

const LIB_AND_NEXT_ON_APP: &str = r#"
resource "gitlab_job_token_allowlist_entry" "each" {
  for_each       = toset(["acme/lib", "acme/next"])
  project        = "acme/app"
  target_project = each.key
}
"#;

#[test]
fn full_project_allowlist_error_suggests_a_group() {
    let gitlab = with_fillers(LINK_LIMIT);
    let tf = workspace(&gitlab);
    tf.config(LIB_ON_APP);

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Allowlist limit: project acme/app (1)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    GitLab allows at most 200 projects on an allowlist. With project acme/lib (2),
    the allowlist of project acme/app (1) has 201, and this plan may add more.
    Additions beyond the limit fail, unless the same apply removes other entries
    first.

    Add a group instead of its projects, or remove entries that aren't needed any
    more.
    "#);
    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add entry: project acme/lib (2)
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    Adding project acme/lib (2) to the allowlist of project acme/app (1) failed.

    POST /projects/1/job_token_scope/allowlist: GitLab rejected the request (400).
    Response: Validation failed: Source project exceeds the allowable number of
    project links in this direction

    An allowlist can have at most 200 projects and 200 groups. Add a group instead
    of its projects, or remove entries that are no longer needed.
    "#);

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn existing_entry_of_a_full_allowlist_is_adopted() {
    let gitlab = with_fillers(LINK_LIMIT - 1);
    gitlab.allow(APP, Target::Project(LIB));
    let tf = workspace(&gitlab);
    tf.config(LIB_ON_APP);

    let warning = tf.plan().warning();
    tf.apply_saved().succeeds();

    assert!(warning.starts_with("Warning: Entry already exists: "), "{warning}");
}

#[test]
fn plan_counts_the_entries_that_the_run_adds() {
    let gitlab = with_fillers(LINK_LIMIT - 1);
    gitlab.add_project("acme/next");
    let tf = workspace(&gitlab);
    tf.config(LIB_AND_NEXT_ON_APP);

    let warning = tf.plan().warning();

    assert!(warning.starts_with("Warning: Allowlist limit: project acme/app (1)"), "{warning}");
    let warning = warning.replace('\n', " ");
    assert!(warning.contains(" has 201, and this plan may add more"), "{warning}");
}

#[test]
fn plan_warns_once_of_a_full_allowlist() {
    let gitlab = with_fillers(LINK_LIMIT);
    gitlab.add_project("acme/next");
    let tf = workspace(&gitlab);
    tf.config(LIB_AND_NEXT_ON_APP);

    let warning = tf.plan().warning();

    assert!(warning.starts_with("Warning: Allowlist limit: "), "{warning}");
}

/// Hosts before Terraform 1.16 plan the new entry again after the removal of the former one has
/// left it.
#[test]
fn replacement_does_not_warn_of_its_own_entry() {
    let (_gitlab, tf) = THREE_PROJECTS.with_workspace();
    tf.config(LIB_ON_APP);
    tf.apply().succeeds();

    let applied = tf.apply_with(&["-replace=gitlab_job_token_allowlist_entry.lib"]);

    let titles: Vec<String> =
        applied.succeeds().warnings().into_iter().map(|warning| warning.summary).collect();
    assert_eq!(titles, ["Not removed: acme/lib on acme/app"]);
}
