//! Paths that can't be resolved, or that name another target by the time of the apply.

use std::collections::BTreeSet;

use gitlab_simulator::{ADMINISTRATOR, Route, Simulator};
#[cfg(unix)]
use serde_json::json;
use terraform_cli::{Action, Workspace};

use super::*;
use crate::kit::workspace;
use crate::worlds::{FOUR_PROJECTS, LIB, WEB};

/// Hides a target from the token.
fn hide(gitlab: &Simulator, kind: &Kind, index: usize) {
    gitlab.hide_from(ADMINISTRATOR, (kind.target)(kind.ids[index]));
}

/// Applies a configuration while all of its targets can be seen, and hides the first one
/// afterwards.
#[track_caller]
fn hidden_after(kind: &Kind, config: &str) -> (Simulator, Workspace) {
    let gitlab = kind.gitlab(&[]);
    let tf = workspace(&gitlab);
    tf.config(config);
    tf.apply().succeeds();
    hide(&gitlab, kind, 0);
    gitlab.clear_requests();
    (gitlab, tf)
}

fn ids(kind: &Kind, index: usize) -> String {
    format!("{}_ids = [{}]", kind.argument, kind.ids[index])
}

#[test]
fn target_leaves_a_list_beside_a_hidden_path() {
    for kind in KINDS {
        let (gitlab, tf) = hidden_after(&kind, &list("this", &kind.list(&[0, 1])));
        tf.config(&list("this", &kind.list(&[0])));

        plans_and_applies(&tf);

        assert_eq!(kind.allowed(&gitlab), [0]);
    }
}

#[test]
fn target_joins_a_list_beside_a_hidden_path() {
    for kind in KINDS {
        let (gitlab, tf) = hidden_after(&kind, &list("this", &kind.list(&[0, 1])));
        tf.config(&list("this", &kind.list(&[0, 1, 2])));

        plans_and_applies(&tf);

        assert_eq!(kind.allowed(&gitlab), [0, 1, 2]);
    }
}

/// Plans a change in place, which takes no write.
#[track_caller]
fn plans_and_applies_in_place(gitlab: &Simulator, tf: &Workspace, address: &str) {
    assert_eq!(tf.plan().change(address).action, Action::Update);
    plans_and_applies(tf);
    assert_eq!(gitlab.requests().writes().to_string(), "");
}

#[test]
fn hidden_path_replaces_an_id_of_a_list() {
    for kind in KINDS {
        let (gitlab, tf) = hidden_after(&kind, &list("this", &ids(&kind, 0)));
        tf.config(&list("this", &kind.list(&[0])));

        plans_and_applies_in_place(&gitlab, &tf, &format!("{LIST}.this"));
    }
}

#[test]
fn hidden_path_replaces_an_id_of_an_entry() {
    for kind in KINDS {
        let by_id = format!("{}_id = {}", kind.argument, kind.ids[0]);
        let (gitlab, tf) = hidden_after(&kind, &entry("this", &by_id));
        tf.config(&entry("this", &kind.entry(0)));

        plans_and_applies_in_place(&gitlab, &tf, &format!("{ENTRY}.this"));
    }
}

/// Puts the first target on the allowlist and hides it.
fn hidden_on_the_allowlist(kind: &Kind) -> Simulator {
    let gitlab = kind.gitlab(&[0]);
    hide(&gitlab, kind, 0);
    gitlab
}

#[test]
fn new_list_adopts_a_hidden_path() {
    for kind in KINDS {
        let gitlab = hidden_on_the_allowlist(&kind);
        let tf = workspace(&gitlab);
        tf.config(&list("this", &kind.list(&[0, 1])));

        plans_and_applies(&tf);

        assert_eq!(kind.allowed(&gitlab), [0, 1]);
    }
}

#[test]
fn new_entry_adopts_a_hidden_path() {
    for kind in KINDS {
        let gitlab = hidden_on_the_allowlist(&kind);
        let tf = workspace(&gitlab);
        tf.config(&entry("this", &kind.entry(0)));

        plans_and_applies(&tf);

        assert_eq!(kind.allowed(&gitlab), [0]);
    }
}

