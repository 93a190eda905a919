//! ReadResource: what a state's object is now.

use std::sync::Arc;

use super::{Configuration, Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Errors, Warnings};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::Context;

pub(super) async fn handle<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::read_resource::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::read_resource::Response, Errors> {
    let managed = served.managed(&request.type_name)?;
    let state = convert::present("current state", request.current_state, &managed.ty)?;
    let (new_state, deferred) = if matches!(served.configuration(), Configuration::Unknown) {
        (Some(state), convert::deferred(request.client_capabilities))
    } else {
        let client = served.client()?;
        let private = Private::decode(&request.private);
        let context = Context { client: &*client, warnings: &warnings, private: &private };
        (managed.resource.read(context, state).await?, None)
    };
    let new_identity = match &new_state {
        Some(state) => managed.identity(state)?.or(request.current_identity),
        None => None,
    };
    Ok(pb::read_resource::Response {
        new_state: Some(convert::dynamic(new_state)),
        private: request.private,
        new_identity,
        deferred,
        ..Default::default()
    })
}
