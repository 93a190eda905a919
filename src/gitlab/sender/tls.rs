//! TLS to GitLab and to proxies: which servers are trusted, and which client certificate is shown.

use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use time::OffsetDateTime;
use time::macros::format_description;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{ClientConfig, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, DigitallySignedStruct, DistinguishedName, Error, InvalidMessage,
    RootCertStore, SignatureScheme,
};

use super::certificate::Parts;
use super::client_certificate;
use super::config::{Config, ConfigError};
use super::error::TlsProblem;
use super::message;

/// The versions of HTTP that are offered, the preferred one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The beginning of the platform verifier's error for a system without authorities.
const NO_AUTHORITIES: &str = "No CA certificates were loaded";

/// Returns the TLS settings of a client.
///
/// # Errors
///
/// See [`ConfigError`]: a file that can't be used, or a system without authorities.
pub(super) fn client_config(config: &Config) -> Result<ClientConfig, ConfigError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let listed = config.cacert_pem.as_deref().map(certificates).transpose()?.unwrap_or_default();
    let builder = if config.insecure {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer))
    } else if config.base_url.needs_no_tls() {
        // No authorities are needed, so a machine without any will do.
        builder.with_root_certificates(RootCertStore::empty())
    } else {
        let verifier = ListedOrVerified::new(listed, provider).map_err(|error| unusable(&error))?;
        builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
    };
    let mut tls = match client_certificate_of(config)? {
        // Not `with_client_auth_cert`, which takes no certificates of version 1.
        Some(certificate) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certificate))),
        None => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(tls)
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    match CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(ConfigError::CaCertificate),
    }
}

fn client_certificate_of(config: &Config) -> Result<Option<CertifiedKey>, ConfigError> {
    match (&config.client_cert_pem, &config.client_key_pem) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => client_certificate::read(certificate, key).map(Some),
        _ => Err(ConfigError::IncompleteClientCertificate),
    }
}

fn unusable(error: &Error) -> ConfigError {
    match error {
        // Known by its words alone: the library that looks for them has no type of its own for it.
        Error::General(reason) if reason.starts_with(NO_AUTHORITIES) => ConfigError::NoAuthorities,
        Error::InvalidCertificate(_) => ConfigError::CaCertificate,
        error => ConfigError::Tls(
            message::line(&error.to_string()).unwrap_or_else(|| "no reason given".to_owned()),
        ),
    }
}

/// Returns what is wrong with a connection, and what more there is to say of it.
pub(super) fn problem_of(error: &Error) -> (TlsProblem, Option<String>) {
    let in_words = || message::line(&error.to_string());
    match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => (TlsProblem::NotTls, None),
        Error::InvalidCertificate(error) => of_certificate(error, in_words),
        Error::AlertReceived(alert) if CLIENT_CERTIFICATE_ALERTS.contains(alert) => {
            (TlsProblem::ClientCertificate, in_words())
        }
        _ => (TlsProblem::Other, in_words()),
    }
}

/// The alerts by which servers refuse clients without a certificate, or with one that they don't accept.
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
        CertificateError::NotValidYetContext { not_before, .. } => {
            (TlsProblem::NotYetValid, date(*not_before).map(|date| format!("it is valid from {date} on")))
        }
        CertificateError::NotValidForName => (TlsProblem::WrongName, None),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = presented.iter().filter_map(|name| name.split('"').nth(1)).take(MOST_NAMES);
            let names = names.collect::<Vec<_>>().join(", ");
            let words = (!names.is_empty()).then(|| format!("it is for {names}"));
            (TlsProblem::WrongName, words.and_then(|words| message::line(&words)))
        }
        CertificateError::UnknownIssuer => (TlsProblem::UnknownIssuer, None),
        CertificateError::BadSignature => (TlsProblem::Other, Some(BAD_SIGNATURE.to_owned())),
        // A self-signed certificate of an authority that serves as the server's own.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            (TlsProblem::UnknownIssuer, Some("it is self-signed".to_owned()))
        }
        _ => (TlsProblem::Other, in_words()),
    }
}

/// The words for a signature of the handshake or of a certificate.
const BAD_SIGNATURE: &str = "a signature is wrong: the server has another key than its certificate, or an authority has the issuer's name and another key";

/// The most names of a certificate that a message repeats.
const MOST_NAMES: usize = 5;

