//! The service over a provider made for the purpose, called as a host calls it.

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
async fn an_operation_before_the_configuration_is_refused() {
    let answer = read(&unconfigured(), thing("a", 1, "a")).await;
    assert_eq!(told(&answer.diagnostics), ["E: Provider is not configured"]);
}

#[tokio::test]
async fn a_provider_may_be_configured_again() {
    let service = configured_with(Value::Unknown).await;
    let answer = service
        .configure_provider(Request::new(pb::configure_provider::Request {
            config: Some(convert::dynamic(Some(
                [("url".to_owned(), Value::String("u".into()))].into(),
            ))),
            ..Default::default()
        }))
        .await
        .unwrap();
    assert!(answer.into_inner().diagnostics.is_empty());
    assert!(read(&service, thing("a", 1, "a")).await.diagnostics.is_empty());
}

#[tokio::test]
async fn a_configuration_is_checked_before_anything_is_configured() {
    let validate = async |config: Thing| {
        let request = pb::validate_resource_config::Request {
            type_name: "test_thing".into(),
            config: sent(config),
            ..Default::default()
        };
        let answer = unconfigured().validate_resource_config(Request::new(request)).await.unwrap();
        told(&answer.into_inner().diagnostics)
    };
    assert_eq!(validate(thing("a", None, None)).await, [""; 0]);
    assert_eq!(validate(thing("", None, None)).await, ["E at an attribute: No name"]);
    assert_eq!(validate(thing("dubious", None, None)).await, ["W at an attribute: Dubious"]);
    assert_eq!(validate(Thing { name: Attr::Unknown, ..Thing::default() }).await, [""; 0]);
}

#[tokio::test]
async fn an_unknown_type_is_told_by_its_name() {
    let request =
        pb::read_resource::Request { type_name: "test_other".into(), ..Default::default() };
    let answer = unconfigured().read_resource(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(
        answer.diagnostics[0].detail,
        "This version of the provider doesn't have the resource `test_other`. A newer version may \
         have it."
    );
}

#[tokio::test]
async fn a_data_source_is_read_and_deferred() {
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
    let answer = read(configured().await).await;
    assert_eq!(received(answer.state), Some(thing("a", 3, "http://x from 1.0")));
    let deferred = read(configured_with(Value::Unknown).await).await;
    assert!(deferred.deferred.is_some());
    assert_eq!(received(deferred.state).unwrap().id, Attr::Unknown);
}

#[tokio::test]
async fn stopping_ends_the_running_configuration_but_not_the_next() {
    let service = configured().await;
    let begun = service.shared.begin(&service.calls);
    service.stop_provider(Request::new(Default::default())).await.unwrap();
    assert!(begun.is_cancelled());
    assert!(!service.shared.begin(&service.calls).is_cancelled());
}

#[test]
fn provider_with_an_invalid_schema_is_not_served() {
    let error = Service::new(Misspelled, Calls::default()).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the schema of provider is invalid: the schema has [\"uri\"], the model [\"url\"]"
    );
}

#[tokio::test]
async fn configuration_belongs_to_its_connection() {
    let service = unconfigured();
    let (first, second) = (Session::<String>::default(), Session::<String>::default());
    for (session, url) in [(&first, "http://first"), (&second, "http://second")] {
        let config = [("url".to_owned(), Value::String(url.to_owned()))].into();
        let answer = service.configure_provider(on(session, configuration(config))).await.unwrap();
        assert_eq!(told(&answer.into_inner().diagnostics), [""; 0]);
    }
    for (session, url) in [(&first, "http://first from 1.0"), (&second, "http://second from 1.0")] {
        let request = pb::read_data_source::Request {
            type_name: "test_thing".into(),
            config: sent(thing("a", None, None)),
            ..Default::default()
        };
        let answer = service.read_data_source(on(session, request)).await.unwrap().into_inner();
        assert_eq!(received(answer.state), Some(thing("a", 3, url)));
    }
    let third = read(&service, thing("a", 1, "a")).await;
    assert_eq!(told(&third.diagnostics), ["E: Provider is not configured"]);
}

#[tokio::test]
async fn interrupt_reaches_only_its_connection() {
    let service = unconfigured();
    let (first, second) = (Session::<String>::default(), Session::<String>::default());
    let (stopped, other) = (first.begin(&service.calls), second.begin(&service.calls));
    service.stop_provider(on(&first, Default::default())).await.unwrap();
    assert!(stopped.is_cancelled() && !other.is_cancelled());
    service.calls.end().await;
    assert!(other.is_cancelled());
}

#[tokio::test]
async fn the_schemas_are_announced_with_what_the_service_can_do() {
    let answer = unconfigured()
        .get_provider_schema(Request::new(Default::default()))
        .await
        .unwrap()
        .into_inner();
    let block = answer.resource_schemas["test_thing"].block.clone().unwrap();
    let attributes: Vec<_> =
        block.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(attributes, ["name", "size", "id"]);
    assert_eq!(block.attributes[1].r#type, br#""number""#);
    assert!(answer.provider.unwrap().block.is_some(), "the host panics without one");
    assert!(answer.server_capabilities.unwrap().plan_destroy);
    let metadata =
        unconfigured().get_metadata(Request::new(Default::default())).await.unwrap().into_inner();
    assert_eq!(metadata.resources[0].type_name, "test_thing");
}

proptest! {
    #[test]
    fn no_bytes_of_a_host_panic(ty in any_type(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let message = pb::DynamicValue { msgpack: bytes.clone(), json: bytes };
        let _ = convert::object("value", Some(message), &ty);
    }

    #[test]
    fn json_and_msgpack_mean_the_same(size in any::<i64>()) {
        let text = format!(r#"{{"name":"a","size":{size},"id":null}}"#);
        let ty = Resource::schema(&ThingResource).object_type();
        let from_json = json::decode(text.as_bytes(), &ty).unwrap();
        prop_assert_eq!(msgpack::decode(&msgpack::encode(&from_json), &ty), Ok(from_json));
    }
}
