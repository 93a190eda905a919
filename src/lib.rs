//! A Terraform and OpenTofu provider for GitLab's CI/CD job token scope and allowlists.
//!
//! The crate has five parts. Dependencies point downwards only, which `tests/architecture` checks:
//!
//! - [`provider`]: the provider block, the resources, data sources and list resources. It is the
//!   only part that depends on both [`framework`] and [`gitlab`].
//! - [`framework`]: Terraform's concepts, such as values, schemas, plans and diagnostics, and the
//!   gRPC provider service.
//! - [`gitlab`]: a client for GitLab's job token endpoints, with retries and errors. Its modules
//!   are `names`, `sender`, `endpoints` and `client`; each depends only on those before it.
//! - [`plugin`]: the plugin process, with its handshake, mutual TLS, debug mode and shutdown.
//! - [`install`]: installs the provider into a filesystem mirror. It depends on no other part, and
//!   no other part depends on it.
//!
//! [`address`] defines the provider's source addresses for the command line, `install` and
//! [`provider`].
//!
//! `bindings` is the code generated from the protobuf definitions. Only `plugin` and the service of
//! [`framework`] use it.

pub mod address;
mod bindings;
pub mod framework;
pub mod gitlab;
pub mod install;
pub mod plugin;
pub mod provider;
