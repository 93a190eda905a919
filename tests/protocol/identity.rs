//! Identities, which hosts store since Terraform 1.12 and OpenTofu 1.12. Every test here checks
//! that each response has an identity that matches its schema and doesn't change; these tests check
//! its value.

use gitlab_simulator::Simulator;
use plugin_host::Stored;
use plugin_host::wire::UNKNOWN;
use serde_json::{Value, json};

use crate::kit::{Action, ENTRY, EXCLUSIVE, Kit, RESOURCES, SCOPE, only_error};
use crate::worlds::four_projects;

async fn kit() -> Kit {
    Kit::with(four_projects()).await
}

fn entry(project: Value, target_project: Value) -> Value {
    json!({"project_id": project, "target_project_id": target_project, "target_group_id": null})
}

#[tokio::test]
async fn identity_is_planned_and_kept_by_the_apply() {
    let kit = kit().await;
    for (type_name, given, identity) in [
        (SCOPE, json!({"project": "acme/app"}), json!({"project_id": 1})),
        (
            ENTRY,
            json!({"project": "acme/app", "target_project": "acme/lib"}),
            entry(json!(1), json!(2)),
        ),
        (
            EXCLUSIVE,
            json!({"project": "acme/tool", "target_projects": []}),
            json!({"project_id": 3}),
        ),
    ] {
        let step = kit.plan(type_name, &Stored::default(), given.clone()).await;
        assert_eq!(step.planned.identity.as_ref(), Some(&identity));
        let stored = kit.apply(&step).await;
        assert_eq!(stored.identity.as_ref(), Some(&identity));
        kit.assert_clean(type_name, &stored, given).await;
    }
}

#[tokio::test]
async fn identity_is_planned_only_when_all_of_it_is_known() {
    let kit = kit().await;
    for (type_name, given) in [
        (SCOPE, json!({"project": UNKNOWN})),
        (SCOPE, json!({"project": "acme/nowhere"})),
        (EXCLUSIVE, json!({"project": UNKNOWN, "target_projects": []})),
        (ENTRY, json!({"project": "acme/app", "target_project_id": UNKNOWN})),
        (ENTRY, json!({"project": "acme/app", "target_group": "nowhere"})),
    ] {
        let step = kit.plan(type_name, &Stored::default(), given.clone()).await;
        assert_eq!(step.planned.identity, None, "{type_name} {given}");
    }
    let given = json!({"project": UNKNOWN, "target_project": "acme/lib"});
    let step = kit.plan(ENTRY, &Stored::default(), given).await;
    assert_eq!(step.planned.identity, None);
    let known = json!({"project": "acme/app", "target_project": "acme/lib"});
    let (stored, _) = kit.apply_with(&step, known).await;
    assert_eq!(stored.identity, Some(entry(json!(1), json!(2))));
}

#[tokio::test]
async fn update_keeps_the_identity_and_a_replacement_changes_it() {
    let kit = kit().await;
    let stored = kit.create(ENTRY, json!({"project": "1", "target_project_id": 2})).await;
    let step = kit
        .plan(ENTRY, &stored, json!({"project": "acme/app", "target_project": "acme/lib"}))
        .await;
    assert_eq!(step.action, Action::Update);
    let updated = kit.apply(&step).await;
    assert_eq!(updated.identity, stored.identity);
    let step = kit
        .plan(ENTRY, &updated, json!({"project": "acme/app", "target_project": "acme/tool"}))
        .await;
    assert_eq!(step.action, Action::Replace);
    let replaced = kit.apply(&step).await;
    assert_eq!(replaced.identity, Some(entry(json!(1), json!(3))));
}

#[tokio::test]
async fn identity_is_kept_when_the_project_is_renamed() {
    let kit = kit().await;
    let stored = kit.create(SCOPE, json!({"project": "acme/app"})).await;
    kit.gitlab.rename_project(1, "acme/application");
    assert_eq!(kit.configure(kit.block()).await.unwrap(), []);
    let read = kit.assert_clean(SCOPE, &stored, json!({"project": "acme/app"})).await;
    assert_eq!(read.identity, stored.identity);
}

/// A state of a host that didn't support identities before.
#[tokio::test]
async fn read_adds_a_missing_identity() {
    let kit = kit().await;
    let stored = kit.create(ENTRY, json!({"project": "1", "target_project_id": 2})).await;
    let read = kit.refresh(ENTRY, &Stored { identity: None, ..stored.clone() }).await;
    assert_eq!(read, Some(stored));
}

#[tokio::test]
async fn failed_update_keeps_the_identity() {
    let kit = kit().await;
    let stored = kit.create(EXCLUSIVE, json!({"project": "1", "target_project_ids": [2]})).await;
    kit.gitlab.inject(
        gitlab_simulator::Fault::InternalError.on(gitlab_simulator::Route::AllowlistProjectPost),
    );
    let config = kit.config(EXCLUSIVE, json!({"project": "1", "target_project_ids": [2, 3]}));
    let plan = plugin_host::Plan {
        prior: stored.state.clone(),
        proposed: config.clone(),
        config,
        prior_private: stored.private.clone(),
        prior_identity: stored.identity.clone(),
        ..Default::default()
    };
    let planned = kit.host.plan(EXCLUSIVE, &plan).await.unwrap();
    let applied = kit.host.apply(EXCLUSIVE, &plan, &planned).await.unwrap();
    only_error(&applied.diagnostics);
    assert_eq!(applied.identity, stored.identity);
}

#[tokio::test]
async fn stored_identity_is_read_unchanged() {
    let kit = Kit::with_environment(Simulator::start()).await;
    for (type_name, identity) in [
        (SCOPE, json!({"project_id": 1})),
        (EXCLUSIVE, json!({"project_id": 1})),
        (ENTRY, entry(json!(1), json!(2))),
    ] {
        let upgraded = kit.upgrade_identity(type_name, 0, &identity).await.unwrap();
        assert_eq!((upgraded.identity, upgraded.diagnostics), (Some(identity), vec![]));
    }
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn newer_or_invalid_identity_is_an_error() {
    let kit = Kit::unconfigured().await;
    for type_name in RESOURCES {
        let upgraded =
            kit.upgrade_identity(type_name, 99, &json!({"project_id": 1})).await.unwrap();
        let error = only_error(&upgraded.diagnostics);
        assert!(error.detail.contains("its version is 99"), "{error:#?}");
        for stored in [Value::Null, json!([]), json!({"project_id": "many"})] {
            only_error(&kit.upgrade_identity(type_name, 0, &stored).await.unwrap().diagnostics);
        }
    }
}
