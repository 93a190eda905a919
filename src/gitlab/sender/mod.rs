//! The sender: one request at a time, with its turn, pauses and retries, whole lists of pages, and
//! GraphQL's envelope. A file in here may import from [`names`](super::names), and knows no
//! endpoint.

mod base_url;
pub(in crate::gitlab) mod bounded;
mod certificate;
mod client_certificate;
mod config;
mod document;
mod error;
mod fine_grained;
mod gateway;
mod graphql;
mod headers;
mod message;
mod pagination;
mod pause;
mod pem;
mod proxy;
mod request;
mod retry;
mod secrets;
mod send;
mod tls;
mod transport;

pub use base_url::{BaseUrl, BaseUrlError};
pub use config::{Config, ConfigError};
pub(in crate::gitlab) use document::{Document, Optional};
pub(in crate::gitlab) use error::AttemptHistory;
pub use error::{Error, ErrorKind, ProxyProblem, TlsProblem, TokenProblem};
pub(in crate::gitlab) use graphql::{Envelope, Page};
pub use headers::{TWICE as HEADER_TWICE, refused_header, refused_value as refused_header_value};
pub use message::{Words, read as words};
pub(in crate::gitlab) use pagination::Listing;
pub use pagination::next_page;
pub use proxy::{Proxy, ProxyError};
pub(in crate::gitlab) use request::{Call, RequestLine};
#[cfg(test)]
pub(in crate::gitlab) use retry::Backoff;
pub use retry::asked_wait;
pub(in crate::gitlab) use send::Sender;
