//! Redacts the secrets of a configuration in texts of servers: a gateway may repeat a request in
//! another case, in Base64, in hexadecimal, with escapes, or with line breaks.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use secrecy::{ExposeSecret, SecretString};

use super::config::Config;
use super::message::is_unprintable;
use super::proxy::Proxy;

/// Minimum length of a secret. Shorter values would match by chance.
const MIN_LENGTH: usize = 4;

/// Minimum length of a secret to search for in escaped or wrapped text, and of a part of a header
/// value.
const MIN_PART_LENGTH: usize = 8;

/// The replacement for a secret. Some programs that print messages take `[hidden]` and other words
/// in brackets for text formats, and omit them.
const REDACTED: &str = "[redacted]";

/// The secrets in all encodings, the longest first, so that a secret inside another one doesn't
/// leave a part of it.
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    /// Collects the secrets of a configuration, including those of its proxy.
    pub(super) fn of(config: &Config) -> Self {
        let proxy = config.proxy.iter().flat_map(Proxy::secrets);
        let headers = config.headers.values().map(|value| value.expose_secret().to_owned());
        let token = config.token.iter().map(|token| token.expose_secret().to_owned());
        Self::redacting(headers.flat_map(with_credentials).chain(token).chain(proxy))
    }

    fn redacting(values: impl Iterator<Item = String>) -> Self {
        let values = values.filter(|value| value.len() >= MIN_LENGTH);
        let mut forms: Vec<String> = values.flat_map(|value| forms(&value)).collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self(forms.into_iter().map(SecretString::from).collect())
    }

    /// Redacts the secrets in a text.
    pub(super) fn redact(&self, text: String) -> String {
        let hidden = self.0.iter().fold(text, |text, secret| without(text, secret.expose_secret()));
        let decoded = Decoded::of(&hidden);
        if decoded.is_plain { hidden } else { decoded.without(hidden.as_str(), &self.0) }
    }
}

/// Returns a header value, the credentials in values such as `Basic dXNlcjpwYXNz`, and the values
/// of cookies.
fn with_credentials(value: String) -> Vec<String> {
    let credentials = value.split_once(' ').map(|(_, credentials)| credentials.trim().to_owned());
    let cookies =
        value.split(';').filter_map(|cookie| Some(cookie.split_once('=')?.1.trim().to_owned()));
    let cookies: Vec<String> = cookies.filter(|value| value.len() >= MIN_PART_LENGTH).collect();
    let decoded = credentials.as_deref().and_then(|encoded| {
        let decoded = STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        decoded.split_once(':').map(|(_, password)| password.to_owned())
    });
    [Some(value), credentials, decoded].into_iter().flatten().chain(cookies).collect()
}

/// Returns the encodings in which a server may repeat a secret.
fn forms(secret: &str) -> Vec<String> {
    let percent_encoded = percent_encode(secret.as_bytes(), NON_ALPHANUMERIC).to_string();
    let hexadecimal =
        |by: &str| secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(by);
    let mut forms = vec![secret.to_owned(), percent_encoded, hexadecimal(""), hexadecimal(":")];
    // In Base64, the encoding depends on the length of the preceding text modulo 3. The outermost
    // characters share bits with their neighbors and are omitted.
    for before in 0..3_usize {
        let padded = [vec![0; before], secret.as_bytes().to_vec()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let end = encoded.len() - usize::from(padded.len() % 3 != 0);
            let start = if before == 0 { 0 } else { before + 1 };
            forms.extend(
                encoded
                    .get(start..end)
                    .filter(|form| form.len() >= MIN_LENGTH * 2)
                    .map(str::to_owned),
            );
        }
    }
    forms
}

/// A text with its escapes decoded, without whitespace and invisible characters.
struct Decoded {
    /// The characters in lower case, with their ranges in the text.
    chars: Vec<(char, std::ops::Range<usize>)>,
    /// Whether the text had nothing to decode or omit.
    is_plain: bool,
}

impl Decoded {
    fn of(text: &str) -> Self {
        let (mut chars, mut is_plain, mut at) = (Vec::new(), true, 0);
        while let Some(first) = text[at..].chars().next() {
            let (decoded, length) = unescaped(&text[at..]).unwrap_or((first, first.len_utf8()));
            is_plain &= length == first.len_utf8();
            if decoded.is_whitespace() || is_unprintable(decoded) {
                is_plain = false;
            } else {
                chars.push((decoded.to_ascii_lowercase(), at..at + length));
            }
            at += length;
        }
        Self { chars, is_plain }
    }

    /// Redacts the secrets that the decoded text contains.
    fn without(&self, text: &str, secrets: &[SecretString]) -> String {
        let mut hidden: Vec<std::ops::Range<usize>> = Vec::new();
        for secret in
            secrets.iter().filter(|secret| secret.expose_secret().len() >= MIN_PART_LENGTH)
        {
            let needle: Vec<char> =
                Self::of(secret.expose_secret()).chars.into_iter().map(|(char, _)| char).collect();
            let spells = |window: &[(char, _)]| window.iter().map(|(char, _)| char).eq(&needle);
            for window in self.chars.windows(needle.len().max(1)).filter(|window| spells(window)) {
                if let [(_, first), .., (_, last)] = window {
                    hidden.push(first.start..last.end);
                }
            }
        }
        hidden.sort_by_key(|range| range.start);
        let (mut clean, mut rest) = (String::with_capacity(text.len()), 0);
        for range in hidden {
            if range.start >= rest {
                clean.push_str(&text[rest..range.start]);
                clean.push_str(REDACTED);
            }
            rest = rest.max(range.end);
        }
        clean.push_str(&text[rest..]);
        clean
    }
}

