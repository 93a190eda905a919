//! The examples in the registry's documentation: provider, resources, data sources, list resource.

use std::collections::BTreeSet;
use std::fs;

use gitlab_simulator::{Permissions, Simulator, Target};
use plugin_host::tfplugin6::list_resource;
use plugin_host::{Host, Launch, Shape, wire};
use serde_json::{Value, json};
use terraform_cli::{Action, Workspace};

use super::hcl::blocks;
use super::text;
use crate::kit::{self, bare_workspace, workspace};
use crate::needs::{CHECK_BLOCKS, IMPORT_BLOCKS, IMPORT_BY_IDENTITY};
use crate::worlds::examples::{allow, allowed, examples, project_id};

const SCOPE: &str = "gitlab_job_token_scope";
const ENTRY: &str = "gitlab_job_token_allowlist_entry";
const EXCLUSIVE: &str = "gitlab_job_token_allowlist_exclusive";
const SCOPES: &str = "gitlab_job_token_scopes";
const ALLOWLIST: &str = "gitlab_job_token_allowlist";
const LOG: &str = "gitlab_job_token_authentication_log";
const POLICIES: &str = "gitlab_job_token_policies";

#[test]
fn provider_block_needs_only_a_token_in_the_environment() {
    let gitlab = examples();
    let mut tf = bare_workspace();
    tf.set_env("GITLAB_TOKEN", gitlab.token());
    let provider = text("provider/provider.tf");
    tf.file("versions.tf", &kit::replaced(&provider, "https://gitlab.example.com", &gitlab.url()));
    tf.config(&text(&format!("resources/{SCOPE}/resource.tf")));

    tf.apply().succeeds();

    tf.plan().changes_nothing();
}

#[test]
fn scope_is_applied_and_destroyed() {
    let gitlab = examples();
    let deploy = project_id(&gitlab, "platform/deploy");
    gitlab.set_inbound_enabled(deploy, false);
    let tf = workspace(&gitlab);
    tf.config(&text(&format!("resources/{SCOPE}/resource.tf")));

    tf.apply().succeeds();

    assert!(gitlab.inbound_enabled(deploy));
    tf.plan().changes_nothing().has_no_warnings();
    destroyed(&tf);
}

#[test]
fn entries_are_applied_and_destroyed() {
    let gitlab = examples();
    let tf = workspace(&gitlab);
    tf.config(&text(&format!("resources/{ENTRY}/resource.tf")));

    tf.apply().succeeds().has_no_warnings();

    let expected = ["platform/apps/*", "platform/tools/release-bot", "security/scanner"];
    assert_eq!(allowed(&gitlab, "platform/deploy"), expected);
    let (deploy, scanner) =
        (project_id(&gitlab, "platform/deploy"), project_id(&gitlab, "security/scanner"));
    let least = Permissions::limited_to(["READ_JOBS", "READ_PACKAGES"]);
    assert_eq!(gitlab.permissions(deploy, Target::Project(scanner)), Some(least));
    assert_eq!(gitlab.permissions(deploy, Target::Project(deploy)), Some(Permissions::default()));
    tf.plan().changes_nothing().has_no_warnings();
    destroyed(&tf);
    assert!(allowed(&gitlab, "platform/deploy").is_empty());
}

#[test]
fn exclusive_lists_are_applied_and_destroyed() {
    let gitlab = examples();
    allow(&gitlab, "platform/charts", &["platform/tools/*", "security/scanner"]);
    allow(&gitlab, "security/vault", &["shop/*", "security/scanner"]);
    let tf = workspace(&gitlab);
    tf.config(&text(&format!("resources/{EXCLUSIVE}/resource.tf")));

    tf.apply().succeeds();

    let expected = ["platform/apps/*", "platform/tools/release-bot", "security/scanner"];
    assert_eq!(allowed(&gitlab, "platform/deploy"), expected);
    assert_eq!(allowed(&gitlab, "platform/charts"), ["platform/deploy", "platform/tools/*"]);
    assert!(allowed(&gitlab, "security/vault").is_empty());
    tf.plan().changes_nothing().has_no_warnings();
    destroyed(&tf);
    assert_eq!(allowed(&gitlab, "platform/charts"), ["platform/tools/*"]);
}

