//! ListResource: limits, failures and panics.

use super::*;

async fn listed(limit: i64, fails: bool, objects: bool) -> Vec<pb::list_resource::Event> {
    listed_by(Query { prefix: Attr::Known("p".into()), fails: Attr::Known(fails) }, limit, objects)
        .await
}

async fn listed_by(config: Query, limit: i64, objects: bool) -> Vec<pb::list_resource::Event> {
    let request = pb::list_resource::Request {
        type_name: "test_thing".into(),
        config: Some(convert::dynamic_value(Some(crate::framework::Model::into_object(config)))),
        include_resource_object: objects,
        limit,
    };
    let events =
        configured().await.list_resource(Request::new(request)).await.unwrap().into_inner();
    events.map(Result::unwrap).collect().await
}

#[tokio::test]
async fn list_ends_at_the_limit() {
    let events = listed(2, false, true).await;
    let names: Vec<_> = events.iter().map(|event| event.display_name.as_str()).collect();
    assert_eq!(names, ["p0", "p1"]);
    assert_eq!(events[1].identity, Some(identity("p1")));
    assert_eq!(received(events[1].resource_object.clone()), Some(thing("found", 7, "p1")));
    assert_eq!(listed(1, false, false).await[0].resource_object, None);
}

#[tokio::test]
async fn failed_list_reports_its_error_last() {
    let events = listed(100, true, false).await;
    assert_eq!(events.len(), 4);
    assert_eq!(summaries(&events[3].diagnostic), ["E: Lost"]);
}

#[tokio::test]
async fn panic_is_reported_in_the_list() {
    let events = listed_by(Query { prefix: Attr::Null, fails: Attr::Null }, 100, false).await;
    assert_eq!(events.len(), 1);
    assert_eq!(summaries(&events[0].diagnostic), ["E: The provider failed unexpectedly"]);
}

#[tokio::test]
async fn list_config_is_validated_without_a_client() {
    let config = Query { prefix: Attr::Known(String::new()), fails: Attr::Null };
    let request = pb::validate_list_resource_config::Request {
        type_name: "test_thing".into(),
        config: Some(convert::dynamic_value(Some(crate::framework::Model::into_object(config)))),
        ..Default::default()
    };
    let response =
        unconfigured().validate_list_resource_config(Request::new(request)).await.unwrap();
    assert_eq!(summaries(&response.into_inner().diagnostics), ["E at an attribute: No prefix"]);
}
