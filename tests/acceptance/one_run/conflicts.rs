//! Two resources with different values for the same object: the plan warns, and the apply doesn't
//! undo its own changes. Apparent conflicts don't warn.

use gitlab_simulator::{Requests, Simulator, Target};
use terraform_cli::Workspace;

use super::*;
use crate::kit::{replaced, workspace};
use crate::needs::TERRAFORM_DATA;
use crate::worlds::{FOUR_PROJECTS, LIB, OPS, WEB};

/// The fact that the source project is named.
const APP_NAMED: &str = "project acme/app (1)";

/// Plans two resources of which the second one is planned and applied after the first, expects the
/// warning, and applies the plan, which fails. Returns the writes of the apply.
#[track_caller]
fn assert_second_fails(
    gitlab: &Simulator,
    first: (&str, &str),
    second: (&str, &str),
    facts: &[&str],
) -> Requests {
    let tf = workspace(gitlab);
    let order = after(&format!("{}.first", first.0));
    tf.config(&format!(
        "{}{}",
        resource(first.0, "first", first.1),
        resource(second.0, "second", &format!("{}{order}", second.1))
    ));

    let plan = tf.plan();
    assert_warns(plan.succeeds().run(), &[&["conflict"][..], facts].concat());
    gitlab.clear_requests();
    let applied = tf.apply_saved();

    assert_fails_with(&applied, facts);
    assert_eq!(applied.errors().len(), 1, "{applied}");
    assert!(
        applied.errors().iter().all(|error| !mentions(error, &["plan doesn't show"])),
        "{applied}"
    );
    gitlab.requests().writes()
}

fn removals(writes: &Requests) -> String {
    writes.filter(|request| request.method == "DELETE").to_string()
}

#[test]
fn second_list_of_one_kind_fails_and_removes_nothing() {
    for kind in KINDS {
        for [one, other] in [[0, 1], [1, 0]] {
            let gitlab = kind.gitlab(&[]);
            let (first, second) = (kind.list(&[one]), kind.list(&[other]));

            let writes =
                assert_second_fails(&gitlab, (LIST, &first), (LIST, &second), &[APP_NAMED]);

            assert!(kind.allowed(&gitlab).contains(&one));
            assert_eq!(removals(&writes), "");
        }
    }
}

/// Only one of the two lists has the target that the other one removes.
#[test]
fn second_list_does_not_add_what_the_first_removed() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[0, 1]);
        let (first, second) = (kind.list(&[0]), kind.list(&[0, 1]));

        let writes = assert_second_fails(&gitlab, (LIST, &first), (LIST, &second), &[APP_NAMED]);

        assert_eq!(kind.allowed(&gitlab), [0]);
        assert_eq!(writes.len(), 1, "{writes}");
    }
}

#[test]
fn lists_that_exclude_each_other_never_remove_both_targets() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[0, 1]);
        let tf = workspace(&gitlab);
        let [one, other] = [[0], [1]].map(|indexes| kind.list(&indexes));
        tf.config(&format!("{}{}", list("one", &one), list("other", &other)));
        // The second apply adds the failed one to the state.
        tf.apply().fails();
        tf.apply().succeeds();
        kind.allow(&gitlab, 0);
        kind.allow(&gitlab, 1);

        let applied = tf.apply();

        assert_fails_with(&applied, &["conflict", "changed nothing", APP_NAMED]);
        assert_eq!(kind.allowed(&gitlab).len(), 1);
    }
}