#[test]
fn every_import_command_imports_an_existing_object() {
    for resource in [SCOPE, ENTRY, EXCLUSIVE] {
        let gitlab = examples();
        let tf = applied_and_removed_from_state(&gitlab, resource);
        let script = text(&format!("resources/{resource}/import.sh"));
        let commands =
            script.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
                let words: Vec<_> = line.split(' ').collect();
                let ["terraform", "import", address, id] = words[..] else {
                    panic!("no import: {line:?}")
                };
                (address.to_owned(), id.to_owned())
            });
        for (address, id) in commands.collect::<Vec<_>>() {
            // Where two commands for one address show two forms of an import ID, the second takes
            // the place of the first.
            if tf.state().addresses().contains(&address.as_str()) {
                tf.run(&["state", "rm", &address]).succeeds();
            }
            tf.import(&address, &id).succeeds();
            assert_imported(&gitlab, &tf, &address);
        }
    }
}

#[test]
fn every_import_block_imports_an_existing_object() {
    IMPORT_BLOCKS.require();
    for resource in [SCOPE, ENTRY, EXCLUSIVE] {
        assert_import_blocks_work(resource, "import-by-string-id.tf");
    }
}

#[test]
fn every_import_block_with_an_identity_imports_an_object() {
    IMPORT_BY_IDENTITY.require();
    for resource in [SCOPE, ENTRY, EXCLUSIVE] {
        assert_import_blocks_work(resource, "import-by-identity.tf");
    }
}

/// The provider must support the identities of the examples, even if the CLI doesn't.
#[test]
async fn every_identity_names_the_object_of_the_id() {
    let gitlab = examples();
    applied_and_removed_from_state(&gitlab, ENTRY);
    let host = host(&gitlab).await;
    for (resource, ids) in
        [(SCOPE, &["99"][..]), (ENTRY, &["99:project:60", "99:group:7"]), (EXCLUSIVE, &["99"])]
    {
        let imports = blocks(&text(&format!("resources/{resource}/import-by-identity.tf")));
        let mut imported = Vec::new();
        for import in &imports {
            assert!(import.text("to").starts_with(resource));
            let mut identity = import.block("identity =").attributes.clone();
            if resource == ENTRY {
                // The host adds missing attributes.
                for name in ["target_project_id", "target_group_id"] {
                    identity.entry(name).or_insert(Value::Null);
                }
            }
            let found = host
                .import_by_identity(resource, &Value::Object(identity))
                .await
                .expect("a response");
            assert!(found.diagnostics.is_empty(), "{:?}", found.diagnostics);
            imported.push(found.resources[0].stored.state["id"].clone());
        }
        assert_eq!(imported, ids, "{resource}");
    }
    host.stop().await.expect("an end");
}

#[test]
fn scope_of_a_project_is_read_and_checked() {
    CHECK_BLOCKS.require();
    let gitlab = examples();
    let tf = workspace(&gitlab);
    tf.config(&text(&format!("data-sources/{SCOPE}/data-source.tf")));
    tf.plan().changes_nothing().has_no_warnings();

    gitlab.set_inbound_enabled(project_id(&gitlab, "platform/deploy"), false);

    let warnings = tf.plan().run().warnings();
    let [warning] = &warnings[..] else { panic!("one warning is right, not {warnings:?}") };
    assert!(warning.detail.starts_with("Jobs of all projects can access platform/deploy."));
}

#[test]
fn allowlist_of_a_project_is_read() {
    let gitlab = examples();
    allow(&gitlab, "platform/deploy", &["security/scanner", "platform/apps/*"]);
    let (deploy, scanner) =
        (project_id(&gitlab, "platform/deploy"), project_id(&gitlab, "security/scanner"));
    gitlab.set_permissions(
        deploy,
        Target::Project(scanner),
        Permissions::limited_to(["READ_JOBS"]),
    );
    let tf = workspace(&gitlab);
    tf.config(&text(&format!("data-sources/{ALLOWLIST}/data-source.tf")));

    tf.apply().succeeds().has_no_warnings();

    assert_eq!(tf.output("who_may_access_deploy"), json!(["platform/apps/*", "security/scanner"]));
    assert_eq!(tf.output("who_has_all_permissions"), json!(["platform/apps/*"]));
    let adders = tf.output("who_was_added_by_whom");
    let adders = adders.as_object().expect("a user for each entry");
    assert_eq!(adders.keys().collect::<Vec<_>>(), ["platform/apps/*", "security/scanner"]);
    tf.plan().changes_nothing();
    destroyed(&tf);
}

