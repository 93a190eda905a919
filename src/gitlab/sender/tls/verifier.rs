//! Verifiers of server certificates.

use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};

use super::problem::{self, CertificateProblem};
use crate::gitlab::sender::certificate::{CertificateFields, MIN_RSA_KEY};

/// Accepts certificates that the platform verifier accepts, and certificates in `cacert_file` or
/// the system's store.
///
/// For the latter, webpki rejects CA certificates, which self-signed ones usually are, and
/// certificates whose issuer isn't trusted. Other clients accept both. It is no less secure,
/// because the owner of a CA certificate's key can sign server certificates anyway.
#[derive(Debug)]
pub(super) struct PlatformOrListedVerifier {
    verifier: Verifier,
    listed: Vec<CertificateDer<'static>>,
}

impl PlatformOrListedVerifier {
    pub(super) fn new(
        authorities: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        // A certificate that can't be a CA certificate may still be that of the server.
        let is_usable = |one: &&CertificateDer<'_>| {
            RootCertStore::empty().add((*one).clone().into_owned()).is_ok()
        };
        let usable: Vec<_> = authorities.iter().filter(is_usable).cloned().collect();
        let verifier = match usable.is_empty() {
            true => Verifier::new(provider)?,
            false => Verifier::new_with_extra_roots(usable, provider)?,
        };
        Ok(Self { verifier, listed: authorities })
    }

    fn is_listed(&self, certificate: &CertificateDer<'_>) -> bool {
        self.listed.iter().any(|listed| listed == certificate) || is_in_system_store(certificate)
    }
}

/// Returns whether the system's store contains a certificate. It reads the store each time, because
/// it is only called for rejected certificates, and the store would need much memory.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn is_in_system_store(certificate: &CertificateDer<'_>) -> bool {
    rustls_native_certs::load_native_certs().certs.iter().any(|listed| listed == certificate)
}

/// Returns false: on other systems, the system itself verifies certificates.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn is_in_system_store(_: &CertificateDer<'_>) -> bool {
    false
}

impl ServerCertVerifier for PlatformOrListedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let error = match verified {
            Err(error) if !problem::is_final(&error) => error,
            verified => return verified,
        };
        let parts = CertificateFields::parse(end_entity).filter(|_| self.is_listed(end_entity));
        let Some(parts) = parts else { return Err(explained(error, end_entity, intermediates)) };
        parts.check_dates(now)?;
        if !parts.is_for_servers {
            return Err(
                CertificateError::Other(OtherError(Arc::new(CertificateProblem::Purpose))).into()
            );
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self.verifier.verify_tls12_signature(message, certificate, signature);
        verified.map_err(|error| explained(error, certificate, &[]))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self.verifier.verify_tls13_signature(message, certificate, signature);
        verified.map_err(|error| explained(error, certificate, &[]))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.verifier.root_hint_subjects()
    }
}

/// Replaces an error of webpki by a more precise one, if the certificates show the cause.
fn explained(
    error: Error,
    end_entity: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
) -> Error {
    let problem = match &error {
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            let certificates = std::iter::once(end_entity).chain(others);
            // webpki reports signatures of short keys as invalid.
            let bits =
                certificates.filter_map(|one| CertificateFields::parse(one)?.rsa_bits()).min();
            bits.filter(|bits| *bits < MIN_RSA_KEY).map(CertificateProblem::ShortKey)
        }
        Error::InvalidCertificate(reason) if problem::is_named(reason, problem::AUTHORITY) => {
            let is_self_signed =
                CertificateFields::parse(end_entity).is_some_and(|parts| parts.is_self_issued);
            Some(if is_self_signed {
                CertificateProblem::SelfSigned
            } else {
                CertificateProblem::Authority
            })
        }
        _ => None,
    };
    match problem {
        Some(problem) => CertificateError::Other(OtherError(Arc::new(problem))).into(),
        None => error,
    }
}

/// Accepts any certificate, for `insecure`.
#[derive(Debug)]
pub(super) struct NoVerifier;

impl ServerCertVerifier for NoVerifier {
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

    /// Returns the schemes of TLS 1.3, and the older ones of TLS 1.2.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        use SignatureScheme::{
            ECDSA_NISTP256_SHA256, ECDSA_NISTP384_SHA384, ECDSA_NISTP521_SHA512, ECDSA_SHA1_Legacy,
            ED448, ED25519, RSA_PKCS1_SHA1, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
            RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
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
