//! Malformed requests: each returns a diagnostic or a gRPC error, and the process serves the next
//! call.

use plugin_host::tfplugin6::diagnostic::Severity;
use plugin_host::tfplugin6::{
    self as wire, DynamicValue, ResourceIdentityData, apply_resource_change, configure_provider,
    import_resource_state, list_resource, move_resource_state, plan_resource_change,
    read_data_source, read_resource, upgrade_resource_identity, upgrade_resource_state,
    validate_data_resource_config, validate_list_resource_config, validate_provider_config,
    validate_resource_config,
};
use plugin_host::wire::{UNKNOWN, decode, encode};
use serde_json::json;
use tonic::{Code, Status};

use crate::kit::{ENTRY, EXCLUSIVE, Kit, SCOPE, SCOPE_DATA};

/// Deeper than any stack.
const DEEP: usize = 100_000;

fn msgpack(bytes: &[u8]) -> DynamicValue {
    DynamicValue { msgpack: bytes.to_vec(), json: Vec::new() }
}

fn text(json: &str) -> DynamicValue {
    DynamicValue { msgpack: Vec::new(), json: json.as_bytes().to_vec() }
}

/// Values that are no object of any schema here, with what is the matter.
fn malformed() -> Vec<(&'static str, DynamicValue)> {
    let good = encode(&json!({"project": "1"})).msgpack;
    let with_tail = [&good[..], &[0xc0]].concat();
    let huge_map = [0xdf, 0xff, 0xff, 0xff, 0xff];
    vec![
        ("an unknown attribute", encode(&json!({"project": "1", "other": 1}))),
        ("missing attributes", encode(&json!({}))),
        ("a string", encode(&json!("project"))),
        ("a list", encode(&json!(["project"]))),
        ("a number", encode(&json!(7))),
        ("unknown as a whole", encode(&json!(UNKNOWN))),
        ("a value cut short", msgpack(&good[..good.len() - 1])),
        ("a value with a tail", msgpack(&with_tail)),
        ("a lone marker", msgpack(&[0x81])),
        ("a reserved marker", msgpack(&[0xc1])),
        ("a map without end", msgpack(&huge_map)),
        ("a key that isn't a string", msgpack(&[0x81, 0x01, 0xc0])),
        ("a key that is not UTF-8", msgpack(&[0x81, 0xa1, 0xff, 0xc0])),
        ("arrays in arrays", msgpack(&vec![0x91; DEEP])),
        ("maps in maps", msgpack(&[0x81, 0xa1, b'a'].repeat(DEEP))),
        ("JSON that is none", text("{")),
        ("JSON in JSON", text(&"[".repeat(DEEP))),
        ("JSON of another type", text("[1]")),
    ]
}

/// The diagnostics of a call.
type Outcome = Result<Vec<wire::Diagnostic>, Status>;

macro_rules! outcome {
    ($call:expr) => {
        $call.await.map(|response| response.into_inner().diagnostics)
    };
}

/// Panics unless the call failed with a gRPC status or a single error.
#[track_caller]
fn assert_rejected(what: &str, outcome: Outcome) {
    if let Ok(diagnostics) = outcome {
        let [error] = &diagnostics[..] else { panic!("{what}: {diagnostics:?}") };
        assert!(
            error.severity() == Severity::Error && !error.summary.is_empty(),
            "{what}: {error:?}"
        );
    }
}

