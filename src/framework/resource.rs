//! What a resource or data source is to the framework: the traits that each of them implements with its own
//! model, and the untyped form that the service calls.

use std::pin::Pin;

use super::diagnostics::{Diagnostic, Errors, Warnings};
use super::model::Model;
use super::planning::Change;
use super::schema::Schema;
use super::value::Object;

/// What an operation has at hand: the configured provider's client, and a place for warnings.
#[derive(Debug)]
pub struct Context<'a, C> {
    /// What the provider's configuration made.
    pub client: &'a C,
    /// Told to the practitioner beside the result.
    pub warnings: &'a Warnings,
}

/// What planning has at hand.
#[derive(Debug)]
pub struct PlanContext<'a, C> {
    /// What the provider's configuration made, or `None` while that configuration is not wholly known: what
    /// the client would have told is then to be planned as unknown.
    pub client: Option<&'a C>,
    /// Told to the practitioner beside the plan.
    pub warnings: &'a Warnings,
}

/// What a resource plans.
#[derive(Debug, Clone)]
pub struct Plan<T> {
    /// The state that the apply is to bring about; unknown where only the apply can tell.
    pub planned: T,
    /// The attributes whose change can't be made in place. Those that do not change are passed over.
    pub replace: Vec<&'static str>,
}

/// Why an apply failed, and what it left behind.
#[derive(Debug)]
pub struct Failed<T> {
    /// The object as the server holds it now, where that is not what it was before the apply. A create that
    /// leaves an object behind has it recorded as tainted, to be replaced by the next apply.
    pub left: Option<T>,
    /// What went wrong.
    pub errors: Errors,
}

impl<T> Failed<T> {
    fn map<U>(self, convert: impl FnOnce(T) -> U) -> Failed<U> {
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

/// A managed resource.
pub trait Resource: Send + Sync + 'static {
    /// What the provider's configuration makes.
    type Client: Send + Sync + 'static;
    /// The attributes.
    type Model: Model;

    /// The name in the configuration language, provider prefix included.
    const TYPE_NAME: &'static str;

    /// The schema; its attributes are those of the model.
    fn schema(&self) -> Schema;

    /// Checks a configuration by itself, before anything is planned. Any attribute may be unknown, and an
    /// unknown one is never at fault.
    ///
    /// # Errors
    ///
    /// All that is wrong with the configuration.
    fn validate(&self, config: &Self::Model, warnings: &Warnings) -> Result<(), Errors> {
        let _ = (config, warnings);
        Ok(())
    }

    /// Plans a create or an update, after defaults are filled in and computed attributes marked unknown. Called
    /// even where nothing changes, and again at apply with what has become known since: it must depend on the
    /// change and on what the server says, and on nothing else. It changes only what the configuration leaves
    /// open; a configured value may stay as it was where both mean the same.
    ///
    /// # Errors
    ///
    /// What would make the apply fail.
    fn plan(
        &self,
        context: PlanContext<'_, Self::Client>,
        change: Change<Self::Model>,
    ) -> impl Future<Output = Result<Plan<Self::Model>, Errors>> + Send {
        let _ = context;
        async { Ok(Plan { planned: change.proposed, replace: Vec::new() }) }
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

    /// The object as it is now, or `None` where it is certain that it is gone. Works from what an import left,
    /// and keeps the spellings of the state where they mean the same.
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

    /// The object that an import id names, with what [`Resource::read`] needs, which is called next.
    ///
    /// # Errors
    ///
    /// Where the id names nothing; by default always, for a resource that can't be imported.
    fn import(
        &self,
        context: Context<'_, Self::Client>,
        id: &str,
    ) -> impl Future<Output = Result<Self::Model, Errors>> + Send {
        let _ = (context, id);
        async { Err(cannot_import(Self::TYPE_NAME).into()) }
    }
}

/// A data source.
pub trait DataSource: Send + Sync + 'static {
    /// What the provider's configuration makes.
    type Client: Send + Sync + 'static;
    /// The attributes.
    type Model: Model;

    /// The name in the configuration language, provider prefix included.
    const TYPE_NAME: &'static str;

    /// The schema; its attributes are those of the model.
    fn schema(&self) -> Schema;

    /// Checks a configuration by itself. Any attribute may be unknown, and an unknown one is never at fault.
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

fn cannot_import(type_name: &str) -> Diagnostic {
    Diagnostic::new("Import is not supported", format!("`{type_name}` has no import."))
}

/// A future of a trait object's method.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A [`Resource`] whose model is hidden, so that resources fit into one list.
///
/// Each method is the one of the same name, over objects that have the attributes of the schema.
#[allow(missing_docs, reason = "the methods are those of `Resource`")]
pub trait AnyResource<C>: Send + Sync {
    fn type_name(&self) -> &'static str;
    fn attributes(&self) -> &'static [&'static str];
    fn schema(&self) -> Schema;
    fn validate(&self, config: Object, warnings: &Warnings) -> Result<(), Errors>;
    fn plan<'a>(
        &'a self,
        context: PlanContext<'a, C>,
        change: Change<Object>,
    ) -> BoxFuture<'a, Result<Plan<Object>, Errors>>;
    fn create<'a>(
        &'a self,
        context: Context<'a, C>,
        planned: Object,
    ) -> BoxFuture<'a, Result<Object, Failed<Object>>>;
    fn read<'a>(
        &'a self,
        context: Context<'a, C>,
        state: Object,
    ) -> BoxFuture<'a, Result<Option<Object>, Errors>>;
    fn update<'a>(
        &'a self,
        context: Context<'a, C>,
        prior: Object,
        planned: Object,
    ) -> BoxFuture<'a, Result<Object, Failed<Object>>>;
    fn delete<'a>(
        &'a self,
        context: Context<'a, C>,
        state: Object,
    ) -> BoxFuture<'a, Result<(), Failed<Object>>>;
    fn import<'a>(&'a self, context: Context<'a, C>, id: &'a str) -> BoxFuture<'a, Result<Object, Errors>>;
}

