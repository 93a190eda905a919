//! The interface between a data source and the framework.

use super::diagnostics::{Errors, Warnings};
use super::model::Model;
use super::resource::Context;
use super::schema::Schema;

/// A data source.
pub trait DataSource: Send + Sync + 'static {
    /// The client that the provider's configuration makes.
    type Client: Send + Sync + 'static;
    /// The attributes.
    type Model: Model;

    /// The name in the configuration language, provider prefix included.
    const TYPE_NAME: &'static str;

    /// The schema; its attributes are those of the model.
    fn schema(&self) -> Schema;

    /// Checks a configuration by itself. Any attribute may be unknown, and an unknown one is never
    /// at fault.
    ///
    /// # Errors
    ///
    /// All that is wrong with the configuration.
    fn validate(&self, config: &Self::Model, warnings: &Warnings) -> Result<(), Errors> {
        let _ = (config, warnings);
        Ok(())
    }

    /// Reads what the configuration, now wholly known, asks for.
    ///
    /// # Errors
    ///
    /// Where it can't be read or is not there.
    fn read(
        &self,
        context: Context<'_, Self::Client>,
        config: Self::Model,
    ) -> impl Future<Output = Result<Self::Model, Errors>> + Send;
}
