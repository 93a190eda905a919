//! Identities on the wire: what is sent beside a state or plan, and what was stored there.

use std::sync::Arc;

use super::{Managed, Served, convert};
use crate::bindings::tfplugin6 as pb;
use crate::framework::codec::json;
use crate::framework::diagnostics::{Diagnostic, Errors, Warnings};
use crate::framework::provider::Provider;
use crate::framework::value::{Object, Value};

impl<C> Managed<C> {
    /// Returns the identity of a state or plan, or `None` unless it is wholly known and has what an
    /// import needs.
    ///
    /// Terraform from 1.12 on can't show a plan whose identity has an unknown in it, and OpenTofu
    /// fails.
    pub(super) fn identity(
        &self,
        state: &Object,
    ) -> Result<Option<pb::ResourceIdentityData>, Errors> {
        let identity = self.resource.identity(state.clone())?;
        let known = identity.values().all(Value::is_wholly_known);
        let lacks = |name| identity.get(name).is_none_or(|value| *value == Value::Null);
        let incomplete = self
            .identity
            .attributes
            .iter()
            .any(|attribute| attribute.required && lacks(attribute.name));
        Ok((known && !incomplete).then(|| message(identity)))
    }
}

fn message(identity: Object) -> pb::ResourceIdentityData {
    pb::ResourceIdentityData { identity_data: Some(convert::dynamic(Some(identity))) }
}

/// UpgradeResourceIdentity: from the text in a state file to an identity of today's schema.
pub(super) async fn upgrade<P: Provider>(
    served: Arc<Served<P>>,
    request: pb::upgrade_resource_identity::Request,
    _: Arc<Warnings>,
) -> Result<pb::upgrade_resource_identity::Response, Errors> {
    let managed = served.managed(&request.type_name)?;
    let text = request.raw_identity.unwrap_or_default().json;
    if request.version != managed.identity.version {
        return Err(
            unreadable(&request.type_name, format!("its version is {}", request.version)).into()
        );
    }
    match json::decode(&text, &managed.identity_type) {
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
             version of this provider wrote it, use that version. Otherwise remove the object from \
             the state, and import it again."
        ),
    )
}
