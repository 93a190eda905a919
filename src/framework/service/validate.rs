//! The checks of a configuration by itself, before anything is asked of a server.

use std::sync::Arc;

use super::{Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::model::Model;
use crate::framework::provider::Provider;
use crate::framework::schema::Schema;
use crate::framework::value::{Object, Value};

pub(super) async fn provider<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::validate_provider_config::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::validate_provider_config::Response, Errors> {
    let config =
        convert::present("provider configuration", request.config, &served.offered.provider_type)?;
    served.offered.provider.validate(&P::Config::from_object(config)?, &warnings)?;
    Ok(Default::default())
}

pub(super) async fn resource<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::validate_resource_config::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::validate_resource_config::Response, Errors> {
    let managed = served.managed(&request.type_name)?;
    let config = convert::present("resource configuration", request.config, &managed.ty)?;
    let read_only = read_only(&managed.schema, &config);
    Errors::check(read_only.chain(errors_of(managed.resource.validate(config, &warnings))))?;
    Ok(Default::default())
}

pub(super) async fn data_source<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::validate_data_resource_config::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::validate_data_resource_config::Response, Errors> {
    let source = served.source(&request.type_name)?;
    let config = convert::present("data source configuration", request.config, &source.ty)?;
    let read_only = read_only(&source.schema, &config);
    Errors::check(read_only.chain(errors_of(source.source.validate(config, &warnings))))?;
    Ok(Default::default())
}

/// Returns an error for each attribute that the configuration sets although only the provider can.
/// Hosts don't check this (hashicorp/terraform#30669).
fn read_only(schema: &Schema, config: &Object) -> impl Iterator<Item = Diagnostic> + use<> {
    let is_set = |name: &str| config.get(name).is_some_and(|value| *value != Value::Null);
    let names = schema
        .attributes
        .iter()
        .filter(|attribute| !attribute.required && !attribute.optional && is_set(attribute.name))
        .map(|attribute| attribute.name);
    let errors = names.map(|name| {
        let detail = format!("`{name}` can't be set: the provider sets it. Remove it.");
        Diagnostic::new("Read-only attribute", detail).at(name)
    });
    errors.collect::<Vec<_>>().into_iter()
}

fn errors_of(checked: Result<(), Errors>) -> Vec<Diagnostic> {
    checked.err().map(Errors::into_vec).unwrap_or_default()
}
