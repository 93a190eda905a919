//! Resource identities: the few values that tell one object from all others, whatever its state
//! says of it. Hosts that know them (Terraform and OpenTofu from 1.12 on) store them beside the
//! state and import by them.

use std::collections::BTreeMap;

use super::types::Type;

/// The shape of the identities of one resource type.
#[derive(Debug, Clone)]
pub struct IdentitySchema {
    /// The version that identities are stored under, apart from that of the state.
    pub version: i64,
    /// The attributes.
    pub attributes: Vec<IdentityAttribute>,
}

/// One value of an identity. Hosts take neither maps nor sets nor objects here.
#[derive(Debug, Clone)]
pub struct IdentityAttribute {
    /// The name in an `import` block's `identity`.
    pub name: &'static str,
    /// The type.
    pub ty: Type,
    /// True if an import must give it; an import may leave out the others.
    pub required: bool,
    /// The description.
    pub description: &'static str,
}

impl IdentitySchema {
    /// The type of a whole identity.
    pub fn object_type(&self) -> Type {
        let attributes = self.attributes.iter();
        Type::Object(
            attributes
                .map(|attribute| (attribute.name.to_owned(), attribute.ty.clone()))
                .collect::<BTreeMap<_, _>>(),
        )
    }
}
