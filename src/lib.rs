//! Placeholder: the map of the parts.

pub(crate) mod bindings;
pub mod framework;
pub mod gitlab;
pub mod plugin;
pub mod provider;
