//! Encodings of values, guided by their type: MessagePack on the wire, JSON in state files.
//! Decoding never panics and needs little more memory than its input: the type limits the depth,
//! the length of the input limits the size.

pub mod json;
pub mod msgpack;

use std::fmt;

/// The error for bytes that don't encode a value of the expected type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecError {
    /// The path to the value, innermost step first.
    location: Vec<String>,
    /// The problem of the value, worded to follow its name.
    problem: String,
}

impl CodecError {
    fn new(problem: impl Into<String>) -> Self {
        Self { location: Vec::new(), problem: problem.into() }
    }

    fn inside(mut self, step: impl Into<String>) -> Self {
        self.location.push(step.into());
        self
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<&str> = self.location.iter().rev().map(String::as_str).collect();
        match steps.as_slice() {
            [] => write!(f, "the value {}", self.problem),
            steps => write!(f, "`{}` {}", steps.join("."), self.problem),
        }
    }
}

impl std::error::Error for CodecError {}

#[cfg(test)]
pub(crate) mod strategies {
    //! Arbitrary types, and arbitrary values of a type, for property tests.

    use proptest::prelude::*;

    use crate::framework::types::Type;
    use crate::framework::value::{Number, Value};

    /// Generates types of moderate depth.
    pub(crate) fn any_type() -> impl Strategy<Value = Type> {
        let leaf = prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String)];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(Type::list),
                inner.clone().prop_map(Type::set),
                inner.clone().prop_map(Type::map),
                prop::collection::btree_map("[a-z_]{1,6}", inner, 0..4).prop_map(Type::Object),
            ]
        })
    }

    /// Generates numbers: integers and decimals.
    pub(crate) fn any_number() -> impl Strategy<Value = Number> {
        prop_oneof![
            any::<i64>().prop_map(Number::Integer),
            "-?[0-9]{1,40}(\\.[0-9]{1,20})?"
                .prop_map(|text| Number::parse(&text).expect("a number's text")),
        ]
    }

    /// Generates values of a type, with nulls, and with unknown values if `unknowns` is set.
    pub(crate) fn value_of(ty: &Type, unknowns: bool) -> BoxedStrategy<Value> {
        let known: BoxedStrategy<Value> = match ty {
            Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
            Type::Number => any_number().prop_map(Value::Number).boxed(),
            Type::String => any::<String>().prop_map(Value::String).boxed(),
            Type::List(element) => prop::collection::vec(value_of(element, unknowns), 0..4)
                .prop_map(Value::List)
                .boxed(),
            Type::Set(element) => prop::collection::vec(value_of(element, unknowns), 0..4)
                .prop_map(Value::set)
                .boxed(),
            Type::Map(element) => {
                prop::collection::btree_map("[a-z]{0,4}", value_of(element, unknowns), 0..4)
                    .prop_map(Value::Map)
                    .boxed()
            }
            Type::Object(attributes) => {
                let attributes: Vec<_> = attributes
                    .iter()
                    .map(|(name, ty)| {
                        value_of(ty, unknowns).prop_map({
                            let name = name.clone();
                            move |value| (name.clone(), value)
                        })
                    })
                    .collect();
                attributes.prop_map(|pairs| Value::Map(pairs.into_iter().collect())).boxed()
            }
        };
        let unknown_weight = u32::from(unknowns);
        prop_oneof![8 => known, 1 => Just(Value::Null), unknown_weight => Just(Value::Unknown)]
            .boxed()
    }

    /// Generates a type and a value of it.
    pub(crate) fn typed_value(unknowns: bool) -> impl Strategy<Value = (Type, Value)> {
        any_type().prop_flat_map(move |ty| {
            let value = value_of(&ty, unknowns);
            (Just(ty), value)
        })
    }
}
