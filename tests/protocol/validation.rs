//! Validation of configurations: unknown values are valid, and each error names its attribute.

use plugin_host::Diagnostic;
use plugin_host::wire::UNKNOWN;
use serde_json::{Value, json};

use crate::kit::{ALLOWLIST_DATA, ENTRY, EXCLUSIVE, Kit, RESOURCES, SCOPE, SCOPE_DATA, only_error};
use crate::list;

async fn of_resource(kit: &Kit, type_name: &str, given: Value) -> Vec<Diagnostic> {
    kit.validate_resource(type_name, kit.config(type_name, given)).await.unwrap()
}

/// Returns the configuration with each value, and then with all values, unknown.
fn with_unknowns(given: &Value) -> Vec<Value> {
    let names: Vec<_> = given.as_object().unwrap().keys().collect();
    let each = names.iter().map(|name| {
        let mut given = given.clone();
        given[name.as_str()] = json!(UNKNOWN);
        given
    });
    let all = names.iter().map(|name| ((*name).clone(), json!(UNKNOWN))).collect();
    each.chain([Value::Object(all)]).collect()
}

#[tokio::test]
async fn unknown_value_of_a_resource_is_valid() {
    let kit = Kit::unconfigured().await;
    let configurations = [
        (SCOPE, json!({"project": "a/b", "inbound_enabled": true})),
        (ENTRY, json!({"project": "a/b", "target_project": "c/d"})),
        (ENTRY, json!({"project": "a/b", "target_group_id": 7})),
        (EXCLUSIVE, json!({"project": "a/b", "target_projects": ["c/d"], "target_group_ids": [7]})),
        (
            EXCLUSIVE,
            json!({"project": "a/b", "target_projects": ["c/d", UNKNOWN], "target_groups": [UNKNOWN]}),
        ),
        (EXCLUSIVE, json!({"project": "a/b", "target_project_ids": [1, UNKNOWN]})),
    ];
    for (type_name, given) in configurations {
        assert_eq!(of_resource(&kit, type_name, given.clone()).await, [], "{given}");
        for unknown in with_unknowns(&given) {
            assert_eq!(
                of_resource(&kit, type_name, unknown.clone()).await,
                [],
                "{type_name} {unknown}"
            );
        }
    }
}

/// With `mock_provider`, hosts generate computed values.
#[tokio::test]
async fn placeholder_value_is_valid() {
    let kit = Kit::unconfigured().await;
    for (type_name, given) in [
        (SCOPE, json!({"project": "a1b2c3d4"})),
        (ENTRY, json!({"project": "0", "target_project_id": 0})),
        (ENTRY, json!({"project": "0", "target_project": "0"})),
        (
            EXCLUSIVE,
            json!({"project": "0", "target_project_ids": [0], "target_groups": ["0", "a1b2c3d4"]}),
        ),
    ] {
        assert_eq!(of_resource(&kit, type_name, given.clone()).await, [], "{given}");
    }
    for type_name in [SCOPE_DATA, ALLOWLIST_DATA] {
        let config = kit.data_config(type_name, json!({"project": "0"}));
        assert_eq!(kit.validate_data_source(type_name, config).await.unwrap(), []);
    }
}

/// As in a module whose inputs decide which of the targets is set.
#[tokio::test]
async fn unknown_choice_of_a_target_is_valid() {
    let kit = Kit::unconfigured().await;
    for given in [
        json!({"project": "1", "target_project": UNKNOWN, "target_group": UNKNOWN}),
        json!({"project": "1", "target_project": "2", "target_group": UNKNOWN}),
        json!({"project": "1", "target_project": UNKNOWN, "target_project_id": UNKNOWN, "target_group": UNKNOWN,
               "target_group_id": UNKNOWN}),
    ] {
        assert_eq!(of_resource(&kit, ENTRY, given.clone()).await, [], "{given}");
    }
    for given in [
        json!({"project": "1", "target_projects": UNKNOWN, "target_project_ids": UNKNOWN}),
        json!({"project": "1", "target_projects": ["2"], "target_project_ids": UNKNOWN}),
        json!({"project": UNKNOWN, "target_projects": ["2"]}),
    ] {
        assert_eq!(of_resource(&kit, EXCLUSIVE, given.clone()).await, [], "{given}");
    }
}

#[tokio::test]
async fn unknown_value_of_any_other_block_is_valid() {
    let kit = Kit::unconfigured().await;
    let provider = json!({
        "token": "t", "base_url": "https://gitlab.example.com", "cacert_file": "a", "client_cert": "b", "client_key": "c",
        "insecure": false, "headers": {"a": "b"}, "retries": 1, "early_auth_check": true, "request_timeout": 1,
        "max_concurrent_requests": 1,
    });
    for given in with_unknowns(&provider).into_iter().chain([json!({"headers": {"a": UNKNOWN}})]) {
        let block = kit.provider_block(given.clone());
        assert_eq!(kit.validate_provider(block).await.unwrap(), [], "{given}");
    }
    for type_name in [SCOPE_DATA, ALLOWLIST_DATA] {
        let config = kit.data_config(type_name, json!({"project": UNKNOWN}));
        assert_eq!(kit.validate_data_source(type_name, config).await.unwrap(), []);
    }
    assert_eq!(
        kit.validate_list(ENTRY, list::config(json!({"project": UNKNOWN}))).await.unwrap(),
        []
    );
}

