//! All that a provider offers, by type name, with the schemas that calls are decoded by.

use std::collections::BTreeMap;

use crate::framework::diagnostics::{Diagnostic, Errors};
use crate::framework::erased::{AnyDataSource, AnyListResource, AnyResource};
use crate::framework::identity::IdentitySchema;
use crate::framework::model::Model as _;
use crate::framework::provider::Provider;
use crate::framework::schema::{self, Schema};
use crate::framework::types::Type;

pub(super) struct Offered<P: Provider> {
    pub(super) provider: P,
    pub(super) provider_type: Type,
    pub(super) resources: BTreeMap<&'static str, Managed<P::Client>>,
    pub(super) data_sources: BTreeMap<&'static str, Source<P::Client>>,
    pub(super) listers: BTreeMap<&'static str, Lister<P::Client>>,
}

pub(super) struct Managed<C> {
    pub(super) resource: Box<dyn AnyResource<C>>,
    pub(super) schema: Schema,
    pub(super) ty: Type,
    pub(super) identity: IdentitySchema,
    pub(super) identity_type: Type,
}

pub(super) struct Source<C> {
    pub(super) source: Box<dyn AnyDataSource<C>>,
    pub(super) schema: Schema,
    pub(super) ty: Type,
}

pub(super) struct Lister<C> {
    pub(super) lister: Box<dyn AnyListResource<C>>,
    pub(super) schema: Schema,
    pub(super) ty: Type,
}

impl<P: Provider> Offered<P> {
    pub(super) fn by(provider: P) -> Result<Self, InvalidSchema> {
        let resources = provider.resources().into_iter().map(|resource| {
            let schema = checked(resource.type_name(), resource.schema(), resource.attributes())?;
            let identity = resource.identity_schema();
            let (ty, identity_type) = (schema.object_type(), identity.object_type());
            Ok((resource.type_name(), Managed { ty, schema, identity_type, identity, resource }))
        });
        let data_sources = provider.data_sources().into_iter().map(|source| {
            let schema = checked(source.type_name(), source.schema(), source.attributes())?;
            Ok((source.type_name(), Source { ty: schema.object_type(), schema, source }))
        });
        let listers = provider.list_resources().into_iter().map(|lister| {
            let schema = checked(lister.type_name(), lister.schema(), lister.attributes())?;
            Ok((lister.type_name(), Lister { ty: schema.object_type(), schema, lister }))
        });
        Ok(Self {
            resources: resources.collect::<Result<_, _>>()?,
            data_sources: data_sources.collect::<Result<_, _>>()?,
            listers: listers.collect::<Result<_, _>>()?,
            provider_type: checked("provider", provider.schema(), P::Config::ATTRIBUTES)?
                .object_type(),
            provider,
        })
    }

    pub(super) fn managed(&self, type_name: &str) -> Result<&Managed<P::Client>, Errors> {
        self.resources.get(type_name).ok_or_else(|| unknown_type("resource", type_name).into())
    }

    pub(super) fn source(&self, type_name: &str) -> Result<&Source<P::Client>, Errors> {
        self.data_sources
            .get(type_name)
            .ok_or_else(|| unknown_type("data source", type_name).into())
    }

    pub(super) fn lister(&self, type_name: &str) -> Result<&Lister<P::Client>, Errors> {
        self.listers.get(type_name).ok_or_else(|| unknown_type("list resource", type_name).into())
    }
}

/// A schema that hosts would reject, or that doesn't go with its model: a defect of the provider.
#[derive(Debug, thiserror::Error)]
#[error("the schema of {of} is invalid: {defect}")]
pub struct InvalidSchema {
    of: &'static str,
    defect: String,
}

fn checked(of: &'static str, schema: Schema, model: &[&str]) -> Result<Schema, InvalidSchema> {
    match schema::defect(&schema, model) {
        None => Ok(schema),
        Some(defect) => Err(InvalidSchema { of, defect }),
    }
}

fn unknown_type(kind: &str, type_name: &str) -> Diagnostic {
    Diagnostic::new(
        "Unknown type",
        format!(
            "This version of the provider doesn't have the {kind} `{type_name}`. A newer version \
             may have it."
        ),
    )
}