#[test]
fn entry_imported_by_id_takes_a_hidden_path() {
    for kind in KINDS {
        let gitlab = hidden_on_the_allowlist(&kind);
        let tf = workspace(&gitlab);
        tf.config(&entry("this", &kind.entry(0)));
        let noun = kind.argument.trim_start_matches("target_");
        let address = format!("{ENTRY}.this");
        tf.import(&address, &format!("{APP}:{noun}:{}", kind.ids[0])).succeeds();

        plans_and_applies_in_place(&gitlab, &tf, &address);
    }
}

#[test]
fn list_imported_by_id_takes_a_hidden_path() {
    for kind in KINDS {
        let gitlab = hidden_on_the_allowlist(&kind);
        let tf = workspace(&gitlab);
        tf.config(&list("this", &kind.list(&[0])));
        let address = format!("{LIST}.this");
        tf.import(&address, &APP.to_string()).succeeds();

        plans_and_applies_in_place(&gitlab, &tf, &address);
    }
}

/// Moves a state of the official provider to a resource that names its targets by hidden paths.
#[cfg(unix)]
#[track_caller]
fn moves(kind: &Kind, official: &crate::moved::Official, resource: &str, config: &str) {
    let gitlab = hidden_on_the_allowlist(kind);
    let address = format!("{resource}.this");
    let tf = official.moved_to(&gitlab, &address, config);

    plans_and_applies(&tf);

    assert_eq!(gitlab.requests().writes().to_string(), "");
    assert_eq!(tf.state().addresses(), [address]);
}

#[cfg(unix)]
#[test]
fn entry_moved_from_the_official_provider_takes_a_hidden_path() {
    for kind in KINDS {
        let noun = kind.argument.trim_start_matches("target_");
        let target = format!("{}_id", kind.argument);
        let mut attributes = json!({"id": format!("1:{noun}:{}", kind.ids[0]), "project": "1",
                                    "target_project_id": null, "target_group_id": null});
        attributes[target] = kind.ids[0].into();

        let official = crate::moved::Official::scope(1, attributes);
        moves(&kind, &official, ENTRY, &entry("this", &kind.entry(0)));
    }
}

#[cfg(unix)]
#[test]
fn list_moved_from_the_official_provider_takes_a_hidden_path() {
    for (kind, other) in [(&KINDS[0], &KINDS[1]), (&KINDS[1], &KINDS[0])] {
        let mut attributes = json!({"id": "1", "project": "1", "enabled": null,
                                    "target_project_ids": [], "target_group_ids": []});
        attributes[format!("{}_ids", kind.argument)] = json!([kind.ids[0]]);

        let official = crate::moved::Official::scopes(0, attributes);
        let config = list("this", &format!("{}\n{}", kind.list(&[0]), other.list(&[])));
        moves(kind, &official, LIST, &config);
    }
}

/// A group's former path isn't redirected, unlike a project's.
#[test]
fn renamed_group_keeps_its_former_path_while_others_change() {
    let kind = &KINDS[1];
    for (before, after) in [(&[1][..], &[0, 1][..]), (&[0, 1], &[1]), (&[0, 1], &[1, 2])] {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        tf.config(&list("this", &kind.list(before)));
        tf.apply().succeeds();
        gitlab.rename_group(kind.ids[1], "operations");
        tf.config(&list("this", &kind.list(after)));

        plans_and_applies(&tf);

        assert_eq!(kind.allowed(&gitlab), after);
    }
}

#[test]
fn group_renamed_after_the_plan_keeps_its_former_path() {
    let kind = &KINDS[1];
    let gitlab = kind.gitlab(&[]);
    let tf = workspace(&gitlab);
    tf.config(&list("this", &kind.list(&[1])));
    tf.apply().succeeds();
    tf.config(&list("this", &kind.list(&[0, 1])));
    tf.plan().succeeds();
    gitlab.rename_group(kind.ids[1], "operations");

    tf.apply_saved().succeeds();

    assert_eq!(kind.allowed(&gitlab), [0, 1]);
    tf.plan().changes_nothing();
}

