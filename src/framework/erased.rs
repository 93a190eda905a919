//! Type-erased resources, data sources and list resources: their models are hidden behind objects,
//! so that the service can hold them as trait objects.

use std::pin::Pin;

use serde_json::{Map, Value as Json};
use tokio::sync::mpsc;

use super::data_source::DataSource;
use super::diagnostics::{Errors, Warnings};
use super::identity::{IdentitySchema, cannot_import, named_by};
use super::list_resource::{ListRequest, ListResource, ListResult};
use super::model::Model;
use super::planning::Change;
use super::resource::{
    ApplyError, Context, ImportBy, MoveSource, Plan, PlanContext, Resource, StoredState,
};
use super::schema::Schema;
use super::value::Object;

/// The future that a method of a trait object returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A [`Resource`] that takes and returns objects with the attributes of its schema.
///
/// Each method calls the method of the same name. It fails if an object doesn't match the schema.
#[allow(missing_docs, reason = "the methods are those of `Resource`")]
pub trait AnyResource<C>: Send + Sync {
    fn type_name(&self) -> &'static str;
    fn attributes(&self) -> &'static [&'static str];
    fn schema(&self) -> Schema;
    fn identity_attributes(&self) -> &'static [&'static str];
    fn identity_schema(&self) -> IdentitySchema;
    fn identity(&self, state: Object) -> Result<Object, Errors>;
    fn validate(&self, config: Object, warnings: &Warnings) -> Result<(), Errors>;
    fn plan<'a>(
        &'a self,
        context: PlanContext<'a, C>,
        change: Change<Object>,
    ) -> BoxFuture<'a, Result<Plan<Object>, Errors>>;
    fn plan_removal<'a>(
        &'a self,
        context: PlanContext<'a, C>,
        prior: Object,
    ) -> BoxFuture<'a, Result<Map<String, Json>, Errors>>;
    fn create<'a>(
        &'a self,
        context: Context<'a, C>,
        planned: Object,
    ) -> BoxFuture<'a, Result<Object, ApplyError<Object>>>;
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
    ) -> BoxFuture<'a, Result<Object, ApplyError<Object>>>;
    fn delete<'a>(
        &'a self,
        context: Context<'a, C>,
        state: Object,
    ) -> BoxFuture<'a, Result<(), ApplyError<Object>>>;
    fn import<'a>(
        &'a self,
        context: Context<'a, C>,
        by: ImportBy<'a, Object>,
    ) -> BoxFuture<'a, Result<Object, Errors>>;
    fn upgrade(&self, stored: StoredState) -> Option<Map<String, Json>>;
    fn move_from(&self, source: &MoveSource, warnings: &Warnings) -> Result<Object, Errors>;
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

    fn identity_attributes(&self) -> &'static [&'static str] {
        R::Identity::ATTRIBUTES
    }

    fn identity_schema(&self) -> IdentitySchema {
        Resource::identity_schema(self)
    }

    fn identity(&self, state: Object) -> Result<Object, Errors> {
        Ok(Resource::identity(self, &R::Model::from_object(state)?).into_object())
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
            };
            let Plan { planned, requires_replace, notes } =
                Resource::plan(self, context, change).await?;
            Ok(Plan { planned: planned.into_object(), requires_replace, notes })
        })
    }

    fn plan_removal<'a>(
        &'a self,
        context: PlanContext<'a, R::Client>,
        prior: Object,
    ) -> BoxFuture<'a, Result<Map<String, Json>, Errors>> {
        Box::pin(async move {
            Resource::plan_removal(self, context, R::Model::from_object(prior)?).await
        })
    }

    fn create<'a>(
        &'a self,
        context: Context<'a, R::Client>,
        planned: Object,
    ) -> BoxFuture<'a, Result<Object, ApplyError<Object>>> {
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
    ) -> BoxFuture<'a, Result<Object, ApplyError<Object>>> {
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
    ) -> BoxFuture<'a, Result<(), ApplyError<Object>>> {
        Box::pin(async move {
            let deleted = Resource::delete(self, context, R::Model::from_object(state)?).await;
            deleted.map_err(|failed| failed.map(Model::into_object))
        })
    }

    fn import<'a>(
        &'a self,
        context: Context<'a, R::Client>,
        by: ImportBy<'a, Object>,
    ) -> BoxFuture<'a, Result<Object, Errors>> {
        Box::pin(async move {
            let by = match by {
                ImportBy::Id(id) => ImportBy::Id(id),
                ImportBy::Identity(identity) => {
                    let source = named_by(&identity);
                    let identity = R::Identity::from_object(identity)
                        .map_err(|errors| cannot_import(&source, errors))?;
                    ImportBy::Identity(identity)
                }
            };
            Resource::import(self, context, by).await.map(Model::into_object)
        })
    }

    fn upgrade(&self, stored: StoredState) -> Option<Map<String, Json>> {
        Resource::upgrade(self, stored)
    }

    fn move_from(&self, source: &MoveSource, warnings: &Warnings) -> Result<Object, Errors> {
        Resource::move_from(self, source, warnings).map(Model::into_object)
    }
}

