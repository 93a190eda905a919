//! The handshake line with a plugin's address, parsed as strictly as hosts do.

use std::net::SocketAddr;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::Error;

/// The content of a handshake line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The version of the handshake format.
    pub core_version: u32,
    /// The version of the provider protocol.
    pub protocol_version: u32,
    /// The address to connect to.
    pub network: Network,
    /// `grpc`.
    pub kind: String,
    /// The server's certificate as DER; `None` without TLS.
    pub certificate: Option<Vec<u8>>,
    /// The seventh segment, if there is one.
    pub multiplexed: Option<String>,
}

/// The address of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// The path of a unix socket.
    Unix(PathBuf),
    /// A TCP address.
    Tcp(SocketAddr),
}

impl Handshake {
    /// Parses a line without its line ending.
    ///
    /// # Errors
    ///
    /// Fails if a host would reject it.
    pub fn parse(line: &str) -> Result<Self, Error> {
        let wrong = |reason| Error::Handshake { line: line.to_owned(), reason };
        let segments: Vec<_> = line.split('|').collect();
        let (&[core, protocol, network, address, kind, certificate], rest) =
            segments.split_first_chunk::<6>().ok_or_else(|| wrong("fewer than six segments"))?;
        Ok(Self {
            core_version: core.parse().map_err(|_| wrong("the first segment isn't a number"))?,
            protocol_version: protocol
                .parse()
                .map_err(|_| wrong("the second segment isn't a number"))?,
            network: match network {
                "unix" => Network::Unix(address.into()),
                "tcp" => Network::Tcp(address.parse().map_err(|_| wrong("the address is none"))?),
                _ => return Err(wrong("an unknown network")),
            },
            kind: kind.to_owned(),
            certificate: match certificate {
                "" => None,
                text => Some(
                    STANDARD_NO_PAD
                        .decode(text)
                        .map_err(|_| wrong("the certificate is not raw base64"))?,
                ),
            },
            multiplexed: match rest {
                [] => None,
                [last] => Some((*last).to_owned()),
                _ => return Err(wrong("more than seven segments")),
            },
        })
    }
}
