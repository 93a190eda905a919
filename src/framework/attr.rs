//! Typed values of a model's fields: known, null or unknown as one enum, never an empty string for
//! "not set".

use std::collections::BTreeMap;

use super::value::{Number, Value};

/// The value of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Attr<T> {
    /// Not set.
    #[default]
    Null,
    /// To be known after apply.
    Unknown,
    /// Set.
    Known(T),
}

impl<T> Attr<T> {
    /// The value, where it is known and not null.
    pub fn known(&self) -> Option<&T> {
        match self {
            Attr::Known(value) => Some(value),
            Attr::Null | Attr::Unknown => None,
        }
    }

    /// Returns whether the attribute is known not to be set.
    pub fn is_null(&self) -> bool {
        matches!(self, Attr::Null)
    }

    /// Returns whether the value is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Attr::Unknown)
    }

    /// The known value converted; null and unknown stay what they are.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Attr::Known(value) => Attr::Known(convert(value)),
            Attr::Null => Attr::Null,
            Attr::Unknown => Attr::Unknown,
        }
    }
}

impl<T> From<T> for Attr<T> {
    fn from(value: T) -> Attr<T> {
        Attr::Known(value)
    }
}

/// The elements of a set. Two unknown elements are two, which no `BTreeSet` would keep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Set<T>(pub Vec<Attr<T>>);

/// A Rust type that a known [`Value`] can be read as and written from.
pub trait AttrValue: Sized {
    /// Reads a value that is neither null nor unknown.
    ///
    /// # Errors
    ///
    /// Where the value can't be of this Rust type: what it must be, to follow "must be".
    fn from_known(value: Value) -> Result<Self, &'static str>;

    /// The value as Terraform means it.
    fn into_value(self) -> Value;
}

impl<T: AttrValue> Attr<T> {
    /// Reads any value, null and unknown included.
    ///
    /// # Errors
    ///
    /// As [`AttrValue::from_known`].
    pub fn from_value(value: Value) -> Result<Attr<T>, &'static str> {
        match value {
            Value::Null => Ok(Attr::Null),
            Value::Unknown => Ok(Attr::Unknown),
            known => T::from_known(known).map(Attr::Known),
        }
    }

    /// The value as Terraform means it.
    pub fn into_value(self) -> Value {
        match self {
            Attr::Null => Value::Null,
            Attr::Unknown => Value::Unknown,
            Attr::Known(value) => value.into_value(),
        }
    }
}

impl AttrValue for bool {
    fn from_known(value: Value) -> Result<bool, &'static str> {
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
    fn from_known(value: Value) -> Result<String, &'static str> {
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
    fn from_known(value: Value) -> Result<i64, &'static str> {
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
    fn from_known(value: Value) -> Result<Vec<Attr<T>>, &'static str> {
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
    fn from_known(value: Value) -> Result<Set<T>, &'static str> {
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
    fn from_known(value: Value) -> Result<BTreeMap<String, Attr<T>>, &'static str> {
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
