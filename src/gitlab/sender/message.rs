//! Extracts the message of an error response as a short line of plain text, from GitLab's three
//! JSON formats or the page of a gateway.

use std::borrow::Cow;

use reqwest::StatusCode;
use serde_json::{Map, Value};

/// Maximum length of a line in characters. GitLab's messages are shorter.
const MAX_LINE_CHARS: usize = 300;

/// The key of Rails for errors about a whole record, which is omitted.
const WHOLE_RECORD: &str = "base";

/// The fields with a message: first those of GitLab, then those of gateways.
const MESSAGE_FIELDS: [&str; 6] =
    ["message", "error_description", "error", "Message", "detail", "title"];

/// The message of an error response, and its details. Texts are short lines without control
/// characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorMessage {
    /// The message; `None` if the body has no text.
    pub text: Option<String>,
    /// The error code of an authentication problem, such as `insufficient_scope`.
    pub code: Option<String>,
    /// The scope that the token lacks.
    pub scope: Option<String>,
    /// Whether the message is GitLab's for a missing object, such as `{"message": "404 Project Not
    /// Found"}`. The responses of gateways, and of GitLab for an unknown route, are different.
    pub is_not_found: bool,
    /// Whether the body isn't JSON, which GitLab's API always returns. False for an empty body.
    pub is_not_json: bool,
    /// Whether the message is GitLab's for an unknown route: `{"error": "404 Not Found"}`.
    pub is_unknown_route: bool,
}

/// Extracts the message from a body of any format. `hide` redacts secrets; it gets each text before
/// truncation, because a truncated secret can't be recognized.
pub fn read(body: &[u8], hide: impl Fn(String) -> String) -> ErrorMessage {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(object)) => from_object(&object, hide),
        Ok(other) => ErrorMessage { text: line(&hide(flat(&other))), ..ErrorMessage::default() },
        Err(_) => {
            let text = hide(String::from_utf8_lossy(body).into_owned());
            ErrorMessage {
                text: from_text(&text),
                is_not_json: !body.is_empty(),
                ..ErrorMessage::default()
            }
        }
    }
}

fn from_object(object: &Map<String, Value>, hide: impl Fn(String) -> String) -> ErrorMessage {
    let string = |key: &str| line(&hide(object.get(key)?.as_str()?.to_owned()));
    let message = MESSAGE_FIELDS.into_iter().find_map(|key| object.get(key));
    ErrorMessage {
        text: message.and_then(|message| line(&hide(flat(message)))),
        code: object.get("error_description").and(string("error")),
        scope: string("scope"),
        is_not_found: object.get("message").and_then(Value::as_str).is_some_and(is_not_found),
        is_not_json: false,
        is_unknown_route: object.len() == 1
            && object
                .get("error")
                .and_then(Value::as_str)
                .is_some_and(|error| error == "404 Not Found"),
    }
}

/// Returns whether a message is GitLab's for a missing object, such as `404 Project Not Found`.
fn is_not_found(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    lower.starts_with("404 ") && lower.ends_with("not found")
}

/// Formats a JSON value as text: `{"name": ["is too long", "is taken"]}` becomes `name: is too
/// long, is taken`.
fn flat(value: &Value) -> String {
    let joined = |parts: Vec<String>, by: &str| parts.join(by);
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => joined(items.iter().map(flat).collect(), ", "),
        Value::Object(fields) => {
            joined(fields.iter().map(|(key, value)| field(key, value)).collect(), "; ")
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn field(key: &str, value: &Value) -> String {
    if key == WHOLE_RECORD { flat(value) } else { format!("{key}: {}", flat(value)) }
}

/// Returns the title of a web page, or the first line of other text.
fn from_text(text: &str) -> Option<String> {
    if !text.trim_start().starts_with('<') {
        return text.lines().find_map(line);
    }
    Some(match title(text) {
        Some(title) => format!("a web page titled \"{title}\""),
        None => "a web page without a title".to_owned(),
    })
}

fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    line(&page[start..end])
}

/// Removes the status from the start of a message, as in `404 Project Not Found` or `400 Bad
/// request - …`. Returns `None` if nothing else remains.
pub(super) fn beyond_status(text: &str, status: StatusCode) -> Option<&str> {
    let Some(rest) = text.strip_prefix(status.as_str()) else { return Some(text) };
    let rest = rest.trim_start();
    let reason = status.canonical_reason().unwrap_or_default();
    let detail = match rest.get(..reason.len()) {
        Some(start) if start.eq_ignore_ascii_case(reason) => {
            rest[reason.len()..].trim_start_matches([' ', '-'])
        }
        _ => rest,
    };
    (!detail.is_empty()).then_some(detail)
}

/// Returns what is wrong with JSON of another structure, without the words of the parser.
pub(super) fn of_structure(error: &serde_json::Error) -> String {
    const OF_THE_PARSER: [&str; 7] = [
        "data did not match",
        "duplicate field",
        "invalid length",
        "invalid type",
        "invalid value",
        "unknown field",
        "unknown variant",
    ];
    let text = error.to_string();
    let problem = text.split(" at line ").next().unwrap_or_default();
    match problem.strip_prefix("missing field ") {
        Some(field) => format!("it doesn't have {field}"),
        None if OF_THE_PARSER.iter().any(|start| problem.starts_with(start)) => {
            "its JSON has another structure".to_owned()
        }
        None => problem.to_owned(),
    }
}

/// Turns a text into a line of at most [`MAX_LINE_CHARS`] characters, without characters that are
/// invisible or change the text direction. Returns `None` for a blank text.
pub(super) fn line(text: &str) -> Option<String> {
    line_within(text, MAX_LINE_CHARS)
}

/// Like [`line()`], with another limit.
pub(super) fn line_within(text: &str, longest: usize) -> Option<String> {
    let plain: String = text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect();
    let mut short = plain.split_whitespace().map(cut).collect::<Vec<_>>().join(" ");
    if short.is_empty() {
        return None;
    }
    if let Some((end, _)) = short.char_indices().nth(longest) {
        short.truncate(end);
        short.push('…');
    }
    Some(short)
}

/// Shortens a word that is wider than the messages of hosts. Languages without spaces have no such
/// words.
fn cut(word: &str) -> Cow<'_, str> {
    const MAX_WORD_CHARS: usize = 76;
    match word.is_ascii() && word.len() > MAX_WORD_CHARS {
        true => format!("{}…", &word[..MAX_WORD_CHARS]).into(),
        false => word.into(),
    }
}

