//! The only access to the code that `build.rs` generates from `proto/`: the messages and server
//! traits of protocol 6 and of the go-plugin services. Only `plugin` and the service in `framework`
//! may pass it; everyone else works with the types that those two make of it. Nothing is written
//! here by hand, and lints bend nowhere else.

/// Protocol 6: what Terraform and OpenTofu ask of a provider.
#[allow(dead_code, missing_docs, unreachable_pub, clippy::all)]
pub(crate) mod tfplugin6 {
    tonic::include_proto!("tfplugin6");
}

/// The services by which a go-plugin host stops a plugin and offers side channels.
#[allow(dead_code, missing_docs, unreachable_pub, clippy::all)]
pub(crate) mod go_plugin {
    tonic::include_proto!("plugin");
}
