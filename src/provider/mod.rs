//! The provider: its block, resources and data sources. Only this layer depends on both `framework`
//! (Terraform) and `gitlab` (GitLab).

mod claiming;
mod config;
mod conflicts;
mod connection;
mod data_sources;
mod identity;
#[doc(hidden)]
pub mod ledger;
mod list_resources;
mod moved;
mod names;
mod permissions;
mod planned_ids;
mod project;
mod replacement;
mod report;
mod resources;
mod unresolved;

use crate::address;
use crate::framework::{
    AnyDataSource, AnyListResource, AnyResource, Errors, Host, Provider, Schema, Warnings,
};

pub use connection::Connection;

/// The prefix of all type names. Terraform derives the local name `gitlab` from it.
pub const TYPE_PREFIX: &str = "gitlab";

/// The provider, with the environment that supplies values missing from the provider block.
pub struct GitlabJobToken {
    environment: Environment,
}

/// Looks up an environment variable. Returns `None` if it isn't set or is empty.
pub type Environment = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl GitlabJobToken {
    /// Creates the provider with the environment of this process.
    #[must_use]
    pub fn from_process_environment() -> Self {
        // A value that isn't UTF-8 is invalid, which differs from not being set.
        let lossy = |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
        Self::in_environment(Box::new(lossy))
    }

    /// Creates the provider with the given environment.
    #[must_use]
    pub fn in_environment(environment: Environment) -> Self {
        let set = move |name: &str| environment(name).filter(|value| !value.is_empty());
        Self { environment: Box::new(set) }
    }
}

impl Provider for GitlabJobToken {
    type Config = config::ProviderBlock;
    type Client = Connection;

    const SOURCE: &'static str = address::SOURCE;

    fn schema(&self) -> Schema {
        config::schema()
    }

    fn validate(&self, block: &Self::Config, _: &Warnings) -> Result<(), Errors> {
        config::validate(block)
    }

    async fn configure(
        &self,
        block: Self::Config,
        host: Host,
        warnings: &Warnings,
    ) -> Result<Self::Client, Errors> {
        config::connect(block, &*self.environment, host, warnings).await
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<Connection>>> {
        vec![
            Box::new(resources::JobTokenScope),
            Box::new(resources::AllowlistEntry),
            Box::new(resources::AllowlistExclusive),
        ]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Connection>>> {
        vec![
            Box::new(data_sources::JobTokenScope),
            Box::new(data_sources::JobTokenScopes),
            Box::new(data_sources::JobTokenPolicies),
            Box::new(data_sources::Allowlist),
            Box::new(data_sources::AuthenticationLog),
        ]
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<Connection>>> {
        vec![
            Box::new(list_resources::JobTokenScopes),
            Box::new(list_resources::AllowlistEntries),
            Box::new(list_resources::Allowlists),
        ]
    }
}
