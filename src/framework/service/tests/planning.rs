//! Plans: what is proposed, replaced, deferred and refused.

use super::*;

#[tokio::test]
async fn a_create_is_planned_with_defaults_and_what_is_known_already() {
    let answer = plan(&configured().await, None, Some(thing("a", None, None))).await;
    assert_eq!(received(answer.planned_state), Some(thing("a", 1, "a")));
    assert!(answer.requires_replace.is_empty());
    assert_eq!(answer.planned_private, b"private");
}

#[tokio::test]
async fn a_change_of_what_is_fixed_is_planned_as_a_replacement() {
    let answer = plan(&configured().await, Some(thing("a", 1, "a")), Some(thing("b", 1, None))).await;
    let path = convert::path(&crate::framework::AttributePath::attribute("name"));
    assert_eq!(answer.requires_replace, [path]);
}

#[tokio::test]
async fn a_destroy_is_planned_as_null() {
    let answer = plan(&configured().await, Some(thing("a", 1, "a")), None).await;
    assert_eq!(received(answer.planned_state), None);
    assert_eq!(answer.planned_private, b"private");
}

#[tokio::test]
async fn a_plan_that_core_would_refuse_is_a_defect_of_ours() {
    let answer = plan(&configured().await, None, Some(thing("breaks the plan", 5, None))).await;
    assert_eq!(
        answer.diagnostics[0].detail,
        "test_thing: the plan for `size` is neither what is configured nor what was before.\n\n\
         This is a defect in the provider: please report it with the text above."
    );
}

#[tokio::test]
async fn an_unknown_provider_block_leaves_a_valid_plan_and_an_untouched_state() {
    let service = configured_with(Value::Unknown).await;
    let planned = received(plan(&service, None, Some(thing("a", None, None))).await.planned_state).unwrap();
    assert_eq!(planned.id, Attr::Unknown);
    let answer = read(&service, thing("a", 1, "a")).await;
    assert_eq!(received(answer.new_state), Some(thing("a", 1, "a")));
}

#[tokio::test]
async fn an_unknown_provider_block_defers_where_the_host_allows_it() {
    let service = configured_with(Value::Unknown).await;
    let request = pb::plan_resource_change::Request {
        type_name: "test_thing".into(),
        prior_state: sent(None),
        proposed_new_state: sent(thing("a", None, None)),
        config: sent(thing("a", None, None)),
        client_capabilities: Some(pb::ClientCapabilities { deferral_allowed: true, ..Default::default() }),
        ..Default::default()
    };
    let answer = service.plan_resource_change(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(answer.deferred.unwrap().reason(), pb::deferred::Reason::ProviderConfigUnknown);
}

fn private_data(bytes: &[u8]) -> (Option<i64>, Option<serde_json::Value>) {
    let private = Private::decode(bytes);
    (private.kept("mark").and_then(serde_json::Value::as_i64), private.planned("seen").cloned())
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
    let answer = configured().await.plan_resource_change(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), [""; 0]);
    answer.planned_private
}

#[tokio::test]
async fn private_data_goes_from_plan_to_apply_and_state() {
    for removal in [false, true] {
        let first = planned_with(b"of another provider", b"", removal).await;
        assert_eq!(private_data(&first), (Some(1), Some(serde_json::Value::Null)));
        // A host that hands the first plan's on, and the second step of a replacement.
        let second = planned_with(&first, &first, removal).await;
        assert_eq!(private_data(&second), (Some(2), Some(serde_json::Value::Null)));
    }
    let planned = planned_with(b"", b"", false).await;
    let apply = async |name: &'static str| {
        let request = pb::apply_resource_change::Request {
            type_name: "test_thing".into(),
            planned_state: sent(thing(name, 1, name)),
            planned_private: planned.clone(),
            ..Default::default()
        };
        configured().await.apply_resource_change(Request::new(request)).await.unwrap().into_inner().private
    };
    for name in ["keeps", "fails"] {
        let kept = apply(name).await;
        assert_eq!(private_data(&kept), (Some(1), None), "{name}");
    }
}
