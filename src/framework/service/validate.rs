//! ValidateProviderConfig, ValidateResourceConfig and ValidateDataResourceConfig: validate a
//! configuration without a client.

use std::sync::Arc;

use super::{CallContext, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::model::Model;
use crate::framework::provider::Provider;
use crate::framework::schema::Schema;
use crate::framework::value::{Object, Value};

pub(super) async fn provider<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::validate_provider_config::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::validate_provider_config::Response, Errors> {
    let config = convert::required_object(
        "provider configuration",
        request.config,
        &call.catalog.provider_type,
    )?;
    let provider = &call.catalog.provider;
    let checked = provider.validate(&P::Config::from_object(config)?, &warnings);
    checked.map_err(|errors| errors.without_sensitive_paths(&provider.schema()))?;
    Ok(Default::default())
}

pub(super) async fn resource<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::validate_resource_config::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::validate_resource_config::Response, Errors> {
    let resource = call.resource(&request.type_name)?;
    let config = convert::required_object("resource configuration", request.config, &resource.ty)?;
    let read_only = read_only(&resource.schema, &config);
    let checked = resource.implementation.validate(config.clone(), &warnings);
    outcome(read_only.chain(errors_of(checked)), &config, &warnings)?;
    Ok(Default::default())
}

pub(super) async fn data_source<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::validate_data_resource_config::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::validate_data_resource_config::Response, Errors> {
    let data_source = call.data_source(&request.type_name)?;
    let config =
        convert::required_object("data source configuration", request.config, &data_source.ty)?;
    let read_only = read_only(&data_source.schema, &config);
    let checked = data_source.implementation.validate(config.clone(), &warnings);
    outcome(read_only.chain(errors_of(checked)), &config, &warnings)?;
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

/// Returns the errors of a configuration. Hosts print the source line of an attribute, so that no
/// message about a configuration with credentials points to one.
pub(super) fn outcome(
    errors: impl Iterator<Item = Diagnostic>,
    config: &Object,
    warnings: &Warnings,
) -> Result<(), Errors> {
    warnings.hide_credentials(config);
    Errors::check(errors).map_err(|errors| errors.without_credentials(config))
}

pub(super) fn errors_of(checked: Result<(), Errors>) -> Vec<Diagnostic> {
    checked.err().map(Errors::into_vec).unwrap_or_default()
}
