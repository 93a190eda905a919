//! The one line on standard output by which a host finds us, or the reason in its place if the
//! start fails.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::PROTOCOL_VERSION;

/// The version of the handshake itself. Hosts know no other.
const CORE_VERSION: u32 = 1;

/// The most characters that a reason may have. Values of the environment can be far longer, and
/// hosts give up on lines of 64 KiB.
const MAX_REASON: usize = 1000;

/// The address of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// The path of a unix socket. It has passed [`fits_the_line`].
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

/// Returns whether the path can stand in the line: the separator and a line's end would break it,
/// and what is not Unicode could not be printed faithfully.
#[cfg(unix)]
pub(super) fn fits_the_line(path: &Path) -> bool {
    path.to_str().is_some_and(|text| !text.contains(['|', '\n', '\r']))
}

/// The handshake line. Its `Display` has no line end.
#[derive(Debug)]
pub(super) struct Handshake<'a> {
    /// The address to connect to. Must already accept.
    pub(super) address: &'a Address,
    /// The certificate that the host shall trust; none without TLS.
    pub(super) certificate: Option<&'a CertificateDer<'static>>,
    /// The host asks whether connections are multiplexed, which we never do.
    pub(super) answers_multiplexing: bool,
}

impl fmt::Display for Handshake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hosts refuse padding and the URL alphabet.
        let certificate =
            self.certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
        write!(f, "{CORE_VERSION}|{PROTOCOL_VERSION}|{}|grpc|{certificate}", self.address)?;
        if self.answers_multiplexing { f.write_str("|false") } else { Ok(()) }
    }
}

/// Writes why `program` can't start to where the host expects the handshake. Hosts show a line
/// there that isn't a handshake in their error, while they hide standard error unless they log.
///
/// # Errors
/// Fails if it can't be written.
pub fn announce_failure(
    program: &str,
    reason: &impl fmt::Display,
    mut to: impl Write,
) -> io::Result<()> {
    writeln!(to, "{}", failure_line(&format!("{program} can't start: {reason}.")))?;
    to.flush()
}

/// Makes one line of `text` that no host takes for a handshake.
fn failure_line(text: &str) -> String {
    let harmless = |symbol: char| if symbol == '|' || symbol.is_control() { '?' } else { symbol };
    let mut line: String = text.chars().take(MAX_REASON).map(harmless).collect();
    if text.chars().nth(MAX_REASON).is_some() {
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
            answers_multiplexing: false,
        };
        assert_eq!(handshake.to_string(), "1|6|unix|/tmp/plugin1/socket|grpc|+//+AQ");
    }

    #[test]
    fn without_tls_the_last_segment_is_empty_but_there() {
        let address = Address::Tcp(([127, 0, 0, 1], 10000).into());
        let handshake =
            Handshake { address: &address, certificate: None, answers_multiplexing: false };
        assert_eq!(handshake.to_string(), "1|6|tcp|127.0.0.1:10000|grpc|");
    }

    #[test]
    fn multiplexing_is_declined_only_when_asked_for() {
        let address = Address::Tcp(([127, 0, 0, 1], 10000).into());
        let handshake = Handshake {
            address: &address,
            certificate: Some(&certificate()),
            answers_multiplexing: true,
        };
        assert_eq!(handshake.to_string(), "1|6|tcp|127.0.0.1:10000|grpc|+//+AQ|false");
    }

    #[test]
    fn a_reason_is_one_line_without_separators() {
        let mut written = Vec::new();
        announce_failure("provider 1.0", &"a|b\r\nc\u{1b}", &mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "provider 1.0 can't start: a?b??c?.\n");
    }

    #[test]
    fn a_long_reason_is_cut() {
        let line = failure_line(&"ä".repeat(MAX_REASON + 1));
        assert_eq!(line.chars().count(), MAX_REASON + 1);
        assert!(line.ends_with("ä…"));
        assert_eq!(failure_line(&"\u{85}".repeat(MAX_REASON)), "?".repeat(MAX_REASON));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_would_break_the_line_is_found() {
        assert!(fits_the_line(Path::new("/tmp/with space/socket")));
        assert!(!fits_the_line(Path::new("/tmp/a|b/socket")));
        assert!(!fits_the_line(Path::new("/tmp/a\nb/socket")));
    }
}
