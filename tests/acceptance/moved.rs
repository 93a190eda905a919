//! `moved` blocks from the official GitLab provider. A stand-in has its address, since it must be
//! installed until the move is applied, but the CLI never calls it.

use std::path::{Path, PathBuf};

use gitlab_simulator::Simulator;
use insta::assert_snapshot;
use serde_json::{Value, json};
use terraform_cli::{Action, PROVIDER_SOURCE, Workspace, provider_overrides};

use crate::kit::{PROVIDER, workspace};
use crate::needs::MOVED_BETWEEN_PROVIDERS;
use crate::worlds::FOUR_PROJECTS;

/// Addresses of the official provider in both registries and in a private mirror.
const OFFICIAL: [&str; 3] = [
    "registry.terraform.io/gitlabhq/gitlab",
    "registry.opentofu.org/gitlabhq/gitlab",
    "mirror.example.com/gitlabhq/gitlab",
];

const ENTRY: &str = "gitlab_job_token_allowlist_entry.this";
const LIST: &str = "gitlab_job_token_allowlist_exclusive.this";

/// A state of the official provider that is to be moved.
pub(crate) struct Official {
    address: &'static str,
    type_name: &'static str,
    schema_version: u64,
    attributes: Value,
}

impl Official {
    pub(crate) fn scope(schema_version: u64, attributes: Value) -> Self {
        Self {
            address: OFFICIAL[0],
            type_name: "gitlab_project_job_token_scope",
            schema_version,
            attributes,
        }
    }

    pub(crate) fn scopes(schema_version: u64, attributes: Value) -> Self {
        Self {
            type_name: "gitlab_project_job_token_scopes",
            ..Self::scope(schema_version, attributes)
        }
    }

    /// Makes a workspace with this object in its state.
    fn stored_as(&self, name: &str, gitlab: &Simulator, config: &str) -> Workspace {
        let tf = workspace(gitlab);
        let state = json!({
            "version": 4, "terraform_version": "1.8.0", "serial": 1, "lineage": "b3a1", "outputs": {},
            "resources": [{
                "mode": "managed", "type": self.type_name, "name": name,
                "provider": format!("provider[\"{}\"]", self.address),
                "instances": [{ "schema_version": self.schema_version, "attributes": self.attributes }],
            }],
        });
        tf.file("terraform.tfstate", &state.to_string());
        tf.config(config);
        let fake_provider = fake_provider(&tf.directory(), self.address);
        // OpenTofu reads addresses of Terraform's registry in a state as its own.
        let address = self.address.replace("registry.terraform.io/", "");
        let built = Path::new(PROVIDER).parent().expect("the directory of the build");
        tf.cli_config(&provider_overrides(&[(PROVIDER_SOURCE, built), (&address, &fake_provider)]));
        tf
    }

    /// Makes a workspace with this object in its state, and a configuration that moves it to the
    /// resource of `config`.
    pub(crate) fn moved_to(&self, gitlab: &Simulator, resource: &str, config: &str) -> Workspace {
        MOVED_BETWEEN_PROVIDERS.require();
        let moved = format!("moved {{\n  from = {}.old\n  to   = {resource}\n}}\n", self.type_name);
        self.stored_as("old", gitlab, &format!("{moved}{config}"))
    }
}

/// Makes a directory with a program named like the provider at this address.
fn fake_provider(beside: &Path, address: &str) -> PathBuf {
    let directory = beside.join("other");
    std::fs::create_dir(&directory).expect("a directory");
    let (_, name) = address.rsplit_once('/').expect("an address");
    let program = directory.join(format!("terraform-provider-{name}"));
    std::os::unix::fs::symlink(PROVIDER, program).expect("a link");
    directory
}

/// Starts a GitLab in which `acme/lib` and group `ops` are on the allowlist of `acme/app`.
fn lib_and_ops_allowed() -> Simulator {
    FOUR_PROJECTS.allowing(&[2], &[2])
}

/// Plans and applies a move, which must not write anything and must leave nothing to do. Returns
/// the state and the warnings of the plan.
fn assert_moves_clean(official: &Official, resource: &str, config: &str) -> (Value, Vec<String>) {
    let gitlab = lib_and_ops_allowed();
    let tf = official.moved_to(&gitlab, resource, config);

    let plan = tf.plan();
    assert_eq!(plan.actions(), [], "{}", official.attributes);
    let warnings = plan
        .run()
        .warnings()
        .iter()
        .map(|warning| warning.without_location().to_string())
        .collect();
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
    assert_eq!(tf.state().addresses(), [resource]);
    tf.plan().changes_nothing().has_no_warnings();
    (tf.state().of(resource).clone(), warnings)
}

/// Returns the title of a plan's only error. The detail differs: some versions of OpenTofu name the
/// source provider only by its type.
#[track_caller]
fn error_title(tf: &Workspace) -> String {
    let plan = tf.plan();
    let [error] = &plan.run().fails().errors()[..] else {
        panic!("there should be one error\n{}", plan.run())
    };
    error.summary.clone()
}

