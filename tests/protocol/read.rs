//! ReadResource and ReadDataSource.

use gitlab_simulator::{ADMINISTRATOR, Fault, Role, Route, Target, TokenSpec};
use plugin_host::Stored;
use serde_json::{Value, json};

use crate::kit::{ALLOWLIST_DATA, Action, ENTRY, Kit, RESOURCES, SCOPE, SCOPE_DATA, only_error};
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
async fn private_data_is_returned_unchanged() {
    let kit = kit().await;
    for type_name in RESOURCES {
        let stored = kit.create(type_name, given(type_name)).await;
        let stored = Stored { private: b"kept".to_vec(), ..stored };
        assert_eq!(kit.refresh(type_name, &stored).await.unwrap(), stored);
        kit.destroy(type_name, &stored).await;
    }
}

#[tokio::test]
async fn removed_entry_is_gone_from_the_state() {
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
async fn forbidden_object_is_an_error_but_not_gone() {
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
async fn server_error_is_an_error_but_not_gone() {
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

/// Hosts treat null as a bug in the provider.
#[tokio::test]
async fn data_source_of_a_missing_object_is_an_error() {
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
