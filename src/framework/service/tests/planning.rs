//! PlanResourceChange: replacements, deferrals, private data and invalid plans.

use super::*;
use crate::framework::InstanceId;

#[tokio::test]
async fn create_is_planned_with_defaults_and_known_values() {
    let response = plan(&configured().await, None, Some(thing("a", None, None))).await;
    assert_eq!(received(response.planned_state), Some(thing("a", 1, "a")));
    assert!(response.requires_replace.is_empty());
}

#[tokio::test]
async fn change_of_a_fixed_attribute_requires_replacement() {
    let response =
        plan(&configured().await, Some(thing("a", 1, "a")), Some(thing("b", 1, None))).await;
    let path = convert::path(&crate::framework::AttributePath::attribute("name"));
    assert_eq!(response.requires_replace, [path]);
}

#[tokio::test]
async fn destroy_is_planned_as_null() {
    let response = plan(&configured().await, Some(thing("a", 1, "a")), None).await;
    assert_eq!(received(response.planned_state), None);
}

#[tokio::test]
async fn invalid_plan_is_a_provider_bug() {
    let response = plan(&configured().await, None, Some(thing("breaks the plan", 5, None))).await;
    assert_eq!(
        response.diagnostics[0].detail,
        "test_thing: the planned value of `size` is neither its configured nor its prior value.\n\n\
         This is a bug in the provider. Please report it with the text above."
    );
}

#[tokio::test]
async fn unknown_provider_block_keeps_the_state() {
    let service = configured_with(Value::Unknown).await;
    let planned =
        received(plan(&service, None, Some(thing("a", None, None))).await.planned_state).unwrap();
    assert_eq!(planned.id, Attr::Unknown);
    let response = read(&service, thing("a", 1, "a")).await;
    assert_eq!(received(response.new_state), Some(thing("a", 1, "a")));
}

#[tokio::test]
async fn unknown_provider_block_is_deferred_if_supported() {
    let service = configured_with(Value::Unknown).await;
    let request = pb::plan_resource_change::Request {
        type_name: "test_thing".into(),
        prior_state: sent(None),
        proposed_new_state: sent(thing("a", None, None)),
        config: sent(thing("a", None, None)),
        client_capabilities: Some(pb::ClientCapabilities {
            deferral_allowed: true,
            ..Default::default()
        }),
        ..Default::default()
    };
    let response = service.plan_resource_change(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(response.deferred.unwrap().reason(), pb::deferred::Reason::ProviderConfigUnknown);
}

/// Returns the instance ID and the count in the notes.
fn private_data(bytes: &[u8]) -> (Option<InstanceId>, Option<i64>) {
    let private = Private::decode(bytes);
    let noted = private.note("seen").and_then(serde_json::Value::as_i64);
    (private.instance().map(|instance| instance.id), noted)
}

async fn planned_with(prior_private: &[u8], first_plan: &[u8], removal: bool) -> Vec<u8> {
    let keeps = thing("keeps", 1, "a");
    let request = pb::plan_resource_change::Request {
        type_name: "test_thing".into(),
        prior_state: sent(removal.then(|| keeps.clone())),
        proposed_new_state: sent((!removal).then(|| keeps.clone())),
        config: sent((!removal).then_some(Thing { id: Attr::Null, ..keeps })),
        prior_private: prior_private.to_vec(),
        planned_private: first_plan.to_vec(),
        ..Default::default()
    };
    let response =
        configured().await.plan_resource_change(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(summaries(&response.diagnostics), [""; 0]);
    response.planned_private
}

#[tokio::test]
async fn private_data_is_passed_from_plan_to_apply_and_state() {
    let first = planned_with(b"of another provider", b"", false).await;
    let (id, noted) = private_data(&first);
    assert!(id.is_some());
    assert_eq!(noted, Some(1));
    let replanned = planned_with(b"", &first, false).await;
    assert_eq!(
        private_data(&replanned),
        (id, Some(2)),
        "the host sends the private data of the first plan"
    );
    let apply = async |name: &'static str| {
        let request = pb::apply_resource_change::Request {
            type_name: "test_thing".into(),
            planned_state: sent(thing(name, 1, name)),
            planned_private: first.clone(),
            ..Default::default()
        };
        configured()
            .await
            .apply_resource_change(Request::new(request))
            .await
            .unwrap()
            .into_inner()
            .private
    };
    for name in ["keeps", "fails"] {
        let kept = apply(name).await;
        assert_eq!(private_data(&kept), (id, None), "{name}");
        assert_eq!(private_data(&planned_with(&kept, b"", true).await), (id, Some(1)), "{name}");
    }
}

#[tokio::test]
async fn plan_of_the_apply_repeats_no_warning() {
    for (hands_on, repeated) in [(true, vec![]), (false, vec!["W: Warned"])] {
        let plan = async |first_plan: Vec<u8>| {
            let thing = thing("warns", 1, None);
            let request = pb::plan_resource_change::Request {
                type_name: "test_thing".into(),
                prior_state: sent(None),
                proposed_new_state: sent(thing.clone()),
                config: sent(thing),
                client_capabilities: Some(pb::ClientCapabilities {
                    store_planned_private: hands_on,
                    ..Default::default()
                }),
                planned_private: first_plan,
                ..Default::default()
            };
            let service = configured().await;
            service.plan_resource_change(Request::new(request)).await.unwrap().into_inner()
        };
        let first = plan(Vec::new()).await;
        assert_eq!(summaries(&first.diagnostics), ["W: Warned"]);
        let again = plan(first.planned_private).await;
        assert_eq!(summaries(&again.diagnostics), repeated, "{hands_on}");
    }
}