/// Makes every call that needs a value, with this one.
async fn every_call_with(kit: &Kit, value: Option<DynamicValue>) -> Vec<Outcome> {
    let mut provider = kit.provider();
    let type_name = || SCOPE.to_owned();
    let config = || value.clone();
    let identity = Some(ResourceIdentityData { identity_data: config() });
    vec![
        outcome!(
            provider
                .validate_provider_config(validate_provider_config::Request { config: config() })
        ),
        outcome!(provider.configure_provider(configure_provider::Request {
            config: config(),
            ..Default::default()
        })),
        outcome!(provider.validate_resource_config(validate_resource_config::Request {
            type_name: type_name(),
            config: config(),
            ..Default::default()
        })),
        outcome!(provider.validate_data_resource_config(validate_data_resource_config::Request {
            type_name: type_name(),
            config: config(),
        })),
        outcome!(provider.validate_list_resource_config(validate_list_resource_config::Request {
            type_name: ENTRY.to_owned(),
            config: config(),
            ..Default::default()
        })),
        outcome!(provider.read_resource(read_resource::Request {
            type_name: type_name(),
            current_state: config(),
            ..Default::default()
        })),
        outcome!(provider.read_data_source(read_data_source::Request {
            type_name: type_name(),
            config: config(),
            ..Default::default()
        })),
        outcome!(provider.import_resource_state(import_resource_state::Request {
            type_name: type_name(),
            identity,
            ..Default::default()
        })),
    ]
}

async fn assert_alive(kit: &Kit) {
    assert!(kit.schema().await.is_ok());
    assert_eq!(kit.requests(), "", "nothing was asked");
}

#[tokio::test]
async fn malformed_value_is_an_error_of_every_call() {
    let kit = Kit::start().await;
    for (what, value) in malformed() {
        for outcome in every_call_with(&kit, Some(value)).await {
            assert_rejected(what, outcome);
        }
    }
    assert_alive(&kit).await;
}

#[tokio::test]
async fn absent_value_is_an_error_of_every_call() {
    let kit = Kit::start().await;
    for value in [None, Some(DynamicValue::default()), Some(msgpack(&[0xc0])), Some(text("null"))] {
        for outcome in every_call_with(&kit, value).await {
            assert_rejected("nothing", outcome);
        }
    }
    assert_alive(&kit).await;
}

#[tokio::test]
async fn every_value_of_plan_and_apply_is_checked() {
    let kit = Kit::start().await;
    let mut provider = kit.provider();
    let good = || Some(encode(&kit.config(SCOPE, json!({"project": "1"}))));
    let plan = |prior_state, proposed_new_state, config| plan_resource_change::Request {
        type_name: SCOPE.to_owned(),
        prior_state,
        proposed_new_state,
        config,
        ..Default::default()
    };
    let apply = |prior_state, planned_state| apply_resource_change::Request {
        type_name: SCOPE.to_owned(),
        prior_state,
        planned_state,
        config: good(),
        ..Default::default()
    };
    for (what, value) in malformed() {
        let bad = || Some(value.clone());
        for request in
            [plan(bad(), good(), good()), plan(None, bad(), good()), plan(None, good(), bad())]
        {
            assert_rejected(what, outcome!(provider.plan_resource_change(request)));
        }
        for request in [apply(bad(), good()), apply(None, bad())] {
            assert_rejected(what, outcome!(provider.apply_resource_change(request)));
        }
    }
    assert_rejected("no config", outcome!(provider.plan_resource_change(plan(None, good(), None))));
    assert_alive(&kit).await;
}

#[tokio::test]
async fn absent_stored_value_is_an_error() {
    let kit = Kit::start().await;
    let mut provider = kit.provider();
    for type_name in [String::new(), SCOPE.to_owned()] {
        let request =
            upgrade_resource_state::Request { type_name: type_name.clone(), ..Default::default() };
        assert_rejected("state", outcome!(provider.upgrade_resource_state(request)));
        let request = upgrade_resource_identity::Request {
            type_name: type_name.clone(),
            ..Default::default()
        };
        assert_rejected("identity", outcome!(provider.upgrade_resource_identity(request)));
        let request =
            move_resource_state::Request { target_type_name: type_name, ..Default::default() };
        assert_rejected("source", outcome!(provider.move_resource_state(request)));
    }
    assert_alive(&kit).await;
}

#[tokio::test]
async fn empty_query_is_an_error_in_its_stream() {
    let kit = Kit::start().await;
    let request = list_resource::Request::default();
    let mut events = kit.provider().list_resource(request).await.unwrap().into_inner();
    assert_rejected("query", Ok(events.message().await.unwrap().unwrap().diagnostic));
    assert_eq!(events.message().await.unwrap(), None);
    assert_alive(&kit).await;
}

