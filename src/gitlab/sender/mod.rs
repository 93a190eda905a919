//! Sends requests: concurrency limit, rate limits, retries, pagination and GraphQL. It may import
//! from [`names`](super::names), and doesn't depend on endpoints.

mod base_url;
pub(in crate::gitlab) mod bounded;
mod certificate;
mod client_certificate;
mod config;
mod document;
mod duration;
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
pub use config::{Config, ConfigError, is_job_token};
pub(in crate::gitlab) use document::{Document, Optional};
pub(in crate::gitlab) use error::AttemptHistory;
pub use error::{Error, ErrorKind, ProxyProblem, TlsProblem, TokenProblem};
pub(in crate::gitlab) use graphql::{Envelope, Page};
pub use headers::{
    DUPLICATE as DUPLICATE_HEADER, forbidden_header, invalid_value as invalid_header_value,
};
pub use message::{ErrorMessage, read as read_error_message};
pub(in crate::gitlab) use pagination::Listing;
pub use pagination::next_page;
pub use proxy::{Proxy, ProxyError};
pub(in crate::gitlab) use request::{Call, RequestLine};
#[cfg(test)]
pub(in crate::gitlab) use retry::Backoff;
pub use retry::retry_after;
pub(in crate::gitlab) use send::Sender;
