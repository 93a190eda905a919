//! Converts values between JSON, which tests write, and msgpack. It doesn't share the provider's
//! codec on purpose.
//!
//! JSON can't express an unknown value, so [`UNKNOWN`] stands for it. Fractions are encoded as
//! floating point, and attributes of type `dynamic` aren't supported.

use rmpv::Value as Packed;
use serde_json::{Map, Number, Value};

use crate::tfplugin6::DynamicValue;

/// Stands for an unknown value in JSON.
pub const UNKNOWN: &str = "(unknown)";

/// Bytes that hosts write for an unknown value: extension type 0 with one zero byte.
const UNKNOWN_EXTENSION: (i8, [u8; 1]) = (0, [0]);

/// The error of bytes that aren't a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

/// Encodes a value as hosts do: always as msgpack, with an explicit null.
#[must_use]
pub fn encode(value: &Value) -> DynamicValue {
    let mut msgpack = Vec::new();
    // Writing to memory can't fail.
    drop(rmpv::encode::write_value(&mut msgpack, &pack(value)));
    DynamicValue { msgpack, json: Vec::new() }
}

/// Decodes a value as hosts do: a missing or empty one is null.
///
/// # Errors
///
/// Fails if the bytes aren't exactly one value.
pub fn decode(value: Option<&DynamicValue>) -> Result<Value, Malformed> {
    match value {
        Some(DynamicValue { msgpack, .. }) if !msgpack.is_empty() => {
            let mut rest = msgpack.as_slice();
            let packed = rmpv::decode::read_value(&mut rest)
                .map_err(|error| Malformed(error.to_string()))?;
            if rest.is_empty() {
                unpack(packed)
            } else {
                Err(Malformed("more than one value".to_owned()))
            }
        }
        Some(DynamicValue { json, .. }) if !json.is_empty() => {
            serde_json::from_slice(json).map_err(|error| Malformed(error.to_string()))
        }
        _ => Ok(Value::Null),
    }
}

fn pack(value: &Value) -> Packed {
    match value {
        Value::Null => Packed::Nil,
        Value::Bool(value) => Packed::Boolean(*value),
        Value::Number(number) => pack_number(number),
        Value::String(text) if text == UNKNOWN => {
            let (kind, data) = UNKNOWN_EXTENSION;
            Packed::Ext(kind, data.to_vec())
        }
        Value::String(text) => Packed::from(text.as_str()),
        Value::Array(elements) => Packed::Array(elements.iter().map(pack).collect()),
        Value::Object(attributes) => Packed::Map(
            attributes
                .iter()
                .map(|(name, value)| (Packed::from(name.as_str()), pack(value)))
                .collect(),
        ),
    }
}

fn pack_number(number: &Number) -> Packed {
    if let Some(whole) = number.as_u64() {
        Packed::from(whole)
    } else if let Some(negative) = number.as_i64() {
        Packed::from(negative)
    } else {
        Packed::from(number.as_f64().unwrap_or_default())
    }
}

fn unpack(value: Packed) -> Result<Value, Malformed> {
    Ok(match value {
        Packed::Nil => Value::Null,
        Packed::Boolean(value) => Value::Bool(value),
        Packed::Integer(number) => number
            .as_u64()
            .map(Number::from)
            .or_else(|| number.as_i64().map(Number::from))
            .map_or(Value::Null, Value::Number),
        Packed::F32(number) => Number::from_f64(number.into()).map_or(Value::Null, Value::Number),
        Packed::F64(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        Packed::String(text) => Value::String(
            text.into_str().ok_or_else(|| Malformed("text that is not UTF-8".to_owned()))?,
        ),
        Packed::Binary(_) => return Err(Malformed("bytes, which no type has".to_owned())),
        Packed::Array(elements) => {
            Value::Array(elements.into_iter().map(unpack).collect::<Result<_, _>>()?)
        }
        Packed::Map(attributes) => Value::Object(unpack_map(attributes)?),
        Packed::Ext(..) => Value::String(UNKNOWN.to_owned()),
    })
}

fn unpack_map(attributes: Vec<(Packed, Packed)>) -> Result<Map<String, Value>, Malformed> {
    attributes
        .into_iter()
        .map(|(name, value)| match unpack(name)? {
            Value::String(name) => Ok((name, unpack(value)?)),
            other => Err(Malformed(format!("{other} as the name of an attribute"))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_encoded_as_hosts_encode_them() {
        for (value, bytes) in [
            (json!(null), &[0xc0][..]),
            (json!(200), &[0xcc, 0xc8]),
            (json!(-1), &[0xff]),
            (json!(1.5), &[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]),
            (json!(UNKNOWN), &[0xd4, 0, 0]),
            (
                json!({"b": "x", "a": [true]}),
                &[0x82, 0xa1, b'a', 0x91, 0xc3, 0xa1, b'b', 0xa1, b'x'],
            ),
        ] {
            assert_eq!(encode(&value).msgpack, bytes, "{value}");
            assert_eq!(decode(Some(&encode(&value))), Ok(value));
        }
    }

    #[test]
    fn refined_unknown_is_unknown() {
        let refined = vec![0xc7, 0x07, 0x0c, 0x82, 0x01, 0xc2, 0x02, 0xa2, 0x78, 0x2d];
        assert_eq!(
            decode(Some(&DynamicValue { msgpack: refined, json: Vec::new() })),
            Ok(json!(UNKNOWN))
        );
    }

    #[test]
    fn missing_value_is_null_and_json_is_decoded() {
        assert_eq!(decode(None), Ok(Value::Null));
        assert_eq!(decode(Some(&DynamicValue::default())), Ok(Value::Null));
        assert_eq!(
            decode(Some(&DynamicValue { msgpack: Vec::new(), json: b"{\"a\":1}".to_vec() })),
            Ok(json!({"a": 1}))
        );
    }

    #[test]
    fn anything_but_a_single_value_is_rejected() {
        for bytes in [&[0xc0, 0xc0][..], &[0x92, 0xc0], &[0xc4, 0x01, 0x00], &[0xa1, 0xff]] {
            assert!(
                decode(Some(&DynamicValue { msgpack: bytes.to_vec(), json: Vec::new() })).is_err()
            );
        }
    }
}