#[test]
fn authentication_log_is_read_and_checked() {
    CHECK_BLOCKS.require();
    let gitlab = examples();
    allow(&gitlab, "platform/deploy", &["platform/tools/release-bot", "platform/apps/*"]);
    let deploy = project_id(&gitlab, "platform/deploy");
    for (origin, hour) in [("security/scanner", 9), ("platform/apps/storefront", 10)] {
        gitlab.record_authentication(
            deploy,
            project_id(&gitlab, origin),
            &format!("2026-11-20T{hour:02}:00:00Z"),
        );
    }
    let tf = workspace(&gitlab);
    tf.config(&text(&format!("data-sources/{LOG}/data-source.tf")));

    let run = tf.apply();

    let details: BTreeSet<_> = run
        .succeeds()
        .warnings()
        .iter()
        .filter_map(|warning| warning.detail.lines().next())
        .map(str::to_owned)
        .collect();
    let expected = [
        "Not used in the last 30 days: platform/tools/release-bot.",
        "Used in the last 30 days, without an entry: security/scanner.",
    ];
    assert_eq!(details, expected.map(str::to_owned).into());
    let callers = json!({
        "platform/apps/storefront": { "last_used": "2026-11-20T10:00:00Z", "entry": "99:group:7" },
        "security/scanner": { "last_used": "2026-11-20T09:00:00Z", "entry": null },
    });
    assert_eq!(tf.output("callers_of_deploy"), callers);
    destroyed(&tf);
}

#[test]
fn policies_of_the_version_are_read_and_checked() {
    CHECK_BLOCKS.require();
    let gitlab = examples();
    let tf = workspace(&gitlab);
    tf.config(&text(&format!("data-sources/{POLICIES}/data-source.tf")));

    tf.apply().succeeds().has_no_warnings();

    let policies = tf.output("job_token_policies");
    assert!(
        policies.as_array().is_some_and(|names| names.contains(&json!("READ_PACKAGES"))),
        "{policies}"
    );
    tf.plan().changes_nothing();
}

