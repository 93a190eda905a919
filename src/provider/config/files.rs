//! The PEM files that the provider block names.

use std::io::{self, Read as _};

use super::ProviderBlock;
use crate::framework::{Attr, Diagnostic};
use crate::gitlab::ConfigError;
use crate::provider::report::quoted;

/// Maximum size of a file, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The start of each section of a PEM file.
const PEM_MARK: &str = "-----BEGIN ";

/// Returns the content of the file in an attribute, if the attribute is set.
pub(super) fn read(
    attribute: &'static str,
    path: &Attr<String>,
) -> Result<Option<String>, Diagnostic> {
    let Some(path) = path.known() else { return Ok(None) };
    // Must not be shown, not even as the source line of the attribute: it may be a private key.
    if path.contains(PEM_MARK) {
        let detail = format!(
            "`{attribute}` has the content of a PEM file, but must be the path of the file."
        );
        return Err(Diagnostic::new("Unreadable file", detail));
    }
    if path.is_empty() {
        let detail =
            format!("`{attribute}` is empty. Remove it, or set it to {}.", expected(attribute));
        return Err(Diagnostic::new("Unreadable file", detail).at(attribute));
    }
    let unreadable = |error: io::Error| {
        let reason = match error.kind() {
            io::ErrorKind::InvalidData => "it isn't a PEM file".to_owned(),
            _ => without_code(&error.to_string()),
        };
        let detail = format!(
            "`{attribute}` is {path:?}, which can't be read: {reason}. Set it to {}.",
            expected(attribute)
        );
        Diagnostic::new("Unreadable file", detail).at(attribute)
    };
    let read = || {
        let mut bytes = Vec::new();
        // Reading a pipe or terminal might never end.
        if !std::fs::metadata(path)?.is_file() {
            let is_directory = std::fs::metadata(path)?.is_dir();
            let kind = if is_directory { "it is a directory" } else { "it isn't a regular file" };
            return Err(io::Error::other(kind));
        }
        let mut start = std::fs::File::open(path)?.take(MAX_FILE_BYTES + 1);
        start.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let detail = format!(
            "`{attribute}` is {path:?}, which is larger than 1 MiB and so isn't a PEM file. \
             Set it to {}.",
            expected(attribute)
        );
        return Err(Diagnostic::new("Unreadable file", detail).at(attribute));
    }
    // Comments can be in any encoding.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if !text.contains(PEM_MARK) && text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(unreadable(io::ErrorKind::InvalidData.into()));
    }
    Ok(Some(text))
}

/// Returns what the file of an attribute must be.
fn expected(attribute: &str) -> &'static str {
    match attribute {
        "cacert_file" => "a PEM file with the certificates to trust",
        "client_cert" => "a PEM file with the client certificate",
        _ => "a PEM file with the unencrypted private key of `client_cert`",
    }
}

/// Returns the system's message without its error code.
fn without_code(message: &str) -> String {
    message.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Returns the error about the whole block, because the attribute may have the key itself.
pub(super) fn incomplete_client_certificate(
    set: &'static str,
    missing: &'static str,
) -> Diagnostic {
    Diagnostic::new(
        "Incomplete client certificate",
        format!("`{set}` is set, but `{missing}` isn't. Set both or neither."),
    )
}

/// Returns the error of a file of the block, if the error is about one.
pub(super) fn unusable(block: &ProviderBlock, error: &ConfigError) -> Option<Diagnostic> {
    let named = |attribute: &str, path: &Attr<String>| {
        let path = path.known().map(|path| quoted(path)).unwrap_or_default();
        format!("`{attribute}` is {path}")
    };
    let certificate = || named("client_cert", &block.client_cert);
    let key = || named("client_key", &block.client_key);
    let (attribute, detail) = match error {
        ConfigError::CaCertificate(reason) => (
            "cacert_file",
            format!(
                "{}, which can't be used: {reason}. Set it to {}.",
                named("cacert_file", &block.cacert_file),
                expected("cacert_file")
            ),
        ),
        ConfigError::ClientCertificate(reason) => (
            "client_cert",
            format!(
                "{}, which can't be used: {reason}. Set it to {}.",
                certificate(),
                expected("client_cert")
            ),
        ),
        ConfigError::ClientKey(reason) => (
            "client_key",
            format!(
                "{}, which can't be used: {reason}. Set it to {}.",
                key(),
                expected("client_key")
            ),
        ),
        ConfigError::ClientKeyPair(reason) => (
            "client_key",
            format!(
                "{}, and {}, which can't be used together: {reason}. Set `client_key` to the file \
                 with the key of this certificate.",
                certificate(),
                key()
            ),
        ),
        _ => return None,
    };
    Some(Diagnostic::new("Invalid provider configuration", detail).at(attribute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_file_is_named_by_attribute_and_path() {
        let path = |path: &str| Attr::Known(path.to_owned());
        let block = ProviderBlock {
            cacert_file: path("ca.pem"),
            client_cert: path("client.pem"),
            client_key: path("client.key"),
            ..ProviderBlock::default()
        };
        let detail = |error| unusable(&block, &error).map(|problem| problem.detail);
        let reason = || "so it is".to_owned();
        for (error, start) in [
            (ConfigError::CaCertificate("so it is"), "`cacert_file` is \"ca.pem\""),
            (ConfigError::ClientCertificate(reason()), "`client_cert` is \"client.pem\""),
            (ConfigError::ClientKey(reason()), "`client_key` is \"client.key\""),
        ] {
            let detail = detail(error).unwrap();
            assert!(
                detail.starts_with(&format!("{start}, which can't be used: so it is. Set it to")),
                "{detail}"
            );
        }
        assert_eq!(
            detail(ConfigError::ClientKeyPair(reason())).unwrap(),
            "`client_cert` is \"client.pem\", and `client_key` is \"client.key\", which can't be \
             used together: so it is. Set `client_key` to the file with the key of this \
             certificate."
        );
        assert_eq!(detail(ConfigError::TokenEmpty), None);
    }

    #[test]
    fn file_content_given_as_a_path_is_not_shown() {
        let content = Attr::Known(format!("{PEM_MARK}PRIVATE KEY-----\nhush\n"));
        let detail = read("client_key", &content).unwrap_err().detail;
        assert!(detail.contains("must be the path") && !detail.contains("hush"), "{detail}");
    }
}
