//! The checks of a configuration by itself, before anything is asked of a server.

use std::sync::Arc;

use super::{Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Errors, Warnings};
use crate::framework::model::Model;
use crate::framework::provider::Provider;

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
    managed.resource.validate(config, &warnings)?;
    Ok(Default::default())
}

pub(super) async fn data_source<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::validate_data_resource_config::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::validate_data_resource_config::Response, Errors> {
    let source = served.source(&request.type_name)?;
    let config = convert::present("data source configuration", request.config, &source.ty)?;
    source.source.validate(config, &warnings)?;
    Ok(Default::default())
}
