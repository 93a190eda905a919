//! The provider itself: its block, its resources and data sources. The only place where Terraform's
//! language and GitLab's meet; how either is spoken is the business of `framework` and `gitlab`.

mod claiming;
mod config;
mod connection;
mod data_sources;
mod identity;
#[doc(hidden)]
pub mod ledger;
mod list_resources;
mod moved;
mod names;
mod overlap;
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

/// The prefix of all type names, so that Terraform finds the provider by itself under the local
/// name `gitlab`.
pub const TYPE_PREFIX: &str = "gitlab";

/// The provider, with the environment that fills in for an incomplete provider block.
pub struct GitlabJobToken {
    environment: Environment,
}

/// Looks up an environment variable; one that is not set, or is empty, is `None`.
pub type Environment = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl GitlabJobToken {
    /// The provider in the environment of this process.
    pub fn from_process_environment() -> GitlabJobToken {
        // A value that isn't UTF-8 is an invalid one, and not one that isn't set.
        let lossy = |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
        GitlabJobToken::in_environment(Box::new(lossy))
    }

    /// The provider in an environment of the caller's making.
    pub fn in_environment(environment: Environment) -> GitlabJobToken {
        let set = move |name: &str| environment(name).filter(|value| !value.is_empty());
        GitlabJobToken { environment: Box::new(set) }
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
