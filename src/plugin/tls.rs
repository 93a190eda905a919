//! Mutual TLS with a host: a fresh certificate of our own that the handshake line carries, and a
//! verifier that lets in the one certificate that the host announced. No other trust is configured
//! here, and none is inherited.

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

/// The name under which hosts expect to meet a plugin.
const SERVER_NAME: &str = "localhost";

/// The protocol that newer hosts insist on having negotiated.
const ALPN_HTTP2: &[u8] = b"h2";

/// The error of setting up mutual TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text given as the host's certificate is not PEM.
    #[error("the host's certificate in PLUGIN_CLIENT_CERT is not valid PEM: {0}")]
    NotPem(String),
    /// The PEM text does not hold one certificate.
    #[error("PLUGIN_CLIENT_CERT must hold exactly one certificate, but holds {0}")]
    NotOneCertificate(usize),
    /// The PEM text holds something that is not a certificate.
    #[error("the host's certificate in PLUGIN_CLIENT_CERT cannot be read: {0}")]
    NotACertificate(Error),
    /// No certificate of our own could be made.
    #[error("making a certificate for the connection with the host failed: {0}")]
    OwnCertificate(#[from] rcgen::Error),
    /// The pieces do not fit together.
    #[error("setting up TLS with the host failed: {0}")]
    Config(#[from] Error),
}

/// The certificate that the server shows to one host, and what accepts the connections of that host
/// alone.
#[derive(Clone)]
pub(super) struct ServerCertificate {
    /// The certificate in the handshake line, for the host to trust.
    pub(super) certificate: CertificateDer<'static>,
    /// Accepts connections from that host alone.
    pub(super) acceptor: TlsAcceptor,
}

impl ServerCertificate {
    /// Makes a fresh key and certificate, to be shown only to the owner of the certificate in
    /// `host_pem`.
    ///
    /// # Errors
    /// When `host_pem` is not one certificate in PEM form. Text around it is ignored, as hosts
    /// ignore it.
    pub(super) fn for_host(host_pem: &str) -> Result<Self, TlsError> {
        let host = OnlyThisHost::new(single_certificate(host_pem)?)?;
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
        // Hosts connect once. A resumed session would pass by the verifier.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { certificate, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

/// The validity is rcgen's default, from 1975 to 4096: a host's clock decides, and the key dies
/// with the process.
fn certificate_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new([SERVER_NAME.to_owned()])?;
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn single_certificate(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsError::NotPem(error.to_string()))?;
    <[_; 1]>::try_from(certificates)
        .map(|[certificate]| certificate)
        .map_err(|certificates| TlsError::NotOneCertificate(certificates.len()))
}

/// Lets in the holder of one certificate.
///
/// The usual verifier cannot do this: hosts present a certificate marked as a CA, which it refuses
/// from a client. It still serves to judge the dates.
#[derive(Debug)]
struct OnlyThisHost {
    certificate: CertificateDer<'static>,
    usual: Arc<dyn ClientCertVerifier>,
}

impl OnlyThisHost {
    fn new(certificate: CertificateDer<'static>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).map_err(TlsError::NotACertificate)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let usual = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| TlsError::Config(Error::General(error.to_string())))?;
        Ok(Self { certificate, usual })
    }
}

impl ClientCertVerifier for OnlyThisHost {
    fn client_auth_mandatory(&self) -> bool {
        true
    }

    /// Without hints a client presents what it has.
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
        match self.usual.verify_client_cert(end_entity, intermediates, now) {
            // The mark of a CA has no name of its own among the errors. Dates and purpose are
            // judged under names.
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
        self.usual.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
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

    /// A certificate as hosts make them, valid throughout 2030.
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
        verifier: &OnlyThisHost,
        certificate: &CertificateDer<'_>,
        time: Duration,
    ) -> Result<ClientCertVerified, Error> {
        verifier.verify_client_cert(certificate, &[], UnixTime::since_unix_epoch(time))
    }

    #[test]
    fn the_hosts_certificate_is_let_in_though_it_is_marked_as_a_ca() {
        let certificate = host_certificate(|_| {});
        let verifier = OnlyThisHost::new(certificate.clone()).unwrap();
        assert!(verify(&verifier, &certificate, YEAR_2030).is_ok());
        assert!(verifier.client_auth_mandatory());
        assert!(
            verifier.supported_verify_schemes().contains(&SignatureScheme::ECDSA_NISTP521_SHA512)
        );
    }

    #[test]
    fn a_certificate_without_the_mark_of_a_ca_is_let_in_too() {
        let certificate = host_certificate(|params| params.is_ca = IsCa::NoCa);
        let verifier = OnlyThisHost::new(certificate.clone()).unwrap();
        assert!(verify(&verifier, &certificate, YEAR_2030).is_ok());
    }

    #[test]
    fn other_certificate_fails_even_if_the_hosts_key_signed_it() {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = certificate_params().unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let host = params.clone().self_signed(&key).unwrap().der().clone();
        let other_key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let issuer = rcgen::Issuer::new(params, &key);
        let issued = certificate_params().unwrap().signed_by(&other_key, &issuer).unwrap();

        let verifier = OnlyThisHost::new(host).unwrap();
        assert_eq!(
            verify(&verifier, issued.der(), YEAR_2030).unwrap_err(),
            CertificateError::ApplicationVerificationFailure.into()
        );
    }

    #[test]
    fn the_hosts_certificate_is_refused_outside_its_dates() {
        let certificate = host_certificate(|_| {});
        let verifier = OnlyThisHost::new(certificate.clone()).unwrap();
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
    fn line_ends_and_text_around_the_certificate_are_ignored() {
        let certificate = host_certificate(|_| {});
        let decorated =
            format!("made by a host\r\n{}\r\nand so on", pem(&certificate).replace('\n', "\r\n"));
        assert_eq!(single_certificate(&decorated).unwrap(), certificate);
    }

    #[test]
    fn what_is_not_one_certificate_is_refused_with_the_reason() {
        let one = pem(&host_certificate(|_| {}));
        for (text, reason) in [
            (String::new(), "must hold exactly one certificate, but holds 0"),
            ("nonsense".to_owned(), "must hold exactly one certificate, but holds 0"),
            (one.repeat(2), "must hold exactly one certificate, but holds 2"),
            (one.replace("-----END CERTIFICATE-----\n", ""), "is not valid PEM"),
            (pem(&CertificateDer::from(vec![1, 2, 3])), "cannot be read"),
        ] {
            let error = ServerCertificate::for_host(&text).err().expect("refused").to_string();
            assert!(error.contains("PLUGIN_CLIENT_CERT") && error.contains(reason), "{error}");
        }
    }
}