#[test]
fn two_lists_name_their_differences() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[1]);
        let (first, second) = (kind.list(&[0, 2]), kind.list(&[1, 2]));
        let facts = ["only this one|only the other", &kind.named(0), &kind.named(1)];

        let facts = [&facts[..], &[APP_NAMED]].concat();
        let tf = workspace(&gitlab);
        let order = after(&format!("{LIST}.first"));
        tf.config(&format!(
            "{}{}",
            list("first", &first),
            list("second", &format!("{second}{order}"))
        ));
        let plan = tf.plan();
        assert_warns(plan.succeeds().run(), &facts);
        assert_does_not_warn(plan.run(), &["conflict", &kind.named(2)]);

        // What the first one has added and removed is one conflict.
        let applied = tf.apply_saved();
        assert_fails_with(&applied, &["conflict", &kind.named(0), &kind.named(1)]);
        assert_eq!(applied.errors().len(), 1, "{applied}");
        assert_does_not_warn(&applied, &["lose access", &kind.named(0)]);
        assert_eq!(kind.allowed(&gitlab), [0, 2]);
    }
}

#[test]
fn lists_with_an_unknown_target_conflict() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        let missing = format!("{} = [\"acme/missing\"]", kind.set);
        tf.config(&format!("{}{}", list("one", &kind.list(&[0])), list("other", &missing)));

        let plan = tf.plan();

        assert_one_warns(&[plan.succeeds().run()], &["conflict", APP_NAMED, "merge"]);
        assert_does_not_warn(plan.run(), &["only this one|only the other"]);
    }
}

#[test]
fn second_scope_fails_and_writes_nothing() {
    for first in [true, false] {
        let gitlab = FOUR_PROJECTS.start();
        gitlab.set_inbound_enabled(APP, !first);
        let [one, other] =
            [first, !first].map(|restricted| format!("inbound_enabled = {restricted}"));

        let writes = assert_second_fails(&gitlab, (SCOPE, &one), (SCOPE, &other), &[APP_NAMED]);

        assert_eq!(gitlab.inbound_enabled(APP), first);
        assert_eq!(writes.len(), 1, "{writes}");
    }
}

#[test]
fn second_scope_with_another_push_setting_fails() {
    for first in [true, false] {
        let gitlab = FOUR_PROJECTS.start();
        gitlab.set_push_repository_for_job_token_allowed(APP, !first);
        let [one, other] = [first, !first]
            .map(|allowed| format!("push_repository_for_job_token_allowed = {allowed}"));

        let writes = assert_second_fails(&gitlab, (SCOPE, &one), (SCOPE, &other), &[APP_NAMED]);

        assert_eq!(gitlab.push_repository_for_job_token_allowed(APP), first);
        assert_eq!(writes.len(), 1, "{writes}");
    }
}

#[test]
fn list_does_not_remove_a_new_entry() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let (first, second) = (kind.entry(1), kind.list(&[0]));

        let writes =
            assert_second_fails(&gitlab, (ENTRY, &first), (LIST, &second), &[&kind.named(1)]);

        assert!(kind.allowed(&gitlab).contains(&1));
        assert_eq!(removals(&writes), "");
    }
}

#[test]
fn entry_does_not_add_what_a_list_removed() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[1]);
        let (first, second) = (kind.list(&[0]), kind.entry(1));

        let writes =
            assert_second_fails(&gitlab, (LIST, &first), (ENTRY, &second), &[&kind.named(1)]);

        assert_eq!(kind.allowed(&gitlab), [0]);
        assert_eq!(writes.len(), 2, "{writes}");
    }
}

#[test]
fn entry_outside_a_list_warns_in_either_order() {
    for kind in KINDS {
        for first in [ENTRY, LIST] {
            let gitlab = kind.gitlab(&[]);
            let tf = workspace(&gitlab);
            let order = after(&format!("{first}.this"));
            let order = |resource: &str| if resource == first { "" } else { order.as_str() };
            tf.config(&format!(
                "{}{}",
                entry("this", &format!("{}{}", kind.entry(1), order(ENTRY))),
                list("this", &format!("{}{}", kind.list(&[0]), order(LIST)))
            ));

            assert_warns(tf.plan().succeeds().run(), &["conflict", &kind.named(1)]);
        }
    }
}