/// Returns whether a character is invisible or changes the text direction.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: String) -> String {
        text
    }

    fn text(body: &str) -> Option<String> {
        read(body.as_bytes(), whole).text
    }

    #[test]
    fn all_error_formats_of_gitlab_are_read() {
        for (body, expected) in [
            (r#"{"message":"404 Project Not Found"}"#, "404 Project Not Found"),
            (
                r#"{"message":{"base":["no","never"],"name":["is taken"]}}"#,
                "no, never; name: is taken",
            ),
            (r#"{"message":["one","two"]}"#, "one, two"),
            (r#"{"error":"enabled is missing"}"#, "enabled is missing"),
            (
                r#"{"error":"invalid_token","error_description":"Token is expired."}"#,
                "Token is expired.",
            ),
            (r#"{"message":{"deep":{"er":[1,true,null]}}}"#, "deep: er: 1, true, "),
            (r#""just a string""#, "just a string"),
        ] {
            assert_eq!(text(body).as_deref(), Some(expected.trim()), "{body}");
        }
    }

    #[test]
    fn authentication_error_has_a_code_and_a_scope() {
        let body =
            r#"{"error":"insufficient_scope","error_description":"More needed.","scope":"api"}"#;
        let message = read(body.as_bytes(), whole);
        assert_eq!(message.code.as_deref(), Some("insufficient_scope"));
        assert_eq!(message.scope.as_deref(), Some("api"));
        assert_eq!(read(br#"{"error":"target_group_id is missing"}"#, whole).code, None);
    }

    #[test]
    fn page_of_a_gateway_is_reduced_to_a_line() {
        let page = "<html>\n<head><title>502 Bad\n \
            Gateway</title></head><body><h1>nginx</h1></body></html>";
        assert_eq!(text(page).as_deref(), Some("a web page titled \"502 Bad Gateway\""));
        assert_eq!(text("<html></html>").as_deref(), Some("a web page without a title"));
        assert_eq!(text("\n\nRetry later\nand more\n").as_deref(), Some("Retry later"));
    }

    #[test]
    fn status_is_not_repeated() {
        let beyond = |text, status| beyond_status(text, StatusCode::from_u16(status).unwrap());
        assert_eq!(beyond("404 Project Not Found", 404), Some("Project Not Found"));
        assert_eq!(beyond("400 Bad request - No way.", 400), Some("No way."));
        assert_eq!(beyond("403 Forbidden", 403), None);
        assert_eq!(beyond("401 Unauthorized", 403), Some("401 Unauthorized"));
        assert_eq!(beyond("enabled is missing", 400), Some("enabled is missing"));
    }

    #[test]
    fn secret_is_hidden_anywhere_even_across_lines() {
        let hide = |text: String| text.replace("hush-hush", "[redacted]");
        let padding = "x".repeat(MAX_LINE_CHARS - 4);
        for body in [
            format!(r#"{{"message":"{padding}hush-hush"}}"#),
            format!(r#"{{"message":["{padding}","hush-hush"]}}"#),
            r#"{"error":"hush-hush","error_description":"hush-hush","scope":"hush-hush"}"#
                .to_owned(),
            r#"["\u0068ush-hush"]"#.to_owned(),
            format!("{padding}hush-hush"),
            format!("<title>{padding}hush-hush</title>"),
        ] {
            let ErrorMessage { text, code, scope, .. } = read(body.as_bytes(), hide);
            for found in [text, code, scope].into_iter().flatten() {
                assert!(!found.contains("hush"), "{found} of {body}");
            }
        }
    }

    #[test]
    fn body_without_text_has_no_message() {
        for body in ["", "  \n ", "{}", "null", "[]", r#"{"message":""}"#] {
            assert_eq!(text(body), None, "{body:?}");
        }
    }

    #[test]
    fn long_word_is_cut() {
        let body = format!(r#"{{"message":"It has {} here"}}"#, "x".repeat(300));
        assert_eq!(text(&body), Some(format!("It has {}… here", "x".repeat(76))));
    }

    #[test]
    fn message_is_short_and_has_no_control_characters() {
        let long = text(&format!(r#"{{"message":"{}"}}"#, "ä".repeat(1000))).unwrap();
        assert_eq!(long.chars().count(), MAX_LINE_CHARS + 1);
        assert_eq!(
            text("{\"message\":\"\\u001b[31mred\\u202e\\u061c\\nback\"}").as_deref(),
            Some("[31mred back")
        );
        assert_eq!(
            read(b"\xff\xfe\x00binary", whole).text.as_deref(),
            Some("\u{fffd}\u{fffd} binary")
        );
    }
}
