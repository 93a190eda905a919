//! The interface between a data source and the framework.

use super::diagnostics::{Errors, Warnings};
use super::model::Model;
use super::resource::Context;
use super::schema::Schema;

/// A data source.
pub trait DataSource: Send + Sync + 'static {
    /// The client that [`Provider::configure`](super::Provider::configure) creates.
    type Client: Send + Sync + 'static;
    /// The attributes.
    type Model: Model;

    /// The type name with the provider prefix, such as `examplecloud_thing`.
    const TYPE_NAME: &'static str;

    /// Returns the schema. Its attributes are those of [`Self::Model`].
    fn schema(&self) -> Schema;

    /// Validates the configuration without a client. Any attribute may be unknown; an unknown value
    /// is valid.
    ///
    /// # Errors
    ///
    /// Returns all problems of the configuration.
    fn validate(&self, config: &Self::Model, warnings: &Warnings) -> Result<(), Errors> {
        let _ = (config, warnings);
        Ok(())
    }

    /// Reads the data source. All values of `config` are known.
    ///
    /// # Errors
    ///
    /// Fails if the data doesn't exist or can't be read.
    fn read(
        &self,
        context: Context<'_, Self::Client>,
        config: Self::Model,
    ) -> impl Future<Output = Result<Self::Model, Errors>> + Send;
}
