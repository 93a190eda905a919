//! Mutual TLS with a host: a new server certificate that the handshake contains, and a verifier
//! that accepts only the client certificate of the host. No other certificates are trusted.

use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};

/// The server name that hosts expect of a plugin.
const SERVER_NAME: &str = "localhost";

/// The protocol to negotiate by ALPN, which newer hosts require.
const ALPN_HTTP2: &[u8] = b"h2";

/// An error while setting up mutual TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The client certificate isn't valid PEM.
    #[error("the host's certificate in PLUGIN_CLIENT_CERT is not valid PEM: {0}")]
    InvalidPem(String),
    /// The PEM text doesn't contain exactly one certificate.
    #[error("PLUGIN_CLIENT_CERT must contain exactly one certificate, but contains {0}")]
    CertificateCount(usize),
    /// The PEM text doesn't encode a valid certificate.
    #[error("the host's certificate in PLUGIN_CLIENT_CERT can't be read: {0}")]
    InvalidCertificate(Error),
    /// The server certificate could not be generated.
    #[error("generating a certificate for the connection with the host failed: {0}")]
    GenerateCertificate(#[from] rcgen::Error),
    /// The TLS configuration is invalid.
    #[error("setting up TLS with the host failed: {0}")]
    Config(#[from] Error),
}

/// A server certificate, and an acceptor for the connections of one host.
#[derive(Clone)]
pub(super) struct ServerCertificate {
    /// The certificate for the handshake.
    pub(super) certificate: CertificateDer<'static>,
    /// Accepts only connections of the host.
    pub(super) acceptor: TlsAcceptor,
}

impl ServerCertificate {
    /// Generates a key and certificate for the host with the client certificate `host_pem`.
    ///
    /// # Errors
    ///
    /// Fails if `host_pem` doesn't contain exactly one PEM certificate. Other text is ignored.
    pub(super) fn for_host(host_pem: &str) -> Result<Self, TlsError> {
        let host = PinnedCertVerifier::new(single_certificate(host_pem)?)?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = certificate_params()?.self_signed(&key)?.der().clone();

        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_client_cert_verifier(Arc::new(host))
                .with_single_cert(
                    vec![certificate.clone()],
                    PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
                )?;
        config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
        // A resumed session would bypass the verifier, and hosts connect only once.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { certificate, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

/// Returns the parameters of the server certificate. Its validity is rcgen's default, 1975 to 4096,
/// because the clock of the host may be wrong and the key exists only in this process.
fn certificate_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new([SERVER_NAME.to_owned()])?;
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn single_certificate(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsError::InvalidPem(error.to_string()))?;
    <[_; 1]>::try_from(certificates)
        .map(|[certificate]| certificate)
        .map_err(|certificates| TlsError::CertificateCount(certificates.len()))
}

/// Accepts only one client certificate.
///
/// WebPKI rejects it, because the certificates of hosts are marked as CA certificates. Its verifier
/// still checks the validity period and the signatures.
#[derive(Debug)]
struct PinnedCertVerifier {
    certificate: CertificateDer<'static>,
    webpki: Arc<dyn ClientCertVerifier>,
}

impl PinnedCertVerifier {
    fn new(certificate: CertificateDer<'static>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).map_err(TlsError::InvalidCertificate)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let webpki = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| TlsError::Config(Error::General(error.to_string())))?;
        Ok(Self { certificate, webpki })
    }
}

impl ClientCertVerifier for PinnedCertVerifier {
    fn client_auth_mandatory(&self) -> bool {
        true
    }

    /// Returns no hints, so that the client presents the certificate that it has.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *end_entity != self.certificate {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        match self.webpki.verify_client_cert(end_entity, intermediates, now) {
            // `Other` is the error for a CA certificate. Dates and purpose have separate errors.
            Ok(_) | Err(Error::InvalidCertificate(CertificateError::Other(_))) => {
                Ok(ClientCertVerified::assertion())
            }
            Err(error) => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{BasicConstraints, IsCa, PKCS_ECDSA_P521_SHA512, date_time_ymd};

    use super::*;

    const YEAR_2030: Duration = Duration::from_secs(1_893_456_000);

    /// Generates a certificate as hosts do, valid in 2030.
    fn host_certificate(adjust: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = certificate_params().unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2030, 1, 1);
        params.not_after = date_time_ymd(2031, 1, 1);
        adjust(&mut params);
        params.self_signed(&key).unwrap().der().clone()
    }

    fn pem(certificate: &CertificateDer<'_>) -> String {
        format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            STANDARD.encode(certificate)
        )
    }

    fn verify(
        verifier: &PinnedCertVerifier,
        certificate: &CertificateDer<'_>,
        time: Duration,
    ) -> Result<ClientCertVerified, Error> {
        verifier.verify_client_cert(certificate, &[], UnixTime::since_unix_epoch(time))
    }

    #[test]
    fn host_certificate_is_accepted_although_it_is_a_ca() {
        let certificate = host_certificate(|_| {});
        let verifier = PinnedCertVerifier::new(certificate.clone()).unwrap();
        assert!(verify(&verifier, &certificate, YEAR_2030).is_ok());
        assert!(verifier.client_auth_mandatory());
        assert!(
            verifier.supported_verify_schemes().contains(&SignatureScheme::ECDSA_NISTP521_SHA512)
        );
    }

    #[test]
    fn host_certificate_need_not_be_a_ca() {
        let certificate = host_certificate(|params| params.is_ca = IsCa::NoCa);
        let verifier = PinnedCertVerifier::new(certificate.clone()).unwrap();
        assert!(verify(&verifier, &certificate, YEAR_2030).is_ok());
    }

    #[test]
    fn certificate_signed_by_the_host_is_rejected() {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = certificate_params().unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let host = params.clone().self_signed(&key).unwrap().der().clone();
        let other_key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let issuer = rcgen::Issuer::new(params, &key);
        let issued = certificate_params().unwrap().signed_by(&other_key, &issuer).unwrap();

        let verifier = PinnedCertVerifier::new(host).unwrap();
        assert_eq!(
            verify(&verifier, issued.der(), YEAR_2030).unwrap_err(),
            CertificateError::ApplicationVerificationFailure.into()
        );
    }

    #[test]
    fn host_certificate_is_rejected_outside_its_dates() {
        let certificate = host_certificate(|_| {});
        let verifier = PinnedCertVerifier::new(certificate.clone()).unwrap();
        let two_years = Duration::from_secs(2 * 366 * 24 * 60 * 60);
        assert!(matches!(
            verify(&verifier, &certificate, YEAR_2030 + two_years),
            Err(Error::InvalidCertificate(CertificateError::ExpiredContext { .. }))
        ));
        assert!(matches!(
            verify(&verifier, &certificate, YEAR_2030 - two_years),
            Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { .. }))
        ));
    }

    #[test]
    fn line_endings_and_other_text_are_ignored() {
        let certificate = host_certificate(|_| {});
        let decorated =
            format!("made by a host\r\n{}\r\nand so on", pem(&certificate).replace('\n', "\r\n"));
        assert_eq!(single_certificate(&decorated).unwrap(), certificate);
    }

    #[test]
    fn invalid_certificates_are_rejected_with_the_reason() {
        let one = pem(&host_certificate(|_| {}));
        for (text, reason) in [
            (String::new(), "must contain exactly one certificate, but contains 0"),
            ("nonsense".to_owned(), "must contain exactly one certificate, but contains 0"),
            (one.repeat(2), "must contain exactly one certificate, but contains 2"),
            (one.replace("-----END CERTIFICATE-----\n", ""), "is not valid PEM"),
            (pem(&CertificateDer::from(vec![1, 2, 3])), "can't be read"),
        ] {
            let error = ServerCertificate::for_host(&text).err().expect("refused").to_string();
            assert!(error.contains("PLUGIN_CLIENT_CERT") && error.contains(reason), "{error}");
        }
    }
}
