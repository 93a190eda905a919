//! Pushes by jobs of other projects, a setting since GitLab 19.1.

use gitlab_simulator::{Fault, Route};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::kit::{json_with, workspace};
use crate::push::scope;

const SCOPE: &str = "gitlab_job_token_scope.app";
const CROSS: &str = "cross_project_push_for_job_token_allowed";

#[test]
fn setting_is_changed_in_place_and_restored() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(&scope(&format!("{CROSS} = true\n  push_repository_for_job_token_allowed = true")));
    tf.apply().succeeds();
    assert!(gitlab.cross_project_push_for_job_token_allowed(APP));
    assert_eq!(tf.state().of(SCOPE)[CROSS], true);
    tf.plan().changes_nothing().has_no_warnings();

    tf.config(&scope(&format!("{CROSS} = false")));
    tf.apply().succeeds();
    assert!(!gitlab.cross_project_push_for_job_token_allowed(APP));
    gitlab.set_cross_project_push_for_job_token_allowed(APP, true);
    assert_eq!(tf.plan().changes().len(), 1, "drift is a difference");

    tf.config(&scope(&format!("{CROSS} = true")));
    tf.apply().succeeds();
    tf.destroy().succeeds();
    assert!(!gitlab.cross_project_push_for_job_token_allowed(APP));
}

#[test]
fn plan_names_the_entries_that_may_then_push() {
    let gitlab = newest();
    gitlab.allow(APP, TARGET);
    gitlab.allow_with(APP, Target::Project(3), only(&["READ_JOBS"]));
    gitlab.allow_with(APP, Target::Group(3), only(&["ADMIN_REPOSITORIES"]));
    let tf = workspace(&gitlab);
    tf.config(&scope(&format!("{CROSS} = true")));

    assert_snapshot!(tf.plan().warning(), @"
    Warning: Other projects can push to acme/app (1)
      gitlab_job_token_scope.app
      > cross_project_push_for_job_token_allowed = true

    With `cross_project_push_for_job_token_allowed = true`, jobs of other projects
    can push to the repository of project acme/app (1) if their allowlist entry
    has default permissions or `ADMIN_REPOSITORIES`, and the user who runs them is
    at least a Developer in this project.

    With the changes planned so far, these entries on its allowlist have them:

      - project acme/lib (2): default permissions
      - group partners/team (3): ADMIN_REPOSITORIES

    These jobs can push only if `push_repository_for_job_token_allowed` is also
    on, which this resource doesn't set to `true`.
    ");
    tf.apply_saved().succeeds();
    assert!(!gitlab.job_may_push(LIB, APP), "the own setting is off");
    gitlab.set_push_repository_for_job_token_allowed(APP, true);
    assert!(gitlab.job_may_push(LIB, APP) && !gitlab.job_may_push(3, APP));
}

#[test]
fn plan_names_entries_that_the_run_adds_and_no_others() {
    let gitlab = newest();
    gitlab.allow(APP, Target::Project(3));
    let tf = workspace(&gitlab);
    tf.config(&format!(
        r#"
        resource "gitlab_job_token_allowlist_exclusive" "app" {{
          project  = "acme/app"
          projects = {{ "acme/lib" = {{ job_token_policies = ["ADMIN_REPOSITORIES"] }} }}
        }}
        {}
        "#,
        scope(&format!(
            "{CROSS} = true\n  depends_on = [gitlab_job_token_allowlist_exclusive.app]"
        ))
    ));

    let plan = tf.plan();

    let warnings = plan.succeeds().run().warnings();
    let pushes = warnings.iter().find(|warning| warning.summary.starts_with("Other projects"));
    let detail = pushes.expect("a warning").detail.clone();
    assert!(detail.contains("  - project acme/lib (2): ADMIN_REPOSITORIES\n"), "{detail}");
    assert!(!detail.contains("(3)"), "{detail}");
}

#[test]
fn plan_warns_when_its_preconditions_are_enabled() {
    let gitlab = newest();
    gitlab.allow(APP, TARGET);
    let tf = workspace(&gitlab);
    for (before, after) in [
        (
            "push_repository_for_job_token_allowed = false",
            "push_repository_for_job_token_allowed = true",
        ),
        ("inbound_enabled = false", "inbound_enabled = true"),
    ] {
        tf.config(&scope(&format!("{CROSS} = true\n  {before}")));
        tf.apply().succeeds();
        tf.config(&scope(&format!("{CROSS} = true\n  {after}")));
        let plan = tf.plan();
        assert!(plan.run().stdout().contains("Other projects can push to acme/app (1)"), "{after}");
        tf.apply().succeeds();
        assert!(!tf.plan().run().stdout().contains("Other projects can push"), "{after}: once");
    }
}

#[test]
fn pushes_are_forbidden_before_and_allowed_after_access_changes() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    let config = |open: bool, pushes: bool| {
        scope(&format!(
            "inbound_enabled = {}\n  push_repository_for_job_token_allowed = {pushes}\n  {CROSS} = \
             {pushes}",
            !open
        ))
    };
    let writes =
        || gitlab.requests().writes().iter().map(|request| request.route).collect::<Vec<_>>();
    tf.config(&config(true, false));
    tf.apply().succeeds();

    gitlab.clear_requests();
    tf.config(&config(false, true));
    tf.apply().succeeds();
    assert_eq!(writes(), [Route::ScopePatch, Route::ProjectPut, Route::GraphqlMutation]);

    gitlab.clear_requests();
    tf.config(&config(true, false));
    tf.apply().succeeds();
    assert_eq!(writes(), [Route::GraphqlMutation, Route::ProjectPut, Route::ScopePatch]);
}

