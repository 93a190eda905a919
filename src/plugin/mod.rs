//! The plugin process: the go-plugin handshake, mutual TLS, the listener, the auxiliary services,
//! logging, debug mode and shutdown. Nothing here depends on Terraform's concepts or on GitLab: the
//! provider is passed in as [`Routes`](tonic::service::Routes).

mod connection;
mod debug;
mod environment;
mod handshake;
mod host;
mod listener;
pub mod log;
pub mod panic;
mod serve;
mod services;
mod shutdown;
mod tls;

pub use connection::Session;
pub use debug::serve_debug;
pub use environment::{Launch, LaunchError, Network};
pub use handshake::announce_failure;
pub use host::HostGone;
pub use listener::{ListenError, PortError, UnixSocketError};
pub use serve::{ServeError, StopReason, serve};
pub use tls::TlsError;

/// The Terraform plugin protocol version that this crate supports.
pub const PROTOCOL_VERSION: u32 = 6;

/// Maximum size of a message in bytes, for both directions. It is the limit of terraform-plugin-go;
/// hosts accept up to 2 GiB, and tonic's default of 4 MiB is too small for large states.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024 * 1024;
