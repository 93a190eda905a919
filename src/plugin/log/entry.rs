//! One log entry: its fields as they are collected, and the line it becomes. Whatever the fields
//! are, the line is one that a host can read: `@level`, `@message` and `@timestamp` are strings,
//! and it fits the host's buffer. The line for a person is plain text that can't drive the
//! terminal.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::iter;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::field::{Field, Visit};

/// Hosts take exactly six fractional digits; with any other number the line no longer counts as
/// JSON.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// Hosts read standard error in pieces of 64 KiB and cannot parse a line that is longer.
const LINE_LIMIT: usize = 64 * 1024 - 1;

/// The most bytes of text that one field or message may take, before JSON escapes them (sixfold at
/// worst).
pub(super) const TEXT_LIMIT: usize = 8 * 1024;

/// The field that holds an event's text.
const MESSAGE: &str = "message";
/// Marks hclog's own keys, which no field may take.
const RESERVED: char = '@';

/// The fields of an event or span.
#[derive(Debug, Default)]
pub(super) struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    /// Takes over the fields of an enclosing span. Those recorded later win over them.
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
        let mut text = Bounded::default();
        // It stops early when the text is full, or when a foreign `Debug` fails; what is there is
        // still of use.
        let _incomplete = write!(text, "{value:?}").is_err();
        self.insert(field, Value::String(text.finish()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let mut text = Bounded::default();
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

/// Text that stops growing at [`TEXT_LIMIT`] and then says so.
#[derive(Default)]
struct Bounded {
    text: String,
    left_out: usize,
}

impl Bounded {
    fn push(&mut self, more: &str) {
        // Nothing follows a gap.
        let room =
            if self.left_out > 0 { 0 } else { (TEXT_LIMIT - self.text.len()).min(more.len()) };
        let taken = (0..=room).rev().find(|end| more.is_char_boundary(*end)).unwrap_or(0);
        self.text.push_str(&more[..taken]);
        self.left_out += more.len() - taken;
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            self.text.push_str(&format!("… ({} bytes left out)", self.left_out));
        }
        self.text
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        self.push(more);
        Ok(())
    }
}

/// An event with everything that its line says.
pub(super) struct Entry {
    pub(super) level: &'static str,
    pub(super) module: String,
    pub(super) time: OffsetDateTime,
    pub(super) fields: Fields,
}

impl Entry {
    /// The line for a host, with its end.
    pub(super) fn into_line(self) -> String {
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
            print(with_note_on_missing_fields(without_fields))
        }
    }

    /// The line for a person, with its end.
    pub(super) fn into_text(self) -> String {
        let time = self.time.format(TIMESTAMP).unwrap_or_default();
        let level = format!("[{}]", self.level.to_ascii_uppercase());
        let mut line =
            format!("{time} {level:7} {}: {}", self.module, on_one_line(&self.fields.message));
        for (separator, (key, value)) in
            [":"].into_iter().chain(iter::repeat("")).zip(self.fields.others)
        {
            line.push_str(&format!("{separator} {key}={}", readable(&value)));
        }
        line.push('\n');
        line
    }
}

/// Words as they are, and all else as JSON writes it.
fn readable(value: &Value) -> String {
    match value.as_str() {
        Some(word) if !word.is_empty() && !word.contains([' ', '"']) => on_one_line(word),
        _ => on_one_line(&value.to_string()),
    }
}

/// Puts a server's message on one line: it may hold line ends, and codes that a terminal would
/// obey.
fn on_one_line(text: &str) -> String {
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

fn with_note_on_missing_fields(mut line: Map<String, Value>) -> Map<String, Value> {
    line.insert("fields_left_out".to_owned(), true.into());
    line
}

fn print(line: Map<String, Value>) -> String {
    let mut line = Value::Object(line).to_string();
    line.push('\n');
    line
}
