//! UpgradeResourceState, which hosts call for every stored object: the states of each released
//! version stay readable.

use std::fs;
use std::path::{Path, PathBuf};

use gitlab_simulator::{Simulator, Target};
use plugin_host::Stored;
use plugin_host::tfplugin6::{RawState, upgrade_resource_state};
use serde_json::{Value, json};

use crate::kit::{ENTRY, EXCLUSIVE, Kit, RESOURCES, SCOPE, only_error};
use crate::worlds::two_projects;

/// The states of each released schema version, with a directory per version and a file per
/// resource. A released file never changes.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/state");

fn fixture(version: i64, type_name: &str) -> Value {
    let file: PathBuf =
        Path::new(FIXTURES).join(format!("v{version}")).join(format!("{type_name}.json"));
    serde_json::from_slice(
        &fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())),
    )
    .unwrap()
}

/// Returns a fixture in the current schema: attributes that were added since then have their unset
/// values.
fn current(type_name: &str) -> Value {
    let mut stored = fixture(0, type_name);
    let later: &[&str] = match type_name {
        SCOPE => {
            &["push_repository_for_job_token_allowed", "cross_project_push_for_job_token_allowed"]
        }
        ENTRY => &["default_permissions", "job_token_policies"],
        EXCLUSIVE => &["projects", "groups"],
        _ => &[],
    };
    later.iter().for_each(|name| stored[*name] = Value::Null);
    stored
}

/// Returns the configuration that the fixtures were applied from.
fn given(type_name: &str) -> Value {
    match type_name {
        SCOPE => json!({"project": "acme/app"}),
        ENTRY => json!({"project": "acme/app", "target_project": "acme/lib"}),
        _ => json!({"project": "acme/app", "target_projects": ["acme/lib"]}),
    }
}

/// Starts a host for the GitLab that the fixtures were stored from.
async fn kit() -> Kit {
    let gitlab = two_projects();
    gitlab.allow(1, Target::Project(2));
    Kit::with(gitlab).await
}

#[tokio::test]
async fn every_version_of_every_schema_has_a_fixture() {
    let kit = kit().await;
    let schema = kit.schema().await.unwrap();
    for type_name in RESOURCES {
        for version in 0..=schema.resource_schemas[type_name].version {
            assert!(fixture(version, type_name).is_object());
        }
    }
}

#[tokio::test]
async fn state_of_version_0_is_read_and_plans_clean() {
    let kit = kit().await;
    for type_name in RESOURCES {
        let stored = fixture(0, type_name);
        let upgraded = kit.upgrade(type_name, 0, &stored).await.unwrap();
        assert_eq!((&upgraded.diagnostics[..], &upgraded.state), (&[][..], &current(type_name)));
        let stored = Stored { state: upgraded.state, ..Stored::default() };
        let read = kit.assert_clean(type_name, &stored, given(type_name)).await;
        assert_eq!(read.state, stored.state);
    }
    assert_eq!(kit.gitlab.requests().writes().to_string(), "");
}

/// Keeps fixtures in sync with what an apply stores.
#[tokio::test]
async fn fixture_is_what_an_apply_stores_now() {
    let kit = kit().await;
    kit.gitlab.revoke(1, Target::Project(2));
    for type_name in [SCOPE, ENTRY, EXCLUSIVE] {
        let stored = kit.create(type_name, given(type_name)).await;
        assert_eq!(stored.state, current(type_name));
    }
}

#[tokio::test]
async fn upgrade_needs_no_request_and_no_configuration() {
    let kit = Kit::with_environment(Simulator::start()).await;
    for type_name in RESOURCES {
        assert_eq!(
            kit.upgrade(type_name, 0, &fixture(0, type_name)).await.unwrap().diagnostics,
            []
        );
    }
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn state_of_a_newer_version_is_an_error() {
    let kit = Kit::unconfigured().await;
    for type_name in RESOURCES {
        let upgraded = kit.upgrade(type_name, 99, &fixture(0, type_name)).await.unwrap();
        let error = only_error(&upgraded.diagnostics);
        assert!(error.detail.contains("its schema version is 99"), "{error:#?}");
        assert!(error.detail.contains("newer version of this provider"), "{error:#?}");
        assert_eq!(upgraded.state, Value::Null);
    }
}

#[tokio::test]
async fn dropped_and_added_attributes_are_accepted() {
    let kit = Kit::unconfigured().await;
    let mut stored = fixture(0, SCOPE);
    stored["dropped"] = json!([{"a": 1}]);
    stored.as_object_mut().unwrap().remove("outbound_enabled");
    let upgraded = kit.upgrade(SCOPE, 0, &stored).await.unwrap();
    assert_eq!(upgraded.diagnostics, []);
    assert_eq!(
        (&upgraded.state["outbound_enabled"], upgraded.state.get("dropped")),
        (&Value::Null, None)
    );
}

#[tokio::test]
async fn unreadable_state_is_an_error() {
    let kit = Kit::unconfigured().await;
    for stored in [
        json!({"project_id": "many"}),
        json!({"inbound_enabled": 1}),
        json!([]),
        json!("text"),
        json!(7),
    ] {
        only_error(&kit.upgrade(SCOPE, 0, &stored).await.unwrap().diagnostics);
    }
    let texts: [&[u8]; 4] = [b"", b"{", b"\xff", &b"[".repeat(100_000)];
    for text in texts {
        let request = upgrade_resource_state::Request {
            type_name: SCOPE.to_owned(),
            version: 0,
            raw_state: Some(RawState { json: text.to_vec(), ..Default::default() }),
        };
        let response = kit.provider().upgrade_resource_state(request).await.unwrap().into_inner();
        assert_eq!(response.diagnostics.len(), 1);
    }
}
