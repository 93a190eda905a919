//! The interface between a provider and the framework.

use tokio_util::sync::CancellationToken;

use super::diagnostics::{Errors, Warnings};
use super::erased::{AnyDataSource, AnyListResource, AnyResource};
use super::model::Model;
use super::schema::Schema;

/// A provider: its configuration, resources, data sources and list resources.
pub trait Provider: Send + Sync + 'static {
    /// The attributes of the provider block.
    type Config: Model;
    /// The client that [`Self::configure`] creates for the resources and data sources.
    type Client: Send + Sync + 'static;

    /// The source address without the registry host: `namespace/type`. It identifies states of this
    /// provider that were written by an installation from another registry.
    const SOURCE: &'static str;

    /// Returns the schema of the provider block. Its attributes are those of [`Self::Config`].
    fn schema(&self) -> Schema;

    /// Validates the provider block. Any attribute may be unknown; an unknown value is valid.
    ///
    /// # Errors
    ///
    /// Returns all problems of the block.
    fn validate(&self, config: &Self::Config, warnings: &Warnings) -> Result<(), Errors> {
        let _ = (config, warnings);
        Ok(())
    }

    /// Creates the client. All values of `config` are known.
    ///
    /// # Errors
    ///
    /// Fails if no resource can work with this configuration.
    fn configure(
        &self,
        config: Self::Config,
        host: Host,
        warnings: &Warnings,
    ) -> impl Future<Output = Result<Self::Client, Errors>> + Send;

    /// Returns the managed resources.
    fn resources(&self) -> Vec<Box<dyn AnyResource<Self::Client>>>;

    /// Returns the data sources.
    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Self::Client>>>;

    /// Returns the list resources, each with the type name of a managed resource.
    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<Self::Client>>>;
}

/// The host that configures a provider: Terraform or OpenTofu.
#[derive(Debug, Clone)]
pub struct Host {
    /// The version that the host sends. Newer OpenTofu versions send a constant.
    pub terraform_version: String,
    /// Cancelled when the practitioner interrupts the run. Waiting work should stop; requests in
    /// flight should finish.
    pub stopped: CancellationToken,
}
