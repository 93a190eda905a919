//! The guides: each directory under `examples/guides/` has a test here, and a line in [`TESTED`].

use std::sync::Arc;

use gitlab_simulator::{Permissions, Route, Simulator, Target};
use insta::assert_snapshot;
use serde_json::json;
use terraform_cli::{Action, Workspace};

use super::example;
use super::official::Official;
use crate::kit::{bare_workspace, workspace};
use crate::needs::{CHECK_BLOCKS, MOCKS, MOVED_BETWEEN_PROVIDERS, OPTIONAL_DEFAULTS, REMOVED};
use crate::worlds::examples::{allow, allowed, examples, project_id};

/// The directories, each with the test that applies it.
pub(super) const TESTED: [(&str, fn()); 9] = [
    ("access-graph", access_graph_yields_checks_a_table_and_a_diagram),
    ("audit", audit_reports_open_projects_and_foreign_targets),
    ("beside-the-official-provider", both_providers_work_in_one_configuration),
    ("lock-down", lock_down_leaves_no_gap_for_targets_on_the_allowlists),
    ("many-projects", one_map_makes_the_entries_of_many_projects),
    ("migrate-from-the-official-provider", migration_changes_nothing_on_the_server),
    ("policy-as-code", super::policy::example_follows_its_own_policy_and_checks),
    ("test-with-mocks", module_is_tested_without_gitlab),
    (
        "restrict-access-to-a-groups-projects",
        super::restricting::group_is_restricted_to_what_its_log_shows,
    ),
];

pub(super) fn guide(tf: &Workspace, directory: &str) {
    tf.config_from(&example("guides").join(directory));
}