/// A [`DataSource`] that takes and returns objects with the attributes of its schema.
#[allow(missing_docs, reason = "the methods are those of `DataSource`")]
pub trait AnyDataSource<C>: Send + Sync {
    fn type_name(&self) -> &'static str;
    fn attributes(&self) -> &'static [&'static str];
    fn schema(&self) -> Schema;
    fn validate(&self, config: Object, warnings: &Warnings) -> Result<(), Errors>;
    fn read<'a>(
        &'a self,
        context: Context<'a, C>,
        config: Object,
    ) -> BoxFuture<'a, Result<Object, Errors>>;
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

/// A [`ListResource`] that takes and returns objects with the attributes of its schemas.
#[allow(missing_docs, reason = "the methods are those of `ListResource`")]
pub trait AnyListResource<C>: Send + Sync {
    fn type_name(&self) -> &'static str;
    fn attributes(&self) -> &'static [&'static str];
    fn schema(&self) -> Schema;
    fn validate(&self, config: Object, warnings: &Warnings) -> Result<(), Errors>;
    fn list<'a>(
        &'a self,
        context: Context<'a, C>,
        request: ListRequest<Object>,
        results: mpsc::Sender<ListResult<Object>>,
    ) -> BoxFuture<'a, Result<(), Errors>>;
}

impl<L: ListResource> AnyListResource<<L::Resource as Resource>::Client> for L {
    fn type_name(&self) -> &'static str {
        L::Resource::TYPE_NAME
    }

    fn attributes(&self) -> &'static [&'static str] {
        L::Config::ATTRIBUTES
    }

    fn schema(&self) -> Schema {
        ListResource::schema(self)
    }

    fn validate(&self, config: Object, warnings: &Warnings) -> Result<(), Errors> {
        ListResource::validate(self, &L::Config::from_object(config)?, warnings)
    }

    fn list<'a>(
        &'a self,
        context: Context<'a, <L::Resource as Resource>::Client>,
        request: ListRequest<Object>,
        results: mpsc::Sender<ListResult<Object>>,
    ) -> BoxFuture<'a, Result<(), Errors>> {
        Box::pin(async move {
            let ListRequest { config, include_object, limit } = request;
            let config = L::Config::from_object(config)?;
            let request = ListRequest { config, include_object, limit };
            // A capacity of one passes the host's backpressure on to the list resource.
            let (sender, mut receiver) =
                mpsc::channel::<ListResult<<L::Resource as Resource>::Model>>(1);
            let forward = async {
                while let Some(result) = receiver.recv().await {
                    if results.send(result.map(Model::into_object)).await.is_err() {
                        return;
                    }
                }
            };
            let list = ListResource::list(self, context, request, sender);
            tokio::pin!(list, forward);
            tokio::select! {
                result = &mut list => {
                    forward.await;
                    result
                }
                () = &mut forward => Ok(()),
            }
        })
    }
}
