//! Typed models: structs whose fields are the attributes of a schema.

use super::attr::Mismatch;
use super::diagnostics::{Diagnostic, Errors};
use super::value::Object;

/// A struct with a field for each attribute of a schema. [`model!`](crate::framework::model!)
/// declares one.
pub trait Model: Clone + Send + Sync + 'static {
    /// The attribute names, in the order of the fields.
    const ATTRIBUTES: &'static [&'static str];

    /// Converts from an object. A missing attribute is null.
    ///
    /// # Errors
    ///
    /// Returns an error with an attribute path for each value that its field can't hold.
    fn from_object(object: Object) -> Result<Self, Errors>;

    /// Converts into an object.
    fn into_object(self) -> Object;
}

/// Returns the error for a value that Terraform's type system allows but the field doesn't, such as
/// `1.5` for an ID.
#[doc(hidden)]
#[must_use]
pub fn invalid_value(attribute: &str, mismatch: &Mismatch) -> Diagnostic {
    Diagnostic::new("Invalid attribute value", format!("`{attribute}` {mismatch}.")).at(attribute)
}

/// Returns the attribute name of a field: without `r#`, if the name is a Rust keyword.
#[doc(hidden)]
#[must_use]
pub const fn attribute_name(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// Declares a [`Model`](crate::framework::Model). A field written as `name: T` holds an
/// [`Attr<T>`](crate::framework::Attr).
#[macro_export]
macro_rules! __model {
    ($(#[$outer:meta])* $visibility:vis struct $name:ident { $($(#[$inner:meta])* $field:ident: $ty:ty),+ $(,)? }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
        $visibility struct $name {
            $($(#[$inner])* pub $field: $crate::framework::Attr<$ty>,)+
        }

        impl $crate::framework::Model for $name {
            const ATTRIBUTES: &'static [&'static str] = &[$($crate::framework::attribute_name(stringify!($field))),+];

            fn from_object(
                mut object: $crate::framework::Object,
            ) -> ::std::result::Result<Self, $crate::framework::Errors> {
                let mut invalid = ::std::vec::Vec::new();
                let model = Self {
                    $($field: {
                        let name = $crate::framework::attribute_name(stringify!($field));
                        let value = object.remove(name).unwrap_or($crate::framework::Value::Null);
                        $crate::framework::Attr::from_value(value).unwrap_or_else(|mismatch| {
                            invalid.push($crate::framework::invalid_value(name, &mismatch));
                            $crate::framework::Attr::Null
                        })
                    },)+
                };
                $crate::framework::Errors::check(invalid).map(|()| model)
            }

            fn into_object(self) -> $crate::framework::Object {
                $crate::framework::Object::from([
                    $(($crate::framework::attribute_name(stringify!($field)).to_owned(), self.$field.into_value()),)+
                ])
            }
        }

        impl $crate::framework::AttrValue for $name {
            fn from_known(value: $crate::framework::Value) -> ::std::result::Result<Self, $crate::framework::Mismatch> {
                match value {
                    $crate::framework::Value::Map(object) => {
                        <Self as $crate::framework::Model>::from_object(object).map_err(|_| $crate::framework::Mismatch::Kind("an object of this shape"))
                    }
                    _ => Err($crate::framework::Mismatch::Kind("an object")),
                }
            }

            fn into_value(self) -> $crate::framework::Value {
                $crate::framework::Value::Map(<Self as $crate::framework::Model>::into_object(self))
            }
        }
    };
}
pub use crate::__model as model;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::value::{Number, Value};
    use crate::framework::{Attr, AttributePath, Set};

    model! {
        /// A model with a field of each kind.
        struct Sample {
            name: String,
            id: i64,
            enabled: bool,
            ids: Set<i64>,
        }
    }

    model! {
        /// A model with a field whose name is a keyword.
        struct Keyword {
            r#type: String,
        }
    }

    #[test]
    fn attribute_name_can_be_a_keyword() {
        let keyword = Keyword { r#type: Attr::Known("a".into()) };
        let object = keyword.clone().into_object();
        assert_eq!(object.keys().collect::<Vec<_>>(), ["type"]);
        assert_eq!(
            (Keyword::from_object(object), Keyword::ATTRIBUTES),
            (Ok(keyword), &["type"][..])
        );
    }

    #[test]
    fn model_round_trips() {
        let sample = Sample {
            name: Attr::Known("a".into()),
            id: Attr::Unknown,
            enabled: Attr::Null,
            ids: Attr::Known(Set(vec![Attr::Unknown, Attr::Unknown, Attr::Known(2)])),
        };
        assert_eq!(Sample::from_object(sample.clone().into_object()), Ok(sample));
        assert_eq!(Sample::ATTRIBUTES, ["name", "id", "enabled", "ids"]);
    }

    #[test]
    fn large_number_is_shortened_with_its_limit() {
        let large = |digits: usize| Value::Number(Number::Decimal("9".repeat(digits)));
        let object =
            Object::from([("id".into(), large(20)), ("ids".into(), Value::set([large(300)]))]);
        let errors = Sample::from_object(object).unwrap_err().into_vec();
        let details: Vec<_> = errors.iter().map(|error| error.detail.clone()).collect();
        assert_eq!(
            details,
            [
                "`id` must be a whole number of at most 18 digits, but is 99999999999999999999."
                    .to_owned(),
                format!(
                    "`ids` must have only whole numbers of at most 18 digits, but has {}….",
                    "9".repeat(40)
                ),
            ]
        );
    }

    #[test]
    fn each_invalid_value_is_reported_with_its_path() {
        let decimal = |text: &str| Value::Number(Number::Decimal(text.into()));
        let ids = Value::set([decimal("1.5"), Value::Number(Number::Integer(-1)), decimal("4.25")]);
        let object = Object::from([("id".into(), decimal("1.5")), ("ids".into(), ids)]);
        let errors = Sample::from_object(object).unwrap_err().into_vec();
        let reported: Vec<_> =
            errors.iter().map(|error| (error.detail.as_str(), error.attribute.clone())).collect();
        assert_eq!(
            reported,
            [
                ("`id` must be a whole number, but is 1.5.", Some(AttributePath::attribute("id"))),
                (
                    "`ids` must have only whole numbers, but has 1.5 and 4.25.",
                    Some(AttributePath::attribute("ids"))
                ),
            ]
        );
    }
}