/// Decodes an escape of URLs, JSON or HTML at the start of a text. Returns the character, and the
/// length of the escape in bytes.
fn unescaped(text: &str) -> Option<(char, usize)> {
    let hexadecimal = |start: usize, digits: usize| {
        let code = u32::from_str_radix(text.get(start..start + digits)?, 16).ok()?;
        Some((char::from_u32(code)?, start + digits))
    };
    match text.as_bytes() {
        [b'%', ..] => hexadecimal(1, 2),
        [b'\\', b'u', ..] => hexadecimal(2, 4),
        [b'\\', b'x', ..] => hexadecimal(2, 2),
        [b'&', b'#', ..] => {
            let end = text.bytes().take(12).position(|byte| byte == b';')?;
            let digits = &text[2..end];
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => digits.parse().ok()?,
            };
            Some((char::from_u32(code)?, end + 1))
        }
        _ => None,
    }
}

/// Redacts a secret, ignoring case.
fn without(text: String, secret: &str) -> String {
    let (lower, needle) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    if !lower.contains(&needle) {
        return text;
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = 0;
    // Only ASCII letters are folded, so that positions are the same in both texts.
    for (at, _) in lower.match_indices(&needle) {
        clean.push_str(&text[rest..at]);
        clean.push_str(REDACTED);
        rest = at + needle.len();
    }
    clean.push_str(&text[rest..]);
    clean
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const TOKEN: &str = "glpat-Hush_Hush?20=chars";

    fn hidden(text: &str) -> String {
        Secrets::redacting([TOKEN.to_owned()].into_iter()).redact(text.to_owned())
    }

    #[test]
    fn token_is_redacted_in_every_encoding() {
        let upper = TOKEN.to_ascii_uppercase();
        let percent_encoded = percent_encode(TOKEN.as_bytes(), NON_ALPHANUMERIC).to_string();
        for form in [TOKEN, &upper, &percent_encoded, &percent_encoded.to_ascii_lowercase()] {
            assert_eq!(hidden(&format!("<{form}>")), "<[redacted]>", "{form}");
        }
    }

    #[test]
    fn token_is_redacted_in_base64_of_a_longer_text() {
        for before in ["", "u", "us", "user:", "oauth2:"] {
            for after in ["", ":", ":x", "and more"] {
                let encoded = STANDARD.encode(format!("{before}{TOKEN}{after}"));
                let shown = hidden(&encoded);
                assert!(shown.contains(REDACTED), "{before}{TOKEN}{after}: {encoded}");
                assert!(shown.len() < encoded.len() - 16, "{shown} of {encoded}");
            }
        }
    }

    #[test]
    fn token_is_redacted_in_escaped_and_wrapped_text() {
        let each = |spelled: fn(u8) -> String| TOKEN.bytes().map(spelled).collect::<String>();
        let wrapped = STANDARD.encode(TOKEN).chars().collect::<Vec<_>>();
        let wrapped: Vec<String> = wrapped.chunks(10).map(|line| line.iter().collect()).collect();
        for form in [
            each(|byte| format!("%{byte:02X}")),
            each(|byte| format!("\\u{byte:04x}")),
            each(|byte| format!("\\x{byte:02x}")),
            each(|byte| format!("&#{byte};")),
            each(|byte| format!("&#x{byte:x};")),
            each(|byte| format!("{byte:02x}")),
            each(|byte| format!("{byte:02X}")),
            each(|byte| format!("{byte:02x}:")),
            each(|byte| format!("{}\u{ad}", char::from(byte))),
            each(|byte| format!("{}\r\n", char::from(byte))),
            wrapped.join("\n"),
        ] {
            let shown = hidden(&format!("<{form}>"));
            assert!(shown.starts_with("<[redacted]") && shown.len() < 16, "{shown}");
        }
    }

    #[test]
    fn credentials_of_headers_are_secrets() {
        let basic = format!("Basic {}", STANDARD.encode("user:pass-word"));
        assert_eq!(
            with_credentials(basic.clone())[1..],
            [basic[6..].to_owned(), "pass-word".to_owned()]
        );
        assert_eq!(with_credentials("plain".to_owned()), ["plain"]);
        let cookie = with_credentials("_sso=top-secret; lang=en".to_owned());
        assert!(
            cookie.contains(&"top-secret".to_owned()) && !cookie.contains(&"en".to_owned()),
            "{cookie:?}"
        );
    }

    #[test]
    fn other_text_is_unchanged() {
        for text in [
            "",
            "nothing secret",
            "ÄÖÜ GLPAT",
            "glpat-Hush",
            "100 %",
            "&#9999999999;",
            "\\u",
            "%ü&#;",
        ] {
            assert_eq!(hidden(text), text);
        }
    }
}
