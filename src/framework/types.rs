//! The type constraints of Terraform that our schemas use.

use std::collections::BTreeMap;

use serde_json::json;

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `number`.
    Number,
    /// `string`.
    String,
    /// `list(…)`.
    List(Box<Self>),
    /// `set(…)`.
    Set(Box<Self>),
    /// `map(…)`.
    Map(Box<Self>),
    /// `object({…})`.
    Object(BTreeMap<String, Self>),
}

impl Type {
    /// Creates `list(element)`.
    #[must_use]
    pub fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    /// Creates `set(element)`.
    #[must_use]
    pub fn set(element: Self) -> Self {
        Self::Set(Box::new(element))
    }

    /// Creates `map(element)`.
    #[must_use]
    pub fn map(element: Self) -> Self {
        Self::Map(Box::new(element))
    }

    /// Returns the JSON form that the plugin protocol uses in schemas.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Bool => json!("bool"),
            Self::Number => json!("number"),
            Self::String => json!("string"),
            Self::List(element) => json!(["list", element.to_json()]),
            Self::Set(element) => json!(["set", element.to_json()]),
            Self::Map(element) => json!(["map", element.to_json()]),
            Self::Object(attributes) => {
                let attributes: serde_json::Map<_, _> =
                    attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json())).collect();
                json!(["object", attributes])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_json_form_of_the_protocol() {
        let object =
            Type::Object(BTreeMap::from([("a".into(), Type::Bool), ("b".into(), Type::Number)]));
        assert_eq!(Type::String.to_json().to_string(), r#""string""#);
        assert_eq!(Type::set(Type::Number).to_json().to_string(), r#"["set","number"]"#);
        assert_eq!(Type::map(Type::String).to_json().to_string(), r#"["map","string"]"#);
        assert_eq!(
            Type::list(object).to_json().to_string(),
            r#"["list",["object",{"a":"bool","b":"number"}]]"#
        );
    }
}
