//! The interface between a managed resource and the framework.

use serde_json::{Map, Value as Json};

use super::diagnostics::{Diagnostic, Errors, Warnings};
use super::identity::IdentitySchema;
use super::model::Model;
use super::planning::Change;
use super::private::{Instance, Private};
use super::schema::Schema;

/// The context of an operation: the provider's client, and a collection for warnings.
#[derive(Debug)]
pub struct Context<'a, C> {
    /// The client that [`Provider::configure`](super::Provider::configure) created.
    pub client: &'a C,
    /// The warnings to return with the result.
    pub warnings: &'a Warnings,
    /// The planned private data in an apply, the stored private data in a read, otherwise empty.
    pub private: &'a Private,
}

/// The context of a plan.
#[derive(Debug)]
pub struct PlanContext<'a, C> {
    /// The client that [`Provider::configure`](super::Provider::configure) created, or `None` while
    /// the provider configuration has unknown values. Plan as unknown what needs a client.
    pub client: Option<&'a C>,
    /// The warnings to return with the plan. If the host stores planned private data, the framework
    /// drops warnings with a summary that the first plan has returned.
    pub warnings: &'a Warnings,
    /// The private data before the change. In the second step of a replacement it is the planned
    /// private data of the first step.
    pub private: &'a Private,
    /// The planned private data of the first plan of this change, if this is the plan of the apply
    /// and the host sends it (Terraform 1.16 and later).
    pub first_plan: Option<&'a Private>,
    /// Whether the host stores planned private data. If it does, a plan without
    /// [`Self::first_plan`] is a first plan.
    pub host_stores_planned_private: bool,
    /// The resource instance.
    pub instance: Instance,
}

/// The plan of a resource.
#[derive(Debug, Clone)]
pub struct Plan<T> {
    /// The planned new state. Values that only the apply can determine are unknown.
    pub planned: T,
    /// The attributes whose change requires a replacement. Attributes that don't change are
    /// ignored.
    pub requires_replace: Vec<&'static str>,
    /// Notes for the apply, stored in the planned private data. [`Private::note`] returns them.
    pub notes: Map<String, Json>,
}

/// A state that was stored with an earlier schema version.
#[derive(Debug, Clone)]
pub struct StoredState {
    /// The schema version.
    pub version: i64,
    /// The state as it was stored.
    pub state: serde_json::Map<String, serde_json::Value>,
}

/// The error of an apply, with the state to store.
#[derive(Debug)]
pub struct ApplyError<T> {
    /// The object on the server, if the apply changed it before it failed. After a create,
    /// Terraform marks it as tainted, and the next apply replaces it.
    pub new_state: Option<T>,
    /// The errors.
    pub errors: Errors,
}

impl<T> ApplyError<T> {
    /// Converts the state.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> ApplyError<U> {
        ApplyError { new_state: self.new_state.map(convert), errors: self.errors }
    }
}

impl<T> From<Errors> for ApplyError<T> {
    fn from(errors: Errors) -> Self {
        Self { new_state: None, errors }
    }
}

impl<T> From<Diagnostic> for ApplyError<T> {
    fn from(diagnostic: Diagnostic) -> Self {
        Errors::from(diagnostic).into()
    }
}

/// The ID or identity of the object to import.
#[derive(Debug, Clone)]
pub enum ImportBy<'a, I> {
    /// An import ID. Its format depends on the resource.
    Id(&'a str),
    /// An identity. All its values are known.
    Identity(I),
}

impl<'a, I> ImportBy<'a, I> {
    /// Returns the import ID, or `None` if the import is by identity.
    pub fn id(&self) -> Option<&'a str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Identity(_) => None,
        }
    }
}

/// The source of a `moved` block: a state of another resource type.
#[derive(Debug, Clone)]
pub struct MoveSource {
    /// The address of the source provider: `host/namespace/type`. OpenTofu before 1.11.12 and
    /// 1.12.4 sends the prefix of the resource type instead.
    pub provider_address: String,
    /// The source resource type.
    pub type_name: String,
    /// The schema version that the state was stored with.
    pub schema_version: i64,
    /// The state as it was stored.
    pub state: serde_json::Map<String, serde_json::Value>,
}

impl MoveSource {
    /// Returns whether the provider `namespace/type` may have written the state, whatever its
    /// registry. If the host sends only a type prefix, any provider may have.
    #[must_use]
    pub fn is_from(&self, provider: &str) -> bool {
        match self.provider_address.split_once('/') {
            Some((_, address)) => address == provider,
            None => self.type_name.split('_').next() == Some(&self.provider_address),
        }
    }
}

