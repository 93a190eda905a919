//! A Terraform and OpenTofu provider for GitLab's CI/CD job token scope and allowlists.
//!
//! Four parts, whose arrows run downwards only:
//!
//! - [`provider`] is what practitioners see: the provider block, the resources and the data sources. It is the
//!   only part that knows both of the next two.
//! - [`framework`] is what Terraform means: values, schemas, plans, diagnostics, and the service that a host calls.
//! - [`gitlab`] is what GitLab means: the job token endpoints with their traps smoothed over, retries, errors.
//! - [`plugin`] is how a host starts a provider, talks to it in private and ends it.
//!
//! The code generated from the protocol's definitions stays in `bindings`, seen by `plugin` and by the
//! framework's service alone.

mod bindings;
pub mod framework;
pub mod gitlab;
pub mod plugin;
pub mod provider;
