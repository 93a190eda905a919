//! Reads the client certificate and its key from PEM files. Whether the certificate is valid is up
//! to the server.

use secrecy::{ExposeSecret, SecretString};
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::certificate::{CertificateFields, MIN_RSA_KEY};
use super::config::ConfigError;
use super::pem::{NO_END, Sections};

/// The signs of an encrypted key: in PKCS#8 the first line, in older formats a header.
const ENCRYPTED: [&str; 2] = ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED"];
const OF_SSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";

/// Reads the certificate chain and the key. Both may be in the same file.
///
/// # Errors
///
/// Returns [`ConfigError::ClientCertificate`] or [`ConfigError::ClientKey`] for the file that can't
/// be used, and [`ConfigError::ClientKeyPair`] if the key doesn't match the certificate.
pub(super) fn read(certificate: &str, key: &SecretString) -> Result<CertifiedKey, ConfigError> {
    let chain = chain(certificate).map_err(ConfigError::ClientCertificate)?;
    let key = private_key(key.expose_secret()).map_err(ConfigError::ClientKey)?;
    let not_x509 = |place: usize| {
        ConfigError::ClientCertificate(format!(
            "its certificate {} isn't an X.509 certificate",
            place + 1
        ))
    };
    if let Some(place) = chain.iter().position(|one| CertificateFields::parse(one).is_none()) {
        return Err(not_x509(place));
    }
    let certified = chain.first().and_then(CertificateFields::parse).ok_or_else(|| not_x509(0))?;
    let short = certified.rsa_bits().filter(|bits| *bits < MIN_RSA_KEY);
    let key = any_supported_type(&key).map_err(|_| match short {
        Some(bits) => ConfigError::ClientKey(format!(
            "its RSA key has {bits} bits, but at least {MIN_RSA_KEY} are required"
        )),
        None => ConfigError::ClientKey(
            "it isn't an RSA, ECDSA or Ed25519 key that TLS supports".to_owned(),
        ),
    })?;
    if key.public_key().is_some_and(|public_key| public_key != certified.public_key) {
        return Err(ConfigError::ClientKeyPair("the key doesn't match the certificate".to_owned()));
    }
    Ok(CertifiedKey::new(chain, key))
}

/// Returns the certificates. As in Go, unreadable ones are skipped.
fn chain(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let sections = Sections::parse(text)?;
    let read: Vec<_> = sections
        .complete
        .iter()
        .map(|one| CertificateDer::from_pem_slice(one.as_bytes()))
        .collect();
    let malformed = read.iter().any(|one| !matches!(one, Ok(_) | Err(pem::Error::NoItemsFound)));
    let certificates: Vec<_> = read.into_iter().flatten().collect();
    match certificates.is_empty() {
        false => Ok(certificates),
        true if sections.is_incomplete => Err(NO_END.to_owned()),
        true if malformed => Err(MALFORMED.to_owned()),
        true => Err("it doesn't have a certificate in PEM form".to_owned()),
    }
}

fn private_key(text: &str) -> Result<PrivateKeyDer<'static>, String> {
    let sections = Sections::parse(text)?;
    match PrivateKeyDer::from_pem_slice(sections.complete.concat().as_bytes()) {
        _ if ENCRYPTED.iter().any(|mark| text.contains(mark)) => {
            Err("it is encrypted; decrypt it with `openssl pkey`".to_owned())
        }
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) if text.contains(OF_SSH) => {
            Err("it is an SSH key, which TLS doesn't support".to_owned())
        }
        Err(_) if sections.is_incomplete => Err(NO_END.to_owned()),
        Err(pem::Error::NoItemsFound) => {
            Err("it doesn't have a private key in PEM form".to_owned())
        }
        // Don't repeat the content, which may be a key.
        Err(_) => Err(MALFORMED.to_owned()),
    }
}

/// The error for a section that isn't Base64.
const MALFORMED: &str = "it isn't valid PEM";

#[cfg(test)]
mod tests;
