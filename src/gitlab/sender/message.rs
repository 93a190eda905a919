//! Reads the message in the body of an error response, as one short line of plain text: GitLab's
//! three shapes of JSON, and the pages that proxies answer in its place.

use reqwest::StatusCode;
use serde_json::{Map, Value};

/// Longest line that is passed on, in characters: GitLab's own messages are shorter.
const LONGEST: usize = 300;

/// Rails' key for a message about a whole record. It says nothing to a reader.
const WHOLE_RECORD: &str = "base";

/// The fields of a refusal that are for people: those of GitLab, and then those of others.
const SPOKEN: [&str; 6] = ["message", "error_description", "error", "Message", "detail", "title"];

/// The words of a refusal, each a line without control characters of a few hundred characters at
/// most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// One line for a reader; none when the body holds nothing readable.
    pub text: Option<String>,
    /// The machine-readable name of an authentication problem, such as `insufficient_scope`.
    pub code: Option<String>,
    /// The token scope that would have been enough.
    pub scope: Option<String>,
    /// The body says in GitLab's own form that something isn't there: `{"message": "404 Project Not
    /// Found"}` and the like. Gateways answer in other ways, and so does GitLab for an address that
    /// it doesn't have.
    pub is_not_found: bool,
    /// The body is there and isn't JSON, which GitLab's API always answers with.
    pub is_no_json: bool,
    /// The body says in GitLab's own form that it has no such address: `{"error": "404 Not
    /// Found"}`.
    pub is_no_route: bool,
}

/// Reads the body of a refusal, whatever it is: GitLab's JSON, a proxy's web page, or bytes without
/// meaning. `hide` takes out what must not be passed on; it gets each text whole, because a secret
/// that was cut at the end of a line would not be recognised any more.
pub fn read(body: &[u8], hide: impl Fn(String) -> String) -> Words {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(object)) => from_object(&object, hide),
        Ok(other) => Words { text: line(&hide(flat(&other))), ..Words::default() },
        Err(_) => {
            let text = hide(String::from_utf8_lossy(body).into_owned());
            Words { text: from_text(&text), is_no_json: !body.is_empty(), ..Words::default() }
        }
    }
}

fn from_object(object: &Map<String, Value>, hide: impl Fn(String) -> String) -> Words {
    let string = |key: &str| line(&hide(object.get(key)?.as_str()?.to_owned()));
    let spoken = SPOKEN.into_iter().find_map(|key| object.get(key));
    Words {
        text: spoken.and_then(|spoken| line(&hide(flat(spoken)))),
        code: object.get("error_description").and(string("error")),
        scope: string("scope"),
        is_not_found: object.get("message").and_then(Value::as_str).is_some_and(is_not_found),
        is_no_json: false,
        is_no_route: object.len() == 1
            && object
                .get("error")
                .and_then(Value::as_str)
                .is_some_and(|error| error == "404 Not Found"),
    }
}

/// GitLab begins with the status, names what it looked for, and ends with the reason.
fn is_not_found(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    lower.starts_with("404 ") && lower.ends_with("not found")
}

/// `{"name": ["is too long", "is taken"]}` becomes `name: is too long, is taken`.
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

/// A web page is told by its title alone, other text by its first line.
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

/// The words without what the status says already: GitLab begins most refusals with it, as in `404
/// Project Not Found` or `400 Bad request - …`. None where nothing else is said.
pub(super) fn beyond_status(text: &str, status: StatusCode) -> Option<&str> {
    let Some(rest) = text.strip_prefix(status.as_str()) else { return Some(text) };
    let rest = rest.trim_start();
    let reason = status.canonical_reason().unwrap_or_default();
    let said = match rest.get(..reason.len()) {
        Some(start) if start.eq_ignore_ascii_case(reason) => {
            rest[reason.len()..].trim_start_matches([' ', '-'])
        }
        _ => rest,
    };
    (!said.is_empty()).then_some(said)
}

