//! Lists and texts of an answer, read up to a bound. An answer of a few MiB could otherwise take
//! hundreds of MiB of memory, since `null` has four bytes in JSON and the element that it stands
//! for has many.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

/// The most elements that a list is read with: 200 entries, and the project itself. Pages have 100
/// elements.
pub(super) const MOST_ELEMENTS: usize = 201;

/// The longest text that is kept, in bytes. GitLab's names and paths have up to 255 characters.
const LONGEST_TEXT: usize = 1024;

const LONGEST_START: usize = 16 * 1024;

/// Reads a list of at most [`MOST_ELEMENTS`].
///
/// # Errors
/// For a longer list, and for what the elements can't be read from.
pub(in crate::gitlab) fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_seq(List(PhantomData))
}

/// Reads a list as [`list`] does, or null.
///
/// # Errors
/// As [`list`].
pub(in crate::gitlab) fn optional_list<'de, T, D>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_option(Optional(PhantomData))
}

/// Reads a list of texts as [`list`] and [`text`] do, or null.
///
/// # Errors
/// As [`list`] and [`text`].
pub(in crate::gitlab) fn optional_texts<'de, C, D>(deserializer: D) -> Result<Option<C>, D::Error>
where
    C: FromIterator<String>,
    D: Deserializer<'de>,
{
    let texts = optional_list(deserializer)?;
    Ok(texts.map(|texts| texts.into_iter().map(|Text(text)| text).collect()))
}

/// Reads a text of at most [`LONGEST_TEXT`].
///
/// # Errors
/// For a longer text, and for what isn't text.
pub(in crate::gitlab) fn text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    deserializer.deserialize_str(Short)
}

/// Reads a text as [`text`] does, or null.
///
/// # Errors
/// As [`text`].
pub(in crate::gitlab) fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::<Text>::deserialize(deserializer)?.map(|Text(text)| text))
}

/// Copies nothing of a text that is too long.
struct Short;

impl Visitor<'_> for Short {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        if text.len() > LONGEST_TEXT {
            return Err(E::custom(format_args!("a text has more than {LONGEST_TEXT} bytes")));
        }
        Ok(text.to_owned())
    }
}

/// Reads the beginning of a text, up to 16 KiB: what a person is told of a text of any length.
///
/// # Errors
/// For what isn't text.
pub(in crate::gitlab) fn start_of_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    deserializer.deserialize_str(Start)
}

/// Reads the beginning of a text as [`start_of_text`] does, or null.
///
/// # Errors
/// For what isn't text or null.
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
        let mut end = text.len().min(LONGEST_START);
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
            if list.len() == MOST_ELEMENTS {
                return Err(A::Error::custom(format_args!(
                    "a list has more than {MOST_ELEMENTS} elements"
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
    struct Answer {
        #[serde(deserialize_with = "list")]
        nodes: Vec<Option<u64>>,
        #[serde(default, deserialize_with = "optional_texts")]
        names: Option<BTreeSet<String>>,
        #[serde(default, deserialize_with = "optional_text")]
        path: Option<String>,
    }

    fn read(answer: Value) -> Result<Answer, String> {
        from_value(answer).map_err(|error: serde_json::Error| error.to_string())
    }

    #[test]
    fn lists_are_read_up_to_their_bound() {
        let answer = read(json!({ "nodes": vec![Value::Null; 201], "names": ["b", "a"] })).unwrap();
        assert_eq!((answer.nodes.len(), answer.names.unwrap().len()), (201, 2));
        assert_eq!(read(json!({ "nodes": [1], "names": null })).unwrap().names, None);
        let longer = read(json!({ "nodes": vec![Value::Null; 202] })).err();
        assert_eq!(longer.as_deref(), Some("a list has more than 201 elements"));
    }

    #[test]
    fn a_message_is_cut() {
        #[derive(Deserialize)]
        struct Told(#[serde(deserialize_with = "optional_start_of_text")] Option<String>);
        let told = |text: Value| from_value::<Told>(text).unwrap().0;
        assert_eq!(told(json!("ä".repeat(9000))), Some("ä".repeat(8192)));
        assert_eq!(told(json!(format!("x{}", "ä".repeat(9000)))).unwrap().len(), 16 * 1024 - 1);
        assert_eq!(told(json!("short")).as_deref(), Some("short"));
        assert_eq!(told(Value::Null), None);
    }

    #[test]
    fn texts_are_read_up_to_their_bound() {
        let path = |length| {
            read(json!({ "nodes": [], "path": "x".repeat(length) })).map(|answer| answer.path)
        };
        assert_eq!(path(1024).unwrap().unwrap().len(), 1024);
        let names = read(json!({ "nodes": [], "names": ["x".repeat(1025)] })).err();
        assert_eq!(names.as_deref(), Some("a text has more than 1024 bytes"));
        assert_eq!(path(1025).unwrap_err(), "a text has more than 1024 bytes");
        assert_eq!(read(json!({ "nodes": [] })).unwrap().path, None);
    }
}
