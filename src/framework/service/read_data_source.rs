//! ReadDataSource: what a data source's configuration asks for.

use std::sync::Arc;

use super::{Configuration, Served, Source, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Errors, Warnings};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::Context;
use crate::framework::value::{Object, Value};

pub(super) async fn handle<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::read_data_source::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::read_data_source::Response, Errors> {
    let source = served.source(&request.type_name)?;
    let config = convert::present("data source configuration", request.config, &source.ty)?;
    if matches!(served.configuration(), Configuration::Unknown)
        && let Some(deferred) = convert::deferred(request.client_capabilities)
    {
        return Ok(pb::read_data_source::Response {
            state: Some(convert::dynamic(Some(to_be_known(source, config)))),
            deferred: Some(deferred),
            ..Default::default()
        });
    }
    let client = served.client()?;
    let private = Private::default();
    let context = Context { client: &*client, warnings: &warnings, private: &private };
    let state = source.source.read(context, config).await?;
    Ok(pb::read_data_source::Response {
        state: Some(convert::dynamic(Some(state))),
        ..Default::default()
    })
}

fn to_be_known<C>(source: &Source<C>, mut config: Object) -> Object {
    for attribute in source.schema.attributes.iter().filter(|attribute| attribute.computed) {
        config.insert(attribute.name.to_owned(), Value::Unknown);
    }
    config
}
