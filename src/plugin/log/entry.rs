//! A log entry and its formats. The JSON line is always valid for a host: `@level`, `@message` and
//! `@timestamp` are strings, and the line fits the host's buffer. The plain line contains no
//! control characters.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::iter;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::field::{Field, Visit};

/// Hosts require exactly six fractional digits; otherwise they don't parse the line as JSON.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// Maximum length of a line. Hosts read standard error in blocks of 64 KiB and can't parse a longer
/// line.
const LINE_LIMIT: usize = 64 * 1024 - 1;

/// Maximum length of a field or message in bytes. JSON escapes make it up to six times longer.
pub(super) const TEXT_LIMIT: usize = 8 * 1024;

/// The field with the text of an event.
const MESSAGE: &str = "message";
/// The prefix of hclog's keys, which is reserved.
const RESERVED: char = '@';

/// The fields of an event or span.
#[derive(Debug, Default)]
pub(super) struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    /// Adds the fields of an enclosing span. Fields that are recorded later override them.
    pub(super) fn inherit(&mut self, span: &Self) {
        self.others.extend(span.others.clone());
    }

    fn insert(&mut self, field: &Field, value: Value) {
        if field.name() == MESSAGE {
            self.message = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
        } else {
            self.others.insert(field.name().trim_start_matches(RESERVED).to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = TruncatedText::default();
        // If a `Debug` implementation fails, the text written so far is still useful.
        let _incomplete = write!(text, "{value:?}").is_err();
        self.insert(field, Value::String(text.finish()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let mut text = TruncatedText::default();
        text.push(value);
        self.insert(field, Value::String(text.finish()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }
}

/// A text that is truncated at [`TEXT_LIMIT`], with a note at its end.
#[derive(Default)]
struct TruncatedText {
    text: String,
    truncated: usize,
}

impl TruncatedText {
    fn push(&mut self, more: &str) {
        // After truncated text, nothing is added.
        let room =
            if self.truncated > 0 { 0 } else { (TEXT_LIMIT - self.text.len()).min(more.len()) };
        let taken = (0..=room).rev().find(|end| more.is_char_boundary(*end)).unwrap_or(0);
        self.text.push_str(&more[..taken]);
        self.truncated += more.len() - taken;
    }

    fn finish(mut self) -> String {
        if self.truncated > 0 {
            self.text.push_str(&format!("… ({} bytes left out)", self.truncated));
        }
        self.text
    }
}

impl fmt::Write for TruncatedText {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        self.push(more);
        Ok(())
    }
}

/// An event with the fields of its spans.
pub(super) struct Entry {
    pub(super) level: &'static str,
    pub(super) module: String,
    pub(super) time: OffsetDateTime,
    pub(super) fields: Fields,
}

impl Entry {
    /// Formats the entry as a line of hclog JSON for a host, with a newline.
    pub(super) fn into_json_line(self) -> String {
        let header = [
            ("@level", Cow::Borrowed(self.level)),
            ("@message", Cow::Owned(self.fields.message)),
            ("@module", Cow::Owned(self.module)),
            ("@timestamp", Cow::Owned(self.time.format(TIMESTAMP).unwrap_or_default())),
        ];
        let mut line = Map::from_iter(
            header.map(|(key, text)| (key.to_owned(), Value::String(text.into_owned()))),
        );
        let without_fields = line.clone();
        line.extend(self.fields.others);
        let line = print(line);
        if line.len() <= LINE_LIMIT {
            line
        } else {
            print(with_missing_fields_note(without_fields))
        }
    }

    /// Formats the entry as a line of text for a person, with a newline.
    pub(super) fn into_plain_line(self) -> String {
        let time = self.time.format(TIMESTAMP).unwrap_or_default();
        let level = format!("[{}]", self.level.to_ascii_uppercase());
        let mut line =
            format!("{time} {level:7} {}: {}", self.module, escape_control(&self.fields.message));
        for (separator, (key, value)) in
            [":"].into_iter().chain(iter::repeat("")).zip(self.fields.others)
        {
            line.push_str(&format!("{separator} {key}={}", plain_value(&value)));
        }
        line.push('\n');
        line
    }
}

/// Formats a single word without quotes, and any other value as JSON.
fn plain_value(value: &Value) -> String {
    match value.as_str() {
        Some(word) if !word.is_empty() && !word.contains([' ', '"']) => escape_control(word),
        _ => escape_control(&value.to_string()),
    }
}

/// Escapes control characters. Messages of a server may contain newlines and terminal escape codes.
fn escape_control(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

fn with_missing_fields_note(mut line: Map<String, Value>) -> Map<String, Value> {
    line.insert("fields_left_out".to_owned(), true.into());
    line
}

fn print(line: Map<String, Value>) -> String {
    let mut line = Value::Object(line).to_string();
    line.push('\n');
    line
}
