//! A Terraform and OpenTofu provider for GitLab's CI/CD job token scope and allowlists.
//!
//! Five parts, whose arrows run downwards only, which `tests/arrows` checks:
//!
//! - [`provider`] is what practitioners see: the provider block, the resources and the data
//!   sources. It is the only part that knows both of the next two.
//! - [`framework`] is what Terraform means: values, schemas, plans, diagnostics, and the service
//!   that a host calls.
//! - [`gitlab`] is what GitLab means: the job token endpoints with their traps smoothed over,
//!   retries, errors. Its own parts are names, sender, endpoints and client, and each knows only
//!   those before it.
//! - [`plugin`] is how a host starts a provider or attaches to one, talks to it in private and ends
//!   it.
//! - [`install`] is where hosts look for a provider that comes from no registry. It and the other
//!   parts know nothing of each other.
//!
//! [`address`] holds the names by which hosts know the provider, for the command line, `install`
//! and [`provider`].
//!
//! The code generated from the protocol's definitions stays in `bindings`, seen by `plugin` and by
//! the framework's service alone.

pub mod address;
mod bindings;
pub mod framework;
pub mod gitlab;
pub mod install;
pub mod plugin;
pub mod provider;
