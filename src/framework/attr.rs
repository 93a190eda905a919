//! Typed attribute values of a model: known, null or unknown, as one enum. An unset value is never
//! an empty string.

use std::collections::BTreeMap;

use super::value::{Number, Value};

/// The value of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Attr<T> {
    /// Not set.
    #[default]
    Null,
    /// Known after apply.
    Unknown,
    /// Set.
    Known(T),
}

impl<T> Attr<T> {
    /// Returns the value, or `None` if it is null or unknown.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Returns whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns whether the value is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Converts a known value. Null and unknown stay as they are.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Self::Known(value) => Attr::Known(convert(value)),
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
        }
    }
}

impl<T> From<T> for Attr<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

/// The elements of a set. A `Vec`, because a `BTreeSet` would merge unknown elements that may turn
/// out to differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Set<T>(pub Vec<Attr<T>>);

/// A Rust type that converts from and to a known [`Value`].
pub trait AttrValue: Sized {
    /// Converts a value that is neither null nor unknown.
    ///
    /// # Errors
    ///
    /// Returns the expected kind of value if the value isn't of this type, worded to follow
    /// "must be".
    fn from_known(value: Value) -> Result<Self, &'static str>;

    /// Converts into a Terraform value.
    fn into_value(self) -> Value;
}

impl<T: AttrValue> Attr<T> {
    /// Converts any value, null and unknown included.
    ///
    /// # Errors
    ///
    /// See [`AttrValue::from_known`].
    pub fn from_value(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Unknown => Ok(Self::Unknown),
            known => T::from_known(known).map(Attr::Known),
        }
    }

    /// Converts into a Terraform value.
    pub fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
            Self::Known(value) => value.into_value(),
        }
    }
}

impl AttrValue for bool {
    fn from_known(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::Bool(bool) => Ok(bool),
            _ => Err("a bool"),
        }
    }

    fn into_value(self) -> Value {
        Value::Bool(self)
    }
}

impl AttrValue for String {
    fn from_known(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err("a string"),
        }
    }

    fn into_value(self) -> Value {
        Value::String(self)
    }
}

impl AttrValue for i64 {
    fn from_known(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::Number(Number::Integer(integer)) => Ok(integer),
            Value::Number(Number::Decimal(text)) if !text.contains('.') => {
                Err("a whole number from -9223372036854775808 to 9223372036854775807")
            }
            _ => Err("a whole number"),
        }
    }

    fn into_value(self) -> Value {
        Value::Number(Number::Integer(self))
    }
}

impl<T: AttrValue> AttrValue for Vec<Attr<T>> {
    fn from_known(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::List(elements) => elements.into_iter().map(Attr::from_value).collect(),
            _ => Err("a list"),
        }
    }

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(Attr::into_value).collect())
    }
}

impl<T: AttrValue> AttrValue for Set<T> {
    fn from_known(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::Set(elements) => {
                elements.into_iter().map(Attr::from_value).collect::<Result<_, _>>().map(Set)
            }
            _ => Err("a set"),
        }
    }

    fn into_value(self) -> Value {
        Value::set(self.0.into_iter().map(Attr::into_value))
    }
}

impl<T: AttrValue> AttrValue for BTreeMap<String, Attr<T>> {
    fn from_known(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::Map(entries) => entries
                .into_iter()
                .map(|(key, value)| Ok((key, Attr::from_value(value)?)))
                .collect(),
            _ => Err("a map"),
        }
    }

    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(key, attr)| (key, attr.into_value())).collect())
    }
}
