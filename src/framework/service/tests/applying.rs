//! ApplyResourceChange: the stored state, also after a failure.

use super::*;

#[tokio::test]
async fn applied_state_is_stored() {
    let (state, response) =
        apply(None, Some(Thing { id: Attr::Unknown, ..thing("a", 1, None) })).await;
    assert_eq!(state, Some(thing("a", 1, "http://x from 1.0!")));
    assert!(response.private.is_empty());
    assert_eq!(
        apply(Some(thing("a", 1, "a")), Some(thing("a", 2, "a"))).await.0,
        Some(thing("a", 2, "a"))
    );
    assert_eq!(apply(Some(thing("a", 1, "a")), None).await.0, None);
}

#[tokio::test]
async fn failed_apply_stores_the_remaining_state() {
    let (state, response) = apply(None, Some(thing("fails", 1, None))).await;
    assert_eq!((state, summaries(&response.diagnostics)), (None, vec!["E: Failed".to_owned()]));

    let (state, response) = apply(None, Some(thing("half", 1, None))).await;
    assert_eq!(state, Some(thing("half", 1, "http://x from 1.0!")));
    assert_eq!(summaries(&response.diagnostics), ["E: Failed"]);

    assert_eq!(response.private, b"private");

    let (state, _) = apply(Some(thing("fails", 1, "a")), Some(thing("fails", 2, "a"))).await;
    assert_eq!(state, Some(thing("fails", 1, "a")));

    let (state, response) = apply(Some(thing("stays", 1, "a")), None).await;
    assert_eq!(state, Some(thing("stays", 1, "a")));
    assert_eq!(summaries(&response.diagnostics), ["E: Failed", "W: Stays"]);
}

#[tokio::test]
async fn unknown_values_after_apply_are_stored_as_null() {
    let (state, response) =
        apply(None, Some(Thing { id: Attr::Unknown, ..thing("forgets", 1, None) })).await;
    assert_eq!(state, Some(thing("forgets", 1, None)));
    assert_eq!(summaries(&response.diagnostics), ["E: Inconsistent result after apply"]);
}

#[tokio::test]
async fn panic_fails_only_its_own_call() {
    let (state, response) = apply(None, Some(thing("panics", 1, None))).await;
    assert_eq!(state, None);
    assert_eq!(response.new_state, None);
    assert_eq!(summaries(&response.diagnostics), ["E: The provider failed unexpectedly"]);
    assert!(
        !response.diagnostics[0].detail.contains("a defect\n"),
        "a panic message may contain a secret"
    );
}