#[tokio::test]
async fn invalid_utf_8_is_rejected_by_grpc() {
    let kit = Kit::start().await;
    for method in [
        "ValidateResourceConfig",
        "ValidateDataResourceConfig",
        "UpgradeResourceState",
        "UpgradeResourceIdentity",
        "ConfigureProvider",
        "ReadResource",
        "PlanResourceChange",
        "ApplyResourceChange",
        "ImportResourceState",
        "MoveResourceState",
        "ReadDataSource",
        "ListResource",
        "ValidateListResourceConfig",
    ] {
        let refused = kit.call_with_bytes(method, b"\xff\xfe").await.unwrap_err();
        assert_eq!(refused.code(), Code::Internal, "{method}: {refused:?}");
    }
    assert_alive(&kit).await;
}

/// No host sends this, but null on both sides isn't a change.
#[tokio::test]
async fn apply_of_null_to_null_does_nothing() {
    let kit = Kit::start().await;
    let request =
        apply_resource_change::Request { type_name: EXCLUSIVE.to_owned(), ..Default::default() };
    let response = kit.provider().apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!(
        (decode(response.new_state.as_ref()), response.diagnostics),
        (Ok(json!(null)), vec![])
    );
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn json_value_is_read() {
    let kit = Kit::start().await;
    kit.gitlab.add_project("acme/app");
    let config = Some(text(
        r#"{"project": "acme/app", "inbound_enabled": null, "outbound_enabled": null, "project_id": null}"#,
    ));
    let request = read_data_source::Request {
        type_name: SCOPE_DATA.to_owned(),
        config,
        ..Default::default()
    };
    let response = kit.provider().read_data_source(request).await.unwrap().into_inner();
    assert_eq!(response.diagnostics, []);
    assert_eq!(decode(response.state.as_ref()).unwrap()["project_id"], 1);
}

/// Numbers of any form, keys in any order, unknown values with any refinement.
#[tokio::test]
async fn every_encoding_of_hosts_is_read() {
    let kit = Kit::start().await;
    let mut provider = kit.provider();
    let values: [(&[u8], bool); 8] = [
        (&[0x02], true),
        (&[0xcc, 0x02], true),
        (&[0xd3, 0, 0, 0, 0, 0, 0, 0, 2], true),
        (&[0xcb, 0x40, 0, 0, 0, 0, 0, 0, 0], true),
        (b"\xa12", true),
        (&[0xd4, 0, 0], true),
        (&[0xc7, 0x03, 0x0c, 0x81, 0x01, 0xc2], true),
        (b"\xa3two", false),
    ];
    for (number, is_read) in values {
        let names = [
            "target_type",
            "target_project",
            "target_group_id",
            "target_group",
            "default_permissions",
            "job_token_policies",
            "project_id",
            "id",
        ];
        let mut bytes = vec![0x8a];
        for name in names {
            bytes.extend(encode(&json!(name)).msgpack);
            bytes.push(0xc0);
        }
        bytes.extend(encode(&json!("target_project_id")).msgpack);
        bytes.extend(number);
        bytes.extend(encode(&json!("project")).msgpack);
        bytes.extend(encode(&json!("1")).msgpack);
        let request = validate_resource_config::Request {
            type_name: ENTRY.to_owned(),
            config: Some(msgpack(&bytes)),
            ..Default::default()
        };
        let outcome =
            provider.validate_resource_config(request).await.unwrap().into_inner().diagnostics;
        assert_eq!(outcome.is_empty(), is_read, "{number:02x?}: {outcome:?}");
    }
}

#[tokio::test]
async fn large_message_gets_a_short_response() {
    let kit = Kit::start().await;
    let long = format!("acme/{}", "a".repeat(16 << 20));
    let config = kit.config(SCOPE, json!({"project": long}));
    let outcome = kit.validate_resource(SCOPE, config).await.unwrap();
    assert_eq!(outcome.len(), 1, "{outcome:?}");
    assert!(outcome[0].detail.ends_with("it is too long."), "{outcome:?}");
    assert!(outcome[0].detail.len() < 1000);
}
