//! The TLS configuration of connections to GitLab and to proxies: trusted servers, and the client
//! certificate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_rustls::rustls::client::{ClientConfig, ResolvesClientCert};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, RootCertStore, SignatureScheme};

use self::verifier::{NoVerifier, PlatformOrListedVerifier};
use super::certificate::CertificateFields;
use super::client_certificate;
use super::config::{Config, ConfigError};
use super::message;
use super::pem::{NO_END, Sections};

mod problem;
mod verifier;

pub(super) use self::problem::{problem_of, problem_of_text};

/// The protocols to negotiate by ALPN, in order of preference.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The error for a file without a readable certificate.
const NO_CERTIFICATE: &str = "it doesn't have a readable PEM certificate";

/// The prefix of the platform verifier's error for a system without CA certificates.
const NO_AUTHORITIES: &str = "No CA certificates were loaded";

/// The TLS configuration of a client.
pub(super) struct Settings {
    pub(super) config: ClientConfig,
    /// Set when a server has requested a client certificate.
    pub(super) certificate_requested: Arc<AtomicBool>,
}

/// Presents the client certificate, if there is one, and records that a server has requested it.
///
/// Unlike the resolver of the TLS library, it accepts certificates of version 1.
#[derive(Debug)]
struct ClientCertificateResolver {
    certificate: Option<Arc<CertifiedKey>>,
    requested: Arc<AtomicBool>,
}

impl ResolvesClientCert for ClientCertificateResolver {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.requested.store(true, Ordering::Relaxed);
        self.certificate.clone()
    }

    fn has_certs(&self) -> bool {
        self.certificate.is_some()
    }
}

/// Creates the TLS configuration of a client.
///
/// # Errors
///
/// Fails if a file can't be used, or the system has no CA certificates.
pub(super) fn settings(config: &Config) -> Result<Settings, ConfigError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let listed = config.cacert_pem.as_deref().map(certificates).transpose()?.unwrap_or_default();
    let builder = if config.insecure {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(NoVerifier))
    } else if config.proxy.is_none() && config.base_url.never_uses_tls() {
        // TLS isn't used, so the system needs no CA certificates.
        builder.with_root_certificates(RootCertStore::empty())
    } else {
        let verifier =
            PlatformOrListedVerifier::new(listed, provider).map_err(|error| unusable(&error))?;
        builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
    };
    let certificate_requested = Arc::<AtomicBool>::default();
    let mut tls = builder.with_client_cert_resolver(Arc::new(ClientCertificateResolver {
        certificate: client_certificate_of(config)?.map(Arc::new),
        requested: Arc::clone(&certificate_requested),
    }));
    tls.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(Settings { config: tls, certificate_requested })
}

/// Returns the certificates of a file. As in Go, unreadable ones are skipped.
fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let sections = Sections::parse(text).map_err(ConfigError::CaCertificate)?;
    let readable = sections
        .complete
        .iter()
        .filter_map(|one| CertificateDer::from_pem_slice(one.as_bytes()).ok());
    let certificates: Vec<_> =
        readable.filter(|one| CertificateFields::parse(one).is_some()).collect();
    match certificates.is_empty() {
        false => Ok(certificates),
        true if sections.is_incomplete => Err(ConfigError::CaCertificate(NO_END)),
        true => Err(ConfigError::CaCertificate(NO_CERTIFICATE)),
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
        // There is no error type for it, only the message.
        Error::General(reason) if reason.starts_with(NO_AUTHORITIES) => ConfigError::NoAuthorities,
        Error::InvalidCertificate(_) => ConfigError::CaCertificate(NO_CERTIFICATE),
        error => ConfigError::Tls(
            message::line(&error.to_string()).unwrap_or_else(|| "no reason given".to_owned()),
        ),
    }
}