fn entry(project: &str, target: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "this" {{
          project = {project:?}
          {target}
        }}
        "#
    )
}

fn list(project: &str, targets: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_allowlist_exclusive" "this" {{
          project = {project:?}
          {targets}
        }}
        "#
    )
}

#[test]
fn every_form_of_an_official_entry_moves_without_a_write() {
    for (version, project, target, attributes) in [
        (
            0,
            "1",
            "target_project_id = 2",
            json!({"id": "1:2", "project": "1", "target_project_id": 2}),
        ),
        (
            0,
            "acme/app",
            "target_project_id = 2",
            json!({"id": "acme/app:2", "project": "acme/app", "target_project_id": 2}),
        ),
        (
            1,
            "1",
            "target_project_id = 2",
            json!({"id": "1:project:2", "project": "1", "target_project_id": 2, "target_group_id": null}),
        ),
        (
            1,
            "acme/app",
            "target_group_id = 2",
            json!({"id": "acme/app:group:2", "project": "acme/app", "target_project_id": null, "target_group_id": 2}),
        ),
    ] {
        let official = Official::scope(version, attributes);
        let (state, warnings) = assert_moves_clean(&official, ENTRY, &entry(project, target));

        let kind = if target.contains("group") { "group" } else { "project" };
        assert_eq!(state["id"], format!("1:{kind}:2"));
        assert_eq!((&state["project"], &state["project_id"]), (&json!(project), &json!(1)));
        assert_eq!(warnings, [""; 0]);
    }
}

#[test]
fn every_form_of_an_official_list_moves_without_a_write() {
    let both = "target_project_ids = [2]\n  target_group_ids = [2]";
    for (version, project, targets, attributes) in [
        (
            0,
            "1",
            "target_project_ids = [2]",
            json!({"id": "1", "project_id": 1, "target_project_ids": [2]}),
        ),
        (
            0,
            "1",
            both,
            json!({"id": "1", "project": "1", "project_id": 1, "target_project_ids": [2], "target_group_ids": [2]}),
        ),
        (
            0,
            "1",
            both,
            json!({"id": "1", "project": "1", "project_id": 1, "enabled": null, "target_project_ids": [2],
                   "target_group_ids": [2]}),
        ),
        (
            0,
            "1",
            both,
            json!({"id": "1", "project": "1", "enabled": null, "target_project_ids": [2], "target_group_ids": [2]}),
        ),
        (
            1,
            "acme/app",
            both,
            json!({"id": "acme/app", "project": "acme/app", "enabled": null, "target_project_ids": [2],
                   "target_group_ids": [2]}),
        ),
    ] {
        let official = Official::scopes(version, attributes);
        let (state, warnings) = assert_moves_clean(&official, LIST, &list(project, targets));

        assert_eq!((&state["id"], &state["project"]), (&json!("1"), &json!(project)));
        assert_eq!(state["target_project_ids"], json!([2]));
        assert_eq!(warnings, [""; 0]);
    }
}

