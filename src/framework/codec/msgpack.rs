//! The MessagePack encoding of values, as Terraform Core uses it.

use std::collections::BTreeMap;

use rmp::Marker;
use rmp::encode as write;

use super::CodecError;
use crate::framework::types::Type;
use crate::framework::value::{Number, Object, Value};

/// The bytes of an unknown value: an extension of type 0. Decoding treats any extension as unknown,
/// because Core also sends refinements of unknown values (type 12), which we don't need.
const UNKNOWN: [u8; 3] = [0xd4, 0x00, 0x00];

/// Decodes a value of type `ty`.
///
/// # Errors
///
/// Fails if the bytes end early, continue after the value, encode a value of another type, or an
/// object with missing or unsupported attributes.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, CodecError> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(ty)?;
    match reader.rest.len() {
        0 => Ok(value),
        extra => Err(CodecError::new(format!("has {extra} bytes after its end"))),
    }
}

/// Encodes a value.
#[must_use]
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    put(&mut bytes, value);
    bytes
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, ty: &Type) -> Result<Value, CodecError> {
        let marker = Marker::from_u8(self.array::<1>()?[0]);
        if marker == Marker::Null {
            return Ok(Value::Null);
        }
        if let Some(length) = self.extension_length(marker)? {
            self.take(length)?;
            return Ok(Value::Unknown);
        }
        match ty {
            Type::Bool => match marker {
                Marker::True => Ok(Value::Bool(true)),
                Marker::False => Ok(Value::Bool(false)),
                other => Err(mismatch("a bool", other)),
            },
            Type::Number => self.number(marker).map(Value::Number),
            Type::String => self.text(marker).map(|text| Value::String(text.to_owned())),
            Type::List(element) => self.elements(marker, element).map(Value::List),
            Type::Set(element) => self.elements(marker, element).map(Value::set),
            Type::Map(element) => self.map(marker, element).map(Value::Map),
            Type::Object(attributes) => self.object(marker, attributes).map(Value::Map),
        }
    }

    fn number(&mut self, marker: Marker) -> Result<Number, CodecError> {
        let integer = match marker {
            Marker::FixPos(small) => i64::from(small),
            Marker::FixNeg(small) => i64::from(small),
            Marker::U8 => i64::from(u8::from_be_bytes(self.array()?)),
            Marker::U16 => i64::from(u16::from_be_bytes(self.array()?)),
            Marker::U32 => i64::from(u32::from_be_bytes(self.array()?)),
            Marker::U64 => {
                let large = u64::from_be_bytes(self.array()?);
                return Ok(i64::try_from(large)
                    .map_or(Number::Decimal(large.to_string()), Number::Integer));
            }
            Marker::I8 => i64::from(i8::from_be_bytes(self.array()?)),
            Marker::I16 => i64::from(i16::from_be_bytes(self.array()?)),
            Marker::I32 => i64::from(i32::from_be_bytes(self.array()?)),
            Marker::I64 => i64::from_be_bytes(self.array()?),
            Marker::F32 => return finite(f64::from(f32::from_be_bytes(self.array()?))),
            Marker::F64 => return finite(f64::from_be_bytes(self.array()?)),
            other => {
                let text = self.text(other).map_err(|_| mismatch("a number", other))?;
                return Number::parse(text).ok_or_else(|| CodecError::new("isn't a number"));
            }
        };
        Ok(Number::Integer(integer))
    }

    fn text(&mut self, marker: Marker) -> Result<&'a str, CodecError> {
        let length = match marker {
            Marker::FixStr(length) => usize::from(length),
            Marker::Str8 => usize::from(u8::from_be_bytes(self.array()?)),
            Marker::Str16 => usize::from(u16::from_be_bytes(self.array()?)),
            Marker::Str32 => self.length32()?,
            other => return Err(mismatch("a string", other)),
        };
        std::str::from_utf8(self.take(length)?).map_err(|_| CodecError::new("isn't UTF-8"))
    }

    fn elements(&mut self, marker: Marker, element: &Type) -> Result<Vec<Value>, CodecError> {
        let length = match marker {
            Marker::FixArray(length) => usize::from(length),
            Marker::Array16 => usize::from(u16::from_be_bytes(self.array()?)),
            Marker::Array32 => self.length32()?,
            other => return Err(mismatch("an array", other)),
        };
        (0..length)
            .map(|index| self.value(element).map_err(|error| error.inside(index.to_string())))
            .collect()
    }

    fn map(&mut self, marker: Marker, element: &Type) -> Result<Object, CodecError> {
        let mut entries = Object::new();
        for _ in 0..self.map_length(marker)? {
            let key = self.key()?;
            let value = self.value(element).map_err(|error| error.inside(key))?;
            entries.insert(key.to_owned(), value);
        }
        Ok(entries)
    }

    fn object(
        &mut self,
        marker: Marker,
        attributes: &BTreeMap<String, Type>,
    ) -> Result<Object, CodecError> {
        let mut object = Object::new();
        for _ in 0..self.map_length(marker)? {
            let name = self.key()?;
            let ty = attributes
                .get(name)
                .ok_or_else(|| CodecError::new(format!("has an unknown attribute {name:?}")))?;
            object.insert(name.to_owned(), self.value(ty).map_err(|error| error.inside(name))?);
        }
        match attributes.keys().find(|name| !object.contains_key(*name)) {
            Some(missing) => {
                Err(CodecError::new(format!("doesn't have the attribute {missing:?}")))
            }
            None => Ok(object),
        }
    }

    fn map_length(&mut self, marker: Marker) -> Result<usize, CodecError> {
        match marker {
            Marker::FixMap(length) => Ok(usize::from(length)),
            Marker::Map16 => Ok(usize::from(u16::from_be_bytes(self.array()?))),
            Marker::Map32 => self.length32(),
            other => Err(mismatch("a map", other)),
        }
    }

    fn key(&mut self) -> Result<&'a str, CodecError> {
        let marker = Marker::from_u8(self.array::<1>()?[0]);
        self.text(marker)
    }

    /// Returns the number of bytes that follow the marker of an extension, its type byte included;
    /// `None` for other markers.
    fn extension_length(&mut self, marker: Marker) -> Result<Option<usize>, CodecError> {
        let payload = match marker {
            Marker::FixExt1 => 1,
            Marker::FixExt2 => 2,
            Marker::FixExt4 => 4,
            Marker::FixExt8 => 8,
            Marker::FixExt16 => 16,
            Marker::Ext8 => usize::from(u8::from_be_bytes(self.array()?)),
            Marker::Ext16 => usize::from(u16::from_be_bytes(self.array()?)),
            Marker::Ext32 => self.length32()?,
            _ => return Ok(None),
        };
        Ok(Some(payload.saturating_add(1)))
    }

    fn length32(&mut self) -> Result<usize, CodecError> {
        let length = u32::from_be_bytes(self.array()?);
        usize::try_from(length).map_err(|_| CodecError::new("doesn't fit into memory"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn finite(float: f64) -> Result<Number, CodecError> {
    Number::from_float(float).ok_or_else(|| CodecError::new("is infinite"))
}

fn ends_early() -> CodecError {
    CodecError::new("ends early")
}

fn mismatch(expected: &str, found: Marker) -> CodecError {
    CodecError::new(format!("must be {expected}, but is {found:?}"))
}

fn put(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => put_infallibly(write::write_nil(bytes)),
        Value::Unknown => bytes.extend(UNKNOWN),
        Value::Bool(bool) => put_infallibly(write::write_bool(bytes, *bool)),
        Value::Number(Number::Integer(integer)) => {
            put_infallibly(write::write_sint(bytes, *integer))
        }
        Value::Number(Number::Decimal(text)) | Value::String(text) => {
            put_infallibly(write::write_str(bytes, text));
        }
        Value::List(elements) | Value::Set(elements) => {
            put_infallibly(write::write_array_len(bytes, length32(elements.len())));
            elements.iter().for_each(|element| put(bytes, element));
        }
        Value::Map(entries) => {
            put_infallibly(write::write_map_len(bytes, length32(entries.len())));
            for (key, value) in entries {
                put_infallibly(write::write_str(bytes, key));
                put(bytes, value);
            }
        }
    }
}

/// Converts a length to the 32 bits of MessagePack. A longer collection wouldn't fit into a message
/// of the protocol either.
fn length32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Ignores the result of a write into a `Vec`, which can't fail.
fn put_infallibly<T, E>(written: Result<T, E>) {
    debug_assert!(written.is_ok());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::strategies::{any_type, typed_value};
    use super::*;

    fn integer(integer: i64) -> Value {
        Value::Number(Number::Integer(integer))
    }

    fn decimal(text: &str) -> Value {
        Value::Number(Number::Decimal(text.into()))
    }

    /// The bytes were recorded from a released version of Core.
    #[test]
    fn encodings_of_core_are_decoded() {
        let cases: &[(&[u8], Type, Value)] = &[
            (&[0xc0], Type::String, Value::Null),
            (&[0xcc, 0xc8], Type::Number, integer(200)),
            (
                &[0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                Type::Number,
                integer(i64::MAX),
            ),
            (&[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], Type::Number, decimal("1.5")),
            (b"\xa30.1", Type::Number, decimal("0.1")),
            (b"\xb39223372036854775808", Type::Number, decimal("9223372036854775808")),
            (&[0xd4, 0, 0], Type::String, Value::Unknown),
            (&[0xc7, 7, 0x0c, 0x82, 1, 0xc2, 2, 0xa2, 0x78, 0x2d], Type::String, Value::Unknown),
            (
                &[0x92, 0xa1, 0x6b, 0xd4, 0, 0],
                Type::set(Type::String),
                Value::set([Value::String("k".into()), Value::Unknown]),
            ),
        ];
        for (bytes, ty, value) in cases {
            assert_eq!(decode(bytes, ty).as_ref(), Ok(value), "{bytes:02x?}");
        }
    }

    #[test]
    fn integers_are_short_and_unknown_is_an_extension() {
        assert_eq!(encode(&integer(200)), [0xcc, 0xc8]);
        assert_eq!(encode(&integer(-1)), [0xff]);
        assert_eq!(encode(&decimal("0.1")), b"\xa30.1");
        assert_eq!(encode(&Value::Unknown), UNKNOWN);
    }

    #[test]
    fn errors_name_the_path() {
        let object = Type::Object(BTreeMap::from([("ids".into(), Type::list(Type::Number))]));
        let error = |bytes: &[u8]| decode(bytes, &object).unwrap_err().to_string();
        assert_eq!(error(b"\x81\xa3ids\x92\x01\xc3"), "`ids.1` must be a number, but is True");
        assert_eq!(error(b"\x81\xa3new\xc0"), "the value has an unknown attribute \"new\"");
        assert_eq!(error(b"\x80"), "the value doesn't have the attribute \"ids\"");
        assert_eq!(error(b"\x81\xa3ids\x92\x01"), "`ids.1` ends early");
        assert_eq!(error(b"\x81\xa3ids\xc0\x00"), "the value has 1 bytes after its end");
        assert_eq!(error(b"\x93"), "the value must be a map, but is FixArray(3)");
    }

    #[test]
    fn excessive_lengths_allocate_no_memory() {
        let huge_array = [0xdd, 0xff, 0xff, 0xff, 0xff];
        assert!(decode(&huge_array, &Type::list(Type::Bool)).is_err());
        let huge_text = [0xdb, 0xff, 0xff, 0xff, 0xff, b'x'];
        assert!(decode(&huge_text, &Type::String).is_err());
        let huge_extension = [0xc9, 0xff, 0xff, 0xff, 0xff, 0];
        assert!(decode(&huge_extension, &Type::String).is_err());
    }

    proptest! {
        #[test]
        fn values_round_trip((ty, value) in typed_value(true)) {
            prop_assert_eq!(decode(&encode(&value), &ty), Ok(value));
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(ty in any_type(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(&bytes, &ty);
        }
    }
}
