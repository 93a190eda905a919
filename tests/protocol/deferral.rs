//! An unknown provider block: hosts that support it get a deferral, all others a plan that holds
//! later, and no request is sent.

use plugin_host::wire::UNKNOWN;
use plugin_host::{Query, Stored};
use serde_json::{Value, json};

use crate::kit::{
    ALLOWLIST_DATA, Action, ENTRY, EXCLUSIVE, Kit, PROVIDER_CONFIG_UNKNOWN, SCOPE, SCOPE_DATA,
    only_error,
};
use crate::list;

const NOT_KNOWN: &str = "Provider configuration isn't known yet";

fn given() -> [(&'static str, Value); 3] {
    [
        (SCOPE, json!({"project": "acme/app"})),
        (ENTRY, json!({"project": "acme/app", "target_group": "acme"})),
        (
            EXCLUSIVE,
            json!({"project": "7", "target_projects": ["acme/lib", "8"], "target_group_ids": [3]}),
        ),
    ]
}

fn stored(type_name: &str) -> Stored {
    let (state, identity) = match type_name {
        SCOPE => (
            json!({"project": "acme/app", "inbound_enabled": true, "outbound_enabled": false, "project_id": 7, "id": "7",
                   "push_repository_for_job_token_allowed": null, "cross_project_push_for_job_token_allowed": null}),
            json!({"project_id": 7}),
        ),
        ENTRY => (
            json!({"project": "acme/app", "target_project": null, "target_project_id": null, "target_group": "acme",
                   "target_group_id": 3, "target_type": "group", "project_id": 7, "id": "7:group:3",
                   "default_permissions": null, "job_token_policies": null}),
            json!({"project_id": 7, "target_project_id": null, "target_group_id": 3}),
        ),
        _ => (
            json!({"project": "7", "target_projects": ["8", "acme/lib"], "target_project_ids": [8, 9],
                   "target_groups": null, "target_group_ids": [3], "projects": null, "groups": null, "project_id": 7,
                   "id": "7"}),
            json!({"project_id": 7}),
        ),
    };
    Stored { state, private: b"kept".to_vec(), identity: Some(identity) }
}

#[tokio::test]
async fn creation_is_deferred_only_where_the_host_allows_it() {
    for (allowed, reason) in [(false, None), (true, Some(PROVIDER_CONFIG_UNKNOWN))] {
        let kit = Kit::unknown(allowed).await;
        for (type_name, given) in given() {
            let step = kit.plan(type_name, &Stored::default(), given).await;
            assert_eq!(
                (step.action, step.planned.deferred),
                (Action::Create, reason),
                "{type_name}"
            );
        }
    }
}

#[tokio::test]
async fn values_from_gitlab_are_unknown_in_a_deferred_plan() {
    let kit = Kit::unknown(false).await;
    let [(_, scope), (_, entry), (_, list)] = given();
    let step = kit.plan(SCOPE, &Stored::default(), scope).await;
    assert_eq!(
        (step.value("project_id"), step.value("inbound_enabled")),
        (&json!(UNKNOWN), &json!(true))
    );
    let step = kit.plan(ENTRY, &Stored::default(), entry).await;
    assert_eq!(
        (step.value("target_group_id"), step.value("target_type")),
        (&json!(UNKNOWN), &json!("group"))
    );
    assert_eq!(
        (step.value("target_project_id"), step.value("id")),
        (&Value::Null, &json!(UNKNOWN))
    );
    let step = kit.plan(EXCLUSIVE, &Stored::default(), list).await;
    assert_eq!(
        (step.value("target_project_ids"), step.value("project_id")),
        (&json!(UNKNOWN), &json!(7))
    );
}

#[tokio::test]
async fn unchanged_resources_plan_clean() {
    for (allowed, reason) in [(false, None), (true, Some(PROVIDER_CONFIG_UNKNOWN))] {
        let kit = Kit::unknown(allowed).await;
        for (type_name, given) in given() {
            let step = kit.plan(type_name, &stored(type_name), given).await;
            assert_eq!(
                (step.action, step.planned.deferred),
                (Action::Nothing, reason),
                "{type_name}"
            );
        }
    }
}

#[tokio::test]
async fn read_does_not_change_the_state() {
    for (allowed, reason) in [(false, None), (true, Some(PROVIDER_CONFIG_UNKNOWN))] {
        let kit = Kit::unknown(allowed).await;
        for (type_name, _) in given() {
            let stored = stored(type_name);
            let read = kit.read(type_name, &stored).await.unwrap();
            assert_eq!((read.deferred, &read.diagnostics[..]), (reason, &[][..]));
            assert_eq!(
                Stored { state: read.state, private: read.private, identity: read.identity },
                stored
            );
        }
    }
}

#[tokio::test]
async fn removal_is_planned() {
    let kit = Kit::unknown(true).await;
    for (type_name, _) in given() {
        let stored = stored(type_name);
        let plan = plugin_host::Plan { prior: stored.state, ..Default::default() };
        let planned = kit.host.plan(type_name, &plan).await.unwrap();
        assert_eq!((planned.state, planned.diagnostics), (Value::Null, vec![]));
    }
}

#[tokio::test]
async fn import_is_deferred_if_allowed_else_an_error() {
    let kit = Kit::unknown(true).await;
    for (type_name, id) in [(SCOPE, "acme/app"), (ENTRY, "7:group:3"), (EXCLUSIVE, "7")] {
        let imported = kit.import(type_name, id).await.unwrap();
        assert_eq!(
            (imported.deferred, &imported.diagnostics[..]),
            (Some(PROVIDER_CONFIG_UNKNOWN), &[][..])
        );
        assert!(imported.resources.is_empty(), "{imported:#?}");
    }
    let by_identity = kit.import_by_identity(SCOPE, &json!({"project_id": 7})).await.unwrap();
    assert_eq!(
        (by_identity.deferred, by_identity.resources.len()),
        (Some(PROVIDER_CONFIG_UNKNOWN), 0)
    );

    let kit = Kit::unknown(false).await;
    let imported = kit.import(SCOPE, "7").await.unwrap();
    assert_eq!(only_error(&imported.diagnostics).summary, NOT_KNOWN);
}

#[tokio::test]
async fn data_source_is_deferred_if_allowed_else_an_error() {
    for type_name in [SCOPE_DATA, ALLOWLIST_DATA] {
        let kit = Kit::unknown(true).await;
        let config = kit.data_config(type_name, json!({"project": "acme/app"}));
        let read = kit.read_data_source(type_name, config.clone()).await.unwrap();
        assert_eq!(
            (read.deferred, &read.diagnostics[..]),
            (Some(PROVIDER_CONFIG_UNKNOWN), &[][..])
        );
        assert_eq!(
            (&read.state["project"], &read.state["project_id"]),
            (&json!("acme/app"), &json!(UNKNOWN))
        );

        let kit = Kit::unknown(false).await;
        let read = kit.read_data_source(type_name, config).await.unwrap();
        assert_eq!(only_error(&read.diagnostics).summary, NOT_KNOWN);
    }
}

#[tokio::test]
async fn query_is_an_error() {
    let kit = Kit::unknown(true).await;
    let query = Query {
        type_name: ENTRY,
        config: list::config(json!({"project": "1"})),
        include_object: true,
        limit: 100,
    };
    let events = kit.list(&query).await.unwrap().rest().await.unwrap();
    assert_eq!(only_error(&events[0].diagnostics).summary, NOT_KNOWN);
}

#[tokio::test]
async fn known_configuration_defers_nothing_and_the_plan_holds() {
    let mut kit = Kit::unknown(true).await;
    kit.gitlab.add_project("acme/app");
    let given = json!({"project": "acme/app", "target_group": "acme"});
    let step = kit.plan(ENTRY, &Stored::default(), given.clone()).await;
    // Hosts set this in every apply, whether they support deferral or not.
    kit.host.connection.deferral_allowed = true;
    assert_eq!(kit.configure(kit.block()).await.unwrap(), []);
    let stored = kit.apply(&step).await;
    kit.assert_clean(ENTRY, &stored, given).await;
}
