//! Resource identities: the attributes that identify one remote object. Hosts that support them
//! (Terraform and OpenTofu 1.12 and later) store them with the state and can import by them.

use std::collections::BTreeMap;

use super::diagnostics::Errors;
use super::types::Type;
use super::value::{Object, Value};

/// Returns the display name of an identity in an import.
#[must_use]
pub fn named_by(identity: &Object) -> String {
    let set = identity.iter().filter_map(|(name, value)| match value {
        Value::Number(id) => Some(format!("{name} = {id}")),
        _ => None,
    });
    match set.collect::<Vec<_>>().join(", ") {
        set if set.is_empty() => "An identity without values".to_owned(),
        set => format!("The identity `{set}`"),
    }
}

/// Returns the errors of an import, the first of which begins with what it names: hosts show no
/// resource address with them.
#[must_use]
pub fn cannot_import(source: &str, errors: Errors) -> Errors {
    errors.with_prefix(&format!("{source} can't be imported.\n\n"))
}

/// The identity schema of a resource type.
#[derive(Debug, Clone)]
pub struct IdentitySchema {
    /// The version of the identity schema, independent of the version of the resource schema.
    pub version: i64,
    /// The attributes.
    pub attributes: Vec<IdentityAttribute>,
}

/// An attribute of an identity. Hosts don't accept maps, sets or objects here.
#[derive(Debug, Clone)]
pub struct IdentityAttribute {
    /// The name in the `identity` of an `import` block.
    pub name: &'static str,
    /// The type.
    pub ty: Type,
    /// Whether an import must set the attribute. The others are optional.
    pub required: bool,
    /// The description.
    pub description: &'static str,
}

impl IdentitySchema {
    /// Returns the object type of an identity.
    #[must_use]
    pub fn object_type(&self) -> Type {
        let attributes = self.attributes.iter();
        Type::Object(
            attributes
                .map(|attribute| (attribute.name.to_owned(), attribute.ty.clone()))
                .collect::<BTreeMap<_, _>>(),
        )
    }
}
