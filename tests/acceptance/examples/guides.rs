//! The real-world examples: each folder under `examples/guides/` has its test here, and its line in [`TESTED`].

use std::sync::Arc;

use gitlab_simulator::{Route, Simulator};
use serde_json::json;
use terraform_cli::{Action, Workspace};

use super::example;
use super::official::Official;
use crate::estate::{allow, allowed, estate, number};
use crate::kit::{bare_workspace, workspace};
use crate::needs::{MOCKS, MOVED_BETWEEN_PROVIDERS, REMOVED};

/// The folders, each with the test that applies it.
pub(super) const TESTED: [(&str, fn()); 6] = [
    ("audit", an_audit_tells_of_open_projects_and_strangers),
    ("beside-the-official-provider", both_providers_work_in_one_configuration),
    ("lock-down", an_estate_is_locked_down_with_no_gap_for_those_on_the_lists),
    ("many-projects", one_map_makes_the_entries_of_many_projects),
    ("migrate-from-the-official-provider", a_migration_changes_nothing_on_the_server),
    ("test-with-mocks", a_module_is_tested_without_gitlab),
];

fn guide(tf: &Workspace, folder: &str) {
    tf.config_from(&example("guides").join(folder));
}

#[test]
fn a_module_is_tested_without_gitlab() {
    let Some(tf) = bare_workspace() else { return };
    if MOCKS.is_missing() {
        return;
    }
    guide(&tf, "test-with-mocks");

    let run = tf.test();

    run.succeeds();
    assert!(run.stdout().contains(r#""passed":3"#), "{run}");
}

#[test]
fn one_map_makes_the_entries_of_many_projects() {
    let gitlab = estate();
    allow(&gitlab, "platform/charts", &["shop/*"]);
    let Some(tf) = workspace(&gitlab) else { return };
    guide(&tf, "many-projects");

    tf.apply().succeeds().warns_of_nothing();

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
    tf.plan().changes_nothing().warns_of_nothing();
    tf.destroy().succeeds();
    assert_eq!(allowed(&gitlab, "platform/charts"), ["shop/*"]);
}

#[test]
fn an_estate_is_locked_down_with_no_gap_for_those_on_the_lists() {
    let gitlab = estate();
    let projects = ["platform/deploy", "platform/charts", "security/vault"];
    for project in projects {
        gitlab.set_inbound_enabled(number(&gitlab, project), false);
    }
    allow(&gitlab, "security/vault", &["shop/*"]);
    let Some(tf) = workspace(&gitlab) else { return };
    guide(&tf, "lock-down");

    let warnings = tf.plan().run().warnings();
    assert!(warnings.iter().any(|warning| warning.detail.contains("group shop (11)")), "{warnings:?}");
    tf.apply_saved().succeeds();

    assert_eq!(allowed(&gitlab, "platform/charts"), ["platform/deploy"]);
    assert!(allowed(&gitlab, "security/vault").is_empty());
    assert!(projects.iter().all(|project| gitlab.inbound_enabled(number(&gitlab, project))));
    let writes = gitlab.requests().writes();
    let first_switch = writes.iter().position(|write| write.route == Route::ScopePatch).expect("a switch");
    assert!(writes[first_switch..].iter().all(|write| write.route == Route::ScopePatch), "{writes}");
    let limited = json!({ "platform/charts": 1, "platform/deploy": 3, "security/vault": 0 });
    assert_eq!(tf.output("limited"), limited);
    tf.plan().changes_nothing().warns_of_nothing();

    tf.destroy().succeeds();
    assert!(projects.iter().all(|project| gitlab.inbound_enabled(number(&gitlab, project))));
}

#[test]
fn an_audit_tells_of_open_projects_and_strangers() {
    let gitlab = estate();
    allow(&gitlab, "platform/deploy", &["platform/apps/*", "security/scanner"]);
    let Some(tf) = workspace(&gitlab) else { return };
    guide(&tf, "audit");

    tf.apply().succeeds().warns_of_nothing();
    let access = json!({
        "platform/charts": { "limited": true, "allowed": [] },
        "platform/deploy": { "limited": true, "allowed": ["security/scanner", "platform/apps/*"] },
        "security/vault": { "limited": true, "allowed": [] },
    });
    assert_eq!(tf.output("access"), access);
    tf.plan().changes_nothing();

    gitlab.set_inbound_enabled(number(&gitlab, "security/vault"), false);
    allow(&gitlab, "platform/charts", &["shop/*"]);
    let told: Vec<_> = tf.plan().run().warnings().into_iter().map(|warning| warning.detail).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for finding in [
        "Open to the job tokens of all projects: security/vault.",
        "Allowed, but not below a trusted group: platform/charts <- shop/*.",
    ] {
        assert!(told.iter().any(|detail| detail.starts_with(finding)), "{finding:?} is not in {told:?}");
    }
    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.destroy().succeeds();
}

#[test]
fn both_providers_work_in_one_configuration() {
    let gitlab = Arc::new(estate());
    let official = Official::start(&gitlab);
    let Some(tf) = beside(&gitlab, &official) else { return };
    guide(&tf, "beside-the-official-provider");

    tf.apply().succeeds().warns_of_nothing();

    assert_eq!(allowed(&gitlab, "shop/payments"), ["platform/deploy"]);
    assert_eq!(allowed(&gitlab, "platform/charts"), ["shop/payments"]);
    tf.plan().changes_nothing().warns_of_nothing();
    tf.destroy().succeeds();
    assert_eq!(gitlab.project_id("shop/payments"), None);
}

#[test]
fn a_migration_changes_nothing_on_the_server() {
    if MOVED_BETWEEN_PROVIDERS.is_missing() || REMOVED.is_missing() {
        return;
    }
    let gitlab = Arc::new(estate());
    let official = Official::start(&gitlab);
    let Some(mut tf) = beside(&gitlab, &official) else { return };
    let holds =
        |project: &str, expected: &[&str]| assert_eq!(allowed(&gitlab, project), expected, "{project}");
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
    tf.plan().changes_nothing().warns_of_nothing();
    nothing_changed();

    tf.destroy().succeeds();
    for project in ["platform/deploy", "platform/charts", "security/vault"] {
        holds(project, &[]);
    }
}

/// A workspace where the official provider is at hand too.
fn beside(gitlab: &Simulator, official: &Official) -> Option<Workspace> {
    let mut tf = workspace(gitlab)?;
    tf.set_env("TF_REATTACH_PROVIDERS", &official.reattach);
    Some(tf)
}
