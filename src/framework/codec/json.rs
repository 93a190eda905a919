//! The JSON encoding of values, in states and in the few values that a host sends as JSON.

use serde_json::Value as Json;

use super::CodecError;
use crate::framework::types::Type;
use crate::framework::value::{Number, Object, Value};

/// Decodes a value of type `ty`.
///
/// Converts as Core does: between strings and numbers or bools. A missing attribute of an object is
/// null and an unexpected one is ignored, so that a state of another version of the same schema can
/// be decoded.
///
/// # Errors
///
/// Fails if the text isn't valid JSON, is nested too deeply, or doesn't convert to the type.
pub fn decode(text: &[u8], ty: &Type) -> Result<Value, CodecError> {
    let json: Json = serde_json::from_slice(text)
        .map_err(|error| CodecError::new(format!("isn't valid JSON ({error})")))?;
    convert(&json, ty)
}

fn convert(json: &Json, ty: &Type) -> Result<Value, CodecError> {
    match (ty, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Type::Bool, Json::Bool(bool)) => Ok(Value::Bool(*bool)),
        (Type::Bool, Json::String(text)) if text == "true" => Ok(Value::Bool(true)),
        (Type::Bool, Json::String(text)) if text == "false" => Ok(Value::Bool(false)),
        (Type::Number, Json::Number(number)) => number_of(number).map(Value::Number),
        (Type::Number, Json::String(text)) => {
            let number = Number::parse(text).ok_or_else(|| CodecError::new("isn't a number"))?;
            Ok(Value::Number(number))
        }
        (Type::String, Json::String(text)) => Ok(Value::String(text.clone())),
        (Type::String, Json::Bool(bool)) => Ok(Value::String(bool.to_string())),
        (Type::String, Json::Number(number)) => Ok(Value::String(number.to_string())),
        (Type::List(element), Json::Array(elements)) => {
            convert_all(elements, element).map(Value::List)
        }
        (Type::Set(element), Json::Array(elements)) => {
            convert_all(elements, element).map(Value::set)
        }
        (Type::Map(element), Json::Object(entries)) => {
            let convert_entry = |(key, value): (&String, &Json)| {
                let value = convert(value, element).map_err(|error| error.inside(key))?;
                Ok((key.clone(), value))
            };
            entries
                .iter()
                .map(convert_entry)
                .collect::<Result<Object, CodecError>>()
                .map(Value::Map)
        }
        (Type::Object(attributes), Json::Object(entries)) => {
            let convert_attribute = |(name, ty): (&String, &Type)| {
                let value = match entries.get(name) {
                    Some(json) => convert(json, ty).map_err(|error| error.inside(name))?,
                    None => Value::Null,
                };
                Ok((name.clone(), value))
            };
            attributes
                .iter()
                .map(convert_attribute)
                .collect::<Result<Object, CodecError>>()
                .map(Value::Map)
        }
        (expected, _) => {
            Err(CodecError::new(format!("must be {}, but is {}", name_of(expected), kind_of(json))))
        }
    }
}

fn convert_all(elements: &[Json], element: &Type) -> Result<Vec<Value>, CodecError> {
    let convert_element = |(index, json): (usize, &Json)| {
        convert(json, element).map_err(|error| error.inside(index.to_string()))
    };
    elements.iter().enumerate().map(convert_element).collect()
}

fn number_of(number: &serde_json::Number) -> Result<Number, CodecError> {
    let integer = number.as_i64().map(Number::Integer);
    let large = || number.as_u64().map(|large| Number::Decimal(large.to_string()));
    let float = || number.as_f64().and_then(Number::from_float);
    integer.or_else(large).or_else(float).ok_or_else(|| CodecError::new("is infinite"))
}

fn name_of(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "a bool",
        Type::Number => "a number",
        Type::String => "a string",
        Type::List(_) | Type::Set(_) => "an array",
        Type::Map(_) | Type::Object(_) => "an object",
    }
}

fn kind_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::strategies::any_type;
    use super::*;

    fn entry_type() -> Type {
        Type::Object(BTreeMap::from([
            ("project".into(), Type::String),
            ("ids".into(), Type::set(Type::Number)),
            ("enabled".into(), Type::Bool),
        ]))
    }

    #[test]
    fn missing_attributes_are_null_and_extra_ones_are_ignored() {
        let text = br#"{ "project": 42, "enabled": "true", "not_ours": [1, {}] }"#;
        let value = decode(text, &entry_type()).unwrap();
        let expected = Object::from([
            ("project".into(), Value::String("42".into())),
            ("ids".into(), Value::Null),
            ("enabled".into(), Value::Bool(true)),
        ]);
        assert_eq!(value, Value::Map(expected));
    }

    #[test]
    fn large_numbers_stay_exact() {
        assert_eq!(
            decode(b"9007199254740993", &Type::Number),
            Ok(Value::Number(Number::Integer(9_007_199_254_740_993)))
        );
        assert_eq!(
            decode(b"18446744073709551615", &Type::Number),
            Ok(Value::Number(Number::Decimal("18446744073709551615".into())))
        );
    }

    #[test]
    fn errors_name_the_path() {
        let error = |text: &str| decode(text.as_bytes(), &entry_type()).unwrap_err().to_string();
        assert_eq!(error(r#"{"ids":[1,{}]}"#), "`ids.1` must be a number, but is an object");
        assert_eq!(error(r#"{"ids":["one"]}"#), "`ids.0` isn't a number");
        assert_eq!(error("[]"), "the value must be an object, but is an array");
        assert_eq!(
            error("{\"ids\":"),
            "the value isn't valid JSON (EOF while parsing a value at line 1 column 7)"
        );
        assert!(error(&"[".repeat(100_000)).contains("recursion limit exceeded"));
    }

    proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(ty in any_type(), text in "[\\[\\]{}\":,0-9a-z.]{0,48}") {
            let _ = decode(text.as_bytes(), &ty);
        }
    }
}