/// Plans and applies a configuration that has no conflict.
#[track_caller]
fn applies_without_conflict(tf: &Workspace, config: &str, options: &[&str]) {
    tf.config(config);
    let plan = tf.plan_with(options);
    assert_does_not_warn(plan.succeeds().run(), &["conflict"]);
    let applied = tf.apply_saved();
    assert_does_not_warn(&applied, &["conflict"]);
    applied.succeeds();
    let next = tf.plan();
    assert_does_not_warn(next.changes_nothing().run(), &["conflict"]);
}

/// Applies each of the configurations in turn, none of which has a conflict, in itself or with the
/// one before.
#[track_caller]
fn apply_without_conflict(configs: &[&str]) {
    let gitlab = KINDS[0].gitlab(&[]);
    let tf = workspace(&gitlab);
    for config in configs {
        applies_without_conflict(&tf, config, &[]);
    }
}

#[test]
fn lists_of_different_kinds_do_not_conflict() {
    let [projects, groups] = KINDS.map(|kind| kind.list(&[0]));
    apply_without_conflict(&[&format!(
        "{}{}",
        list("projects", &projects),
        list("groups", &groups)
    )]);
}

#[test]
fn lists_of_different_projects_do_not_conflict() {
    let list = list("app", "target_projects = [\"acme/lib\"]");
    let other = replaced(&replaced(&list, "acme/app", "acme/old"), "\"app\"", "\"old\"");
    apply_without_conflict(&[&format!("{list}{other}")]);
}

#[test]
fn entry_in_the_list_does_not_conflict() {
    for kind in KINDS {
        let [named, entry_arguments] = [kind.list(&[0, 1]), kind.entry(1)];
        let [list_first, entry_first] = [LIST, ENTRY].map(|first| after(&format!("{first}.this")));
        for [entry_order, list_order] in [["", ""], [&list_first, ""], ["", &entry_first]] {
            let gitlab = kind.gitlab(&[]);
            let tf = workspace(&gitlab);
            let entry = entry("this", &format!("{entry_arguments}{entry_order}"));
            let list = list("this", &format!("{named}{list_order}"));

            applies_without_conflict(&tf, &format!("{entry}{list}"), &[]);

            assert_eq!(kind.allowed(&gitlab), [0, 1]);
        }
    }
}

#[test]
fn entry_beside_a_list_of_the_other_kind_does_not_conflict() {
    let entry = entry("web", "target_project = \"acme/web\"");
    apply_without_conflict(&[&format!("{entry}{}", list("this", "target_groups = []"))]);
}

#[test]
fn entries_of_different_targets_do_not_conflict() {
    let entries: Vec<String> = KINDS
        .iter()
        .flat_map(|kind| (0..3).map(move |index| (kind, index)))
        .map(|(kind, index)| entry(&format!("{}_{index}", kind.argument), &kind.entry(index)))
        .collect();
    let gitlab = KINDS[1].gitlab(&[]);
    let tf = workspace(&gitlab);
    applies_without_conflict(&tf, &entries.concat(), &[]);
}

/// Project 2 and group 2 are two targets.
#[test]
fn project_and_group_with_one_id_do_not_conflict() {
    assert_eq!(LIB, OPS);
    let [project, group] =
        ["project", "group"].map(|kind| entry(kind, &format!("target_{kind}_id = {LIB}")));
    apply_without_conflict(&[&format!("{project}{group}")]);
}

/// Returns two values of an attribute that forces a new resource, for each of the resources.
fn replacements(lifecycle: &str) -> Vec<[String; 2]> {
    let mut configs = vec![
        ["acme/lib", "acme/web"]
            .map(|target| entry("this", &format!("target_project = \"{target}\"\n{lifecycle}"))),
    ];
    for (kind, arguments) in [
        (ENTRY, "target_project = \"acme/lib\""),
        (LIST, "target_projects = [\"acme/lib\"]"),
        (SCOPE, ""),
    ] {
        configs.push(["acme/app", "acme/old"].map(|project| {
            resource_of(
                &format!("\"{project}\""),
                kind,
                "this",
                &format!("{arguments}\n{lifecycle}"),
            )
        }));
    }
    configs
}

