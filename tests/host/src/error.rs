//! Errors between a host and a plugin.

use std::io;
use std::process::ExitStatus;

use crate::Diagnostic;

/// The error of starting, reaching or stopping a plugin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The binary could not be run.
    #[error("running {binary} failed: {source}")]
    Spawn {
        /// The binary.
        binary: String,
        /// The system's error.
        source: io::Error,
    },
    /// The plugin exited before it wrote a handshake line.
    #[error("the plugin ended with {status} before its handshake; standard error: {stderr:?}")]
    EndedEarly {
        /// The exit status.
        status: ExitStatus,
        /// Its output on standard error.
        stderr: Vec<String>,
    },
    /// A step timed out.
    #[error("the plugin did not {0} in time")]
    Timeout(&'static str),
    /// The first line isn't a valid handshake.
    #[error("{line:?} is not a handshake: {reason}")]
    Handshake {
        /// The line.
        line: String,
        /// The reason.
        reason: &'static str,
    },
    /// No connection could be made.
    #[error("connecting to the plugin failed: {0:?}")]
    Connect(#[from] tonic::transport::Error),
    /// The host's TLS configuration is invalid.
    #[error("setting up TLS failed: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
    /// A certificate could not be made.
    #[error("making a certificate failed: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A call returned a gRPC status.
    #[error("the plugin responded {:?}: {}", .0.code(), .0.message())]
    Call(Box<tonic::Status>),
    /// The process can't be controlled.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A response has a malformed value.
    #[error("the plugin responded with a malformed value: {0}")]
    Value(#[from] crate::wire::Malformed),
    /// A call of a [`Walk`](crate::Walk) returned errors, possibly with warnings.
    #[error("the provider responded with errors: {0:?}")]
    Diagnostics(Vec<Diagnostic>),
}

impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Self {
        Self::Call(Box::new(status))
    }
}
