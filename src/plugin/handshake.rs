//! The go-plugin handshake: the line on standard output with the address to connect to, or the
//! reason if the start fails.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::PROTOCOL_VERSION;

/// The version of the handshake format. There is only one.
const CORE_VERSION: u32 = 1;

/// Maximum number of characters of a reason. It may contain values of environment variables, and
/// hosts don't read lines of 64 KiB.
const MAX_REASON_CHARS: usize = 1000;

/// The address of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// The path of a Unix socket, checked by [`is_valid_in_handshake`].
    #[cfg(unix)]
    Unix(PathBuf),
    /// A loopback address.
    Tcp(SocketAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix|{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp|{address}"),
        }
    }
}

/// Returns whether the handshake can contain the path: it must be Unicode, without separators and
/// line breaks.
#[cfg(unix)]
pub(super) fn is_valid_in_handshake(path: &Path) -> bool {
    path.to_str().is_some_and(|text| !text.contains(['|', '\n', '\r']))
}

/// The handshake line. `Display` writes it without a newline.
#[derive(Debug)]
pub(super) struct Handshake<'a> {
    /// The address to connect to. The listener must already accept connections.
    pub(super) address: &'a Address,
    /// The server certificate that the host should trust; `None` without TLS.
    pub(super) certificate: Option<&'a CertificateDer<'static>>,
    /// Whether to state that multiplexing isn't supported, if the host requested it.
    pub(super) reports_multiplexing: bool,
}

impl fmt::Display for Handshake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hosts reject padding and the URL-safe alphabet.
        let certificate =
            self.certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
        write!(f, "{CORE_VERSION}|{PROTOCOL_VERSION}|{}|grpc|{certificate}", self.address)?;
        if self.reports_multiplexing { f.write_str("|false") } else { Ok(()) }
    }
}

/// Writes the reason of a failed start of `program` instead of the handshake. Hosts include an
/// unexpected line in their error message, but show standard error only in their log.
///
/// # Errors
///
/// Fails if the line can't be written.
pub fn announce_failure(
    program: &str,
    reason: &impl fmt::Display,
    mut to: impl Write,
) -> io::Result<()> {
    writeln!(to, "{}", failure_line(&format!("{program} can't start: {reason}.")))?;
    to.flush()
}

/// Turns `text` into a line that hosts can't mistake for a handshake.
fn failure_line(text: &str) -> String {
    let harmless = |symbol: char| if symbol == '|' || symbol.is_control() { '?' } else { symbol };
    let mut line: String = text.chars().take(MAX_REASON_CHARS).map(harmless).collect();
    if text.chars().nth(MAX_REASON_CHARS).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> CertificateDer<'static> {
        // Encodes to text with '+' and '/', and would end in '='.
        CertificateDer::from(vec![0xfb, 0xff, 0xfe, 0x01])
    }

    #[cfg(unix)]
    #[test]
    fn unix_socket_with_tls_has_an_unpadded_certificate() {
        let handshake = Handshake {
            address: &Address::Unix("/tmp/plugin1/socket".into()),
            certificate: Some(&certificate()),
            reports_multiplexing: false,
        };
        assert_eq!(handshake.to_string(), "1|6|unix|/tmp/plugin1/socket|grpc|+//+AQ");
    }

    #[test]
    fn without_tls_the_last_field_is_empty() {
        let address = Address::Tcp(([127, 0, 0, 1], 10000).into());
        let handshake =
            Handshake { address: &address, certificate: None, reports_multiplexing: false };
        assert_eq!(handshake.to_string(), "1|6|tcp|127.0.0.1:10000|grpc|");
    }

    #[test]
    fn multiplexing_is_declined_only_if_requested() {
        let address = Address::Tcp(([127, 0, 0, 1], 10000).into());
        let handshake = Handshake {
            address: &address,
            certificate: Some(&certificate()),
            reports_multiplexing: true,
        };
        assert_eq!(handshake.to_string(), "1|6|tcp|127.0.0.1:10000|grpc|+//+AQ|false");
    }

    #[test]
    fn reason_is_one_line_without_separators() {
        let mut written = Vec::new();
        announce_failure("provider 1.0", &"a|b\r\nc\u{1b}", &mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "provider 1.0 can't start: a?b??c?.\n");
    }

    #[test]
    fn long_reason_is_truncated() {
        let line = failure_line(&"ä".repeat(MAX_REASON_CHARS + 1));
        assert_eq!(line.chars().count(), MAX_REASON_CHARS + 1);
        assert!(line.ends_with("ä…"));
        assert_eq!(failure_line(&"\u{85}".repeat(MAX_REASON_CHARS)), "?".repeat(MAX_REASON_CHARS));
    }

    #[cfg(unix)]
    #[test]
    fn paths_with_separators_or_line_breaks_are_invalid() {
        assert!(is_valid_in_handshake(Path::new("/tmp/with space/socket")));
        assert!(!is_valid_in_handshake(Path::new("/tmp/a|b/socket")));
        assert!(!is_valid_in_handshake(Path::new("/tmp/a\nb/socket")));
    }
}