/// Returns a moment for people.
fn date(moment: UnixTime) -> Option<String> {
    let moment = OffsetDateTime::from_unix_timestamp(i64::try_from(moment.as_secs()).ok()?).ok()?;
    let form = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    moment.format(form).ok()
}

/// Trusts what the system's verifier trusts, and a server whose own certificate is in `cacert_file`.
///
/// webpki refuses the latter where the certificate says that it is an authority, as self-signed ones mostly do, or was
/// signed by an authority that isn't in the file. Other clients accept both. This gives nobody new rights: whoever has
/// the key of a certificate in the file can sign certificates with it.
#[derive(Debug)]
struct ListedOrVerified {
    verifier: Verifier,
    listed: Vec<(CertificateDer<'static>, Parts)>,
}

impl ListedOrVerified {
    fn new(authorities: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        let verifier = match authorities.is_empty() {
            true => Verifier::new(provider)?,
            false => Verifier::new_with_extra_roots(authorities.iter().cloned(), provider)?,
        };
        let listed = authorities.into_iter().filter_map(|certificate| {
            let parts = Parts::of(&certificate)?;
            Some((certificate, parts))
        });
        Ok(Self { verifier, listed: listed.collect() })
    }

    fn listed(&self, certificate: &CertificateDer<'_>) -> Option<&Parts> {
        let (_, parts) = self.listed.iter().find(|(listed, _)| listed == certificate)?;
        Some(parts)
    }
}

impl ServerCertVerifier for ListedOrVerified {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let error = match verified {
            Err(error) if error != CertificateError::Revoked.into() => error,
            verified => return verified,
        };
        let parts = self.listed(end_entity).ok_or(error)?;
        parts.check_dates(now)?;
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.verifier.root_hint_subjects()
    }
}

/// Trusts every server, as `insecure` asks.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    /// Those of TLS 1.3, and the older ones of TLS 1.2.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        use SignatureScheme::{
            ECDSA_NISTP256_SHA256, ECDSA_NISTP384_SHA384, ECDSA_NISTP521_SHA512, ECDSA_SHA1_Legacy, ED448,
            ED25519, RSA_PKCS1_SHA1, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
            RSA_PSS_SHA384, RSA_PSS_SHA512,
        };
        vec![
            RSA_PKCS1_SHA1,
            ECDSA_SHA1_Legacy,
            RSA_PKCS1_SHA256,
            ECDSA_NISTP256_SHA256,
            RSA_PKCS1_SHA384,
            ECDSA_NISTP384_SHA384,
            RSA_PKCS1_SHA512,
            ECDSA_NISTP521_SHA512,
            RSA_PSS_SHA256,
            RSA_PSS_SHA384,
            RSA_PSS_SHA512,
            ED25519,
            ED448,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: impl Into<Error>) -> (TlsProblem, Option<String>) {
        problem_of(&error.into())
    }

    #[test]
    fn each_cause_is_told_apart() {
        let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let now = at(1_764_115_200);
        let name = || ServerName::try_from("gitlab.example.com").unwrap();
        let expired = CertificateError::ExpiredContext { time: now, not_after: at(1_735_689_600) };
        assert_eq!(
            told(expired),
            (TlsProblem::Expired, Some("it was valid until 2025-01-01 00:00 UTC".to_owned()))
        );
        let early = CertificateError::NotValidYetContext { time: now, not_before: at(1_798_761_600) };
        let from = "it is valid from 2027-01-01 00:00 UTC on".to_owned();
        assert_eq!(told(early), (TlsProblem::NotYetValid, Some(from)));
        let presented = vec!["DnsName(\"other.example.com\")".to_owned()];
        let other = CertificateError::NotValidForNameContext { expected: name(), presented };
        assert_eq!(told(other), (TlsProblem::WrongName, Some("it is for other.example.com".to_owned())));
        assert_eq!(told(CertificateError::UnknownIssuer), (TlsProblem::UnknownIssuer, None));
        assert_eq!(told(InvalidMessage::InvalidContentType), (TlsProblem::NotTls, None));
        let wanted = Error::AlertReceived(AlertDescription::CertificateRequired);
        assert_eq!(told(wanted).0, TlsProblem::ClientCertificate);
        assert_eq!(told(Error::DecryptError).0, TlsProblem::Other);
    }
}