#[tokio::test]
async fn error_of_a_resource_has_the_path_of_its_attribute() {
    let kit = Kit::unconfigured().await;
    let cases = [
        (SCOPE, json!({"project": ""}), "project"),
        (ENTRY, json!({"project": "a b", "target_project": "c/d"}), "project"),
        (
            ENTRY,
            json!({"project": "a/b", "target_project": "c/d", "target_group": "e"}),
            "target_group",
        ),
        (ENTRY, json!({"project": "a/b", "target_project": "A/B"}), "target_project"),
        (ENTRY, json!({"project": "5", "target_project_id": 5}), "target_project_id"),
        (ENTRY, json!({"project": "a/b", "target_project_id": -1}), "target_project_id"),
        (ENTRY, json!({"project": "a/b", "target_project_id": 1.5}), "target_project_id"),
        (ENTRY, json!({"project": "a/b", "target_group_id": 1e20}), "target_group_id"),
        (EXCLUSIVE, json!({"project": "5", "target_projects": ["5"]}), "target_projects"),
        (EXCLUSIVE, json!({"project": "a/b", "target_projects": ["/"]}), "target_projects"),
        (EXCLUSIVE, json!({"project": "a/b", "target_groups": [null]}), "target_groups"),
        (EXCLUSIVE, json!({"project": "a/b", "target_group_ids": [-1]}), "target_group_ids"),
        (
            EXCLUSIVE,
            json!({"project": "a/b", "target_projects": [], "target_project_ids": []}),
            "target_project_ids",
        ),
        (
            EXCLUSIVE,
            json!({"project": "a/b", "target_group_ids": (1..=201).collect::<Vec<_>>()}),
            "target_group_ids",
        ),
    ];
    for (type_name, given, attribute) in cases {
        let diagnostics = of_resource(&kit, type_name, given.clone()).await;
        let error = only_error(&diagnostics);
        assert_eq!(error.attribute.as_deref(), Some(attribute), "{type_name} {given}: {error:#?}");
        assert!(!error.summary.is_empty() && !error.detail.is_empty(), "{error:#?}");
    }
}

/// A path would name a missing attribute.
#[tokio::test]
async fn missing_attribute_is_an_error_of_the_resource() {
    let kit = Kit::unconfigured().await;
    for (type_name, title) in [(ENTRY, "No target"), (EXCLUSIVE, "Nothing to manage")] {
        let diagnostics = of_resource(&kit, type_name, json!({"project": "a/b"})).await;
        let error = only_error(&diagnostics);
        assert_eq!((error.summary.as_str(), &error.attribute), (title, &None));
    }
}

#[tokio::test]
async fn all_errors_are_reported_at_once() {
    let kit = Kit::unconfigured().await;
    let given = json!({"project": "", "target_project_ids": [-1], "target_groups": ["/"]});
    let diagnostics = of_resource(&kit, EXCLUSIVE, given).await;
    let paths: Vec<_> =
        diagnostics.iter().map(|error| error.attribute.as_deref().unwrap_or_default()).collect();
    assert_eq!(paths, ["project", "target_project_ids", "target_groups"]);
}

#[tokio::test]
async fn error_of_any_other_block_has_the_path_of_its_attribute() {
    let kit = Kit::unconfigured().await;
    for (given, attribute) in [
        (json!({"base_url": "gitlab"}), "base_url"),
        (json!({"retries": -1}), "retries"),
        (json!({"retries": 0.5}), "retries"),
        (json!({"request_timeout": 0}), "request_timeout"),
        (json!({"max_concurrent_requests": 0}), "max_concurrent_requests"),
    ] {
        let diagnostics = kit.validate_provider(kit.provider_block(given)).await.unwrap();
        assert_eq!(only_error(&diagnostics).attribute.as_deref(), Some(attribute));
    }
    for type_name in [SCOPE_DATA, ALLOWLIST_DATA] {
        let config = kit.data_config(type_name, json!({"project": "/"}));
        let diagnostics = kit.validate_data_source(type_name, config).await.unwrap();
        assert_eq!(only_error(&diagnostics).attribute.as_deref(), Some("project"));
    }
    let diagnostics =
        kit.validate_list(ENTRY, list::config(json!({"project": "/"}))).await.unwrap();
    assert_eq!(only_error(&diagnostics).attribute.as_deref(), Some("project"));
}

#[tokio::test]
async fn unknown_type_is_an_error() {
    let kit = Kit::unconfigured().await;
    let diagnostics = kit.validate_resource("gitlab_project", json!({})).await.unwrap();
    assert!(only_error(&diagnostics).detail.contains("`gitlab_project`"));
    let diagnostics = kit.validate_data_source(RESOURCES[0], json!({})).await.unwrap();
    assert!(only_error(&diagnostics).detail.contains(RESOURCES[0]));
    let diagnostics = kit.validate_list("gitlab_project", json!({})).await.unwrap();
    assert!(only_error(&diagnostics).detail.contains("`gitlab_project`"));
}