#[test]
fn projects_of_a_group_are_checked_and_make_a_table() {
    CHECK_BLOCKS.require();
    let gitlab = examples();
    gitlab.set_inbound_enabled(project_id(&gitlab, "platform/charts"), false);
    allow(&gitlab, "platform/deploy", &["security/scanner", "platform/apps/*"]);
    let tf = workspace(&gitlab);
    tf.config(&text(&format!("data-sources/{SCOPES}/data-source.tf")));

    let run = tf.apply();

    let details: BTreeSet<_> = run
        .succeeds()
        .warnings()
        .iter()
        .filter_map(|warning| warning.detail.lines().next())
        .map(str::to_owned)
        .collect();
    let expected = [
        "Open to the job tokens of all projects: platform/charts.",
        "Entries with the default permissions: platform/deploy.",
    ];
    assert_eq!(details, expected.map(str::to_owned).into());
    insta::assert_snapshot!(tf.output("job_token_access").as_str().unwrap_or_default(), @"
    PROJECT                          RESTRICTED PROJECTS GROUPS DEFAULT
    platform/apps/storefront         true        0      0       0
    platform/charts                  false        0      0       0
    platform/deploy                  true        1      1       2
    platform/tools/release-bot       true        0      0       0
    ");
    let allowed = json!({
        "platform/apps/storefront": [], "platform/charts": [],
        "platform/deploy": ["platform/apps", "security/scanner"], "platform/tools/release-bot": [],
    });
    assert_eq!(tf.output("allowed"), allowed);
    destroyed(&tf);
}

/// Queries the provider as `terraform query` would, which needs Terraform 1.14.
async fn queried(gitlab: &Simulator, type_name: &str) -> Vec<String> {
    let query = blocks(&text(&format!("list-resources/{type_name}/list-resource.tfquery.hcl")));
    let [list] = &query[..] else { panic!("one list block") };
    assert!(list.head.starts_with(&format!("list {type_name:?} ")), "{}", list.head);
    assert_eq!(list.text("provider"), "gitlab");
    let mut config = Value::Object(list.block("config").attributes.clone());
    for unset in ["project", "group", "include_subgroups", "include_archived"] {
        if config.get(unset).is_none() {
            config[unset] = Value::Null;
        }
    }

    let host = host(gitlab).await;
    let request = list_resource::Request {
        type_name: type_name.to_owned(),
        config: Some(wire::encode(&config)),
        limit: 100,
        ..Default::default()
    };
    let mut events = host.provider().list_resource(request).await.expect("a stream").into_inner();
    let mut names = Vec::new();
    while let Some(event) = events.message().await.expect("an event") {
        assert!(event.diagnostic.is_empty(), "{:?}", event.diagnostic);
        names.push(event.display_name);
    }
    host.stop().await.expect("an end");
    names
}

#[test]
async fn query_finds_all_entries() {
    let gitlab = examples();
    allow(&gitlab, "platform/deploy", &["security/scanner", "platform/apps/*"]);
    assert_eq!(queried(&gitlab, ENTRY).await, ["security/scanner", "platform/apps"]);
}

#[test]
async fn query_finds_scopes_of_all_subgroups() {
    let mut names = queried(&examples(), SCOPE).await;
    names.sort_unstable();
    let expected = [
        "platform/apps/storefront",
        "platform/charts",
        "platform/deploy",
        "platform/tools/release-bot",
    ];
    assert_eq!(names, expected);
}

#[test]
async fn query_finds_allowlists_without_subgroups() {
    let mut names = queried(&examples(), EXCLUSIVE).await;
    names.sort_unstable();
    assert_eq!(names, ["platform/charts", "platform/deploy"]);
}

/// Applies the example of a resource and removes it from the state, so that it can be imported.
#[track_caller]
fn applied_and_removed_from_state(gitlab: &Simulator, resource: &str) -> Workspace {
    let tf = workspace(gitlab);
    tf.config(&text(&format!("resources/{resource}/resource.tf")));
    tf.apply().succeeds();
    fs::remove_file(tf.state_file()).expect("the state");
    gitlab.clear_requests();
    tf
}

#[track_caller]
fn assert_import_blocks_work(resource: &str, file: &str) {
    let gitlab = examples();
    let tf = applied_and_removed_from_state(&gitlab, resource);
    let imports = text(&format!("resources/{resource}/{file}"));
    tf.file("imports.tf", &imports);
    tf.apply().succeeds();

    for import in blocks(&imports) {
        assert_imported(&gitlab, &tf, import.text("to"));
    }
    tf.plan().changes_nothing();
    destroyed(&tf);
}

/// Checks that the object is managed and is what its configuration says: at most another path or ID
/// is to be stored.
#[track_caller]
fn assert_imported(gitlab: &Simulator, tf: &Workspace, address: &str) {
    let action = tf.plan_with(&["-target", address]).change(address).action;
    assert!(matches!(action, Action::NoOp | Action::Update), "{address}: {action:?}");
    gitlab.clear_requests();
    tf.apply_saved().succeeds();
    assert_eq!(
        gitlab.requests().writes().to_string(),
        "",
        "{address} was no other than configured"
    );
}

#[track_caller]
fn destroyed(tf: &Workspace) {
    tf.destroy().succeeds();
    assert!(tf.state().addresses().is_empty());
}

async fn host(gitlab: &Simulator) -> Host {
    let host = Host::start(&Launch::new(kit::PROVIDER)).await.expect("the provider");
    let schema = host.schema().await.expect("a schema").provider.expect("a schema of the provider");
    let block = json!({ "base_url": gitlab.api_url(), "token": gitlab.token() });
    let problems = host.configure(Shape::of(&schema).complete(block)).await.expect("a response");
    assert!(problems.is_empty(), "{problems:?}");
    host
}
