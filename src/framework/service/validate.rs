//! ValidateProviderConfig, ValidateResourceConfig and ValidateDataResourceConfig: validate a
//! configuration without a client.

use std::sync::Arc;

use super::{CallContext, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Errors, Warnings};
use crate::framework::model::Model;
use crate::framework::provider::Provider;

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
    call.catalog.provider.validate(&P::Config::from_object(config)?, &warnings)?;
    Ok(Default::default())
}

pub(super) async fn resource<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::validate_resource_config::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::validate_resource_config::Response, Errors> {
    let resource = call.resource(&request.type_name)?;
    let config = convert::required_object("resource configuration", request.config, &resource.ty)?;
    resource.implementation.validate(config, &warnings)?;
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
    data_source.implementation.validate(config, &warnings)?;
    Ok(Default::default())
}
