//! ReadResource: refreshes the state of a resource.

use std::sync::Arc;

use super::{CallContext, Configuration, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Errors, Warnings};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::Context;

pub(super) async fn handle<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::read_resource::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::read_resource::Response, Errors> {
    let resource = call.resource(&request.type_name)?;
    let state = convert::required_object("current state", request.current_state, &resource.ty)?;
    let (new_state, deferred) = if matches!(call.configuration(), Configuration::Unknown) {
        (Some(state), convert::deferral(request.client_capabilities))
    } else {
        let client = call.client()?;
        let private = Private::decode(&request.private);
        let context = Context { client: &*client, warnings: &warnings, private: &private };
        (resource.implementation.read(context, state).await?, None)
    };
    let new_identity = match &new_state {
        Some(state) => resource.identity(state)?.or(request.current_identity),
        None => None,
    };
    Ok(pb::read_resource::Response {
        new_state: Some(convert::dynamic_value(new_state)),
        private: request.private,
        new_identity,
        deferred,
        ..Default::default()
    })
}
