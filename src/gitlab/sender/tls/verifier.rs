//! Verifiers of servers' certificates.

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

use super::problem::{self, Refusal};
use crate::gitlab::sender::certificate::{Parts, SHORTEST_RSA_KEY};

/// Trusts what the system's verifier trusts, and a server whose own certificate is in `cacert_file`
/// or the system's store.
///
/// webpki refuses the latter where the certificate says that it is an authority, as self-signed
/// ones mostly do, or was signed by an authority that isn't in the file. Other clients accept both.
/// This gives nobody new rights: a client that has the key of a certificate in the file can sign
/// certificates with it.
#[derive(Debug)]
pub(super) struct ListedOrVerified {
    verifier: Verifier,
    listed: Vec<CertificateDer<'static>>,
}

impl ListedOrVerified {
    pub(super) fn new(
        authorities: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        // One that can't serve as an authority may still be the server's own.
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

/// Checks whether the system's store has that certificate. Reads the store each time: only
/// certificates that the verifier refuses get here, and the store is larger than all else in
/// memory.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn is_in_system_store(certificate: &CertificateDer<'_>) -> bool {
    rustls_native_certs::load_native_certs().certs.iter().any(|listed| listed == certificate)
}

/// Elsewhere the system itself verifies, by its own rules.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn is_in_system_store(_: &CertificateDer<'_>) -> bool {
    false
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
        let parts = Parts::of(end_entity).filter(|_| self.is_listed(end_entity));
        let Some(parts) = parts else { return Err(explained(error, end_entity, intermediates)) };
        parts.check_dates(now)?;
        if !parts.is_for_servers {
            return Err(CertificateError::Other(OtherError(Arc::new(Refusal::Purpose))).into());
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

/// Returns the error with the cause that webpki leaves out, if the certificates show it.
fn explained(
    error: Error,
    end_entity: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
) -> Error {
    let refusal = match &error {
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            let certificates = std::iter::once(end_entity).chain(others);
            // webpki calls signatures of short keys wrong.
            let bits = certificates.filter_map(|one| Parts::of(one)?.rsa_bits()).min();
            bits.filter(|bits| *bits < SHORTEST_RSA_KEY).map(Refusal::ShortKey)
        }
        Error::InvalidCertificate(reason) if problem::is_named(reason, problem::AUTHORITY) => {
            let is_self_signed = Parts::of(end_entity).is_some_and(|parts| parts.is_self_issued);
            Some(if is_self_signed { Refusal::SelfSigned } else { Refusal::Authority })
        }
        _ => None,
    };
    match refusal {
        Some(refusal) => CertificateError::Other(OtherError(Arc::new(refusal))).into(),
        None => error,
    }
}

/// Trusts every server, as `insecure` asks.
#[derive(Debug)]
pub(super) struct AnyServer;

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
