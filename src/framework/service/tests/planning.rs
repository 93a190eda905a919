//! Plans: what is proposed, replaced, deferred and refused.

use super::*;
use crate::framework::Mark;

#[tokio::test]
async fn a_create_is_planned_with_defaults_and_what_is_known_already() {
    let answer = plan(&configured().await, None, Some(thing("a", None, None))).await;
    assert_eq!(received(answer.planned_state), Some(thing("a", 1, "a")));
    assert!(answer.requires_replace.is_empty());
}

#[tokio::test]
async fn a_change_of_what_is_fixed_is_planned_as_a_replacement() {
    let answer =
        plan(&configured().await, Some(thing("a", 1, "a")), Some(thing("b", 1, None))).await;
    let path = convert::path(&crate::framework::AttributePath::attribute("name"));
    assert_eq!(answer.requires_replace, [path]);
}

#[tokio::test]
async fn a_destroy_is_planned_as_null() {
    let answer = plan(&configured().await, Some(thing("a", 1, "a")), None).await;
    assert_eq!(received(answer.planned_state), None);
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
async fn unknown_provider_block_plans_validly_and_keeps_the_state() {
    let service = configured_with(Value::Unknown).await;
    let planned =
        received(plan(&service, None, Some(thing("a", None, None))).await.planned_state).unwrap();
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
        client_capabilities: Some(pb::ClientCapabilities {
            deferral_allowed: true,
            ..Default::default()
        }),
        ..Default::default()
    };
    let answer = service.plan_resource_change(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(answer.deferred.unwrap().reason(), pb::deferred::Reason::ProviderConfigUnknown);
}

/// The mark, and what the plan has noted.
fn private_data(bytes: &[u8]) -> (Option<Mark>, Option<i64>) {
    let private = Private::decode(bytes);
    let noted = private.note("seen").and_then(serde_json::Value::as_i64);
    (private.instance().map(|instance| instance.mark), noted)
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
    let answer =
        configured().await.plan_resource_change(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), [""; 0]);
    answer.planned_private
}

#[tokio::test]
async fn private_data_goes_from_plan_to_apply_and_state() {
    let first = planned_with(b"of another provider", b"", false).await;
    let (mark, noted) = private_data(&first);
    assert!(mark.is_some());
    assert_eq!(noted, Some(1));
    let replanned = planned_with(b"", &first, false).await;
    assert_eq!(
        private_data(&replanned),
        (mark, Some(2)),
        "the host hands on what the first plan noted"
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
        assert_eq!(private_data(&kept), (mark, None), "{name}");
        assert_eq!(private_data(&planned_with(&kept, b"", true).await), (mark, Some(1)), "{name}");
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
        assert_eq!(told(&first.diagnostics), ["W: Warned"]);
        let again = plan(first.planned_private).await;
        assert_eq!(told(&again.diagnostics), repeated, "{hands_on}");
    }
}
