//! ConfigureProvider, which hosts may call several times.

use gitlab_simulator::{ADMINISTRATOR, Route, TokenState};
use plugin_host::Stored;
use plugin_host::wire::UNKNOWN;
use serde_json::json;

use crate::kit::{Kit, SCOPE, SCOPE_DATA, only_error};

const NO_TOKEN: &str = "glpat-of-nobody";

#[tokio::test]
async fn token_is_verified_with_one_request() {
    let kit = Kit::unconfigured().await;
    assert_eq!(kit.configure(kit.block()).await.unwrap(), []);
    assert_eq!(kit.requests(), "GET /api/v4/user → 200\n");
    let request = &kit.gitlab.requests()[0];
    assert_eq!(request.token.as_deref(), Some(ADMINISTRATOR));
    assert!(request.header("user-agent").unwrap().contains("Terraform/1.11.4"));
}

#[tokio::test]
async fn unknown_token_is_one_error_that_does_not_show_it() {
    let kit = Kit::unconfigured().await;
    let block = kit.provider_block(json!({"base_url": kit.gitlab.api_url(), "token": NO_TOKEN}));
    let diagnostics = kit.configure(block).await.unwrap();
    let error = only_error(&diagnostics);
    assert_eq!(error.attribute, None, "hosts print the source line of an attribute");
    assert!(!format!("{error:?}").contains(NO_TOKEN));
    assert_eq!(kit.requests(), "GET /api/v4/user → 401\n");
}

#[tokio::test]
async fn disabled_early_check_sends_no_request() {
    let kit = Kit::unconfigured().await;
    let mut block = kit.block();
    block["early_auth_check"] = json!(false);
    assert_eq!(kit.configure(block).await.unwrap(), []);
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn missing_token_sends_no_request() {
    let kit = Kit::unconfigured().await;
    for token in [json!(null), json!("")] {
        let block = kit.provider_block(json!({"base_url": kit.gitlab.api_url(), "token": token}));
        let diagnostics = kit.configure(block).await.unwrap();
        let error = only_error(&diagnostics);
        assert_eq!(
            (error.summary.as_str(), error.attribute.as_deref()),
            ("Missing GitLab token", None)
        );
    }
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn environment_configures_an_empty_block() {
    let kit = Kit::with_environment(gitlab_simulator::Simulator::start()).await;
    assert_eq!(kit.configure(kit.provider_block(json!({}))).await.unwrap(), []);
    assert_eq!(kit.requests(), "GET /api/v4/user → 200\n");
}

#[tokio::test]
async fn later_configuration_replaces_an_earlier_one() {
    let kit = Kit::start().await;
    kit.gitlab.add_project("acme/app");
    let other = Kit::start().await;
    other.gitlab.add_project("acme/other");
    other.gitlab.add_project("acme/app");

    assert_eq!(kit.data(SCOPE_DATA, json!({"project": "acme/app"})).await["project_id"], 1);
    assert_eq!(kit.configure(other.block()).await.unwrap(), []);
    assert_eq!(kit.data(SCOPE_DATA, json!({"project": "acme/app"})).await["project_id"], 2);
}

#[tokio::test]
async fn failed_configuration_keeps_the_earlier_one() {
    let kit = Kit::start().await;
    kit.gitlab.add_project("acme/app");
    let block = kit.provider_block(json!({"base_url": kit.gitlab.api_url(), "token": NO_TOKEN}));
    only_error(&kit.configure(block).await.unwrap());
    kit.data(SCOPE_DATA, json!({"project": "acme/app"})).await;
}

#[tokio::test]
async fn unconfigured_provider_is_an_error_without_a_request() {
    let kit = Kit::with_environment(gitlab_simulator::Simulator::start()).await;
    let config = kit.data_config(SCOPE_DATA, json!({"project": "1"}));
    let read = kit.read_data_source(SCOPE_DATA, config).await.unwrap();
    assert_eq!(only_error(&read.diagnostics).summary, "Provider is not configured");
    let planned = kit.try_plan(SCOPE, &Stored::default(), json!({"project": "1"})).await;
    assert_eq!(only_error(&planned.unwrap_err()).summary, "Provider is not configured");
    let imported = kit.import(SCOPE, "1").await.unwrap();
    assert_eq!(only_error(&imported.diagnostics).summary, "Provider is not configured");
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn unknown_value_warns_and_sends_no_request() {
    let kit = Kit::with_environment(gitlab_simulator::Simulator::start()).await;
    for given in [
        json!({"token": UNKNOWN}),
        json!({"base_url": UNKNOWN, "token": "t"}),
        json!({"headers": {"a": UNKNOWN}}),
        json!({"early_auth_check": UNKNOWN}),
    ] {
        let warnings = kit.configure(kit.provider_block(given.clone())).await.unwrap();
        let titles: Vec<_> = warnings.iter().map(|warning| warning.summary.as_str()).collect();
        assert_eq!(titles, ["Provider configuration isn't known yet"], "{given}");
    }
    assert_eq!(kit.requests(), "");
}

#[tokio::test]
async fn expired_token_is_an_error_of_the_first_request() {
    let kit = Kit::start().await;
    kit.gitlab.add_project("acme/app");
    kit.gitlab.set_token_state(ADMINISTRATOR, TokenState::Expired);
    let config = kit.data_config(SCOPE_DATA, json!({"project": "1"}));
    let read = kit.read_data_source(SCOPE_DATA, config).await.unwrap();
    assert!(only_error(&read.diagnostics).detail.contains("401"), "{:#?}", read.diagnostics);
    assert_eq!(kit.gitlab.requests().to(Route::ScopeGet).len(), 1);
}
