//! A project or target that is unknown during the plan isn't replaced: the apply resolves it.

use gitlab_simulator::Simulator;
use terraform_cli::{Action, Workspace};

use super::*;
use crate::kit::workspace;
use crate::needs::TERRAFORM_DATA;
use crate::worlds::{FOUR_PROJECTS, LIB, OLD, WEB};

/// The three resources with arguments whose removal would show.
const RESOURCES: [(&str, &str); 3] = [
    (ENTRY, "target_project = \"acme/lib\""),
    (LIST, "target_projects = [\"acme/lib\"]"),
    (SCOPE, "inbound_enabled = false"),
];

/// Returns a value that is unknown in the plan of each new generation, and whenever it changes.
fn unknown(value: &str, generation: u32) -> String {
    format!(
        r#"
        resource "terraform_data" "new" {{
          input = "{value}"
          triggers_replace = [{generation}]
        }}
        "#
    )
}

/// Returns a resource of a project whose ID is unknown.
fn of_unknown_project(path: &str, generation: u32, (kind, arguments): (&str, &str)) -> String {
    let resource = resource_of("terraform_data.new.output", kind, "this", arguments);
    format!("{}{resource}", unknown(path, generation))
}

/// Returns an entry for a target of this kind whose ID is unknown.
fn of_unknown_target(kind: &Kind, path: &str, generation: u32) -> String {
    let entry = entry("this", &format!("{} = terraform_data.new.output", kind.argument));
    format!("{}{entry}", unknown(path, generation))
}

/// Applies the first configuration and plans the second one, by which the resource changes in
/// place.
#[track_caller]
fn plan_update(gitlab: &Simulator, tf: &Workspace, kind: &str, before: &str, after: &str) {
    tf.config(before);
    tf.apply().succeeds();
    tf.config(after);
    let plan = tf.plan();
    let change = plan.succeeds().change(&this(kind));
    assert_eq!((change.action, change.replaced_by), (Action::Update, vec![]), "{kind}");
    gitlab.clear_requests();
}

/// Applies the saved plan without a write, after which nothing is left to do.
#[track_caller]
fn apply_without_write(gitlab: &Simulator, tf: &Workspace) {
    tf.apply_saved().succeeds();
    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.plan().changes_nothing();
}

/// Applies the saved plan, which fails before any write and names both. The next plan shows the
/// replacement.
///
/// If the provider can't distinguish the plan of an apply from a new one, the CLI words the error
/// and a warning names both.
#[track_caller]
fn apply_fails_naming(gitlab: &Simulator, tf: &Workspace, kind: &str, both: &[&str; 2]) {
    let applied = tf.apply_saved();
    let said = [applied.fails().errors(), applied.warnings()].concat();
    assert!(
        said.iter().any(|message| mentions(message, both)),
        "{both:?} are not named\n{applied}"
    );
    assert_eq!(gitlab.requests().writes().to_string(), "", "{kind}");

    assert_eq!(tf.plan().change(&this(kind)).action, Action::Replace);
    tf.apply_saved().succeeds();
    tf.plan().changes_nothing();
}

fn this(kind: &str) -> String {
    format!("{kind}.this")
}

#[test]
fn unknown_project_that_is_the_same_writes_nothing() {
    TERRAFORM_DATA.require();
    for resource in RESOURCES {
        for other in ["acme/app", "1"] {
            let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
            let [before, after] = [("acme/app", 1), (other, 2)]
                .map(|(path, n)| of_unknown_project(path, n, resource));

            plan_update(&gitlab, &tf, resource.0, &before, &after);
            apply_without_write(&gitlab, &tf);
        }
    }
}

#[test]
fn project_of_a_deferred_data_source_writes_nothing() {
    TERRAFORM_DATA.require();
    for (kind, arguments) in RESOURCES {
        let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
        let config = |generation| {
            let resource =
                resource_of("data.gitlab_job_token_scope.app.project_id", kind, "this", arguments);
            format!(
                r#"
                data "gitlab_job_token_scope" "app" {{
                  project    = "acme/app"
                  depends_on = [terraform_data.new]
                }}
                {}{resource}
                "#,
                unknown("unrelated", generation)
            )
        };

        plan_update(&gitlab, &tf, kind, &config(1), &config(2));
        apply_without_write(&gitlab, &tf);
    }
}

#[test]
fn unknown_project_in_place_of_a_deleted_one_is_managed() {
    TERRAFORM_DATA.require();
    for resource in RESOURCES {
        let (kind, _) = resource;
        let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
        let [before, after] =
            ["acme/app", "acme/web"].map(|path| of_unknown_project(path, 1, resource));
        plan_update(&gitlab, &tf, kind, &before, &after);
        gitlab.delete_project(APP);

        tf.apply_saved().succeeds();

        if kind == SCOPE {
            assert!(!gitlab.inbound_enabled(WEB));
        } else {
            assert_eq!(gitlab.allowlist(WEB).projects, [LIB].into(), "{kind}");
        }
        assert_eq!(tf.state().of(&this(kind))["project_id"], WEB);
        tf.plan().changes_nothing();
    }
}

