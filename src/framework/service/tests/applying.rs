//! Applies: what is stored, also after a failure.

use super::*;

#[tokio::test]
async fn what_is_applied_is_stored() {
    let (state, answer) =
        apply(None, Some(Thing { id: Attr::Unknown, ..thing("a", 1, None) })).await;
    assert_eq!(state, Some(thing("a", 1, "http://x from 1.0!")));
    assert!(answer.private.is_empty());
    assert_eq!(
        apply(Some(thing("a", 1, "a")), Some(thing("a", 2, "a"))).await.0,
        Some(thing("a", 2, "a"))
    );
    assert_eq!(apply(Some(thing("a", 1, "a")), None).await.0, None);
}

#[tokio::test]
async fn after_a_failure_the_state_is_what_is_left() {
    let (state, answer) = apply(None, Some(thing("fails", 1, None))).await;
    assert_eq!((state, told(&answer.diagnostics)), (None, vec!["E: Failed".to_owned()]));

    let (state, answer) = apply(None, Some(thing("half", 1, None))).await;
    assert_eq!(state, Some(thing("half", 1, "http://x from 1.0!")));
    assert_eq!(told(&answer.diagnostics), ["E: Failed"]);

    assert_eq!(answer.private, b"private");

    let (state, _) = apply(Some(thing("fails", 1, "a")), Some(thing("fails", 2, "a"))).await;
    assert_eq!(state, Some(thing("fails", 1, "a")));

    let (state, answer) = apply(Some(thing("stays", 1, "a")), None).await;
    assert_eq!(state, Some(thing("stays", 1, "a")));
    assert_eq!(told(&answer.diagnostics), ["E: Failed", "W: Stays"]);
}

#[tokio::test]
async fn what_an_apply_leaves_unknown_is_stored_as_null_and_told() {
    let (state, answer) =
        apply(None, Some(Thing { id: Attr::Unknown, ..thing("forgets", 1, None) })).await;
    assert_eq!(state, Some(thing("forgets", 1, None)));
    assert_eq!(told(&answer.diagnostics), ["E: Unexpected result of an apply"]);
}

#[tokio::test]
async fn a_panic_costs_its_own_call_only() {
    let (state, answer) = apply(None, Some(thing("panics", 1, None))).await;
    assert_eq!(state, None);
    assert_eq!(answer.new_state, None);
    assert_eq!(told(&answer.diagnostics), ["E: The provider failed unexpectedly"]);
    assert!(
        !answer.diagnostics[0].detail.contains("a defect\n"),
        "what a panic says may hold a secret"
    );
}
