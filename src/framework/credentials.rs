//! Finds and masks credentials that users paste into a configuration as part of a URL, such as the
//! remote of a Git clone with its access token.

use std::borrow::Cow;

use super::value::{Object, Value};

/// Replaces the credentials in a text.
const MASK: &str = "…";

/// Stands for credentials in advice, and isn't masked.
const PLACEHOLDER: &str = "USER:PASSWORD";

/// Masks the user information and the queries of the URLs in a text, with or without a scheme.
#[must_use]
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut rest = text;
    while let Some((start, masked, end)) = next(rest) {
        clean.push_str(&rest[..start]);
        clean.push_str(&masked);
        rest = &rest[end..];
    }
    if clean.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(clean + rest)
}

/// Returns the first word with credentials: its start, its masked form, and its end.
fn next(text: &str) -> Option<(usize, String, usize)> {
    let mut start = 0;
    loop {
        let word = text[start..].split(ends_word).next()?;
        if let Some(masked) = masked(word) {
            return Some((start, masked, start + word.len()));
        }
        start += word.len();
        start += text[start..].chars().next()?.len_utf8();
    }
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "\"'`<>()[]{},;".contains(c)
}

/// Returns the word without credentials, if it has any.
fn masked(word: &str) -> Option<String> {
    let (scheme, rest) = match word.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), word),
    };
    let is_url = !scheme.is_empty();
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_secret = |user: &str| user != PLACEHOLDER && (is_url || user.contains(':'));
    let user = authority.rsplit_once('@').filter(|(user, _)| is_secret(user));
    let has_query = |query: &str| !query.is_empty() && (is_url || query.contains('='));
    let query = path.split_once('?').filter(|(_, query)| has_query(query));
    if user.is_none() && query.is_none() {
        return None;
    }
    let authority = user.map_or(authority.to_owned(), |(_, host)| format!("{MASK}@{host}"));
    let path = query.map_or(path.to_owned(), |(path, _)| format!("{path}?{MASK}"));
    Some(format!("{scheme}{authority}{path}"))
}

/// Returns whether a configuration contains credentials as part of a string or of a key.
pub(super) fn are_in(config: &Object) -> bool {
    let has = |text: &str| matches!(without_credentials(text), Cow::Owned(_));
    fn any(value: &Value, has: &impl Fn(&str) -> bool) -> bool {
        match value {
            Value::String(text) => has(text),
            Value::List(elements) | Value::Set(elements) => {
                elements.iter().any(|element| any(element, has))
            }
            Value::Map(object) => object.iter().any(|(key, value)| has(key) || any(value, has)),
            Value::Null | Value::Unknown | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    config.values().any(|value| any(value, &has))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_urls_are_masked() {
        for (text, expected) in [
            ("https://oauth2:x@host:1/a/b.git", "https://…@host:1/a/b.git"),
            ("1:project:https://x@host/a/b?t=x", "1:project:https://…@host/a/b?…"),
            ("https://host?t=x", "https://host?…"),
            ("https://host?x", "https://host?…"),
            ("oauth2:x@host/a/b", "…@host/a/b"),
            ("a/b?private_token=x", "a/b?…"),
            ("`projects[\"https://u:p@h/a\"].x` is", "`projects[\"https://…@h/a\"].x` is"),
            ("a https://u:p@h/a, https://u:p@h/b.", "a https://…@h/a, https://…@h/b."),
        ] {
            assert_eq!(without_credentials(text), expected);
        }
    }

    #[test]
    fn other_texts_are_unchanged() {
        for text in [
            "",
            "https://host/a/@b",
            "git@gitlab.com:a/b",
            "a/b@main",
            "Did you mean `a/b`?",
            "What? a = b",
            "https://host/?",
            "1:project:2",
            "`http://USER:PASSWORD@PROXY`",
            "ä…",
        ] {
            assert!(matches!(without_credentials(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn credentials_are_found_in_keys_and_elements() {
        let text = |text: &str| Value::String(text.to_owned());
        let in_key = Value::Map(Object::from([("https://u:p@h/a".to_owned(), Value::Null)]));
        for (value, expected) in [
            (text("https://u:p@h/a"), true),
            (Value::Set(vec![text("a/b"), text("https://u:p@h/a")]), true),
            (in_key, true),
            (Value::List(vec![Value::Unknown, text("a/b")]), false),
        ] {
            assert_eq!(are_in(&Object::from([("a".to_owned(), value)])), expected);
        }
    }
}