#[test]
fn target_deleted_after_the_plan_is_not_a_provider_bug() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        tf.config(&list("this", &kind.list(&[1, 2])));
        tf.apply().succeeds();
        tf.config(&list("this", &kind.list(&[0, 1, 2])));
        tf.plan().succeeds();
        match (kind.target)(kind.ids[2]) {
            Target::Project(id) => gitlab.delete_project(id),
            Target::Group(id) => gitlab.delete_group(id),
        }

        let applied = tf.apply_saved();

        assert!(
            applied.errors().iter().all(|error| !mentions(error, &["inconsistent"])),
            "{applied}"
        );
    }
}

/// Whether the apply succeeds or not, no target gets access that the plan didn't name.
#[test]
fn path_taken_by_another_target_after_the_plan_gives_no_access() {
    for kind in KINDS {
        for resource in [entry("this", &kind.entry(1)), list("this", &kind.list(&[1]))] {
            let gitlab = kind.gitlab(&[]);
            let tf = workspace(&gitlab);
            tf.config(&resource);
            tf.plan().succeeds();
            let path = kind.paths[1];
            let successor = match (kind.target)(kind.ids[1]) {
                Target::Project(id) => {
                    gitlab.rename_project(id, "former/place");
                    Target::Project(gitlab.add_project(path))
                }
                Target::Group(id) => {
                    gitlab.rename_group(id, "former");
                    Target::Group(gitlab.add_group(path))
                }
            };

            let applied = tf.apply_saved();

            assert_eq!(gitlab.entry(APP, successor), None, "{applied}");
            assert!(!applied.is_success() || kind.allowed(&gitlab) == [1], "{applied}");
        }
    }
}

/// Plans a configuration, expects warnings that have all of these facts in them between them, and a
/// failing apply.
#[track_caller]
fn warns_of_each(config: &str, facts: &[&str]) {
    let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(config);

    let plan = tf.plan();
    plan.succeeds();
    for fact in facts {
        assert_warns(plan.run(), &[fact]);
    }
    let applied = tf.apply_saved();

    applied.fails();
    assert_eq!(gitlab.requests().writes().to_string(), "", "{applied}");
}

#[test]
fn typo_in_a_project_warns() {
    for (kind, arguments) in [
        (ENTRY, "target_project = \"acme/lib\""),
        (LIST, "target_projects = [\"acme/lib\"]"),
        (SCOPE, ""),
    ] {
        warns_of_each(&resource_of("\"acme/ap\"", kind, "this", arguments), &["acme/ap"]);
    }
}

#[test]
fn typo_in_a_target_warns() {
    warns_of_each(&entry("this", "target_project = \"acme/libb\""), &["acme/libb"]);
    warns_of_each(&entry("this", "target_group = \"opps\""), &["opps"]);
    warns_of_each(&list("this", "target_projects = [\"acme/libb\"]"), &["acme/libb"]);
    warns_of_each(&list("this", "target_groups = [\"opps\"]"), &["opps"]);
}

#[test]
fn every_missing_path_of_both_kinds_is_named() {
    let dead = ["acme/libb", "acme/webb", "opps", "ops/prd"];
    let arguments = "target_projects = [\"acme/libb\", \"acme/old\", \"acme/webb\"]\n\
                     target_groups = [\"ops\", \"opps\", \"ops/prd\"]";
    warns_of_each(&list("this", arguments), &dead);

    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&list("this", arguments));
    assert_warns(tf.plan().succeeds().run(), &dead);
}

#[test]
fn missing_paths_in_an_update_are_named() {
    let (gitlab, tf) =
        FOUR_PROJECTS.applied(&list("this", "target_projects = [\"acme/lib\", \"acme/web\"]"));
    gitlab.clear_requests();
    tf.config(&list(
        "this",
        "target_projects = [\"acme/lib\", \"acme/weeb\"]\ntarget_groups = [\"opps\"]",
    ));

    assert_warns(tf.plan().succeeds().run(), &["acme/weeb", "opps"]);
    tf.apply_saved().fails();

    assert_eq!(gitlab.allowlist(APP).projects, [LIB, WEB].into());
}

