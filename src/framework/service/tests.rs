//! Tests of the service with a test provider and the RPCs of a host.

mod applying;
mod importing;
mod kit;
mod listing;
mod planning;
mod state;

use proptest::prelude::*;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tonic::Request;

use super::*;
use crate::bindings::tfplugin6::provider_server::Provider as _;
use crate::framework::codec::strategies::any_type;
use crate::framework::codec::{json, msgpack};
use crate::framework::{Attr, Private, Resource, Value};
use kit::*;

#[tokio::test]
async fn operation_before_configuration_is_an_error() {
    let response = read(&unconfigured(), thing("a", 1, "a")).await;
    assert_eq!(summaries(&response.diagnostics), ["E: Provider is not configured"]);
}

#[tokio::test]
async fn provider_may_be_configured_again() {
    let service = configured_with(Value::Unknown).await;
    let response = service
        .configure_provider(Request::new(pb::configure_provider::Request {
            config: Some(convert::dynamic_value(Some(
                [("url".to_owned(), Value::String("u".into()))].into(),
            ))),
            ..Default::default()
        }))
        .await
        .unwrap();
    assert!(response.into_inner().diagnostics.is_empty());
    assert!(read(&service, thing("a", 1, "a")).await.diagnostics.is_empty());
}

#[tokio::test]
async fn validation_needs_no_configured_provider() {
    let validate = async |config: Thing| {
        let request = pb::validate_resource_config::Request {
            type_name: "test_thing".into(),
            config: sent(config),
            ..Default::default()
        };
        let response =
            unconfigured().validate_resource_config(Request::new(request)).await.unwrap();
        summaries(&response.into_inner().diagnostics)
    };
    assert_eq!(validate(thing("a", None, None)).await, [""; 0]);
    assert_eq!(validate(thing("", None, None)).await, ["E at an attribute: No name"]);
    assert_eq!(validate(thing("dubious", None, None)).await, ["W at an attribute: Dubious"]);
    assert_eq!(validate(Thing { name: Attr::Unknown, ..Thing::default() }).await, [""; 0]);
}

#[tokio::test]
async fn unknown_type_is_named() {
    let request =
        pb::read_resource::Request { type_name: "test_other".into(), ..Default::default() };
    let response = unconfigured().read_resource(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(
        response.diagnostics[0].detail,
        "This version of the provider doesn't have the resource `test_other`. A newer version may \
         have it."
    );
}

#[tokio::test]
async fn data_source_is_read_or_deferred() {
    let request = pb::read_data_source::Request {
        type_name: "test_thing".into(),
        config: sent(thing("a", None, None)),
        client_capabilities: Some(pb::ClientCapabilities {
            deferral_allowed: true,
            ..Default::default()
        }),
        ..Default::default()
    };
    let read = async |service: Service<TestProvider>| {
        service.read_data_source(Request::new(request.clone())).await.unwrap().into_inner()
    };
    let response = read(configured().await).await;
    assert_eq!(received(response.state), Some(thing("a", 3, "http://x from 1.0")));
    let deferred = read(configured_with(Value::Unknown).await).await;
    assert!(deferred.deferred.is_some());
    assert_eq!(received(deferred.state).unwrap().id, Attr::Unknown);
}

#[tokio::test]
async fn stop_cancels_only_the_current_configuration() {
    let service = configured().await;
    let begun = service.shared_session.begin_configuration(&service.calls);
    service.stop_provider(Request::new(Default::default())).await.unwrap();
    assert!(begun.is_cancelled());
    assert!(!service.shared_session.begin_configuration(&service.calls).is_cancelled());
}

#[test]
fn provider_with_an_invalid_schema_is_not_served() {
    let error = Service::new(Misspelled, CallTracker::default()).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the schema of `provider` is invalid: the schema has the attributes [\"uri\"], but the \
         model [\"url\"]"
    );
}

#[tokio::test]
async fn configuration_applies_to_its_connection() {
    let service = unconfigured();
    let (first, second) = (Session::<String>::default(), Session::<String>::default());
    for (session, url) in [(&first, "http://first"), (&second, "http://second")] {
        let config = [("url".to_owned(), Value::String(url.to_owned()))].into();
        let response =
            service.configure_provider(request_on(session, configuration(config))).await.unwrap();
        assert_eq!(summaries(&response.into_inner().diagnostics), [""; 0]);
    }
    for (session, url) in [(&first, "http://first from 1.0"), (&second, "http://second from 1.0")] {
        let request = pb::read_data_source::Request {
            type_name: "test_thing".into(),
            config: sent(thing("a", None, None)),
            ..Default::default()
        };
        let response =
            service.read_data_source(request_on(session, request)).await.unwrap().into_inner();
        assert_eq!(received(response.state), Some(thing("a", 3, url)));
    }
    let third = read(&service, thing("a", 1, "a")).await;
    assert_eq!(summaries(&third.diagnostics), ["E: Provider is not configured"]);
}

#[tokio::test]
async fn stop_affects_only_its_connection() {
    let service = unconfigured();
    let (first, second) = (Session::<String>::default(), Session::<String>::default());
    let (stopped, other) =
        (first.begin_configuration(&service.calls), second.begin_configuration(&service.calls));
    service.stop_provider(request_on(&first, Default::default())).await.unwrap();
    assert!(stopped.is_cancelled() && !other.is_cancelled());
    service.calls.shut_down().await;
    assert!(other.is_cancelled());
}

#[tokio::test]
async fn schemas_and_capabilities_are_announced() {
    let response = unconfigured()
        .get_provider_schema(Request::new(Default::default()))
        .await
        .unwrap()
        .into_inner();
    let block = response.resource_schemas["test_thing"].block.clone().unwrap();
    let attributes: Vec<_> =
        block.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(attributes, ["name", "size", "id"]);
    assert_eq!(block.attributes[1].r#type, br#""number""#);
    assert!(response.provider.unwrap().block.is_some(), "the host panics without one");
    assert!(response.server_capabilities.unwrap().plan_destroy);
    let metadata =
        unconfigured().get_metadata(Request::new(Default::default())).await.unwrap().into_inner();
    assert_eq!(metadata.resources[0].type_name, "test_thing");
}

proptest! {
    #[test]
    fn arbitrary_bytes_dont_panic(ty in any_type(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let message = pb::DynamicValue { msgpack: bytes.clone(), json: bytes };
        let _ = convert::object("value", Some(message), &ty);
    }

    #[test]
    fn json_and_msgpack_are_equivalent(size in any::<i64>()) {
        let text = format!(r#"{{"name":"a","size":{size},"id":null}}"#);
        let ty = Resource::schema(&ThingResource).object_type();
        let from_json = json::decode(text.as_bytes(), &ty).unwrap();
        prop_assert_eq!(msgpack::decode(&msgpack::encode(&from_json), &ty), Ok(from_json));
    }
}