#[test]
fn unknown_project_that_is_another_one_fails() {
    TERRAFORM_DATA.require();
    for resource in RESOURCES {
        let (gitlab, tf) = FOUR_PROJECTS.with_workspace();
        let [before, after] =
            ["acme/app", "acme/web"].map(|path| of_unknown_project(path, 1, resource));

        plan_update(&gitlab, &tf, resource.0, &before, &after);
        apply_fails_naming(&gitlab, &tf, resource.0, &["acme/app", "acme/web"]);
    }
}

#[test]
fn unknown_target_that_is_the_same_writes_nothing() {
    TERRAFORM_DATA.require();
    for kind in KINDS {
        let id = kind.ids[0].to_string();
        for other in [kind.paths[0], id.as_str()] {
            let gitlab = kind.gitlab(&[]);
            let tf = workspace(&gitlab);
            let [before, after] =
                [(kind.paths[0], 1), (other, 2)].map(|(path, n)| of_unknown_target(&kind, path, n));

            plan_update(&gitlab, &tf, ENTRY, &before, &after);
            apply_without_write(&gitlab, &tf);
        }
    }
}

#[test]
fn unknown_target_in_place_of_a_deleted_one_is_managed() {
    TERRAFORM_DATA.require();
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        let [before, after] = [2, 1].map(|index| of_unknown_target(&kind, kind.paths[index], 1));
        plan_update(&gitlab, &tf, ENTRY, &before, &after);
        match (kind.target)(kind.ids[2]) {
            Target::Project(id) => gitlab.delete_project(id),
            Target::Group(id) => gitlab.delete_group(id),
        }

        tf.apply_saved().succeeds();

        assert_eq!(kind.allowed(&gitlab), [1]);
        assert_eq!(tf.state().of(&this(ENTRY))[format!("{}_id", kind.argument)], kind.ids[1]);
        tf.plan().changes_nothing();
    }
}

#[test]
fn unknown_target_that_is_another_one_fails() {
    TERRAFORM_DATA.require();
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        let [before, after] = [0, 1].map(|index| of_unknown_target(&kind, kind.paths[index], 1));

        plan_update(&gitlab, &tf, ENTRY, &before, &after);
        apply_fails_naming(&gitlab, &tf, ENTRY, &[kind.paths[0], kind.paths[1]]);

        assert_eq!(kind.allowed(&gitlab), [1]);
    }
}

/// No plan can resolve a path then.
#[test]
fn other_path_or_id_under_unknown_provider_writes_nothing() {
    TERRAFORM_DATA.require();
    for (kind, by_path, by_id) in [
        (ENTRY, "target_project = \"acme/lib\"", "target_project_id = 2"),
        (ENTRY, "target_group = \"ops\"", "target_group = \"2\""),
        (LIST, "target_projects = [\"acme/lib\"]", "target_project_ids = [2]"),
        (LIST, "target_groups = [\"ops\", \"acme\"]", "target_group_ids = [1, 2]"),
        (SCOPE, "inbound_enabled = false", "inbound_enabled = false"),
    ] {
        let paths = resource_of("\"acme/app\"", kind, "this", by_path);
        let ids = resource_of("\"1\"", kind, "this", by_id);
        for [before, after] in [[&paths, &ids], [&ids, &paths]] {
            let gitlab = FOUR_PROJECTS.start();
            let tf = workspace_without_token(&gitlab);
            let [before, after] = [(1, before), (2, after)]
                .map(|(generation, resource)| unknown_token(generation) + resource);

            plan_update(&gitlab, &tf, kind, &before, &after);
            apply_without_write(&gitlab, &tf);
        }
    }
}

/// The former target keeps its place until the next plan has named it.
#[test]
fn other_target_under_an_unknown_provider_fails() {
    TERRAFORM_DATA.require();
    let gitlab = FOUR_PROJECTS.start();
    let tf = workspace_without_token(&gitlab);
    let [before, after] = [(1, "acme/lib"), (2, "acme/old")].map(|(generation, path)| {
        unknown_token(generation) + &entry("this", &format!("target_project = \"{path}\""))
    });

    plan_update(&gitlab, &tf, ENTRY, &before, &after);
    apply_fails_naming(&gitlab, &tf, ENTRY, &["acme/lib", "acme/old"]);

    assert_eq!(gitlab.allowlist(APP).projects, [OLD].into());
}
