//! Starts, stops and attaches to hosts: the go-plugin handshake, mutual TLS, the listener, the
//! auxiliary services, the log channel and the end of the process. Terraform's meaning and GitLab
//! must never appear here: the provider comes in as ready-made [`Routes`](tonic::service::Routes).

mod attach;
mod connection;
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

pub use attach::serve_attached;
pub use connection::Session;
pub use environment::{Launch, LaunchError, Network};
pub use handshake::announce_failure;
pub use host::Gone;
pub use listener::{ListenError, NoPort, NoSocket};
pub use serve::{End, ServeError, serve};
pub use tls::TlsError;

/// The protocol version that we speak, as it appears in the handshake.
pub const PROTOCOL_VERSION: u32 = 6;

/// The largest message to receive or send, in bytes. Hosts take far more (2 GiB),
/// terraform-plugin-go servers as much as this, and tonic's own default of 4 MiB is too little for
/// large states. A program that builds the provider service sets it for both directions.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024 * 1024;