#[test]
fn change_with_an_unknown_result_stays_in_state() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    tf.config(&scope(""));
    tf.apply().succeeds();
    tf.config(&scope(&format!("{CROSS} = true")));
    tf.plan().succeeds();
    gitlab.inject(Fault::DropsTheResponse.on(Route::GraphqlMutation));
    gitlab.inject(Fault::BadGateway.on(Route::GraphqlQuery).named("JobTokenSettings").after(2));
    let error = tf.apply_saved().error();
    assert!(error.contains("may have been changed, but this"), "{error}");
    assert_eq!(tf.state().of(SCOPE)[CROSS], true);
}

/// Reads are denied, too, as for tokens that can't see the setting, but nothing was changed.
#[test]
fn change_that_a_proxy_rejects_is_an_error() {
    let gitlab = newest();
    let tf = workspace(&gitlab);
    let reject = || {
        for route in [Route::GraphqlQuery, Route::GraphqlMutation] {
            gitlab.inject(json_with(404, r#"{"message":"404 Not Found"}"#).on(route));
        }
    };
    reject();
    tf.config(&scope(&format!("{CROSS} = true")));
    assert!(tf.apply().error().contains("Can't set cross-project push: acme/app"));

    gitlab.clear_faults();
    tf.apply().succeeds();
    reject();
    assert!(tf.destroy().error().contains("Can't set cross-project push: acme/app"));

    assert!(gitlab.cross_project_push_for_job_token_allowed(APP));
    assert_eq!(tf.state().addresses(), [SCOPE]);
}

#[test]
fn unset_setting_costs_no_request() {
    let gitlab = newest();
    gitlab.set_cross_project_push_for_job_token_allowed(APP, true);
    let tf = workspace(&gitlab);
    tf.config(&scope(""));
    tf.apply().succeeds().has_no_warnings();
    assert_eq!(tf.state().of(SCOPE)[CROSS], Value::Null);
    tf.destroy().succeeds();
    assert!(gitlab.requests().to(Route::GraphqlQuery).is_empty());
    assert!(gitlab.cross_project_push_for_job_token_allowed(APP));
}

#[test]
fn older_gitlab_is_an_error_of_the_plan() {
    let gitlab = of_version("18.8.2-ee");
    let tf = workspace(&gitlab);
    tf.config(&scope(&format!("{CROSS} = true")));

    assert_snapshot!(tf.plan().error(), @"
    Error: Can't read cross-project push: acme/app
      gitlab_job_token_scope.app
      > cross_project_push_for_job_token_allowed = true

    GitLab's response doesn't have `cross_project_push_for_job_token_allowed`. It
    needs GitLab 19.1 or later, and at least the Maintainer role in the project.
    Upgrade GitLab, give the token's user this role, or remove the attribute from
    the configuration. Everything else works without it.

    If a destroy stops at this error, run it with the option `-refresh=false`.
    ");
}

#[test]
fn import_includes_the_setting_where_it_is_enabled() {
    for (version, is_on) in
        [("19.4.1-ee", true), ("19.4.1-ee", false), ("18.8.2-ee", false), ("16.0.8-ee", false)]
    {
        let gitlab = of_version(version);
        if is_on {
            gitlab.set_cross_project_push_for_job_token_allowed(APP, true);
        }
        let tf = workspace(&gitlab);
        tf.config(&scope(if is_on {
            "cross_project_push_for_job_token_allowed = true"
        } else {
            ""
        }));
        tf.import(SCOPE, "acme/app").succeeds();
        assert_eq!(
            tf.state().of(SCOPE)[CROSS],
            if is_on { json!(true) } else { Value::Null },
            "{version}"
        );
        tf.plan().changes_nothing();
    }
}

#[test]
fn data_sources_show_both_push_settings() {
    for version in VERSIONS {
        let gitlab = of_version(version);
        gitlab.set_push_repository_for_job_token_allowed(APP, true);
        let tf = workspace(&gitlab);
        tf.config("data \"gitlab_job_token_scope\" \"app\" {\n  project = \"acme/app\"\n}\n");
        tf.apply().succeeds().has_no_warnings();
        let state = tf.state();
        let read = state.of("data.gitlab_job_token_scope.app");
        let (push, cross) = match version {
            "16.0.8-ee" => (Value::Null, Value::Null),
            "19.1.3-ee" | "19.4.1-ee" => (json!(true), json!(false)),
            _ => (json!(true), Value::Null),
        };
        assert_eq!(
            (&read["push_repository_for_job_token_allowed"], &read[CROSS]),
            (&push, &cross),
            "{version}"
        );
    }
}
