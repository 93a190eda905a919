//! Calls that the schema doesn't announce, which return a gRPC error.

use plugin_host::Host;
use plugin_host::tfplugin6::{
    call_function, close_ephemeral_resource, generate_resource_config, get_functions,
    invoke_action, open_ephemeral_resource, plan_action, renew_ephemeral_resource,
    validate_action_config, validate_ephemeral_resource_config,
};
use tonic::{Code, Status};

use crate::launch;

#[track_caller]
fn assert_unimplemented<T>(response: Result<T, Status>) {
    assert_eq!(response.err().map(|status| status.code()), Some(Code::Unimplemented));
}

#[tokio::test]
async fn there_are_no_functions() {
    let host = Host::start(&launch()).await.unwrap();
    let functions =
        host.provider().get_functions(get_functions::Request {}).await.unwrap().into_inner();
    assert!(functions.functions.is_empty() && functions.diagnostics.is_empty());
    assert_unimplemented(host.provider().call_function(call_function::Request::default()).await);
}

#[tokio::test]
async fn missing_features_are_unimplemented() {
    let host = Host::start(&launch()).await.unwrap();
    let mut provider = host.provider();
    assert_unimplemented(
        provider.generate_resource_config(generate_resource_config::Request::default()).await,
    );
    assert_unimplemented(
        provider
            .validate_ephemeral_resource_config(
                validate_ephemeral_resource_config::Request::default(),
            )
            .await,
    );
    assert_unimplemented(
        provider.open_ephemeral_resource(open_ephemeral_resource::Request::default()).await,
    );
    assert_unimplemented(
        provider.renew_ephemeral_resource(renew_ephemeral_resource::Request::default()).await,
    );
    assert_unimplemented(
        provider.close_ephemeral_resource(close_ephemeral_resource::Request::default()).await,
    );
    assert_unimplemented(
        provider.validate_action_config(validate_action_config::Request::default()).await,
    );
    assert_unimplemented(provider.plan_action(plan_action::Request::default()).await);
    assert_unimplemented(provider.invoke_action(invoke_action::Request::default()).await);
    assert!(host.schema().await.is_ok());
}
