//! UpgradeResourceState: from the text in a state file to a state of today's schema. Hosts call it
//! for every object of a state, also where nothing needs upgrading.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Managed, Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::codec::json;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::provider::Provider;
use crate::framework::resource::StoredState;
use crate::framework::value::{Object, Value};

pub(super) async fn handle<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::upgrade_resource_state::Request,
    _: Arc<Warnings>,
) -> Result<pb::upgrade_resource_state::Response, Errors> {
    let managed = served.managed(&request.type_name)?;
    let text = request.raw_state.unwrap_or_default().json;
    let state = upgrade(managed, &request.type_name, request.version, &text)?;
    Ok(pb::upgrade_resource_state::Response {
        upgraded_state: Some(convert::dynamic(state)),
        ..Default::default()
    })
}

/// Reads a state that a version of this provider has stored.
pub(super) fn upgrade<C>(
    managed: &Managed<C>,
    type_name: &str,
    version: i64,
    text: &[u8],
) -> Result<Option<Object>, Errors> {
    if version == managed.schema.version {
        return read(managed, type_name, text);
    }
    let unknown_version = || unreadable(type_name, format!("its schema version is {version}"));
    if version > managed.schema.version {
        return Err(unknown_version().into());
    }
    match serde_json::from_slice(text).map_err(|error| unreadable(type_name, error))? {
        Json::Object(state) => {
            let upgraded = managed.resource.upgrade(StoredState { version, state });
            let upgraded = Json::Object(upgraded.ok_or_else(unknown_version)?);
            read(managed, type_name, upgraded.to_string().as_bytes())
        }
        Json::Null => Ok(None),
        _ => Err(unreadable(type_name, "it is not an object").into()),
    }
}

fn read<C>(managed: &Managed<C>, type_name: &str, text: &[u8]) -> Result<Option<Object>, Errors> {
    match json::decode(text, &managed.ty) {
        Ok(Value::Map(object)) => Ok(Some(object)),
        Ok(_) => Ok(None),
        Err(error) => Err(unreadable(type_name, error).into()),
    }
}

pub(super) fn unreadable(type_name: &str, reason: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::new(
        "Unreadable state",
        format!(
            "A `{type_name}` in the state can't be read: {reason}. If a newer version of this \
             provider wrote it, use that version. Otherwise remove the object from the state, and \
             import it again."
        ),
    )
}
