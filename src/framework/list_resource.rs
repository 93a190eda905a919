//! The interface between a list resource and the framework. `terraform query` calls list resources.

use tokio::sync::mpsc;

use super::diagnostics::{Errors, Warnings};
use super::model::Model;
use super::resource::{Context, Resource};
use super::schema::Schema;

/// A list resource: lists the existing objects of a resource type, managed or not.
pub trait ListResource: Send + Sync + 'static {
    /// The resource type whose objects are listed.
    type Resource: Resource;
    /// The attributes of the `config` block.
    type Config: Model;

    /// Returns the schema of the `config` block. Its attributes are those of [`Self::Config`].
    fn schema(&self) -> Schema;

    /// Validates the `config` block without a client. Any attribute may be unknown; an unknown
    /// value is valid.
    ///
    /// # Errors
    ///
    /// Returns all problems of the block.
    fn validate(&self, config: &Self::Config, warnings: &Warnings) -> Result<(), Errors> {
        let _ = (config, warnings);
        Ok(())
    }

    /// Sends each object as soon as it is found. It may stop at [`ListRequest::limit`]. The
    /// receiver closes when the host needs no more objects; the method then returns `Ok`.
    ///
    /// # Errors
    ///
    /// Fails if the objects can't be listed, or not all of them.
    fn list(
        &self,
        context: Context<'_, <Self::Resource as Resource>::Client>,
        request: ListRequest<Self::Config>,
        results: mpsc::Sender<ListResult<<Self::Resource as Resource>::Model>>,
    ) -> impl Future<Output = Result<(), Errors>> + Send;
}

/// A request of the host to list objects.
#[derive(Debug, Clone)]
pub struct ListRequest<T> {
    /// The `config` block.
    pub config: T,
    /// Whether the host needs whole objects. Otherwise it uses only the attributes of their
    /// identities.
    pub include_object: bool,
    /// Maximum number of objects; [`usize::MAX`] if the host sets no limit.
    pub limit: usize,
}

/// A listed object.
#[derive(Debug, Clone)]
pub struct ListResult<T> {
    /// The object as [`Resource::read`] would return it.
    pub object: T,
    /// The name that the host displays.
    pub display_name: String,
}

impl<T> ListResult<T> {
    /// Converts the object.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> ListResult<U> {
        ListResult { object: convert(self.object), display_name: self.display_name }
    }
}
