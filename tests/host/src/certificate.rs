//! The client certificate that a host creates for each plugin, with the properties of those of
//! Terraform and OpenTofu.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P521_SHA512,
};
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::Error;

const BEFORE_NOW: Duration = Duration::from_secs(30);
const AFTER_NOW: Duration = Duration::from_secs(262_980 * 60 * 60);
const PEM_LINE: usize = 64;

/// A certificate with its key.
#[derive(Debug)]
pub struct ClientCertificate {
    der: CertificateDer<'static>,
    key: KeyPair,
}

impl ClientCertificate {
    /// Creates a certificate that is valid from 30 seconds ago.
    ///
    /// # Errors
    ///
    /// Fails if the key or certificate can't be created.
    pub fn fresh() -> Result<Self, Error> {
        let now = SystemTime::now();
        Self::valid(now - BEFORE_NOW, now + AFTER_NOW)
    }

    /// Creates a certificate that was valid for an hour and expired an hour ago.
    ///
    /// # Errors
    ///
    /// As [`ClientCertificate::fresh`].
    pub fn expired() -> Result<Self, Error> {
        let hour = Duration::from_secs(60 * 60);
        let now = SystemTime::now();
        Self::valid(now - hour * 2, now - hour)
    }

    /// Combines a certificate with another key, as an eavesdropper might try.
    ///
    /// # Errors
    ///
    /// As [`ClientCertificate::fresh`].
    pub fn forge(of: &Self) -> Result<Self, Error> {
        Ok(Self { der: of.der(), key: KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512)? })
    }

    fn valid(from: SystemTime, until: SystemTime) -> Result<Self, Error> {
        let mut params = CertificateParams::new(["localhost".to_owned()])?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "HashiCorp");
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.not_before = from.into();
        params.not_after = until.into();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyAgreement,
            KeyUsagePurpose::KeyCertSign,
        ];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512)?;
        Ok(Self { der: params.self_signed(&key)?.der().clone(), key })
    }

    /// Returns the certificate in PEM form, as `PLUGIN_CLIENT_CERT` has it.
    pub fn pem(&self) -> String {
        let text = STANDARD.encode(&self.der);
        let lines = text.as_bytes().chunks(PEM_LINE).map(String::from_utf8_lossy);
        let body = lines.collect::<Vec<_>>().join("\n");
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.der.clone()
    }

    pub(crate) fn key_der(&self) -> Vec<u8> {
        self.key.serialize_der()
    }
}
