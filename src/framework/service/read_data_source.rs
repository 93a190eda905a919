//! ReadDataSource: reads a data source.

use std::sync::Arc;

use super::{CallContext, Configuration, RegisteredDataSource, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Errors, Warnings};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::Context;
use crate::framework::value::{Object, Value};

pub(super) async fn handle<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::read_data_source::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::read_data_source::Response, Errors> {
    let data_source = call.data_source(&request.type_name)?;
    let config =
        convert::required_object("data source configuration", request.config, &data_source.ty)?;
    if matches!(call.configuration(), Configuration::Unknown)
        && let Some(deferred) = convert::deferral(request.client_capabilities)
    {
        return Ok(pb::read_data_source::Response {
            state: Some(convert::dynamic_value(Some(with_unknowns(data_source, config)))),
            deferred: Some(deferred),
            ..Default::default()
        });
    }
    let client = call.client()?;
    let private = Private::default();
    let context = Context { client: &*client, warnings: &warnings, private: &private };
    let state = data_source.implementation.read(context, config).await?;
    Ok(pb::read_data_source::Response {
        state: Some(convert::dynamic_value(Some(state))),
        ..Default::default()
    })
}

/// Sets all computed attributes to unknown.
fn with_unknowns<C>(data_source: &RegisteredDataSource<C>, mut config: Object) -> Object {
    for attribute in data_source.schema.attributes.iter().filter(|attribute| attribute.computed) {
        config.insert(attribute.name.to_owned(), Value::Unknown);
    }
    config
}
