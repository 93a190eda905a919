//! The interface between a provider and the framework.

use tokio_util::sync::CancellationToken;

use super::diagnostics::{Errors, Warnings};
use super::erased::{AnyDataSource, AnyListResource, AnyResource};
use super::model::Model;
use super::schema::Schema;

/// A provider: its own configuration, and the lists of what it offers.
pub trait Provider: Send + Sync + 'static {
    /// The attributes of the provider block.
    type Config: Model;
    /// The client that a configuration makes, handed to resources and data sources.
    type Client: Send + Sync + 'static;

    /// The source address without a registry's host: `namespace/type`. States of this provider that
    /// came from another registry are recognized by it.
    const SOURCE: &'static str;

    /// The schema of the provider block; its attributes are those of [`Self::Config`].
    fn schema(&self) -> Schema;

    /// Checks a provider block by itself. Any attribute may be unknown, and an unknown one is never
    /// at fault.
    ///
    /// # Errors
    ///
    /// All that is wrong with the block.
    fn validate(&self, config: &Self::Config, warnings: &Warnings) -> Result<(), Errors> {
        let _ = (config, warnings);
        Ok(())
    }

    /// Makes the client from a wholly known configuration.
    ///
    /// # Errors
    ///
    /// Why no resource could be served with this configuration.
    fn configure(
        &self,
        config: Self::Config,
        host: Host,
        warnings: &Warnings,
    ) -> impl Future<Output = Result<Self::Client, Errors>> + Send;

    /// The managed resources.
    fn resources(&self) -> Vec<Box<dyn AnyResource<Self::Client>>>;

    /// The data sources.
    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Self::Client>>>;

    /// The list resources, each of the type of a managed resource.
    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<Self::Client>>>;
}

/// The host's description of itself when it configures a provider.
#[derive(Debug, Clone)]
pub struct Host {
    /// The version it claims; newer OpenTofu claims a constant.
    pub terraform_version: String,
    /// Cancelled when the practitioner interrupts the run: what waits is to be given up, what is on
    /// the wire to be finished.
    pub stopped: CancellationToken,
}
