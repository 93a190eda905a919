//! ImportResourceState: turns an import ID or identity into an incomplete state. The host reads the
//! object next, and reports an error if it doesn't exist.

use std::sync::Arc;

use super::{CallContext, Configuration, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Errors, Warnings};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::{Context, ImportBy};

pub(super) async fn handle<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::import_resource_state::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::import_resource_state::Response, Errors> {
    let resource = call.resource(&request.type_name)?;
    if matches!(call.configuration(), Configuration::Unknown)
        && let Some(deferred) = convert::deferral(request.client_capabilities)
    {
        return Ok(pb::import_resource_state::Response {
            deferred: Some(deferred),
            ..Default::default()
        });
    }
    let client = call.client()?;
    let private = Private::default();
    let context = Context { client: &*client, warnings: &warnings, private: &private };
    let identity = match request.identity {
        Some(sent) => convert::object("identity", sent.identity_data, &resource.identity_type)?,
        None => None,
    };
    let by = identity.map_or(ImportBy::Id(&request.id), ImportBy::Identity);
    let state = resource.implementation.import(context, by).await?;
    let imported = pb::import_resource_state::ImportedResource {
        type_name: request.type_name,
        identity: resource.identity(&state)?,
        state: Some(convert::dynamic_value(Some(state))),
        private: Private::imported().encode(),
    };
    Ok(pb::import_resource_state::Response {
        imported_resources: vec![imported],
        ..Default::default()
    })
}
