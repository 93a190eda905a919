//! ReadResource and ReadDataSource: what is there now, in the words of the state.

use gitlab_simulator::{ADMINISTRATOR, Fault, Role, Route, Target, TokenSpec};
use plugin_host::Stored;
use serde_json::{Value, json};

use crate::kit::{ALLOWLIST_DATA, Action, ENTRY, EXCLUSIVE, Kit, RESOURCES, SCOPE, SCOPE_DATA, only_error};
use crate::worlds::two_projects;

fn given(type_name: &str) -> Value {
    match type_name {
        SCOPE => json!({"project": "acme/app"}),
        ENTRY => json!({"project": "acme/app", "target_project": "acme/lib"}),
        _ => json!({"project": "acme/app", "target_projects": ["acme/lib"]}),
    }
}

async fn kit() -> Kit {
    Kit::with(two_projects()).await
}

#[tokio::test]
async fn what_a_host_keeps_for_us_comes_back_untouched() {
    let kit = kit().await;
    for type_name in RESOURCES {
        let stored = kit.create(type_name, given(type_name)).await;
        let stored = Stored { private: b"kept".to_vec(), ..stored };
        assert_eq!(kit.refresh(type_name, &stored).await.unwrap(), stored);
        kit.destroy(type_name, &stored).await;
    }
}

#[tokio::test]
async fn a_project_that_is_gone_takes_its_resources_along() {
    let kit = kit().await;
    let mut all = Vec::new();
    for type_name in RESOURCES {
        all.push((type_name, kit.create(type_name, given(type_name)).await));
    }
    kit.gitlab.delete_project(1);
    // A fresh configuration, as in every run: no list of an earlier one is at hand.
    assert_eq!(kit.configure(kit.block()).await.unwrap(), []);
    for (type_name, stored) in all {
        assert_eq!(kit.refresh(type_name, &stored).await, None, "{type_name}");
    }
}

#[tokio::test]
async fn an_entry_that_somebody_removed_is_gone() {
    let kit = kit().await;
    let stored = kit.create(ENTRY, given(ENTRY)).await;
    kit.gitlab.revoke(1, Target::Project(2));
    assert_eq!(kit.configure(kit.block()).await.unwrap(), []);
    assert_eq!(kit.refresh(ENTRY, &stored).await, None);
    // Hosts plan a creation with the private bytes that they still have.
    let gone = Stored { private: stored.private, ..Stored::default() };
    let step = kit.plan(ENTRY, &gone, given(ENTRY)).await;
    assert_eq!(step.action, Action::Create);
    kit.apply(&step).await;
    assert_eq!(kit.gitlab.allowlist(1).projects, [2].into());
}

#[tokio::test]
async fn drift_of_an_exclusive_list_keeps_paths_of_the_state() {
    let kit = kit().await;
    let tool = kit.gitlab.add_project("acme/tool");
    let stored = kit.create(EXCLUSIVE, given(EXCLUSIVE)).await;
    kit.gitlab.allow(1, Target::Project(tool));
    assert_eq!(kit.configure(kit.block()).await.unwrap(), []);

    let drifted = kit.refresh(EXCLUSIVE, &stored).await.unwrap();
    assert_eq!(drifted.state["target_projects"], json!(["acme/lib", "acme/tool"]));
    assert_eq!(drifted.state["target_project_ids"], json!([2, 3]));
    let step = kit.plan(EXCLUSIVE, &drifted, given(EXCLUSIVE)).await;
    assert_eq!((step.action, &step.planned.diagnostics[..]), (Action::Update, &[][..]));
    kit.apply(&step).await;
    assert_eq!(kit.gitlab.allowlist(1).projects, [2].into());
}