/// A managed resource.
pub trait Resource: Send + Sync + 'static {
    /// The client that [`Provider::configure`](super::Provider::configure) creates.
    type Client: Send + Sync + 'static;
    /// The attributes.
    type Model: Model;
    /// The attributes of the identity.
    type Identity: Model;

    /// The type name with the provider prefix, such as `examplecloud_thing`.
    const TYPE_NAME: &'static str;

    /// Returns the schema. Its attributes are those of [`Self::Model`].
    fn schema(&self) -> Schema;

    /// Returns the identity schema. Its attributes are those of [`Self::Identity`].
    fn identity_schema(&self) -> IdentitySchema;

    /// Returns the identity of a state or plan. Unknown values stay unknown.
    fn identity(&self, state: &Self::Model) -> Self::Identity;

    /// Validates the configuration without a client, before the plan. Any attribute may be unknown;
    /// an unknown value is valid.
    ///
    /// # Errors
    ///
    /// Returns all problems of the configuration.
    fn validate(&self, config: &Self::Model, warnings: &Warnings) -> Result<(), Errors> {
        let _ = (config, warnings);
        Ok(())
    }

    /// Plans a create or an update.
    ///
    /// It is also called if nothing changes, and again before the apply with values that have
    /// become known since, so it may depend only on the change and on the server.
    ///
    /// It may set only attributes that the configuration leaves unset, as unknown if only the apply
    /// can determine them. A configured attribute may keep its prior value if both mean the same.
    ///
    /// # Errors
    ///
    /// Returns the problems that would make the apply fail.
    fn plan(
        &self,
        context: PlanContext<'_, Self::Client>,
        change: Change<Self::Model>,
    ) -> impl Future<Output = Result<Plan<Self::Model>, Errors>> + Send;

    /// Plans the removal of an object and returns notes for the apply, as [`Plan::notes`].
    ///
    /// # Errors
    ///
    /// Returns the problems that would make the apply fail.
    fn plan_removal(
        &self,
        context: PlanContext<'_, Self::Client>,
        prior: Self::Model,
    ) -> impl Future<Output = Result<Map<String, Json>, Errors>> + Send {
        let _ = (context, prior);
        async { Ok(Map::new()) }
    }

    /// Creates the planned object and returns its new state without unknown values.
    ///
    /// # Errors
    ///
    /// Fails if the object wasn't created, or not as planned.
    fn create(
        &self,
        context: Context<'_, Self::Client>,
        planned: Self::Model,
    ) -> impl Future<Output = Result<Self::Model, ApplyError<Self::Model>>> + Send;

    /// Returns the current state of the object, or `None` if it certainly doesn't exist.
    ///
    /// `state` may be the incomplete state of an import. A value of `state` is kept if it means the
    /// same as the current one.
    ///
    /// # Errors
    ///
    /// Fails if the object can't be read, which doesn't mean that it doesn't exist.
    fn read(
        &self,
        context: Context<'_, Self::Client>,
        state: Self::Model,
    ) -> impl Future<Output = Result<Option<Self::Model>, Errors>> + Send;

    /// Updates the object in place and returns its new state without unknown values.
    ///
    /// # Errors
    ///
    /// Fails if the object isn't as planned afterwards.
    fn update(
        &self,
        context: Context<'_, Self::Client>,
        prior: Self::Model,
        planned: Self::Model,
    ) -> impl Future<Output = Result<Self::Model, ApplyError<Self::Model>>> + Send;

    /// Deletes the object. Succeeds if it doesn't exist anymore.
    ///
    /// # Errors
    ///
    /// Fails if the object may still exist.
    fn delete(
        &self,
        context: Context<'_, Self::Client>,
        state: Self::Model,
    ) -> impl Future<Output = Result<(), ApplyError<Self::Model>>> + Send;

    /// Returns a state with the attributes that [`Resource::read`] needs. The host reads the object
    /// next.
    ///
    /// # Errors
    ///
    /// Fails if the ID or identity doesn't identify an object.
    fn import(
        &self,
        context: Context<'_, Self::Client>,
        by: ImportBy<'_, Self::Identity>,
    ) -> impl Future<Output = Result<Self::Model, Errors>> + Send;

    /// Upgrades a state of an earlier schema version to the current one. Returns `None` if that
    /// version was never released, which is the default.
    fn upgrade(&self, stored: StoredState) -> Option<serde_json::Map<String, serde_json::Value>> {
        let _ = stored;
        None
    }

    /// Converts a state of another resource type. Without a client, attributes that only the server
    /// knows stay null until the next read.
    ///
    /// # Errors
    ///
    /// Fails if the resource can't convert states of that type, or not this state. By default it
    /// always fails.
    fn move_from(&self, source: &MoveSource, warnings: &Warnings) -> Result<Self::Model, Errors> {
        let _ = warnings;
        Err(cannot_move(source, Self::TYPE_NAME).into())
    }
}

/// Returns the error for a state that can't be moved to a resource.
#[must_use]
pub fn cannot_move(source: &MoveSource, type_name: &str) -> Diagnostic {
    Diagnostic::new(
        "Unsupported move",
        format!(
            "The state of a `{}` of the provider {} can't be moved to a `{type_name}`. Replace the \
             `moved` block with a `removed` block that has `destroy = false`, and import the \
             object.",
            source.type_name, source.provider_address
        ),
    )
}