#[test]
fn setting_of_an_official_list_is_warned_of() {
    let official = Official::scopes(
        1,
        json!({"id": "acme/app", "project": "acme/app", "enabled": true, "target_project_ids": [2], "target_group_ids": [2]}),
    );
    let config = list("acme/app", "target_project_ids = [2]\n  target_group_ids = [2]");
    let (_, warnings) = assert_moves_clean(&official, LIST, &config);

    assert_snapshot!(warnings.join("\n"), @r#"
    Warning: Job token scope not managed: project acme/app

    The `gitlab_project_job_token_scopes` of project acme/app also managed
    `enabled = true`, which an exclusive allowlist doesn't. If the project exists,
    GitLab keeps the setting. To continue managing it, add a
    `gitlab_job_token_scope` with `inbound_enabled = true`, and import it with the
    ID "acme/app".
    "#);
}

#[test]
fn official_provider_is_known_from_registries_and_mirrors() {
    for address in OFFICIAL {
        let state = json!({"id": "1:2", "project": "1", "target_project_id": 2});
        let official = Official { address, ..Official::scope(0, state) };
        assert_moves_clean(&official, ENTRY, &entry("1", "target_project_id = 2"));
    }
}

#[test]
fn paths_instead_of_moved_ids_write_nothing() {
    let gitlab = lib_and_ops_allowed();
    let official = Official::scopes(
        0,
        json!({"id": "1", "project": "1", "project_id": 1, "target_project_ids": [2], "target_group_ids": [2]}),
    );
    let config = list("acme/app", "target_projects = [\"acme/lib\"]\n  target_groups = [\"ops\"]");
    let tf = official.moved_to(&gitlab, LIST, &config);

    let change = tf.plan().change(LIST);
    assert_eq!(change.action, Action::Update);
    assert_eq!(change.after["target_project_ids"], json!([2]));
    tf.apply_saved().succeeds();

    assert_eq!(gitlab.requests().writes().to_string(), "");
    tf.plan().changes_nothing();
}

#[test]
fn groups_unknown_to_an_old_official_list_move_with_a_warning() {
    let gitlab = lib_and_ops_allowed();
    let official =
        Official::scopes(0, json!({"id": "1", "project_id": 1, "target_project_ids": [2]}));
    let config = list("1", "target_project_ids = [2]\n  target_group_ids = []");
    let tf = official.moved_to(&gitlab, LIST, &config);

    assert_snapshot!(tf.plan().warning(), @r#"
    Warning: Targets lose access to project 1
      gitlab_job_token_allowlist_exclusive.this
      > resource "gitlab_job_token_allowlist_exclusive" "this" {

    Applying this removes these from the allowlist, because the configuration
    doesn't include them:

      - group ops (2)

    To keep one, add it to the configuration.
    "#);
}

/// States of this provider from another registry or mirror, each with its configuration.
#[test]
fn own_state_from_another_registry_is_kept() {
    for (type_name, attributes, config) in [
        (
            "gitlab_job_token_scope",
            json!({"project": "acme/app", "inbound_enabled": true, "outbound_enabled": false, "project_id": 1, "id": "1",
                   "push_repository_for_job_token_allowed": null, "cross_project_push_for_job_token_allowed": null}),
            "resource \"gitlab_job_token_scope\" \"this\" {\n  project = \"acme/app\"\n}\n"
                .to_owned(),
        ),
        (
            "gitlab_job_token_allowlist_entry",
            json!({"project": "1", "target_project": null, "target_project_id": 2, "target_group": null,
                   "target_group_id": null, "target_type": "project", "project_id": 1, "id": "1:project:2",
                   "default_permissions": null, "job_token_policies": null}),
            entry("1", "target_project_id = 2"),
        ),
        (
            "gitlab_job_token_allowlist_exclusive",
            json!({"project": "1", "target_projects": null, "target_project_ids": [2], "target_groups": null,
                   "target_group_ids": [2], "project_id": 1, "id": "1"}),
            list("1", "target_project_ids = [2]\n  target_group_ids = [2]"),
        ),
    ] {
        let stored = |address| Official {
            address,
            type_name,
            schema_version: 0,
            attributes: attributes.clone(),
        };
        for address in [
            "mirror.example.com/aff15f21/gitlab-job-token",
            "registry.opentofu.org/aff15f21/gitlab-job-token",
        ] {
            let renamed = format!("{type_name}.this");
            let (state, warnings) = assert_moves_clean(&stored(address), &renamed, &config);
            assert_eq!((&state["id"], warnings), (&attributes["id"], vec![]));

            let gitlab = lib_and_ops_allowed();
            let tf = stored(address).stored_as("this", &gitlab, &config);
            tf.plan().changes_nothing().has_no_warnings();
            tf.apply().succeeds();
            assert_eq!(gitlab.requests().writes().to_string(), "");
            tf.plan().changes_nothing();
        }
    }
}

/// The state then has no ID of the project.
#[test]
fn moved_state_of_a_deleted_project_can_be_destroyed() {
    for (official, resource, config) in [
        (
            Official::scope(
                0,
                json!({"id": "acme/app:2", "project": "acme/app", "target_project_id": 2}),
            ),
            ENTRY,
            entry("acme/app", "target_project_id = 2"),
        ),
        (
            Official::scopes(
                1,
                json!({"id": "acme/app", "project": "acme/app", "enabled": null, "target_project_ids": [2],
                       "target_group_ids": []}),
            ),
            LIST,
            list("acme/app", "target_project_ids = [2]"),
        ),
    ] {
        for options in [&["-destroy"][..], &["-destroy", "-refresh=false"]] {
            let gitlab = lib_and_ops_allowed();
            gitlab.delete_project(1);
            let tf = official.moved_to(&gitlab, resource, &config);

            let plan = tf.plan();
            assert_eq!(plan.actions(), [(resource.to_owned(), Action::Create)]);
            assert_eq!(plan.run().warnings()[0].summary, "Project acme/app is gone or not visible");
            tf.plan_with(options).succeeds();
            tf.apply_saved().succeeds();

            assert_eq!(tf.state().addresses(), [""; 0]);
        }
    }
}

#[test]
fn state_of_another_provider_is_an_error() {
    let gitlab = lib_and_ops_allowed();
    let state = json!({"id": "1:2", "project": "1", "target_project_id": 2});
    // Its type also has another prefix, which is all that some versions of OpenTofu send.
    let other = Official {
        address: "registry.terraform.io/acme/forge",
        type_name: "forge_job_token_scope",
        ..Official::scope(0, state)
    };
    let tf = other.moved_to(&gitlab, ENTRY, &entry("1", "target_project_id = 2"));

    assert_eq!(error_title(&tf), "Unsupported move");
}

#[test]
fn official_list_cannot_move_to_an_entry() {
    let gitlab = lib_and_ops_allowed();
    let official =
        Official::scopes(0, json!({"id": "1", "project_id": 1, "target_project_ids": [2]}));
    let tf = official.moved_to(&gitlab, ENTRY, &entry("1", "target_project_id = 2"));

    assert_eq!(error_title(&tf), "Unsupported move");
}
