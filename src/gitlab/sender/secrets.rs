//! The secrets of a connection, and hiding them in whatever the other side repeats: a proxy may show a request as it came, in
//! another case, percent-encoded or in base64.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use secrecy::{ExposeSecret, SecretString};

use super::config::Config;
use super::proxy::Proxy;

/// Shorter values are not searched for: they would hit by chance.
const SHORTEST: usize = 4;

/// The replacement of a secret.
const HIDDEN: &str = "[hidden]";

/// The secrets in all forms that are searched for, the longest first: a secret that is a part of another must not leave the
/// rest of it.
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    /// Returns the secrets of a configuration, those for its proxy included.
    pub(super) fn of(config: &Config) -> Self {
        let proxy = config.proxy.iter().flat_map(Proxy::secrets);
        let headers = config.headers.values().map(|value| value.expose_secret().to_owned());
        let token = config.token.expose_secret().to_owned();
        Self::hiding(headers.flat_map(with_credentials).chain([token]).chain(proxy))
    }

    fn hiding(values: impl Iterator<Item = String>) -> Self {
        let values = values.filter(|value| value.len() >= SHORTEST);
        let mut forms: Vec<String> = values.flat_map(|value| forms(&value)).collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self(forms.into_iter().map(SecretString::from).collect())
    }

    /// Returns the text without any of the secrets.
    pub(super) fn hidden_in(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| without(text, secret.expose_secret()))
    }
}

/// Returns a header's value, and the credentials in one such as `Basic dXNlcjpwYXNz`.
fn with_credentials(value: String) -> Vec<String> {
    let credentials = value.split_once(' ').map(|(_, credentials)| credentials.trim().to_owned());
    let decoded = credentials.as_deref().and_then(|encoded| {
        let decoded = STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        decoded.split_once(':').map(|(_, password)| password.to_owned())
    });
    [Some(value), credentials, decoded].into_iter().flatten().collect()
}

/// Returns the forms in which a secret may come back.
fn forms(secret: &str) -> Vec<String> {
    let percent_encoded = percent_encode(secret.as_bytes(), NON_ALPHANUMERIC).to_string();
    let mut forms = vec![secret.to_owned(), percent_encoded];
    // In base64, what stands before the secret decides by its length which characters the secret becomes; the outermost
    // ones share bits with the neighbours and are left out.
    for before in 0..3_usize {
        let padded = [vec![0; before], secret.as_bytes().to_vec()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let end = encoded.len() - usize::from(padded.len() % 3 != 0);
            let start = if before == 0 { 0 } else { before + 1 };
            forms
                .extend(encoded.get(start..end).filter(|form| form.len() >= SHORTEST * 2).map(str::to_owned));
        }
    }
    forms
}

/// Replaces a secret in any case of its letters.
fn without(text: String, secret: &str) -> String {
    let (lower, needle) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    if !lower.contains(&needle) {
        return text;
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = 0;
    // The case of ASCII letters alone is folded, so that both texts have the same places.
    for (at, _) in lower.match_indices(&needle) {
        clean.push_str(&text[rest..at]);
        clean.push_str(HIDDEN);
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
        Secrets::hiding([TOKEN.to_owned()].into_iter()).hidden_in(text.to_owned())
    }

    #[test]
    fn a_token_is_hidden_in_every_form() {
        let upper = TOKEN.to_ascii_uppercase();
        let percent_encoded = percent_encode(TOKEN.as_bytes(), NON_ALPHANUMERIC).to_string();
        for form in [TOKEN, &upper, &percent_encoded, &percent_encoded.to_ascii_lowercase()] {
            assert_eq!(hidden(&format!("<{form}>")), "<[hidden]>", "{form}");
        }
    }

    #[test]
    fn a_token_is_hidden_in_base64_whatever_stands_beside_it() {
        for before in ["", "u", "us", "user:", "oauth2:"] {
            for after in ["", ":", ":x", "and more"] {
                let encoded = STANDARD.encode(format!("{before}{TOKEN}{after}"));
                let shown = hidden(&encoded);
                assert!(shown.contains(HIDDEN), "{before}{TOKEN}{after}: {encoded}");
                assert!(shown.len() < encoded.len() - 16, "{shown} of {encoded}");
            }
        }
    }

    #[test]
    fn credentials_of_headers_are_secrets() {
        let basic = format!("Basic {}", STANDARD.encode("user:pass-word"));
        assert_eq!(with_credentials(basic.clone())[1..], [basic[6..].to_owned(), "pass-word".to_owned()]);
        assert_eq!(with_credentials("plain".to_owned()), ["plain"]);
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in ["", "nothing secret", "ÄÖÜ GLPAT", "glpat-Hush"] {
            assert_eq!(hidden(text), text);
        }
    }
}