impl<R: Resource> AnyResource<R::Client> for R {
    fn type_name(&self) -> &'static str {
        R::TYPE_NAME
    }

    fn attributes(&self) -> &'static [&'static str] {
        R::Model::ATTRIBUTES
    }

    fn schema(&self) -> Schema {
        Resource::schema(self)
    }

    fn validate(&self, config: Object, warnings: &Warnings) -> Result<(), Errors> {
        Resource::validate(self, &R::Model::from_object(config)?, warnings)
    }

    fn plan<'a>(
        &'a self,
        context: PlanContext<'a, R::Client>,
        change: Change<Object>,
    ) -> BoxFuture<'a, Result<Plan<Object>, Errors>> {
        Box::pin(async move {
            let change = Change {
                prior: change.prior.map(R::Model::from_object).transpose()?,
                config: R::Model::from_object(change.config)?,
                proposed: R::Model::from_object(change.proposed)?,
            };
            let plan = Resource::plan(self, context, change).await?;
            Ok(Plan { planned: plan.planned.into_object(), replace: plan.replace })
        })
    }

    fn create<'a>(
        &'a self,
        context: Context<'a, R::Client>,
        planned: Object,
    ) -> BoxFuture<'a, Result<Object, Failed<Object>>> {
        Box::pin(async move {
            let created = Resource::create(self, context, R::Model::from_object(planned)?).await;
            created.map(Model::into_object).map_err(|failed| failed.map(Model::into_object))
        })
    }

    fn read<'a>(
        &'a self,
        context: Context<'a, R::Client>,
        state: Object,
    ) -> BoxFuture<'a, Result<Option<Object>, Errors>> {
        Box::pin(async move {
            let read = Resource::read(self, context, R::Model::from_object(state)?).await?;
            Ok(read.map(Model::into_object))
        })
    }

    fn update<'a>(
        &'a self,
        context: Context<'a, R::Client>,
        prior: Object,
        planned: Object,
    ) -> BoxFuture<'a, Result<Object, Failed<Object>>> {
        Box::pin(async move {
            let (prior, planned) = (R::Model::from_object(prior)?, R::Model::from_object(planned)?);
            let updated = Resource::update(self, context, prior, planned).await;
            updated.map(Model::into_object).map_err(|failed| failed.map(Model::into_object))
        })
    }

    fn delete<'a>(
        &'a self,
        context: Context<'a, R::Client>,
        state: Object,
    ) -> BoxFuture<'a, Result<(), Failed<Object>>> {
        Box::pin(async move {
            let deleted = Resource::delete(self, context, R::Model::from_object(state)?).await;
            deleted.map_err(|failed| failed.map(Model::into_object))
        })
    }

    fn import<'a>(
        &'a self,
        context: Context<'a, R::Client>,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Object, Errors>> {
        Box::pin(async move { Resource::import(self, context, id).await.map(Model::into_object) })
    }
}

/// A [`DataSource`] whose model is hidden, so that data sources fit into one list.
#[allow(missing_docs, reason = "the methods are those of `DataSource`")]
pub trait AnyDataSource<C>: Send + Sync {
    fn type_name(&self) -> &'static str;
    fn attributes(&self) -> &'static [&'static str];
    fn schema(&self) -> Schema;
    fn validate(&self, config: Object, warnings: &Warnings) -> Result<(), Errors>;
    fn read<'a>(&'a self, context: Context<'a, C>, config: Object) -> BoxFuture<'a, Result<Object, Errors>>;
}

impl<D: DataSource> AnyDataSource<D::Client> for D {
    fn type_name(&self) -> &'static str {
        D::TYPE_NAME
    }

    fn attributes(&self) -> &'static [&'static str] {
        D::Model::ATTRIBUTES
    }

    fn schema(&self) -> Schema {
        DataSource::schema(self)
    }

    fn validate(&self, config: Object, warnings: &Warnings) -> Result<(), Errors> {
        DataSource::validate(self, &D::Model::from_object(config)?, warnings)
    }

    fn read<'a>(
        &'a self,
        context: Context<'a, D::Client>,
        config: Object,
    ) -> BoxFuture<'a, Result<Object, Errors>> {
        Box::pin(async move {
            let read = DataSource::read(self, context, D::Model::from_object(config)?).await?;
            Ok(read.into_object())
        })
    }
}