const CREATE_BEFORE_DESTROY: &str = "lifecycle {\ncreate_before_destroy = true\n}";

#[test]
fn changes_that_force_a_new_resource_do_not_conflict() {
    for lifecycle in ["", CREATE_BEFORE_DESTROY] {
        for [before, after] in replacements(lifecycle) {
            apply_without_conflict(&[&before, &after]);
        }
    }
}

/// Returns one resource of each type with this name.
fn each_resource(name: &str, more: &str) -> [String; 4] {
    [
        entry(name, &format!("target_project = \"acme/lib\"\n{more}")),
        list(name, &format!("target_projects = [\"acme/lib\"]\ntarget_groups = [\"ops\"]\n{more}")),
        scope(name, &format!("inbound_enabled = false\n{more}")),
        scope(name, &format!("push_repository_for_job_token_allowed = true\n{more}")),
    ]
}

#[test]
fn renamed_resources_do_not_conflict() {
    for (before, after) in each_resource("before", "").iter().zip(&each_resource("after", "")) {
        apply_without_conflict(&[before, after]);
    }
}

#[test]
fn renamed_keys_do_not_conflict() {
    let [before, after] = ["before", "after"]
        .map(|key| each_resource("this", &format!("for_each = toset([\"{key}\"])")));
    for (before, after) in before.iter().zip(&after) {
        apply_without_conflict(&[before, after]);
    }
}

#[test]
fn entries_that_become_a_list_do_not_conflict() {
    let entries = ["lib", "web"]
        .map(|name| entry(name, &format!("target_project = \"acme/{name}\"")))
        .concat();
    let list = list("this", "target_projects = [\"acme/lib\", \"acme/web\"]");
    apply_without_conflict(&[&entries, &list, &entries]);
}

#[test]
fn requested_replacement_does_not_conflict() {
    for lifecycle in ["", CREATE_BEFORE_DESTROY] {
        for config in each_resource("this", lifecycle) {
            let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
            applies_without_conflict(&tf, &config, &[]);
            let state = tf.state();
            let [address] = state.addresses()[..] else { panic!("one resource: {state:?}") };

            applies_without_conflict(&tf, &config, &[&format!("-replace={address}")]);
        }
    }
}

/// The apply plans it again, with the value that it knows by then.
#[test]
fn resource_that_is_planned_twice_does_not_conflict() {
    TERRAFORM_DATA.require();
    let unknown = "resource \"terraform_data\" \"app\" {\n  input = \"acme/app\"\n}\n";
    for (kind, arguments) in [
        (ENTRY, "target_project = \"acme/lib\""),
        (LIST, "target_projects = [\"acme/lib\"]"),
        (SCOPE, ""),
    ] {
        let resource = resource_of("terraform_data.app.output", kind, "this", arguments);
        apply_without_conflict(&[&format!("{unknown}{resource}")]);
    }
}

#[test]
fn shifted_count_does_not_conflict() {
    let entries = |ids: &[u64]| {
        entry("this", &format!("count = {}\ntarget_project_id = {ids:?}[count.index]", ids.len()))
    };
    let [all, fewer] = [&[LIB, WEB, 4][..], &[WEB, 4]].map(entries);
    apply_without_conflict(&[&all, &fewer, &all]);
}

/// In the state, an adopted entry looks like a renamed one.
#[test]
fn adopted_entry_does_not_conflict() {
    let gitlab = FOUR_PROJECTS.start();
    gitlab.allow(APP, Target::Project(LIB));
    let tf = workspace(&gitlab);
    applies_without_conflict(&tf, &entry("this", "target_project = \"acme/lib\""), &[]);
}