#[tokio::test]
async fn drift_of_a_scope_is_shown() {
    let kit = kit().await;
    let stored = kit.create(SCOPE, given(SCOPE)).await;
    kit.gitlab.set_inbound_enabled(1, false);
    kit.gitlab.set_outbound_enabled(1, true);
    let drifted = kit.refresh(SCOPE, &stored).await.unwrap();
    assert_eq!(
        (&drifted.state["inbound_enabled"], &drifted.state["outbound_enabled"]),
        (&json!(false), &json!(true))
    );
    let step = kit.plan(SCOPE, &drifted, given(SCOPE)).await;
    assert_eq!(step.action, Action::Update);
}

#[tokio::test]
async fn what_may_not_be_read_is_an_error_and_never_gone() {
    let kit = kit().await;
    let mut all = Vec::new();
    for type_name in RESOURCES {
        all.push((type_name, kit.create(type_name, given(type_name)).await));
    }
    let developer = kit.gitlab.add_token(TokenSpec::new("developer"));
    kit.gitlab.set_role("developer", Target::Project(1), Some(Role::Developer));
    let block = kit.provider_block(json!({"base_url": kit.gitlab.api_url(), "token": developer}));
    assert_eq!(kit.configure(block).await.unwrap(), []);
    for (type_name, stored) in &all {
        let read = kit.read(type_name, stored).await.unwrap();
        let error = only_error(&read.diagnostics);
        assert!(error.detail.contains("403"), "{error:#?}");
    }
    kit.gitlab.set_token_state("developer", gitlab_simulator::TokenState::Revoked);
    for (type_name, stored) in &all {
        let read = kit.read(type_name, stored).await.unwrap();
        assert!(only_error(&read.diagnostics).detail.contains("401"), "{:#?}", read.diagnostics);
    }
}

#[tokio::test]
async fn a_server_in_trouble_is_an_error_and_never_gone() {
    let kit = kit().await;
    let stored = kit.create(SCOPE, given(SCOPE)).await;
    kit.gitlab.inject(Fault::NotJson.on(Route::ScopeGet).once());
    let read = kit.read(SCOPE, &stored).await.unwrap();
    only_error(&read.diagnostics);
    assert_eq!(
        kit.gitlab
            .requests()
            .iter()
            .filter(|request| request.token.as_deref() != Some(ADMINISTRATOR))
            .count(),
        0
    );
    assert_eq!(kit.refresh(SCOPE, &stored).await, Some(stored));
}

#[tokio::test]
async fn a_data_source_tells_what_is_there() {
    let kit = kit().await;
    let group = kit.gitlab.group_id("acme").unwrap();
    kit.gitlab.allow(1, Target::Project(2));
    kit.gitlab.allow(1, Target::Group(group));
    let scope = kit.data(SCOPE_DATA, json!({"project": "acme/app"})).await;
    assert_eq!(
        scope,
        json!({"project": "acme/app", "inbound_enabled": true, "outbound_enabled": false, "project_id": 1,
               "push_repository_for_job_token_allowed": scope["push_repository_for_job_token_allowed"], "cross_project_push_for_job_token_allowed": null})
    );
    let allowlist = kit.data(ALLOWLIST_DATA, json!({"project": "1"})).await;
    assert_eq!(allowlist["project_id"], 1);
    assert_eq!(allowlist["projects"][0]["path"], "acme/lib");
    assert_eq!(allowlist["projects"].as_array().unwrap().len(), 1, "the project itself is left out");
    assert_eq!(allowlist["groups"][0]["id"], group);
}

/// Hosts take a null for a defect of the provider.
#[tokio::test]
async fn a_data_source_of_what_is_not_there_is_an_error() {
    let kit = kit().await;
    for type_name in [SCOPE_DATA, ALLOWLIST_DATA] {
        for project in ["acme/none", "99"] {
            let config = kit.data_config(type_name, json!({"project": project}));
            let read = kit.read_data_source(type_name, config).await.unwrap();
            assert_eq!(
                only_error(&read.diagnostics).attribute.as_deref(),
                Some("project"),
                "{type_name} {project}"
            );
        }
    }
}
