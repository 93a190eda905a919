//! An entry with permissions beside a list of the same target: the target gets only the permissions
//! of the entry, or the plan warns.

use gitlab_simulator::{Permissions, Requests, Simulator, Target};

use super::*;
use crate::kit::workspace;

/// The words of the warning.
const FULL_PERMISSIONS: &str = "full permissions|all permissions|default permissions";

fn target(kind: &Kind) -> Target {
    (kind.target)(kind.ids[0])
}

/// Returns a new entry with permissions and a new list of its target and another one, in this
/// order.
fn config(kind: &Kind, entry_order: &str, list_order: &str) -> String {
    let arguments = format!("{}\njob_token_policies = [\"READ_JOBS\"]{entry_order}", kind.entry(0));
    format!(
        "{}{}",
        entry("this", &arguments),
        list("this", &format!("{}{list_order}", kind.list(&[0, 1])))
    )
}

/// Returns the additions over REST, which doesn't support permissions.
fn additions(gitlab: &Simulator, kind: &Kind) -> Requests {
    let target = target(kind);
    gitlab.requests().writes().filter(|request| {
        request.method == "POST" && request.names.is_empty() && request.target == Some(target)
    })
}

#[track_caller]
fn assert_limited(gitlab: &Simulator, kind: &Kind) {
    assert_eq!(gitlab.permissions(APP, target(kind)), Some(Permissions::limited_to(["READ_JOBS"])));
    assert_eq!(kind.allowed(gitlab), [0, 1]);
}

#[test]
fn list_leaves_a_target_to_the_entry_planned_before_it() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        tf.config(&config(&kind, "", &after(&format!("{ENTRY}.this"))));

        plans_and_applies(&tf);

        assert_eq!(additions(&gitlab, &kind).to_string(), "");
        assert_limited(&gitlab, &kind);
    }
}

#[test]
fn entry_planned_after_a_list_warns_of_full_permissions() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        tf.config(&config(&kind, &after(&format!("{LIST}.this")), ""));

        let plan = tf.plan();
        assert_warns(plan.succeeds().run(), &[FULL_PERMISSIONS, &kind.named(0)]);
        tf.apply_saved().succeeds();

        assert_limited(&gitlab, &kind);
        let next = tf.plan();
        assert_does_not_warn(next.changes_nothing().run(), &[FULL_PERMISSIONS]);
    }
}

/// Terraform doesn't order them.
#[test]
fn list_beside_an_entry_adds_no_target_without_a_warning() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        tf.config(&config(&kind, "", ""));

        let warnings = plans_and_applies(&tf);

        let is_warned_of =
            warnings.iter().any(|warning| mentions(warning, &[FULL_PERMISSIONS, &kind.named(0)]));
        let additions = additions(&gitlab, &kind);
        assert!(is_warned_of || additions.is_empty(), "{additions}");
        assert_limited(&gitlab, &kind);
    }
}

#[test]
fn list_beside_an_entry_that_exists_leaves_its_permissions() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        let config = config(&kind, "", "");
        let (entry, _) = config.split_once(&format!("resource \"{LIST}\"")).expect("the list");
        tf.config(entry);
        tf.apply().succeeds();
        gitlab.clear_requests();
        tf.config(&config);

        let warnings = plans_and_applies(&tf);

        assert!(
            warnings.iter().all(|warning| !mentions(warning, &[FULL_PERMISSIONS])),
            "{warnings:#?}"
        );
        assert_eq!(additions(&gitlab, &kind).to_string(), "");
        assert_limited(&gitlab, &kind);
    }
}
