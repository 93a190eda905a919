//! UpgradeResourceState: decodes a state of a state file, and upgrades it to the current schema.
//! Hosts call it for every object in a state, even if it needs no upgrade.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{CallContext, RegisteredResource, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::codec::json;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::provider::Provider;
use crate::framework::resource::StoredState;
use crate::framework::value::{Object, Value};

pub(super) async fn handle<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::upgrade_resource_state::Request,
    _: Arc<Warnings>,
) -> Result<pb::upgrade_resource_state::Response, Errors> {
    let resource = call.resource(&request.type_name)?;
    let text = request.raw_state.unwrap_or_default().json;
    let state = upgrade(resource, &request.type_name, request.version, &text)?;
    Ok(pb::upgrade_resource_state::Response {
        upgraded_state: Some(convert::dynamic_value(state)),
        ..Default::default()
    })
}

/// Decodes a state that this or another version of the provider stored.
pub(super) fn upgrade<C>(
    resource: &RegisteredResource<C>,
    type_name: &str,
    version: i64,
    text: &[u8],
) -> Result<Option<Object>, Errors> {
    if version == resource.schema.version {
        return read(resource, type_name, text);
    }
    let unreadable = |reason: String| unreadable(type_name, text, reason);
    let unknown_version = || unreadable(format!("its schema version is {version}"));
    if version > resource.schema.version {
        return Err(unknown_version().into());
    }
    match serde_json::from_slice(text)
        .map_err(|error| unreadable(format!("it isn't valid JSON ({error})")))?
    {
        Json::Object(state) => {
            let upgraded = resource.implementation.upgrade(StoredState { version, state });
            let upgraded = Json::Object(upgraded.ok_or_else(unknown_version)?);
            read(resource, type_name, upgraded.to_string().as_bytes())
        }
        Json::Null => Ok(None),
        _ => Err(unreadable("it isn't an object".to_owned()).into()),
    }
}

fn read<C>(
    resource: &RegisteredResource<C>,
    type_name: &str,
    text: &[u8],
) -> Result<Option<Object>, Errors> {
    match json::decode(text, &resource.ty) {
        Ok(Value::Map(object)) => Ok(Some(object)),
        Ok(_) => Ok(None),
        Err(error) => Err(unreadable(type_name, text, error).into()),
    }
}

/// Returns the error of a stored state. It names the object by its type and ID, because hosts don't
/// show the address.
pub(super) fn unreadable(
    type_name: &str,
    text: &[u8],
    reason: impl std::fmt::Display,
) -> Diagnostic {
    let id = id(text).map(|id| format!(" with the ID {id:?}")).unwrap_or_default();
    Diagnostic::new(
        "Unreadable state",
        format!(
            "A `{type_name}`{id} in the state can't be read: {reason}. If a newer version of this \
             provider wrote it, use that version. Otherwise, remove the object from the state, and \
             import it again."
        ),
    )
}

/// Returns the ID in a stored state, if it has a short one.
fn id(text: &[u8]) -> Option<String> {
    const MAX_BYTES: usize = 200;
    let state: Json = serde_json::from_slice(text).ok()?;
    let id = state.get("id")?.as_str()?;
    (id.len() <= MAX_BYTES).then(|| id.to_owned())
}
