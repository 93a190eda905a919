//! ReadResource, UpgradeResourceState, UpgradeResourceIdentity and MoveResourceState.

use super::*;

#[tokio::test]
async fn read_distinguishes_drift_absence_and_failure() {
    let service = configured().await;
    let drifted = read(&service, thing("a", 1, "a")).await;
    assert_eq!(drifted.private, b"private");
    assert_eq!(received(drifted.new_state), Some(thing("a", 7, "a")));
    let gone = read(&service, thing("gone", 1, "a")).await;
    assert_eq!((received(gone.new_state), gone.diagnostics.len()), (None, 0));
    let failed = read(&service, thing("secret", 1, "a")).await;
    assert_eq!(
        (failed.new_state, summaries(&failed.diagnostics)),
        (None, vec!["E: Forbidden".to_owned()])
    );
}

#[tokio::test]
async fn every_state_has_an_identity() {
    let service = configured().await;
    assert_eq!(read(&service, thing("a", 1, "a")).await.new_identity, Some(identity("a")));
    assert_eq!(read(&service, thing("gone", 1, "a")).await.new_identity, None);
    let planned = plan(&service, None, Some(thing("a", None, None))).await;
    assert_eq!(planned.planned_identity, Some(identity("a")));
    let (_, applied) = apply(Some(thing("a", 1, "a")), Some(thing("a", 2, "a"))).await;
    assert_eq!(applied.new_identity, Some(identity("a")));
}

