//! The resources, data sources and list resources of a provider by type name, with the schemas that
//! requests are decoded by.

use std::collections::BTreeMap;

use crate::framework::diagnostics::{Diagnostic, Errors};
use crate::framework::erased::{AnyDataSource, AnyListResource, AnyResource};
use crate::framework::identity::IdentitySchema;
use crate::framework::model::Model as _;
use crate::framework::provider::Provider;
use crate::framework::schema::{self, Schema};
use crate::framework::types::Type;

pub(super) struct Catalog<P: Provider> {
    pub(super) provider: P,
    pub(super) provider_type: Type,
    pub(super) resources: BTreeMap<&'static str, RegisteredResource<P::Client>>,
    pub(super) data_sources: BTreeMap<&'static str, RegisteredDataSource<P::Client>>,
    pub(super) list_resources: BTreeMap<&'static str, RegisteredListResource<P::Client>>,
}

pub(super) struct RegisteredResource<C> {
    pub(super) implementation: Box<dyn AnyResource<C>>,
    pub(super) schema: Schema,
    pub(super) ty: Type,
    pub(super) identity_schema: IdentitySchema,
    pub(super) identity_type: Type,
}

pub(super) struct RegisteredDataSource<C> {
    pub(super) implementation: Box<dyn AnyDataSource<C>>,
    pub(super) schema: Schema,
    pub(super) ty: Type,
}

pub(super) struct RegisteredListResource<C> {
    pub(super) implementation: Box<dyn AnyListResource<C>>,
    pub(super) schema: Schema,
    pub(super) ty: Type,
}

impl<P: Provider> Catalog<P> {
    pub(super) fn new(provider: P) -> Result<Self, InvalidSchema> {
        let resources = provider.resources().into_iter().map(RegisteredResource::register);
        let data_sources = provider.data_sources().into_iter().map(RegisteredDataSource::register);
        let list_resources =
            provider.list_resources().into_iter().map(RegisteredListResource::register);
        Ok(Self {
            resources: resources.collect::<Result<_, _>>()?,
            data_sources: data_sources.collect::<Result<_, _>>()?,
            list_resources: list_resources.collect::<Result<_, _>>()?,
            provider_type: checked("provider", provider.schema(), P::Config::ATTRIBUTES)?
                .object_type(),
            provider,
        })
    }

    pub(super) fn resource(
        &self,
        type_name: &str,
    ) -> Result<&RegisteredResource<P::Client>, Errors> {
        self.resources.get(type_name).ok_or_else(|| unknown_type("resource", type_name))
    }

    pub(super) fn data_source(
        &self,
        type_name: &str,
    ) -> Result<&RegisteredDataSource<P::Client>, Errors> {
        self.data_sources.get(type_name).ok_or_else(|| unknown_type("data source", type_name))
    }

    pub(super) fn list_resource(
        &self,
        type_name: &str,
    ) -> Result<&RegisteredListResource<P::Client>, Errors> {
        self.list_resources.get(type_name).ok_or_else(|| unknown_type("list resource", type_name))
    }
}

impl<C> RegisteredResource<C> {
    fn register(resource: Box<dyn AnyResource<C>>) -> Result<(&'static str, Self), InvalidSchema> {
        let name = resource.type_name();
        let schema = checked(name, resource.schema(), resource.attributes())?;
        let identity_schema = resource.identity_schema();
        let registered = Self {
            ty: schema.object_type(),
            schema,
            identity_type: identity_schema.object_type(),
            identity_schema,
            implementation: resource,
        };
        Ok((name, registered))
    }
}

impl<C> RegisteredDataSource<C> {
    fn register(
        data_source: Box<dyn AnyDataSource<C>>,
    ) -> Result<(&'static str, Self), InvalidSchema> {
        let name = data_source.type_name();
        let schema = checked(name, data_source.schema(), data_source.attributes())?;
        Ok((name, Self { ty: schema.object_type(), schema, implementation: data_source }))
    }
}

impl<C> RegisteredListResource<C> {
    fn register(
        list_resource: Box<dyn AnyListResource<C>>,
    ) -> Result<(&'static str, Self), InvalidSchema> {
        let name = list_resource.type_name();
        let schema = checked(name, list_resource.schema(), list_resource.attributes())?;
        Ok((name, Self { ty: schema.object_type(), schema, implementation: list_resource }))
    }
}

/// The error for a schema that hosts would reject or that doesn't match its model. It is a bug in
/// the provider.
#[derive(Debug, thiserror::Error)]
#[error("the schema of `{type_name}` is invalid: {violation}")]
pub struct InvalidSchema {
    type_name: &'static str,
    violation: String,
}

fn checked(
    type_name: &'static str,
    schema: Schema,
    model_attributes: &[&str],
) -> Result<Schema, InvalidSchema> {
    match schema::violation(&schema, model_attributes) {
        None => Ok(schema),
        Some(violation) => Err(InvalidSchema { type_name, violation }),
    }
}

fn unknown_type(kind: &str, type_name: &str) -> Errors {
    Diagnostic::new(
        "Unknown type",
        format!(
            "This version of the provider doesn't have the {kind} `{type_name}`. A newer version \
             may have it."
        ),
    )
    .into()
}
