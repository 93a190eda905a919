//! Deserializers with limits on lists and texts. Otherwise a response of a few MiB could need
//! hundreds of MiB of memory: `null` has four bytes in JSON, but an element has many more.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

/// Maximum number of elements of a list: 200 entries, and the project itself. A page has 100
/// elements.
pub(super) const MAX_ELEMENTS: usize = 201;

/// Maximum length of a text in bytes. Names and paths in GitLab have up to 255 characters.
const MAX_TEXT_BYTES: usize = 1024;

/// Maximum length of a truncated text in bytes.
const MAX_TRUNCATED_BYTES: usize = 16 * 1024;

/// Deserializes a list of at most [`MAX_ELEMENTS`].
///
/// # Errors
///
/// Fails if the list is longer, or an element can't be deserialized.
pub(in crate::gitlab) fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_seq(List(PhantomData))
}

/// Deserializes a [`list`] or null.
///
/// # Errors
///
/// See [`list`].
pub(in crate::gitlab) fn optional_list<'de, T, D>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_option(Optional(PhantomData))
}

/// Deserializes a [`list`] of [`text`]s or null.
///
/// # Errors
///
/// See [`list`] and [`text`].
pub(in crate::gitlab) fn optional_texts<'de, C, D>(deserializer: D) -> Result<Option<C>, D::Error>
where
    C: FromIterator<String>,
    D: Deserializer<'de>,
{
    let texts = optional_list(deserializer)?;
    Ok(texts.map(|texts| texts.into_iter().map(|Text(text)| text).collect()))
}

/// Deserializes a text of at most [`MAX_TEXT_BYTES`] bytes.
///
/// # Errors
///
/// Fails if the text is longer, or the value isn't a string.
pub(in crate::gitlab) fn text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    deserializer.deserialize_str(Short)
}

/// Deserializes a [`text`] or null.
///
/// # Errors
///
/// See [`text`].
pub(in crate::gitlab) fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::<Text>::deserialize(deserializer)?.map(|Text(text)| text))
}

/// Rejects a text that is too long without copying it.
struct Short;

impl Visitor<'_> for Short {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(E::custom(format_args!("a text has more than {MAX_TEXT_BYTES} bytes")));
        }
        Ok(text.to_owned())
    }
}

/// Deserializes a text of any length, truncated to 16 KiB, such as a message.
///
/// # Errors
///
/// Fails if the value isn't a string.
pub(in crate::gitlab) fn start_of_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    deserializer.deserialize_str(Start)
}

/// Deserializes a [`start_of_text`] or null.
///
/// # Errors
///
/// Fails if the value is neither a string nor null.
pub(in crate::gitlab) fn optional_start_of_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Cut(#[serde(deserialize_with = "start_of_text")] String);
    Ok(Option::<Cut>::deserialize(deserializer)?.map(|Cut(text)| text))
}

struct Start;

impl Visitor<'_> for Start {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        let mut end = text.len().min(MAX_TRUNCATED_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Ok(text[..end].to_owned())
    }
}

#[derive(Deserialize)]
struct Text(#[serde(deserialize_with = "text")] String);

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            if list.len() == MAX_ELEMENTS {
                return Err(A::Error::custom(format_args!(
                    "a list has more than {MAX_ELEMENTS} elements"
                )));
            }
            list.push(element);
        }
        Ok(list)
    }
}

struct Optional<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Optional<T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        list(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, from_value, json};

    use super::*;

    #[derive(Deserialize)]
    struct ApiResponse {
        #[serde(deserialize_with = "list")]
        nodes: Vec<Option<u64>>,
        #[serde(default, deserialize_with = "optional_texts")]
        names: Option<BTreeSet<String>>,
        #[serde(default, deserialize_with = "optional_text")]
        path: Option<String>,
    }

    fn read(response: Value) -> Result<ApiResponse, String> {
        from_value(response).map_err(|error: serde_json::Error| error.to_string())
    }

    #[test]
    fn long_lists_are_rejected() {
        let response =
            read(json!({ "nodes": vec![Value::Null; 201], "names": ["b", "a"] })).unwrap();
        assert_eq!((response.nodes.len(), response.names.unwrap().len()), (201, 2));
        assert_eq!(read(json!({ "nodes": [1], "names": null })).unwrap().names, None);
        let longer = read(json!({ "nodes": vec![Value::Null; 202] })).err();
        assert_eq!(longer.as_deref(), Some("a list has more than 201 elements"));
    }

    #[test]
    fn messages_are_truncated() {
        #[derive(Deserialize)]
        struct Message(#[serde(deserialize_with = "optional_start_of_text")] Option<String>);
        let message = |text: Value| from_value::<Message>(text).unwrap().0;
        assert_eq!(message(json!("ä".repeat(9000))), Some("ä".repeat(8192)));
        assert_eq!(message(json!(format!("x{}", "ä".repeat(9000)))).unwrap().len(), 16 * 1024 - 1);
        assert_eq!(message(json!("short")).as_deref(), Some("short"));
        assert_eq!(message(Value::Null), None);
    }

    #[test]
    fn long_texts_are_rejected() {
        let path = |length| {
            read(json!({ "nodes": [], "path": "x".repeat(length) })).map(|response| response.path)
        };
        assert_eq!(path(1024).unwrap().unwrap().len(), 1024);
        let names = read(json!({ "nodes": [], "names": ["x".repeat(1025)] })).err();
        assert_eq!(names.as_deref(), Some("a text has more than 1024 bytes"));
        assert_eq!(path(1025).unwrap_err(), "a text has more than 1024 bytes");
        assert_eq!(read(json!({ "nodes": [] })).unwrap().path, None);
    }
}
