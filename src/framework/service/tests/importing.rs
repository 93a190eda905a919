//! ImportResourceState, by ID and by identity.

use super::*;

#[tokio::test]
async fn deferred_import_has_no_imported_resource() {
    let request = pb::import_resource_state::Request {
        type_name: "test_thing".into(),
        id: "7".into(),
        client_capabilities: Some(pb::ClientCapabilities {
            deferral_allowed: true,
            ..Default::default()
        }),
        ..Default::default()
    };
    let service = configured_with(Value::Unknown).await;
    let response = service.import_resource_state(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(response.deferred.unwrap().reason(), pb::deferred::Reason::ProviderConfigUnknown);
    assert_eq!(response.imported_resources, []);
}

async fn imported(
    request: pb::import_resource_state::Request,
) -> pb::import_resource_state::Response {
    let request = pb::import_resource_state::Request { type_name: "test_thing".into(), ..request };
    configured().await.import_resource_state(Request::new(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn import_accepts_an_id_or_identity() {
    let by_id =
        imported(pb::import_resource_state::Request { id: "7".into(), ..Default::default() }).await;
    let [object] = by_id.imported_resources.try_into().unwrap();
    assert_eq!(received(object.state), Some(thing("by id", None, "7")));
    assert_eq!(object.identity, Some(identity("7")));

    let request =
        pb::import_resource_state::Request { identity: Some(identity("8")), ..Default::default() };
    let [object] = imported(request).await.imported_resources.try_into().unwrap();
    assert_eq!(received(object.state), Some(thing("by identity", None, "8")));

    let nothing = imported(Default::default()).await;
    assert_eq!(summaries(&nothing.diagnostics), ["E: No id"]);
    assert!(nothing.imported_resources.is_empty());
}

#[tokio::test]
async fn import_is_recorded_until_the_first_apply() {
    let imported =
        imported(pb::import_resource_state::Request { id: "7".into(), ..Default::default() }).await;
    let private = imported.imported_resources[0].private.clone();
    assert!(Private::decode(&private).is_imported());
    let request = pb::apply_resource_change::Request {
        type_name: "test_thing".into(),
        prior_state: sent(thing("a", 1, "a")),
        planned_state: sent(thing("a", 2, "a")),
        planned_private: private,
        ..Default::default()
    };
    let response =
        configured().await.apply_resource_change(Request::new(request)).await.unwrap().into_inner();
    assert!(!Private::decode(&response.private).is_imported());
}