/// One line without control characters, marks that reorder text, or more than [`LONGEST`]
/// characters.
pub(super) fn line(text: &str) -> Option<String> {
    line_within(text, LONGEST)
}

/// As [`line()`], with a limit of the caller's.
pub(super) fn line_within(text: &str, longest: usize) -> Option<String> {
    let plain: String = text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect();
    let mut short = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if short.is_empty() {
        return None;
    }
    if let Some((end, _)) = short.char_indices().nth(longest) {
        short.truncate(end);
        short.push('…');
    }
    Some(short)
}

/// Checks whether a character doesn't show, or moves what is shown.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hides nothing.
    fn whole(text: String) -> String {
        text
    }

    fn text(body: &str) -> Option<String> {
        read(body.as_bytes(), whole).text
    }

    #[test]
    fn each_shape_of_gitlabs_refusals_is_read() {
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
    fn an_authentication_problem_has_a_code_and_a_scope() {
        let body =
            r#"{"error":"insufficient_scope","error_description":"More needed.","scope":"api"}"#;
        let words = read(body.as_bytes(), whole);
        assert_eq!(words.code.as_deref(), Some("insufficient_scope"));
        assert_eq!(words.scope.as_deref(), Some("api"));
        assert_eq!(read(br#"{"error":"target_group_id is missing"}"#, whole).code, None);
    }

    #[test]
    fn a_page_of_a_proxy_is_told_in_a_line() {
        let page = "<html>\n<head><title>502 Bad\n \
            Gateway</title></head><body><h1>nginx</h1></body></html>";
        assert_eq!(text(page).as_deref(), Some("a web page titled \"502 Bad Gateway\""));
        assert_eq!(text("<html></html>").as_deref(), Some("a web page without a title"));
        assert_eq!(text("\n\nRetry later\nand more\n").as_deref(), Some("Retry later"));
    }

    #[test]
    fn what_the_status_says_is_not_said_again() {
        let beyond = |text, status| beyond_status(text, StatusCode::from_u16(status).unwrap());
        assert_eq!(beyond("404 Project Not Found", 404), Some("Project Not Found"));
        assert_eq!(beyond("400 Bad request - No way.", 400), Some("No way."));
        assert_eq!(beyond("403 Forbidden", 403), None);
        assert_eq!(beyond("401 Unauthorized", 403), Some("401 Unauthorized"));
        assert_eq!(beyond("enabled is missing", 400), Some("enabled is missing"));
    }

    #[test]
    fn secret_is_hidden_anywhere_even_across_lines() {
        let hide = |text: String| text.replace("hush-hush", "[hidden]");
        let padding = "x".repeat(LONGEST - 4);
        for body in [
            format!(r#"{{"message":"{padding}hush-hush"}}"#),
            format!(r#"{{"message":["{padding}","hush-hush"]}}"#),
            r#"{"error":"hush-hush","error_description":"hush-hush","scope":"hush-hush"}"#
                .to_owned(),
            r#"["\u0068ush-hush"]"#.to_owned(),
            format!("{padding}hush-hush"),
            format!("<title>{padding}hush-hush</title>"),
        ] {
            let Words { text, code, scope, .. } = read(body.as_bytes(), hide);
            for said in [text, code, scope].into_iter().flatten() {
                assert!(!said.contains("hush"), "{said} of {body}");
            }
        }
    }

    #[test]
    fn nothing_readable_is_no_words() {
        for body in ["", "  \n ", "{}", "null", "[]", r#"{"message":""}"#] {
            assert_eq!(text(body), None, "{body:?}");
        }
    }

    #[test]
    fn words_are_short_and_cannot_move_a_cursor() {
        let long = text(&format!(r#"{{"message":"{}"}}"#, "ä".repeat(1000))).unwrap();
        assert_eq!(long.chars().count(), LONGEST + 1);
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
