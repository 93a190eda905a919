//! UpgradeResourceIdentity, and the identity that is returned with a state or plan.

use std::sync::Arc;

use super::{CallContext, RegisteredResource, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::codec::json;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::provider::Provider;
use crate::framework::value::{Object, Value};

impl<C> RegisteredResource<C> {
    /// Returns the identity of a state or plan, or `None` if it has unknown values or lacks an
    /// attribute that an import needs.
    ///
    /// Terraform 1.12 and later can't show a plan with an unknown value in an identity, and
    /// OpenTofu fails.
    pub(super) fn identity(
        &self,
        state: &Object,
    ) -> Result<Option<pb::ResourceIdentityData>, Errors> {
        let identity = self.implementation.identity(state.clone())?;
        let known = identity.values().all(Value::is_wholly_known);
        let lacks = |name| identity.get(name).is_none_or(|value| *value == Value::Null);
        let incomplete = self
            .identity_schema
            .attributes
            .iter()
            .any(|attribute| attribute.required && lacks(attribute.name));
        Ok((known && !incomplete).then(|| message(identity)))
    }
}

fn message(identity: Object) -> pb::ResourceIdentityData {
    pb::ResourceIdentityData { identity_data: Some(convert::dynamic_value(Some(identity))) }
}

/// Handles UpgradeResourceIdentity: decodes an identity of a state file.
pub(super) async fn upgrade<P: Provider>(
    call: Arc<CallContext<P>>,
    request: pb::upgrade_resource_identity::Request,
    _: Arc<Warnings>,
) -> Result<pb::upgrade_resource_identity::Response, Errors> {
    let resource = call.resource(&request.type_name)?;
    let text = request.raw_identity.unwrap_or_default().json;
    if request.version != resource.identity_schema.version {
        return Err(
            unreadable(&request.type_name, format!("its version is {}", request.version)).into()
        );
    }
    match json::decode(&text, &resource.identity_type) {
        Ok(Value::Map(identity)) => Ok(pb::upgrade_resource_identity::Response {
            upgraded_identity: Some(message(identity)),
            ..Default::default()
        }),
        Ok(_) => Err(unreadable(&request.type_name, "it is null").into()),
        Err(error) => Err(unreadable(&request.type_name, error).into()),
    }
}

fn unreadable(type_name: &str, reason: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::new(
        "Unreadable identity",
        format!(
            "The identity of a `{type_name}` in the state can't be read: {reason}. If a newer \
             version of this provider wrote it, use that version. Otherwise, remove the object \
             from the state, and import it again."
        ),
    )
}
