//! A minimal Terraform host for protocol tests and benches: it starts a provider as Terraform and
//! OpenTofu do, connects by mutual TLS and speaks protocol 6. It shares no code with the provider,
//! so that a bug in one can't hide in the other, and leaves assertions to the tests.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use plugin_host::{Host, Launch};
//! use serde_json::json;
//!
//! let host = Host::start(&Launch::new("target/debug/terraform-provider-example")).await?;
//! let diagnostics = host.configure(json!({ "token": "secret" })).await?;
//! assert!(diagnostics.is_empty());
//! let exit = host.stop().await?;
//! assert!(exit.status.success());
//! # Ok(())
//! # }
//! ```

mod calls;
mod certificate;
mod connection;
mod diagnostic;
mod error;
mod handshake;
mod host;
mod launch;
mod listing;
mod moving;
mod plugin;
mod shape;
mod stored;
mod walk;
pub mod wire;

pub use calls::{Applied, DataRead, Imported, ImportedResource, Plan, Planned, Read, Upgraded};
pub use certificate::ClientCertificate;
pub use connection::Connection;
pub use diagnostic::{Diagnostic, Severity, render_path};
pub use error::Error;
pub use handshake::{Handshake, Network};
pub use host::Host;
pub use launch::{Finished, Launch};
pub use listing::{Listed, Listing, Query};
pub use moving::{Move, Moved, UpgradedIdentity};
pub use plugin::{Exit, Plugin, Signal};
pub use shape::Shape;
pub use stored::Stored;
pub use walk::{Action, Change, Instance, Outcome, Walk, Wanted, failed};

/// Generated code: protocol 6.
#[allow(missing_docs, clippy::all)]
pub mod tfplugin6 {
    tonic::include_proto!("tfplugin6");
}

/// Generated code: the go-plugin services.
#[allow(missing_docs, clippy::all)]
pub mod go_plugin {
    tonic::include_proto!("plugin");
}
