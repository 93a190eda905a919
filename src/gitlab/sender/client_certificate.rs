//! The client certificate, from PEM files as people have them: any kind of key, both in one file, text before them.
//! Whether the server likes it is the server's business.

use secrecy::{ExposeSecret, SecretString};
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::certificate::{Parts, SHORTEST_RSA_KEY};
use super::config::ConfigError;

/// How encrypted keys are marked: PKCS#8 in the first line, the older forms in a header below it.
const ENCRYPTED: [&str; 2] = ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED"];
const OF_SSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";

/// Reads the certificates of one file and the key of the other, which may be the same file.
///
/// # Errors
///
/// [`ConfigError::ClientCertificate`] or [`ConfigError::ClientKey`], by the file that is at fault, and
/// [`ConfigError::ClientKeyPair`] where the key isn't that of the certificate.
pub(super) fn read(certificate: &str, key: &SecretString) -> Result<CertifiedKey, ConfigError> {
    let chain = chain(certificate).map_err(ConfigError::ClientCertificate)?;
    let key = private_key(key.expose_secret()).map_err(ConfigError::ClientKey)?;
    let certified = chain.first().and_then(Parts::of).ok_or_else(|| {
        ConfigError::ClientCertificate("its first certificate isn't an X.509 certificate".to_owned())
    })?;
    let short = certified.rsa_bits().filter(|bits| *bits < SHORTEST_RSA_KEY);
    let key = any_supported_type(&key).map_err(|_| match short {
        Some(bits) => ConfigError::ClientKey(format!(
            "its RSA key has {bits} bits, and at least {SHORTEST_RSA_KEY} are needed"
        )),
        None => ConfigError::ClientKey("it is no RSA, ECDSA or Ed25519 key that TLS knows".to_owned()),
    })?;
    if key.public_key().is_some_and(|public_key| public_key != certified.public_key) {
        return Err(ConfigError::ClientKeyPair("the key is not that of the certificate".to_owned()));
    }
    Ok(CertifiedKey::new(chain, key))
}

fn chain(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("it holds no certificate in PEM form".to_owned()),
        certificates => certificates.map_err(|error| malformed(&error)),
    }
}

fn private_key(text: &str) -> Result<PrivateKeyDer<'static>, String> {
    match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
        _ if ENCRYPTED.iter().any(|mark| text.contains(mark)) => {
            Err("it is encrypted, and nobody is asked for the passphrase; decrypt it with `openssl pkey`"
                .to_owned())
        }
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) if text.contains(OF_SSH) => {
            Err("it is a key of SSH, which TLS does not use".to_owned())
        }
        Err(pem::Error::NoItemsFound) => Err("it holds no private key in PEM form".to_owned()),
        Err(error) => Err(malformed(&error)),
    }
}

/// Says nothing of what the file holds: a key may be among it.
fn malformed(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section of it has no end".to_owned(),
        _ => "it is not well-formed PEM".to_owned(),
    }
}

#[cfg(test)]
mod tests;
