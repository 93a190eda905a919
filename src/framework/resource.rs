//! The interface between a managed resource and the framework.

use serde_json::{Map, Value as Json};

use super::diagnostics::{Diagnostic, Errors, Warnings};
use super::identity::IdentitySchema;
use super::model::Model;
use super::planning::Change;
use super::private::{Instance, Private};
use super::schema::Schema;

/// The means of an operation: the configured provider's client, and a place for warnings.
#[derive(Debug)]
pub struct Context<'a, C> {
    /// The client that the provider's configuration made.
    pub client: &'a C,
    /// Told to the practitioner beside the result.
    pub warnings: &'a Warnings,
    /// Private data of the object: as planned in an apply, as stored in a read, and empty
    /// elsewhere.
    pub private: &'a Private,
}

/// The means of planning.
#[derive(Debug)]
pub struct PlanContext<'a, C> {
    /// The client that the provider's configuration made, or `None` while that configuration is not
    /// wholly known: what the client would have told is then to be planned as unknown.
    pub client: Option<&'a C>,
    /// Told to the practitioner beside the plan. The plan of an apply leaves out those whose titles
    /// the first plan has told, where the host hands that on.
    pub warnings: &'a Warnings,
    /// Private data of the object before the change. In the second step of a replacement it is what
    /// the first step has planned.
    pub private: &'a Private,
    /// Private data that the first plan of this change has planned, where this is the plan of the
    /// apply and the host hands it on (Terraform from 1.16).
    pub first_plan: Option<&'a Private>,
    /// True if the host hands on the private data of first plans: then a plan without
    /// [`Self::first_plan`] is a first plan.
    pub hands_on_plans: bool,
    /// The instance of the resource that the plan is about.
    pub instance: Instance,
}

/// The plan of a resource.
#[derive(Debug, Clone)]
pub struct Plan<T> {
    /// The state that the apply is to bring about; unknown where only the apply can tell.
    pub planned: T,
    /// The attributes whose change can't be made in place. Those that do not change are passed
    /// over.
    pub replace: Vec<&'static str>,
    /// Notes for the apply, beside the state. [`Private::note`] returns them there.
    pub notes: Map<String, Json>,
}

/// A state that an earlier version of the schema has stored.
#[derive(Debug, Clone)]
pub struct StoredState {
    /// The version of the schema.
    pub version: i64,
    /// The state as it was stored.
    pub state: serde_json::Map<String, serde_json::Value>,
}

/// The error of an apply, and the state that it left.
#[derive(Debug)]
pub struct Failed<T> {
    /// The object as the server holds it now, where that is not what it was before the apply. A
    /// create that leaves an object behind has it recorded as tainted, to be replaced by the next
    /// apply.
    pub left: Option<T>,
    /// The error.
    pub errors: Errors,
}

impl<T> Failed<T> {
    /// The same failure, with what is left converted.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Failed<U> {
        Failed { left: self.left.map(convert), errors: self.errors }
    }
}

impl<T> From<Errors> for Failed<T> {
    fn from(errors: Errors) -> Failed<T> {
        Failed { left: None, errors }
    }
}

impl<T> From<Diagnostic> for Failed<T> {
    fn from(diagnostic: Diagnostic) -> Failed<T> {
        Errors::from(diagnostic).into()
    }
}

/// The ID or identity of the object to import.
#[derive(Debug, Clone)]
pub enum ImportBy<'a, I> {
    /// By an id, whose form is the resource's own.
    Id(&'a str),
    /// By its identity, wholly known.
    Identity(I),
}

impl<'a, I> ImportBy<'a, I> {
    /// Returns the import ID, unless the import is by identity.
    pub fn id(&self) -> Option<&'a str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Identity(_) => None,
        }
    }
}

/// The state of a resource of another type, to be adopted by a `moved` block.
#[derive(Debug, Clone)]
pub struct MoveSource {
    /// The address of the other provider: `host/namespace/type`. OpenTofu before 1.11.12 and 1.12.4
    /// sends the prefix of the other resource type in its place.
    pub provider_address: String,
    /// The other resource type.
    pub type_name: String,
    /// The version of the other resource's schema that the state was stored under.
    pub schema_version: i64,
    /// The state as it was stored.
    pub state: serde_json::Map<String, serde_json::Value>,
}

impl MoveSource {
    /// Checks whether the state was written by the provider `namespace/type`, from whichever
    /// registry, as far as the host tells: the prefix of a resource type says nothing against it.
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
    /// The client that the provider's configuration makes.
    type Client: Send + Sync + 'static;
    /// The attributes.
    type Model: Model;
    /// The attributes of an identity.
    type Identity: Model;

