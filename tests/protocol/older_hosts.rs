//! Hosts without support for identities, lists, moves and deferral.

use plugin_host::tfplugin6::{
    apply_resource_change, configure_provider, plan_resource_change, read_resource,
    validate_resource_config,
};
use plugin_host::wire::{decode, encode};
use serde_json::{Value, json};

use crate::kit::{Action, ENTRY, EXCLUSIVE, Kit, SCOPE};
use crate::worlds::two_projects;

#[tokio::test]
async fn every_resource_works_with_a_host_that_drops_identities() {
    let mut kit = Kit::with(two_projects()).await;
    kit.keeps_identities = false;
    for (type_name, given, changed) in [
        (SCOPE, json!({"project": "acme/app"}), json!({"project": "1", "inbound_enabled": false})),
        (
            ENTRY,
            json!({"project": "acme/app", "target_project_id": 2}),
            json!({"project": "acme/app", "target_group": "acme"}),
        ),
        (
            EXCLUSIVE,
            json!({"project": "acme/app", "target_project_ids": [2]}),
            json!({"project": "acme/lib", "target_projects": []}),
        ),
    ] {
        let stored = kit.create(type_name, given.clone()).await;
        assert_eq!(stored.identity, None);
        let stored = kit.assert_clean(type_name, &stored, given).await;
        let step = kit.plan(type_name, &stored, changed.clone()).await;
        assert_ne!(step.action, Action::Nothing);
        let stored = kit.apply(&step).await;
        let stored = kit.assert_clean(type_name, &stored, changed).await;
        kit.destroy(type_name, &stored).await;
    }
}

#[tokio::test]
async fn import_works_for_a_host_that_drops_identities() {
    let mut kit = Kit::with(two_projects()).await;
    kit.keeps_identities = false;
    let stored = kit.import_by_id(SCOPE, "acme/app").await;
    assert_eq!(stored.identity, None);
    kit.assert_clean(SCOPE, &stored, json!({"project": "acme/app"})).await;
}

/// Each request with the fields of protocol 6.0 and no others.
#[tokio::test]
async fn first_version_of_the_protocol_is_supported() {
    let kit = Kit::unconfigured_with(two_projects()).await;
    let mut provider = kit.provider();
    let request = configure_provider::Request {
        terraform_version: "1.0.0".to_owned(),
        config: Some(encode(&kit.block())),
        client_capabilities: None,
    };
    let again = request.clone();
    assert_eq!(provider.configure_provider(request).await.unwrap().into_inner().diagnostics, []);

    let type_name = || ENTRY.to_owned();
    let config = kit.config(ENTRY, json!({"project": "acme/app", "target_project": "acme/lib"}));
    let sent = |value: &Value| Some(encode(value));
    let request = validate_resource_config::Request {
        type_name: type_name(),
        config: sent(&config),
        client_capabilities: None,
    };
    assert_eq!(
        provider.validate_resource_config(request).await.unwrap().into_inner().diagnostics,
        []
    );
    let request = plan_resource_change::Request {
        type_name: type_name(),
        prior_state: sent(&Value::Null),
        proposed_new_state: sent(&config),
        config: sent(&config),
        ..Default::default()
    };
    let planned = provider.plan_resource_change(request).await.unwrap().into_inner();
    assert_eq!((planned.diagnostics, planned.deferred), (vec![], None));
    let request = apply_resource_change::Request {
        type_name: type_name(),
        prior_state: sent(&Value::Null),
        planned_state: planned.planned_state,
        config: sent(&config),
        ..Default::default()
    };
    let applied = provider.apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!(applied.diagnostics, []);
    let request = read_resource::Request {
        type_name: type_name(),
        current_state: applied.new_state,
        ..Default::default()
    };
    let read = provider.read_resource(request).await.unwrap().into_inner();
    assert_eq!((read.diagnostics, read.deferred), (vec![], None));
    assert_eq!(decode(read.new_state.as_ref()).unwrap()["id"], "1:project:2");

    // Another walk without a plan, as hosts did before providers could plan a destroy.
    assert_eq!(provider.configure_provider(again).await.unwrap().into_inner().diagnostics, []);
    let request = apply_resource_change::Request {
        type_name: type_name(),
        prior_state: read.new_state,
        planned_state: sent(&Value::Null),
        config: sent(&Value::Null),
        ..Default::default()
    };
    let destroyed = provider.apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!(
        (decode(destroyed.new_state.as_ref()), destroyed.diagnostics),
        (Ok(Value::Null), vec![])
    );
    assert!(kit.gitlab.allowlist(1).projects.is_empty());
}
