//! TLS to GitLab and to proxies: which servers are trusted, and which client certificate is shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_rustls::rustls::client::{ClientConfig, ResolvesClientCert};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, RootCertStore, SignatureScheme};

use self::verifier::{AnyServer, ListedOrVerified};
use super::certificate::Parts;
use super::client_certificate;
use super::config::{Config, ConfigError};
use super::message;
use super::pem::{NO_END, Sections};

mod problem;
mod verifier;

pub(super) use self::problem::{problem_of, problem_of_text};

/// The versions of HTTP that are offered, the preferred one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The error of a file without a certificate that can be read.
const NO_CERTIFICATE: &str = "it doesn't have a readable PEM certificate";

/// The beginning of the platform verifier's error for a system without authorities.
const NO_AUTHORITIES: &str = "No CA certificates were loaded";

/// The settings of a client's connections.
pub(super) struct Settings {
    pub(super) config: ClientConfig,
    /// Set once a server has asked for a client certificate.
    pub(super) asked_for_certificate: Arc<AtomicBool>,
}

/// Shows the client certificate, if there is one, and notes that a server has asked for it.
///
/// Takes certificates of version 1, too, unlike the TLS library's own way.
#[derive(Debug)]
struct OnDemand {
    certificate: Option<Arc<CertifiedKey>>,
    asked: Arc<AtomicBool>,
}

impl ResolvesClientCert for OnDemand {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.certificate.clone()
    }

    fn has_certs(&self) -> bool {
        self.certificate.is_some()
    }
}

/// Returns the TLS settings of a client.
///
/// # Errors
///
/// See [`ConfigError`]: a file that can't be used, or a system without authorities.
pub(super) fn settings(config: &Config) -> Result<Settings, ConfigError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let listed = config.cacert_pem.as_deref().map(certificates).transpose()?.unwrap_or_default();
    let builder = if config.insecure {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer))
    } else if config.proxy.is_none() && config.base_url.needs_no_tls() {
        // No authorities are needed, so a machine without any will do.
        builder.with_root_certificates(RootCertStore::empty())
    } else {
        let verifier = ListedOrVerified::new(listed, provider).map_err(|error| unusable(&error))?;
        builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
    };
    let asked_for_certificate = Arc::<AtomicBool>::default();
    let mut tls = builder.with_client_cert_resolver(Arc::new(OnDemand {
        certificate: client_certificate_of(config)?.map(Arc::new),
        asked: Arc::clone(&asked_for_certificate),
    }));
    tls.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(Settings { config: tls, asked_for_certificate })
}

/// Returns the certificates of a file. What can't be read among them is left out, as in Go.
fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let sections = Sections::of(text).map_err(ConfigError::CaCertificate)?;
    let readable =
        sections.whole.iter().filter_map(|one| CertificateDer::from_pem_slice(one.as_bytes()).ok());
    let certificates: Vec<_> = readable.filter(|one| Parts::of(one).is_some()).collect();
    match certificates.is_empty() {
        false => Ok(certificates),
        true if sections.is_cut => Err(ConfigError::CaCertificate(NO_END)),
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
        // Known by its words alone: the library that looks for them has no type of its own for it.
        Error::General(reason) if reason.starts_with(NO_AUTHORITIES) => ConfigError::NoAuthorities,
        Error::InvalidCertificate(_) => ConfigError::CaCertificate(NO_CERTIFICATE),
        error => ConfigError::Tls(
            message::line(&error.to_string()).unwrap_or_else(|| "no reason given".to_owned()),
        ),
    }
}
