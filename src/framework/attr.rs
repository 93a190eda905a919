//! Typed attribute values of a model: known, null or unknown, as one enum. An unset value is never
//! an empty string.

use std::collections::BTreeMap;
use std::fmt;

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

/// The error for a value that a Rust type can't hold. `Display` is worded to follow the name of the
/// attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// Another kind of value was expected. Hosts check this before.
    Kind(&'static str),
    /// The number isn't whole, or too large.
    Number(Number),
    /// Elements that aren't whole, or too large.
    Elements(Vec<Number>),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "must be {kind}"),
            Self::Number(number) => {
                let limit = limit(std::slice::from_ref(number));
                write!(f, "must be a whole number{limit}, but is {}", shortened(number))
            }
            Self::Elements(numbers) => {
                let limit = limit(numbers);
                let numbers: Vec<String> = numbers.iter().map(shortened).collect();
                write!(f, "must have only whole numbers{limit}, but has {}", listed(&numbers))
            }
        }
    }
}

/// Returns the elements as in a sentence, such as `1, 2 and 3`.
#[must_use]
pub fn listed(elements: &[String]) -> String {
    match elements {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        elements => elements.concat(),
    }
}

/// Returns the limit that whole numbers among these exceed.
fn limit(numbers: &[Number]) -> &'static str {
    let is_whole = |number: &Number| !number.to_string().contains('.');
    if numbers.iter().any(is_whole) { " of at most 18 digits" } else { "" }
}

/// Returns the number for a message.
fn shortened(number: &Number) -> String {
    const MAX_CHARS: usize = 40;
    match number.to_string() {
        text if text.len() > MAX_CHARS => format!("{}…", &text[..MAX_CHARS]),
        text => text,
    }
}

/// A Rust type that converts from and to a known [`Value`].
pub trait AttrValue: Sized {
    /// Converts a value that is neither null nor unknown.
    ///
    /// # Errors
    ///
    /// Returns a [`Mismatch`] if the value isn't of this type.
    fn from_known(value: Value) -> Result<Self, Mismatch>;

    /// Converts into a Terraform value.
    fn into_value(self) -> Value;
}

impl<T: AttrValue> Attr<T> {
    /// Converts any value, null and unknown included.
    ///
    /// # Errors
    ///
    /// See [`AttrValue::from_known`].
    pub fn from_value(value: Value) -> Result<Self, Mismatch> {
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
    fn from_known(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Bool(bool) => Ok(bool),
            _ => Err(Mismatch::Kind("a bool")),
        }
    }

    fn into_value(self) -> Value {
        Value::Bool(self)
    }
}

impl AttrValue for String {
    fn from_known(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(Mismatch::Kind("a string")),
        }
    }

    fn into_value(self) -> Value {
        Value::String(self)
    }
}

impl AttrValue for i64 {
    fn from_known(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Number(Number::Integer(integer)) => Ok(integer),
            Value::Number(number) => Err(Mismatch::Number(number)),
            _ => Err(Mismatch::Kind("a number")),
        }
    }

    fn into_value(self) -> Value {
        Value::Number(Number::Integer(self))
    }
}

/// Converts all elements. The error has all numbers that can't be converted.
fn all<T: AttrValue>(elements: Vec<Value>) -> Result<Vec<Attr<T>>, Mismatch> {
    let mut converted = Vec::with_capacity(elements.len());
    let mut numbers = Vec::new();
    for element in elements {
        match Attr::from_value(element) {
            Ok(element) => converted.push(element),
            Err(Mismatch::Number(number)) => numbers.push(number),
            Err(mismatch) => return Err(mismatch),
        }
    }
    if numbers.is_empty() { Ok(converted) } else { Err(Mismatch::Elements(numbers)) }
}

impl<T: AttrValue> AttrValue for Vec<Attr<T>> {
    fn from_known(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::List(elements) => all(elements),
            _ => Err(Mismatch::Kind("a list")),
        }
    }

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(Attr::into_value).collect())
    }
}

impl<T: AttrValue> AttrValue for Set<T> {
    fn from_known(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Set(elements) => all(elements).map(Set),
            _ => Err(Mismatch::Kind("a set")),
        }
    }

    fn into_value(self) -> Value {
        Value::set(self.0.into_iter().map(Attr::into_value))
    }
}

impl<T: AttrValue> AttrValue for BTreeMap<String, Attr<T>> {
    fn from_known(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Map(entries) => entries
                .into_iter()
                .map(|(key, value)| Ok((key, Attr::from_value(value)?)))
                .collect(),
            _ => Err(Mismatch::Kind("a map")),
        }
    }

    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(key, attr)| (key, attr.into_value())).collect())
    }
}