#[tokio::test]
async fn stored_identity_is_decoded() {
    let upgraded = async |version: i64, text: &str| {
        let request = pb::upgrade_resource_identity::Request {
            type_name: "test_thing".into(),
            version,
            raw_identity: Some(pb::RawState {
                json: text.as_bytes().to_vec(),
                ..Default::default()
            }),
        };
        unconfigured().upgrade_resource_identity(Request::new(request)).await.unwrap().into_inner()
    };
    assert_eq!(upgraded(0, r#"{"id":"a"}"#).await.upgraded_identity, Some(identity("a")));
    assert_eq!(
        summaries(&upgraded(1, r#"{"id":"a"}"#).await.diagnostics),
        ["E: Unreadable identity"]
    );
    assert_eq!(summaries(&upgraded(0, "null").await.diagnostics), ["E: Unreadable identity"]);
}

#[tokio::test]
async fn state_of_another_type_is_moved_without_a_client() {
    let moved = async |type_name: &str, state: &str| {
        let request = pb::move_resource_state::Request {
            source_provider_address: "example.com/other/other".into(),
            source_type_name: type_name.into(),
            source_state: Some(pb::RawState {
                json: state.as_bytes().to_vec(),
                ..Default::default()
            }),
            target_type_name: "test_thing".into(),
            ..Default::default()
        };
        unconfigured().move_resource_state(Request::new(request)).await.unwrap().into_inner()
    };
    let response = moved("other_thing", r#"{"title":"a","more":[1]}"#).await;
    assert_eq!(received(response.target_state), Some(thing("a", None, None)));
    assert_eq!(response.target_identity, None, "the ID is unknown until the next read");
    assert_eq!(summaries(&response.diagnostics), ["W: Moved"]);
    assert_eq!(
        moved("strange_thing", "{}").await.diagnostics[0].detail,
        "The state of a `strange_thing` of the provider example.com/other/other can't be moved to \
         a `test_thing`. Replace the `moved` block with a `removed` block that has `destroy = \
         false`, and import the object."
    );
    assert_eq!(summaries(&moved("other_thing", "[]").await.diagnostics), ["E: Unreadable state"]);
}

#[tokio::test]
async fn own_state_from_another_registry_is_upgraded() {
    let moved = async |address: &str, version: i64, state: &str| {
        let request = pb::move_resource_state::Request {
            source_provider_address: address.into(),
            source_type_name: "test_thing".into(),
            source_schema_version: version,
            source_state: Some(pb::RawState {
                json: state.as_bytes().to_vec(),
                ..Default::default()
            }),
            source_private: b"kept".to_vec(),
            target_type_name: "test_thing".into(),
            ..Default::default()
        };
        unconfigured().move_resource_state(Request::new(request)).await.unwrap().into_inner()
    };
    for address in ["mirror.example.com/acme/test", "registry.terraform.io/acme/test", "test"] {
        let response = moved(address, VERSION, r#"{"name":"a","size":1,"id":"a"}"#).await;
        assert_eq!(summaries(&response.diagnostics), [""; 0], "{address}");
        assert_eq!(received(response.target_state), Some(thing("a", 1, "a")));
        assert_eq!(
            (response.target_identity, &response.target_private[..]),
            (Some(identity("a")), &b"kept"[..])
        );
    }
    let own = "mirror.example.com/acme/test";
    let earlier = moved(own, 1, r#"{"title":"a","size":1,"id":"a"}"#).await;
    assert_eq!(received(earlier.target_state), Some(thing("a", 1, "a")));
    for (address, version, state, summary) in [
        (own, 9, "{}", "E: Unreadable state"),
        (own, VERSION, "null", "E: Unreadable state"),
        ("mirror.example.com/other/test", 0, "{}", "E: Unsupported move"),
        ("acme/test", 0, "{}", "E: Unsupported move"),
        ("other", 0, "{}", "E: Unsupported move"),
        ("", 0, "{}", "E: Unsupported move"),
    ] {
        let response = moved(address, version, state).await;
        assert_eq!(summaries(&response.diagnostics), [summary], "{address} {version} {state}");
    }
}

async fn upgraded(version: i64, text: &str) -> pb::upgrade_resource_state::Response {
    let request = pb::upgrade_resource_state::Request {
        type_name: "test_thing".into(),
        version,
        raw_state: Some(pb::RawState {
            json: text.as_bytes().to_vec(),
            flatmap: Default::default(),
        }),
    };
    unconfigured().upgrade_resource_state(Request::new(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn stored_state_is_decoded() {
    let response =
        upgraded(VERSION, r#"{"name":"a","size":1,"id":"a","from_the_future":true}"#).await;
    assert_eq!(received(response.upgraded_state), Some(thing("a", 1, "a")));
}

#[tokio::test]
async fn unreadable_state_is_an_error() {
    assert_eq!(
        upgraded(9, "{}").await.diagnostics[0].detail,
        "A `test_thing` in the state can't be read: its schema version is 9. If a newer version of \
         this provider wrote it, use that version. Otherwise, remove the object from the state, \
         and import it again."
    );
    assert_eq!(
        upgraded(VERSION, r#"{"id":"a","size":"small"}"#).await.diagnostics[0].detail,
        "A `test_thing` with the ID \"a\" in the state can't be read: `size` isn't a number. If a \
         newer version of this provider wrote it, use that version. Otherwise, remove the object \
         from the state, and import it again."
    );
    for version in [1, VERSION] {
        for text in ["{", "", "[]"] {
            assert_eq!(
                summaries(&upgraded(version, text).await.diagnostics),
                ["E: Unreadable state"],
                "{version} {text}"
            );
        }
    }
}

#[tokio::test]
async fn state_of_an_earlier_version_is_upgraded() {
    let response = upgraded(1, r#"{"title":"a","size":1,"id":"a"}"#).await;
    assert_eq!(received(response.upgraded_state), Some(thing("a", 1, "a")));
    assert_eq!(received(upgraded(1, "null").await.upgraded_state), None);
}

#[tokio::test]
async fn version_that_was_never_released_is_an_error() {
    assert_eq!(
        upgraded(0, r#"{"name":"a"}"#).await.diagnostics[0].detail,
        "A `test_thing` in the state can't be read: its schema version is 0. If a newer version of \
         this provider wrote it, use that version. Otherwise, remove the object from the state, \
         and import it again."
    );
}
