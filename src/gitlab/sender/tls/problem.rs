//! Maps the errors of the TLS library to [`TlsProblem`]s.

use std::net::IpAddr;

use time::OffsetDateTime;
use time::macros::format_description;
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible,
};

use crate::gitlab::sender::certificate::MIN_RSA_KEY;
use crate::gitlab::sender::error::TlsProblem;
use crate::gitlab::sender::message;

/// Problems of a certificate that the TLS library doesn't report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CertificateProblem {
    /// It is a self-signed CA certificate.
    #[error("it is self-signed")]
    SelfSigned,
    /// It is a CA certificate of another authority.
    #[error("it is the certificate of an authority (CA:TRUE), not of a server")]
    Authority,
    /// Its extended key usage doesn't include servers.
    #[error("{NOT_FOR_SERVERS}")]
    Purpose,
    /// Its RSA key has too few bits.
    #[error("an RSA key has {0} bits, but at least {MIN_RSA_KEY} are required")]
    ShortKey(u64),
}

/// The `Debug` names of webpki errors, whose type the TLS library hides.
pub(super) const AUTHORITY: &str = "CaUsedAsEndEntity";
const OLD_CERTIFICATE: &str = "UnsupportedCertVersion";
const CRITICAL_EXTENSION: &str = "UnsupportedCriticalExtension";
/// The platform verifier's error for a certificate whose usage doesn't include servers.
const PURPOSE: &str = "EkuError";

/// Returns whether an error has this `Debug` name.
pub(super) fn is_named(error: &CertificateError, name: &str) -> bool {
    matches!(error, CertificateError::Other(other) if format!("{:?}", other.0) == name)
}

/// Returns whether the certificate is rejected even if a trusted file contains it.
pub(super) fn is_final(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(error) if *error == CertificateError::Revoked || is_named(error, PURPOSE))
}

/// Returns the problem of an error, and a message with details.
pub(in crate::gitlab::sender) fn problem_of(error: &Error) -> (TlsProblem, Option<String>) {
    let to_message = || message::line(&error.to_string());
    match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => (TlsProblem::NotTls, None),
        Error::InvalidCertificate(error) => of_certificate(error, to_message),
        Error::AlertReceived(alert) if CLIENT_CERTIFICATE_ALERTS.contains(alert) => {
            (TlsProblem::ClientCertificate, to_message())
        }
        Error::AlertReceived(AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => (TlsProblem::OldVersion, None),
        _ => (TlsProblem::Other, to_message()),
    }
}

/// The prefix of the TLS library's message for an alert. HTTP/2 keeps only the message of an error.
const ALERT: &str = "received fatal alert: ";

/// Returns the problem of an error message, or `None` if it isn't one of the TLS library.
pub(in crate::gitlab::sender) fn problem_of_text(
    text: &str,
) -> Option<(TlsProblem, Option<String>)> {
    let name = text.strip_prefix(ALERT)?;
    let is_about_ours = CLIENT_CERTIFICATE_ALERTS.iter().any(|alert| format!("{alert:?}") == name);
    let problem = if is_about_ours { TlsProblem::ClientCertificate } else { TlsProblem::Other };
    Some((problem, message::line(text)))
}

/// The alerts of servers that require a client certificate or reject it.
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
    to_message: impl Fn() -> Option<String>,
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
            Some(problem @ CertificateProblem::SelfSigned) => {
                (TlsProblem::UnknownIssuer, Some(problem.to_string()))
            }
            Some(problem @ CertificateProblem::Authority) => {
                (TlsProblem::Authority, Some(problem.to_string()))
            }
            Some(problem @ (CertificateProblem::Purpose | CertificateProblem::ShortKey(_))) => {
                (TlsProblem::Unusable, Some(problem.to_string()))
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
            None => (TlsProblem::Other, to_message()),
        },
        _ => (TlsProblem::Other, to_message()),
    }
}

/// The message for an invalid signature of the handshake or a certificate.
const BAD_SIGNATURE: &str = "a signature is invalid: the server's key doesn't match its \
    certificate, or another authority has the issuer's name";

const NOT_FOR_SERVERS: &str =
    "it isn't a server certificate: its extended key usage lacks serverAuth";

/// Maximum number of names of a certificate in a message.
const MAX_NAMES: usize = 5;

/// Describes the hosts of a certificate. The TLS library formats its names as `DnsName("…")` and
/// `IpAddress(…)`; other kinds, such as URLs, are ignored.
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
    let names: Vec<String> = presented.iter().filter_map(host).take(MAX_NAMES).collect();
    match names.is_empty() {
        true => {
            "it has no host as a subject alternative name, and a Common Name isn't used".to_owned()
        }
        false => format!("it is valid for {}", names.join(", ")),
    }
}

/// Formats a time for a message.
fn date(moment: UnixTime) -> Option<String> {
    let moment = OffsetDateTime::from_unix_timestamp(i64::try_from(moment.as_secs()).ok()?).ok()?;
    let form = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    moment.format(form).ok()
}

#[cfg(test)]
mod tests;
