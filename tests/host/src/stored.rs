//! The data of a resource that a host keeps between calls, and identities.

use serde_json::Value;

use crate::tfplugin6::ResourceIdentityData;
use crate::wire::{Malformed, decode, encode};

/// A resource in a host's state. The default doesn't exist yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored {
    /// The state; null if there is none.
    pub state: Value,
    /// The provider's private data.
    pub private: Vec<u8>,
    /// The identity, if host and provider support it.
    pub identity: Option<Value>,
}

pub(crate) fn encode_identity(value: &Value) -> ResourceIdentityData {
    ResourceIdentityData { identity_data: Some(encode(value)) }
}

pub(crate) fn decode_identity(
    wire: Option<ResourceIdentityData>,
) -> Result<Option<Value>, Malformed> {
    wire.map(|identity| decode(identity.identity_data.as_ref())).transpose()
}