#[test]
fn module_is_tested_without_gitlab() {
    let tf = bare_workspace();
    MOCKS.require();
    guide(&tf, "test-with-mocks");

    let run = tf.test();

    run.succeeds();
    assert!(run.stdout().contains(r#""passed":3"#), "{run}");
}

#[test]
fn one_map_makes_the_entries_of_many_projects() {
    OPTIONAL_DEFAULTS.require();
    let gitlab = examples();
    allow(&gitlab, "platform/charts", &["shop/*"]);
    let tf = workspace(&gitlab);
    guide(&tf, "many-projects");

    tf.apply().succeeds().has_no_warnings();

    let expected = ["platform/apps/*", "platform/tools/release-bot", "security/scanner"];
    assert_eq!(allowed(&gitlab, "platform/deploy"), expected);
    assert_eq!(allowed(&gitlab, "platform/charts"), ["platform/deploy", "shop/*"]);
    let ids = json!({
        "platform/charts <- platform/deploy": "98:project:99",
        "platform/deploy <- platform/apps/*": "99:group:7",
        "platform/deploy <- platform/tools/release-bot": "99:project:57",
        "platform/deploy <- security/scanner": "99:project:60",
    });
    assert_eq!(tf.output("entries"), ids);
    tf.plan().changes_nothing().has_no_warnings();
    tf.destroy().succeeds();
    assert_eq!(allowed(&gitlab, "platform/charts"), ["shop/*"]);
}

#[test]
fn lock_down_leaves_no_gap_for_targets_on_the_allowlists() {
    let gitlab = examples();
    let projects = ["platform/deploy", "platform/charts", "security/vault"];
    for project in projects {
        gitlab.set_inbound_enabled(project_id(&gitlab, project), false);
    }
    allow(&gitlab, "security/vault", &["shop/*"]);
    let tf = workspace(&gitlab);
    guide(&tf, "lock-down");

    let warnings = tf.plan().run().warnings();
    assert!(
        warnings.iter().any(|warning| warning.detail.contains("group shop (11)")),
        "{warnings:?}"
    );
    tf.apply_saved().succeeds();

    assert_eq!(allowed(&gitlab, "platform/charts"), ["platform/deploy"]);
    assert!(allowed(&gitlab, "security/vault").is_empty());
    assert!(projects.iter().all(|project| gitlab.inbound_enabled(project_id(&gitlab, project))));
    let writes = gitlab.requests().writes();
    let first_switch =
        writes.iter().position(|write| write.route == Route::ScopePatch).expect("a switch");
    assert!(
        writes[first_switch..].iter().all(|write| write.route == Route::ScopePatch),
        "{writes}"
    );
    let restricted = json!({ "platform/charts": 1, "platform/deploy": 3, "security/vault": 0 });
    assert_eq!(tf.output("restricted"), restricted);
    tf.plan().changes_nothing().has_no_warnings();

    tf.destroy().succeeds();
    assert!(projects.iter().all(|project| gitlab.inbound_enabled(project_id(&gitlab, project))));
}

#[test]
fn audit_reports_open_projects_and_foreign_targets() {
    CHECK_BLOCKS.require();
    let gitlab = examples();
    allow(&gitlab, "platform/deploy", &["platform/apps/*", "security/scanner"]);
    let tf = workspace(&gitlab);
    guide(&tf, "audit");

    tf.apply().succeeds().has_no_warnings();
    let access = json!({
        "platform/charts": { "restricted": true, "allowed": [] },
        "platform/deploy": { "restricted": true, "allowed": ["security/scanner", "platform/apps/*"] },
        "security/vault": { "restricted": true, "allowed": [] },
    });
    assert_eq!(tf.output("access"), access);
    tf.plan().changes_nothing();

    gitlab.set_inbound_enabled(project_id(&gitlab, "security/vault"), false);
    allow(&gitlab, "platform/charts", &["shop/*"]);
    let details: Vec<_> =
        tf.plan().run().warnings().into_iter().map(|warning| warning.detail).collect();
    assert_eq!(details.len(), 2, "{details:?}");
    for finding in [
        "Open to the job tokens of all projects: security/vault.",
        "Allowed, but not below a trusted group: platform/charts <- shop/*.",
    ] {
        assert!(
            details.iter().any(|detail| detail.starts_with(finding)),
            "{finding:?} is not in {details:?}"
        );
    }
    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.destroy().succeeds();
}

#[test]
fn access_graph_yields_checks_a_table_and_a_diagram() {
    CHECK_BLOCKS.require();
    let gitlab = examples();
    allow(&gitlab, "platform/deploy", &["security/scanner", "shop/*"]);
    allow(&gitlab, "platform/charts", &["platform/*"]);
    allow(&gitlab, "platform/apps/storefront", &["platform/deploy"]);
    let (charts, deploy) =
        (project_id(&gitlab, "platform/charts"), project_id(&gitlab, "platform/deploy"));
    let platform = gitlab.group_id("platform").expect("an existing group");
    let least = Permissions::limited_to(["READ_JOBS", "READ_PACKAGES"]);
    gitlab.set_permissions(charts, Target::Group(platform), least);
    gitlab.record_authentication(
        deploy,
        project_id(&gitlab, "security/scanner"),
        "2026-11-20T10:00:00Z",
    );
    let tf = workspace(&gitlab);
    guide(&tf, "access-graph");

    let run = tf.apply();

    let warnings = run.succeeds().warnings();
    for finding in [
        "Groups with the default permissions: platform/deploy <- shop/*.",
        "Entries of platform/deploy that nobody used for 30 days: shop/*.",
    ] {
        assert!(
            warnings.iter().any(|warning| warning.detail.starts_with(finding)),
            "{finding}: {warnings:?}"
        );
    }
    assert_eq!(tf.output("callers"), json!(["shop/*", "security/scanner"]));
    assert_eq!(tf.output("reachable"), json!(["platform/apps/storefront", "platform/charts"]));
    assert_snapshot!(tf.output("table").as_str().unwrap_or_default(), @"
    JOBS OF                      CAN ACCESS                   WITH
    platform/deploy              platform/apps/storefront     default permissions
    platform/*                   platform/charts              READ_JOBS, READ_PACKAGES
    shop/*                       platform/deploy              default permissions
    security/scanner             platform/deploy              default permissions
    ");
    assert_snapshot!(tf.output("mermaid").as_str().unwrap_or_default(), @r#"
    flowchart LR
      n0["platform/deploy"]
      n1["platform/*"]
      n2["shop/*"]
      n3["security/scanner"]
      n4["platform/apps/storefront"]
      n5["platform/charts"]
      n0 --> n4
      n1 --> n5
      n2 --> n0
      n3 --> n0
    "#);
    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.plan().changes_nothing();
    tf.destroy().succeeds();
}

#[test]
fn both_providers_work_in_one_configuration() {
    let gitlab = Arc::new(examples());
    let official = Official::start(&gitlab);
    let tf = workspace_with_official(&gitlab, &official);
    guide(&tf, "beside-the-official-provider");

    tf.apply().succeeds().has_no_warnings();

    assert_eq!(allowed(&gitlab, "shop/payments"), ["platform/deploy"]);
    assert_eq!(allowed(&gitlab, "platform/charts"), ["shop/payments"]);
    tf.plan().changes_nothing().has_no_warnings();
    tf.destroy().succeeds();
    assert_eq!(gitlab.project_id("shop/payments"), None);
}

#[test]
fn migration_changes_nothing_on_the_server() {
    MOVED_BETWEEN_PROVIDERS.require();
    REMOVED.require();
    let gitlab = Arc::new(examples());
    let official = Official::start(&gitlab);
    let mut tf = workspace_with_official(&gitlab, &official);
    let holds = |project: &str, expected: &[&str]| {
        assert_eq!(allowed(&gitlab, project), expected, "{project}")
    };
    let nothing_changed = || {
        holds("platform/deploy", &["security/scanner"]);
        holds("platform/charts", &["platform/apps/*", "platform/deploy"]);
        holds("security/vault", &["platform/tools/*", "security/scanner"]);
        assert_eq!(gitlab.requests().writes().to_string(), "");
    };
    guide(&tf, "migrate-from-the-official-provider/1-before");
    tf.apply().succeeds();
    nothing_changed();

    guide(&tf, "migrate-from-the-official-provider/2-migrate");
    let plan = tf.plan();
    let harmless = [Action::NoOp, Action::Forget];
    let harmful: Vec<_> =
        plan.changes().into_iter().filter(|change| !harmless.contains(&change.action)).collect();
    assert!(harmful.is_empty(), "{harmful:#?}");
    tf.apply_saved().succeeds();
    nothing_changed();
    tf.plan().changes_nothing();

    guide(&tf, "migrate-from-the-official-provider/3-after");
    tf.remove_env("TF_REATTACH_PROVIDERS");
    tf.plan().changes_nothing().has_no_warnings();
    nothing_changed();

    tf.destroy().succeeds();
    for project in ["platform/deploy", "platform/charts", "security/vault"] {
        holds(project, &[]);
    }
}

/// Makes a workspace that can also use the official provider.
fn workspace_with_official(gitlab: &Simulator, official: &Official) -> Workspace {
    let mut tf = workspace(gitlab);
    tf.set_env("TF_REATTACH_PROVIDERS", &official.reattach);
    tf
}
