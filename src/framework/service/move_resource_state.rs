//! MoveResourceState: a `moved` block from a resource of another type or provider. Terraform asks a process that
//! is not configured, so nothing here may need a client.

use std::sync::Arc;

use super::{Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::provider::Provider;
use crate::framework::resource::MoveSource;

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
    let target = managed.resource.move_from(&source, &warnings)?;
    Ok(pb::move_resource_state::Response {
        target_identity: managed.identity(&target)?,
        target_state: Some(convert::dynamic(Some(target))),
        ..Default::default()
    })
}