#[test]
fn path_of_the_other_kind_warns_which_attribute_takes_it() {
    for (config, facts) in [
        (
            entry("this", "target_project = \"ops/prod\""),
            ["ops/prod", "is a group", "target_group"],
        ),
        (
            entry("this", "target_group = \"acme/lib\""),
            ["acme/lib", "is a project", "target_project"],
        ),
        (
            list("this", "target_projects = [\"ops/prod\"]"),
            ["ops/prod", "is a group", "target_groups"],
        ),
        (
            list("this", "target_groups = [\"acme/lib\"]"),
            ["acme/lib", "is a project", "target_projects"],
        ),
    ] {
        let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
        tf.config(&config);
        assert_warns(tf.plan().succeeds().run(), &facts);
    }
}

#[test]
fn group_in_place_of_the_project_warns() {
    warns_of_each(&resource_of("\"ops/prod\"", SCOPE, "this", ""), &["ops/prod", "is a group"]);
}

/// The number of paths that a list, and as many entries, name.
const MANY: usize = 60;

/// Projects or groups that an exclusive list of one project names by path, and entries of another
/// one, too.
struct Many {
    gitlab: Simulator,
    kind: &'static str,
}

impl Many {
    fn of(kind: &'static str) -> Self {
        let gitlab = Simulator::start();
        gitlab.add_project("acme/listed");
        gitlab.add_project("acme/entries");
        for path in paths() {
            if kind == "project" {
                gitlab.add_project(&path)
            } else {
                gitlab.add_group(&path)
            };
        }
        Self { gitlab, kind }
    }

    /// Returns all entries, and the list without its first paths.
    fn config_without(&self, first: usize) -> String {
        let kind = self.kind;
        let paths: Vec<String> = paths().collect();
        let entries = format!("for_each = toset({paths:?})\ntarget_{kind} = each.key");
        let list = format!("target_{kind}s = {:?}", &paths[first..]);
        format!(
            "{}{}",
            resource_of("\"acme/entries\"", ENTRY, "this", &entries),
            resource_of("\"acme/listed\"", LIST, "this", &list)
        )
    }

    /// Returns the requests that looked up paths.
    fn look_ups(&self) -> BTreeSet<String> {
        let routes = [Route::ProjectGet, Route::GroupGet];
        let requests = self.gitlab.requests();
        requests
            .iter()
            .filter(|request| routes.contains(&request.route))
            .map(ToString::to_string)
            .collect()
    }
}

fn paths() -> impl Iterator<Item = String> {
    (0..MANY).map(|index| format!("targets/t{index}"))
}

#[test]
fn unchanged_paths_are_not_looked_up() {
    for kind in ["project", "group"] {
        let many = Many::of(kind);
        let tf = workspace(&many.gitlab);
        tf.config(&many.config_without(0));
        tf.apply().succeeds();

        for options in [&[][..], &["-refresh=false"]] {
            many.gitlab.clear_requests();
            tf.plan_with(options).changes_nothing();
            let requests = many.gitlab.requests();
            assert!(requests.len() <= 3, "{kind}, {options:?}:\n{requests}");
        }

        for (gone, options) in [(1, &[][..]), (2, &["-refresh=false"])] {
            tf.config(&many.config_without(gone));
            many.gitlab.clear_requests();
            tf.plan_with(options).succeeds();
            assert_eq!(many.look_ups(), BTreeSet::new(), "{kind}, plan, {options:?}");

            many.gitlab.clear_requests();
            tf.apply_saved().succeeds();
            assert_eq!(many.look_ups(), BTreeSet::new(), "{kind}, apply, {options:?}");
            assert_eq!(many.gitlab.requests().writes().len(), 1);
        }
    }
}

#[test]
fn path_with_the_host_warns_which_path_to_write() {
    let (_gitlab, tf) = FOUR_PROJECTS.with_workspace();
    tf.config(&entry("this", "target_project = \"127.0.0.1/acme/lib\""));
    assert_warns(tf.plan().succeeds().run(), &["127.0.0.1/acme/lib", "host", "write `acme/lib`"]);
}
