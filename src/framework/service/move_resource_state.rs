//! MoveResourceState: moves a state from another resource type or provider, or from this provider
//! in another registry. Terraform doesn't configure the provider before the call, so there is no
//! client.

use std::sync::Arc;

use super::upgrade_resource_state::{unreadable, upgrade};
use super::{CallContext, RegisteredResource, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::MoveSource;
use crate::framework::value::Object;

pub(super) async fn handle<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::move_resource_state::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::move_resource_state::Response, Errors> {
    let resource = call.resource(&request.target_type_name)?;
    let text = request.source_state.unwrap_or_default().json;
    let state = serde_json::from_slice(&text).map_err(|error: serde_json::Error| {
        let reason = if error.is_data() { "isn't an object" } else { "isn't valid JSON" };
        let detail = format!(
            "The state of the `{}` can't be moved because it {reason}.",
            request.source_type_name
        );
        Diagnostic::new("Unreadable state", detail)
    })?;
    let source = MoveSource {
        provider_address: request.source_provider_address,
        type_name: request.source_type_name,
        schema_version: request.source_schema_version,
        state,
    };
    // From this provider in another registry or mirror.
    let is_same = source.type_name == request.target_type_name && source.is_from(P::SOURCE);
    let (target, target_private) = if is_same {
        (upgrade_source(resource, &source, &text)?, request.source_private)
    } else {
        (resource.implementation.move_from(&source, &warnings)?, Private::moved().encode())
    };
    Ok(pb::move_resource_state::Response {
        target_identity: resource.identity(&target)?,
        target_state: Some(convert::dynamic_value(Some(target))),
        target_private,
        ..Default::default()
    })
}

fn upgrade_source<C>(
    resource: &RegisteredResource<C>,
    source: &MoveSource,
    text: &[u8],
) -> Result<Object, Errors> {
    let state = upgrade(resource, &source.type_name, source.schema_version, text)?;
    state.ok_or_else(|| unreadable(&source.type_name, text, "it is null").into())
}
