//! Removes secrets from reports, which are pasted into public issues.

use serde_json::Value;

/// Text in place of a secret.
const REDACTED: &str = "[REDACTED]";

/// The suffixes of names of secrets.
const SECRETS: [&str; 4] = ["token", "password", "secret", "_key"];

/// The prefixes of GitLab's tokens.
const PREFIXES: [&str; 5] = ["glpat-", "glcbt-", "gldt-", "glrt-", "gloas-"];

/// Returns the text without secrets: values of JSON keys that end as above, and words that begin as
/// GitLab's tokens do.
pub(crate) fn redacted(text: &str) -> String {
    let text = match serde_json::from_str(text) {
        Ok(mut body @ (Value::Object(_) | Value::Array(_))) => {
            redact(&mut body);
            body.to_string()
        }
        _ => text.to_owned(),
    };
    PREFIXES.iter().fold(text, |text, prefix| without_words(&text, prefix))
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if member.is_string() && SECRETS.iter().any(|end| name.ends_with(end)) {
                    *member = Value::from(REDACTED);
                } else {
                    redact(member);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(redact),
        _ => {}
    }
}

/// Replaces each word that begins with a prefix.
fn without_words(text: &str, prefix: &str) -> String {
    let mut pieces = text.split(prefix);
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_of_token =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        result.push_str(REDACTED);
        result.push_str(piece.trim_start_matches(is_of_token));
    }
    result
}
