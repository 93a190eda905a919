//! The calls that convert stored data: moves from other resource types, and upgrades of identities.

use serde_json::Value;

use crate::diagnostic::diagnostics;
use crate::stored::{Stored, decode_identity};
use crate::tfplugin6::{RawState, move_resource_state, upgrade_resource_identity};
use crate::wire::decode;
use crate::{Connection, Diagnostic, Error};

/// A host's request for a `moved` block between resource types.
#[derive(Clone, Debug)]
pub struct Move<'a> {
    /// The other provider, as `host/namespace/type`.
    pub provider: &'a str,
    /// The other type.
    pub source_type: &'a str,
    /// The schema version that the state was stored with.
    pub schema_version: i64,
    /// The state, as stored in the state file.
    pub state: &'a Value,
    /// The type to move to.
    pub target_type: &'a str,
}

/// The response to [`Connection::move_state`].
#[derive(Clone, Debug)]
pub struct Moved {
    /// The resource in the schema of the target type.
    pub stored: Stored,
    /// Problems.
    pub diagnostics: Vec<Diagnostic>,
}

/// The response to [`Connection::upgrade_identity`].
#[derive(Clone, Debug)]
pub struct UpgradedIdentity {
    /// The identity in the current schema.
    pub identity: Option<Value>,
    /// Problems.
    pub diagnostics: Vec<Diagnostic>,
}

impl Connection {
    /// Moves the state of another resource type.
    ///
    /// # Errors
    ///
    /// The plugin's gRPC status, or a malformed value in its response.
    pub async fn move_state(&self, from: &Move<'_>) -> Result<Moved, Error> {
        let request = move_resource_state::Request {
            source_provider_address: from.provider.to_owned(),
            source_type_name: from.source_type.to_owned(),
            source_schema_version: from.schema_version,
            source_state: Some(raw(from.state)),
            target_type_name: from.target_type.to_owned(),
            ..Default::default()
        };
        let response = self.provider().move_resource_state(request).await?.into_inner();
        Ok(Moved {
            stored: Stored {
                state: decode(response.target_state.as_ref())?,
                private: response.target_private,
                identity: decode_identity(response.target_identity)?,
            },
            diagnostics: diagnostics(response.diagnostics),
        })
    }

    /// Upgrades a stored identity, given as JSON, to the current schema.
    ///
    /// # Errors
    ///
    /// As [`Connection::move_state`].
    pub async fn upgrade_identity(
        &self,
        type_name: &str,
        version: i64,
        stored: &Value,
    ) -> Result<UpgradedIdentity, Error> {
        let request = upgrade_resource_identity::Request {
            type_name: type_name.to_owned(),
            version,
            raw_identity: Some(raw(stored)),
        };
        let response = self.provider().upgrade_resource_identity(request).await?.into_inner();
        Ok(UpgradedIdentity {
            identity: decode_identity(response.upgraded_identity)?,
            diagnostics: diagnostics(response.diagnostics),
        })
    }
}

fn raw(stored: &Value) -> RawState {
    RawState { json: stored.to_string().into_bytes(), ..Default::default() }
}