    /// The name in the configuration language, provider prefix included.
    const TYPE_NAME: &'static str;

    /// The schema; its attributes are those of the model.
    fn schema(&self) -> Schema;

    /// The shape of identities; its attributes are those of [`Self::Identity`].
    fn identity_schema(&self) -> IdentitySchema;

    /// Returns the identity of the object of a state or plan. What the plan does not know is
    /// unknown here too.
    fn identity(&self, state: &Self::Model) -> Self::Identity;

    /// Checks a configuration by itself, before anything is planned. Any attribute may be unknown,
    /// and an unknown one is never at fault.
    ///
    /// # Errors
    ///
    /// All that is wrong with the configuration.
    fn validate(&self, config: &Self::Model, warnings: &Warnings) -> Result<(), Errors> {
        let _ = (config, warnings);
        Ok(())
    }

    /// Plans a create or an update. Called even where nothing changes, and again at apply with what
    /// has become known since: it must depend on the change and on what the server says, and on
    /// nothing else. It changes only what the configuration leaves unset, with what is not known
    /// yet as unknown; a configured value may stay as it was where both mean the same.
    ///
    /// # Errors
    ///
    /// The problems that would make the apply fail.
    fn plan(
        &self,
        context: PlanContext<'_, Self::Client>,
        change: Change<Self::Model>,
    ) -> impl Future<Output = Result<Plan<Self::Model>, Errors>> + Send;

    /// Plans the removal of an object, and returns what the plan tells its apply.
    ///
    /// # Errors
    ///
    /// Anything that would make the apply fail.
    fn plan_removal(
        &self,
        context: PlanContext<'_, Self::Client>,
        prior: Self::Model,
    ) -> impl Future<Output = Result<Map<String, Json>, Errors>> + Send {
        let _ = (context, prior);
        async { Ok(Map::new()) }
    }

    /// Brings a planned object into being and returns it with nothing unknown.
    ///
    /// # Errors
    ///
    /// Where it did not come into being, or not as planned.
    fn create(
        &self,
        context: Context<'_, Self::Client>,
        planned: Self::Model,
    ) -> impl Future<Output = Result<Self::Model, Failed<Self::Model>>> + Send;

    /// The object as it is now, or `None` where it is certain that it is gone. Works from what an
    /// import left, and keeps the values of the state where they mean the same.
    ///
    /// # Errors
    ///
    /// Where the object can't be read; that never means that it is gone.
    fn read(
        &self,
        context: Context<'_, Self::Client>,
        state: Self::Model,
    ) -> impl Future<Output = Result<Option<Self::Model>, Errors>> + Send;

    /// Changes an object in place and returns it with nothing unknown.
    ///
    /// # Errors
    ///
    /// Where it is not as planned now.
    fn update(
        &self,
        context: Context<'_, Self::Client>,
        prior: Self::Model,
        planned: Self::Model,
    ) -> impl Future<Output = Result<Self::Model, Failed<Self::Model>>> + Send;

    /// Removes an object. One that is gone already is removed.
    ///
    /// # Errors
    ///
    /// Where it may still be there.
    fn delete(
        &self,
        context: Context<'_, Self::Client>,
        state: Self::Model,
    ) -> impl Future<Output = Result<(), Failed<Self::Model>>> + Send;

    /// The object that an import names, with what [`Resource::read`] needs, which is called next.
    ///
    /// # Errors
    ///
    /// Where it names nothing.
    fn import(
        &self,
        context: Context<'_, Self::Client>,
        by: ImportBy<'_, Self::Identity>,
    ) -> impl Future<Output = Result<Self::Model, Errors>> + Send;

    /// Upgrades a state of an earlier schema version to one that the current schema can read.
    /// Returns `None` for a version that was never released; by default that is any.
    fn upgrade(&self, stored: StoredState) -> Option<serde_json::Map<String, serde_json::Value>> {
        let _ = stored;
        None
    }

    /// Takes over a state from another resource type. There is no client: what only the server
    /// knows stays null until the next read.
    ///
    /// # Errors
    ///
    /// Where the resource can't take over from that type or from that state; by default always.
    fn move_from(&self, source: &MoveSource, warnings: &Warnings) -> Result<Self::Model, Errors> {
        let _ = warnings;
        Err(cannot_move(source, Self::TYPE_NAME).into())
    }
}

/// A state that a resource can't take over.
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
