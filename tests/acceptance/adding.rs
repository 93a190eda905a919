//! Additions that GitLab rejects: the entry exists already, the target is hidden or does not exist,
//! that the list is full.

use gitlab_simulator::{LINK_LIMIT, Target, TokenSpec};
use insta::assert_snapshot;

use crate::allowlist_entry::{LIB_ON_APP, TEAM, TEAM_ON_APP};
use crate::kit::{replaced, workspace};
use crate::worlds::{APP, LIB, THREE_PROJECTS};

#[test]
fn an_entry_that_was_there_before_is_taken_over_with_a_warning() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, Target::Project(LIB));
    let tf = workspace(&gitlab);
    tf.config(LIB_ON_APP);

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Entry is on the allowlist already
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    The allowlist of project 1 has an entry for project 2 already. Applying this
    takes it over: destroying the resource will then remove it. If something else
    manages the entry too, such as another resource, let only one of them do so; a
    resource that was only renamed needs a `moved` block.
    "#);

    tf.apply_saved().succeeds();
    tf.plan().changes_nothing().warns_of_nothing();
}

#[test]
fn entry_created_after_the_plan_is_adopted_with_one_warning() {
    let gitlab = THREE_PROJECTS.start();
    let tf = workspace(&gitlab);
    tf.config(LIB_ON_APP);
    tf.plan().succeeds().warns_of_nothing();
    gitlab.allow(APP, Target::Project(LIB));

    let warning = tf.apply_saved().succeeds().warning();

    assert!(warning.starts_with("Warning: Entry is on the allowlist already"), "{warning}");
}

#[test]
fn a_renamed_resource_is_warned_that_its_entry_is_there() {
    let gitlab = THREE_PROJECTS.start();
    let tf = workspace(&gitlab);
    tf.config(LIB_ON_APP);
    tf.apply().succeeds();
    tf.config(&replaced(LIB_ON_APP, "\"lib\"", "\"renamed\""));

    let warning = tf.plan().warning();

    assert!(warning.starts_with("Warning: Entry is on the allowlist already"), "{warning}");
}

#[test]
fn unreadable_allowlist_does_not_fail_the_plan() {
    let gitlab = THREE_PROJECTS.start();
    let token = gitlab.add_token(TokenSpec::new("planner").developer_of(Target::Project(APP)));
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);
    tf.config(&replaced(LIB_ON_APP, "acme/lib", "2"));

    tf.plan().succeeds().warns_of_nothing();
}

#[test]
fn existing_entry_is_a_warning_of_the_plan() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, Target::Group(TEAM));
    let tf = workspace(&gitlab);
    tf.config(TEAM_ON_APP);

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Entry is on the allowlist already
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    The allowlist of project 1 has an entry for group 3 already. Applying this
    takes it over: destroying the resource will then remove it. If something else
    manages the entry too, such as another resource, let only one of them do so; a
    resource that was only renamed needs a `moved` block.
    "#);
}

#[test]
fn hidden_target_is_an_error_and_not_in_state() {
    let gitlab = THREE_PROJECTS.start();
    let token = gitlab.add_token(TokenSpec::new("deployer").maintainer_of(Target::Project(APP)));
    let mut tf = workspace(&gitlab);
    tf.set_env("GITLAB_TOKEN", &token);
    tf.config(&replaced(LIB_ON_APP, "acme/lib", "2"));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add project 2 to the allowlist of project 1
      gitlab_job_token_allowlist_entry.lib
      > target_project = "2"

    POST /projects/1/job_token_scope/allowlist: refused (400): The target_project
    that you are attempting to access does not exist or you don't have permission
    to perform this action.

    To add a target, the token's user must be able to see it: give the user at
    least the Guest role there, or use a token whose user sees both.
    "#);

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn unknown_target_id_is_an_error_and_not_in_state() {
    let gitlab = THREE_PROJECTS.start();
    let tf = workspace(&gitlab);
    tf.config(&replaced(LIB_ON_APP, "acme/lib", "4711"));

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add project 4711 to the allowlist of project 1
      gitlab_job_token_allowlist_entry.lib
      > target_project = "4711"

    POST /projects/1/job_token_scope/allowlist: not found, or not visible to the
    token (404): target_project_id not found Not Found.

    There is no target with this ID: check it, and whether it is the ID of a
    project or of a group.
    "#);

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn full_project_allowlist_error_suggests_a_group() {
    let gitlab = THREE_PROJECTS.start();
    for n in 0..LINK_LIMIT {
        let filler = gitlab.add_project(&format!("fillers/filler-{n}"));
        gitlab.allow(APP, Target::Project(filler));
    }
    let tf = workspace(&gitlab);
    tf.config(LIB_ON_APP);

    assert_snapshot!(tf.apply().error(), @r#"
    Error: Can't add project 2 to the allowlist of project 1
      gitlab_job_token_allowlist_entry.lib
      > resource "gitlab_job_token_allowlist_entry" "lib" {

    POST /projects/1/job_token_scope/allowlist: refused (400): Validation failed:
    Source project exceeds the allowable number of project links in this
    direction.

    A project's allowlist holds at most 200 projects and 200 groups: allow a group
    in place of its projects, or remove entries that are no longer needed.
    "#);

    assert!(tf.state().addresses().is_empty());
}

#[test]
fn an_entry_of_a_full_list_is_taken_over_as_well() {
    let gitlab = THREE_PROJECTS.start();
    gitlab.allow(APP, Target::Project(LIB));
    for n in 1..LINK_LIMIT {
        let filler = gitlab.add_project(&format!("fillers/filler-{n}"));
        gitlab.allow(APP, Target::Project(filler));
    }
    let tf = workspace(&gitlab);
    tf.config(LIB_ON_APP);

    let warning = tf.plan().warning();
    tf.apply_saved().succeeds();

    assert!(warning.starts_with("Warning: Entry is on the allowlist already"), "{warning}");
}
