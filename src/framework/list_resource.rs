//! The interface between a list resource and the framework: the answer to `terraform query` for a
//! resource type.

use tokio::sync::mpsc;

use super::diagnostics::{Errors, Warnings};
use super::model::Model;
use super::resource::{Context, Resource};
use super::schema::Schema;

/// Finds the objects of a resource type that exist, managed or not.
pub trait ListResource: Send + Sync + 'static {
    /// The resource type whose objects are listed.
    type Resource: Resource;
    /// The attributes of the `config` block.
    type Config: Model;

    /// The schema of the `config` block; its attributes are those of [`Self::Config`].
    fn schema(&self) -> Schema;

    /// Checks a `config` block by itself. Any attribute may be unknown, and an unknown one is never
    /// at fault.
    ///
    /// # Errors
    ///
    /// All that is wrong with the block.
    fn validate(&self, config: &Self::Config, warnings: &Warnings) -> Result<(), Errors> {
        let _ = (config, warnings);
        Ok(())
    }

    /// Sends the objects as they are found, and need not look beyond [`Search::limit`]. The
    /// receiver closes once the host has enough; what is sent afterwards is lost, and an end at
    /// that point is no error.
    ///
    /// # Errors
    ///
    /// Fails if the objects can't be listed, or not all of them.
    fn list(
        &self,
        context: Context<'_, <Self::Resource as Resource>::Client>,
        search: Search<Self::Config>,
        found: mpsc::Sender<Listed<<Self::Resource as Resource>::Model>>,
    ) -> impl Future<Output = Result<(), Errors>> + Send;
}

/// The query of a host.
#[derive(Debug, Clone)]
pub struct Search<T> {
    /// The `config` block.
    pub config: T,
    /// True if whole objects are wanted. Without, only what their identities are made of is looked
    /// at.
    pub whole_objects: bool,
    /// The most objects that the host takes; [`usize::MAX`] without a limit.
    pub limit: usize,
}

/// One object found.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The object as a read of the resource would return it.
    pub object: T,
    /// The name in a list for people.
    pub display_name: String,
}

impl<T> Listed<T> {
    /// The same find, with the object converted.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Listed<U> {
        Listed { object: convert(self.object), display_name: self.display_name }
    }
}
