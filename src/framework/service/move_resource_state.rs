//! MoveResourceState: a `moved` block from a resource of another type or provider, or a state of
//! this provider that came from another registry. Terraform calls a process that isn't configured,
//! so nothing here may need a client.

use std::sync::Arc;

use super::upgrade_resource_state::{unreadable, upgrade};
use super::{Managed, Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::private::Private;
use crate::framework::provider::Provider;
use crate::framework::resource::MoveSource;
use crate::framework::value::Object;

pub(super) async fn handle<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::move_resource_state::Request,
    warnings: Arc<Warnings>,
) -> Result<pb::move_resource_state::Response, Errors> {
    let managed = served.managed(&request.target_type_name)?;
    let text = request.source_state.unwrap_or_default().json;
    let state = serde_json::from_slice(&text).map_err(|error| {
        let detail = format!(
            "The state of the `{}` that is to be moved can't be read: {error}.",
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
    // The same resource from another registry or mirror is no other resource.
    let own = source.type_name == request.target_type_name && source.is_from(P::SOURCE);
    let (target, target_private) = if own {
        (stored(managed, &source, &text)?, request.source_private)
    } else {
        (managed.resource.move_from(&source, &warnings)?, Private::moved().encode())
    };
    Ok(pb::move_resource_state::Response {
        target_identity: managed.identity(&target)?,
        target_state: Some(convert::dynamic(Some(target))),
        target_private,
        ..Default::default()
    })
}

fn stored<C>(managed: &Managed<C>, source: &MoveSource, text: &[u8]) -> Result<Object, Errors> {
    let state = upgrade(managed, &source.type_name, source.schema_version, text)?;
    state.ok_or_else(|| unreadable(&source.type_name, "it is null").into())
}
