//! A provider configured for a simulator.

use gitlab_simulator::Simulator;
use plugin_host::{Host, Launch, Shape};
use serde_json::{Value, json};

/// Starts the provider and configures it for `gitlab`, with further attributes of the provider
/// block.
pub(crate) async fn configured(launch: &Launch, gitlab: &Simulator, further: Value) -> Host {
    let host = Host::start(launch).await.unwrap();
    let mut block = json!({ "base_url": gitlab.api_url(), "token": gitlab.token() });
    for (name, value) in further.as_object().into_iter().flatten() {
        block[name] = value.clone();
    }
    let schema = host.schema().await.unwrap().provider.unwrap();
    let diagnostics = host.configure(Shape::of(&schema).complete(block)).await.unwrap();
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    host
}

/// Returns the object with null for these attributes.
pub(crate) fn with_nulls(mut object: Value, names: &[&str]) -> Value {
    for name in names {
        object[name] = Value::Null;
    }
    object
}
