//! Protocol types, and checks of their values, implemented independently of the provider on
//! purpose.

use std::collections::BTreeMap;

use plugin_host::tfplugin6::schema::{Attribute, object::NestingMode};
use plugin_host::wire::UNKNOWN;
use serde_json::Value;

/// The type of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Number,
    String,
    List(Box<Self>),
    Set(Box<Self>),
    Map(Box<Self>),
    Object(BTreeMap<String, Self>),
}

impl Type {
    /// Reads a type constraint. Hosts crash on a malformed one, so a test may fail.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let json: Value = serde_json::from_slice(text).unwrap_or_else(|error| {
            panic!("{:?} isn't a type: {error}", String::from_utf8_lossy(text))
        });
        Self::of_json(&json)
    }

    fn of_json(json: &Value) -> Self {
        let element = || Box::new(Self::of_json(&json[1]));
        match (json.as_str(), json[0].as_str()) {
            (Some("bool"), _) => Self::Bool,
            (Some("number"), _) => Self::Number,
            (Some("string"), _) => Self::String,
            (_, Some("list")) => Self::List(element()),
            (_, Some("set")) => Self::Set(element()),
            (_, Some("map")) => Self::Map(element()),
            _ => panic!("{json} isn't a type that this provider uses"),
        }
    }

    /// Returns the type of an attribute, a nested one included.
    pub(crate) fn of(attribute: &Attribute) -> Self {
        let Some(nested) = &attribute.nested_type else { return Self::parse(&attribute.r#type) };
        let attributes = nested.attributes.iter();
        let object = Self::Object(
            attributes.map(|nested| (nested.name.clone(), Self::of(nested))).collect(),
        );
        match nested.nesting() {
            NestingMode::Single => object,
            NestingMode::List => Self::List(Box::new(object)),
            NestingMode::Set => Self::Set(Box::new(object)),
            NestingMode::Map => Self::Map(Box::new(object)),
            NestingMode::Invalid => panic!("{:?} has no nesting mode", attribute.name),
        }
    }

    /// Returns whether a host could decode the value as this type.
    pub(crate) fn admits(&self, value: &Value) -> bool {
        if value.is_null() || value == UNKNOWN {
            return true;
        }
        match (self, value) {
            (Self::Bool, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::String, Value::String(_)) => true,
            (Self::List(element) | Self::Set(element), Value::Array(values)) => {
                values.iter().all(|value| element.admits(value))
            }
            (Self::Map(element), Value::Object(values)) => {
                values.values().all(|value| element.admits(value))
            }
            (Self::Object(attributes), Value::Object(values)) => {
                attributes.len() == values.len()
                    && attributes
                        .iter()
                        .all(|(name, ty)| values.get(name).is_some_and(|value| ty.admits(value)))
            }
            _ => false,
        }
    }

    /// Returns whether both are the same value; the elements of a set have no order.
    pub(crate) fn same(&self, one: &Value, other: &Value) -> bool {
        match (self, one, other) {
            (Self::Set(_), Value::Array(one), Value::Array(other)) => sorted(one) == sorted(other),
            _ => one == other,
        }
    }

    /// Returns whether `later` keeps what `earlier` has: what was known stays, what was not
    /// may become anything.
    pub(crate) fn keeps(&self, earlier: &Value, later: &Value) -> bool {
        if earlier == UNKNOWN {
            return true;
        }
        match (self, earlier, later) {
            (Self::Set(element), Value::Array(earlier), Value::Array(later)) => {
                let kept = |one: &Value| later.iter().any(|other| element.keeps(one, other));
                let is_planned =
                    |other: &Value| earlier.iter().any(|one| element.keeps(one, other));
                later.len() <= earlier.len()
                    && earlier.iter().all(kept)
                    && later.iter().all(is_planned)
            }
            (Self::List(element), Value::Array(earlier), Value::Array(later)) => {
                earlier.len() == later.len()
                    && earlier.iter().zip(later).all(|(one, other)| element.keeps(one, other))
            }
            _ => earlier == later,
        }
    }
}

fn sorted(values: &[Value]) -> Vec<String> {
    let mut texts: Vec<String> = values.iter().map(Value::to_string).collect();
    texts.sort();
    texts
}

/// Returns whether everything in the value is known.
pub(crate) fn is_wholly_known(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().all(is_wholly_known),
        Value::Object(values) => values.values().all(is_wholly_known),
        value => value != UNKNOWN,
    }
}
