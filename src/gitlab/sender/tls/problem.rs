//! The causes of failed TLS connections, from the TLS library's errors.

use std::net::IpAddr;

use time::OffsetDateTime;
use time::macros::format_description;
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible,
};

use crate::gitlab::sender::certificate::SHORTEST_RSA_KEY;
use crate::gitlab::sender::error::TlsProblem;
use crate::gitlab::sender::message;

/// The causes that the TLS library doesn't tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Issued by itself, and marked as an authority's.
    #[error("it is self-signed")]
    SelfSigned,
    /// Issued by another authority, and marked as an authority's.
    #[error("it is the certificate of an authority (CA:TRUE), not of a server")]
    Authority,
    /// Made for something else than servers.
    #[error("{NOT_FOR_SERVERS}")]
    Purpose,
    /// The number of bits of an RSA key.
    #[error("an RSA key has {0} bits, but at least {SHORTEST_RSA_KEY} are required")]
    ShortKey(u64),
}

/// The names by which webpki's own errors are known, whose type the TLS library hides.
pub(super) const AUTHORITY: &str = "CaUsedAsEndEntity";
const OLD_CERTIFICATE: &str = "UnsupportedCertVersion";
const CRITICAL_EXTENSION: &str = "UnsupportedCriticalExtension";
/// The platform verifier's error for a certificate that is for something else than servers.
const PURPOSE: &str = "EkuError";

/// Checks whether an error has such a name.
pub(super) fn is_named(error: &CertificateError, name: &str) -> bool {
    matches!(error, CertificateError::Other(other) if format!("{:?}", other.0) == name)
}

/// Checks whether a certificate isn't accepted even if it is listed itself.
pub(super) fn is_final(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(error) if *error == CertificateError::Revoked || is_named(error, PURPOSE))
}

/// Returns what is wrong with a connection, and what more there is to say of it.
pub(in crate::gitlab::sender) fn problem_of(error: &Error) -> (TlsProblem, Option<String>) {
    let in_words = || message::line(&error.to_string());
    match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => (TlsProblem::NotTls, None),
        Error::InvalidCertificate(error) => of_certificate(error, in_words),
        Error::AlertReceived(alert) if CLIENT_CERTIFICATE_ALERTS.contains(alert) => {
            (TlsProblem::ClientCertificate, in_words())
        }
        Error::AlertReceived(AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => (TlsProblem::OldVersion, None),
        _ => (TlsProblem::Other, in_words()),
    }
}

/// The beginning of the TLS library's words for an alert, which is all that HTTP/2 keeps of its
/// error.
const ALERT: &str = "received fatal alert: ";

/// Returns what is wrong with a connection, by the words of the TLS library, or `None` for others'
/// words.
pub(in crate::gitlab::sender) fn problem_of_text(
    text: &str,
) -> Option<(TlsProblem, Option<String>)> {
    let name = text.strip_prefix(ALERT)?;
    let is_about_ours = CLIENT_CERTIFICATE_ALERTS.iter().any(|alert| format!("{alert:?}") == name);
    let problem = if is_about_ours { TlsProblem::ClientCertificate } else { TlsProblem::Other };
    Some((problem, message::line(text)))
}

/// The alerts by which servers refuse clients without a certificate, or with one that they don't
/// accept.
const CLIENT_CERTIFICATE_ALERTS: [AlertDescription; 7] = [
    AlertDescription::CertificateRequired,
    AlertDescription::NoCertificate,
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::AccessDenied,
];

fn of_certificate(
    error: &CertificateError,
    in_words: impl Fn() -> Option<String>,
) -> (TlsProblem, Option<String>) {
    match error {
        CertificateError::Expired => (TlsProblem::Expired, None),
        CertificateError::ExpiredContext { not_after, .. } => {
            (TlsProblem::Expired, date(*not_after).map(|date| format!("it was valid until {date}")))
        }
        CertificateError::NotValidYet => (TlsProblem::NotYetValid, None),
        CertificateError::NotValidYetContext { not_before, .. } => (
            TlsProblem::NotYetValid,
            date(*not_before).map(|date| format!("it is valid from {date}")),
        ),
        CertificateError::NotValidForName => (TlsProblem::WrongName, None),
        CertificateError::NotValidForNameContext { presented, .. } => {
            (TlsProblem::WrongName, message::line(&names(presented)))
        }
        CertificateError::UnknownIssuer => (TlsProblem::UnknownIssuer, None),
        CertificateError::BadSignature => (TlsProblem::Other, Some(BAD_SIGNATURE.to_owned())),
        CertificateError::Other(other) => match other.0.downcast_ref() {
            Some(refusal @ Refusal::SelfSigned) => {
                (TlsProblem::UnknownIssuer, Some(refusal.to_string()))
            }
            Some(refusal @ Refusal::Authority) => {
                (TlsProblem::Authority, Some(refusal.to_string()))
            }
            Some(refusal @ (Refusal::Purpose | Refusal::ShortKey(_))) => {
                (TlsProblem::Unusable, Some(refusal.to_string()))
            }
            None if is_named(error, OLD_CERTIFICATE) => (
                TlsProblem::WrongName,
                Some("it is of X.509 version 1, which doesn't support host names".to_owned()),
            ),
            None if is_named(error, PURPOSE) => {
                (TlsProblem::Unusable, Some(NOT_FOR_SERVERS.to_owned()))
            }
            None if is_named(error, CRITICAL_EXTENSION) => {
                (TlsProblem::Unusable, Some("it has an unknown critical extension".to_owned()))
            }
            None => (TlsProblem::Other, in_words()),
        },
        _ => (TlsProblem::Other, in_words()),
    }
}

/// The words for a signature of the handshake or of a certificate.
const BAD_SIGNATURE: &str = "a signature is invalid: the server's key doesn't match its \
    certificate, or another authority has the issuer's name";

const NOT_FOR_SERVERS: &str =
    "it isn't a server certificate: its extended key usage lacks serverAuth";

/// The most names of a certificate that a message repeats.
const MOST_NAMES: usize = 5;

/// Says what a certificate is for, from the TLS library's forms of its names: `DnsName("…")` and
/// `IpAddress(…)`. Others, such as addresses of pages, name no host.
fn names(presented: &[String]) -> String {
    let host = |name: &String| {
        let (kind, rest) = name.split_once('(')?;
        let name = rest.strip_suffix(')')?.trim_matches('"');
        match kind {
            "DnsName" if name.parse::<IpAddr>().is_ok() => {
                Some(format!("{name} as a name, not as an IP address"))
            }
            "DnsName" | "IpAddress" => Some(name.to_owned()),
            _ => None,
        }
    };
    let names: Vec<String> = presented.iter().filter_map(host).take(MOST_NAMES).collect();
    match names.is_empty() {
        true => {
            "it has no host as a subject alternative name, and a Common Name isn't used".to_owned()
        }
        false => format!("it is valid for {}", names.join(", ")),
    }
}

/// Returns a moment for people.
fn date(moment: UnixTime) -> Option<String> {
    let moment = OffsetDateTime::from_unix_timestamp(i64::try_from(moment.as_secs()).ok()?).ok()?;
    let form = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    moment.format(form).ok()
}

#[cfg(test)]
mod tests;
