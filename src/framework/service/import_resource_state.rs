//! ImportResourceState: from the id or identity that a practitioner wrote to the beginnings of a
//! state. The host reads the object next, and reports one that is not there.

use std::sync::Arc;

use super::{Configuration, Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Errors, Warnings};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::{Context, ImportBy};

pub(super) async fn handle<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::import_resource_state::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::import_resource_state::Response, Errors> {
    let managed = served.managed(&request.type_name)?;
    if matches!(served.configuration(), Configuration::Unknown)
        && let Some(deferred) = convert::deferred(request.client_capabilities)
    {
        return Ok(pb::import_resource_state::Response {
            deferred: Some(deferred),
            ..Default::default()
        });
    }
    let client = served.client()?;
    let private = Private::default();
    let context = Context { client: &*client, warnings: &warnings, private: &private };
    let identity = match request.identity {
        Some(sent) => convert::object("identity", sent.identity_data, &managed.identity_type)?,
        None => None,
    };
    let by = identity.map_or(ImportBy::Id(&request.id), ImportBy::Identity);
    let state = managed.resource.import(context, by).await?;
    let imported = pb::import_resource_state::ImportedResource {
        type_name: request.type_name,
        identity: managed.identity(&state)?,
        state: Some(convert::dynamic(Some(state))),
        private: Private::imported().encode(),
    };
    Ok(pb::import_resource_state::Response {
        imported_resources: vec![imported],
        ..Default::default()
    })
}
