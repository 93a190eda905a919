//! The client certificate, from PEM files as people have them: any kind of key, both in one file, text before them.
//! Whether the server likes it is the server's business.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Identity;
use secrecy::{ExposeSecret, SecretString};
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::config::ConfigError;

/// How encrypted keys are marked: PKCS#8 in the first line, the older forms in a header below it.
const ENCRYPTED: [&str; 2] = ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED"];
const OF_SSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";

/// The certificates of one file and the key of the other, which may be the same file.
///
/// # Errors
///
/// [`ConfigError::ClientCertificate`] or [`ConfigError::ClientKey`], by the file that is at fault. Whether the key is
/// that of the certificate shows only when the client is built.
pub(super) fn read(certificate: &str, key: &SecretString) -> Result<Identity, ConfigError> {
    let chain = chain(certificate).map_err(ConfigError::ClientCertificate)?;
    let (label, key) = private_key(key.expose_secret()).map_err(ConfigError::ClientKey)?;
    let mut text: String = chain.iter().map(|certificate| section("CERTIFICATE", certificate)).collect();
    text.push_str(&section(label, key.secret_der()));
    let text = SecretString::from(text);
    Identity::from_pem(text.expose_secret().as_bytes())
        .map_err(|_| ConfigError::ClientKeyPair("TLS can't use them".to_owned()))
}

fn chain(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("it holds no certificate in PEM form".to_owned()),
        certificates => certificates.map_err(|error| malformed(&error)),
    }
}

fn private_key(text: &str) -> Result<(&'static str, PrivateKeyDer<'static>), String> {
    let (label, key) = labelled_key(text)?;
    any_supported_type(&key).map_err(|_| "it is no RSA, ECDSA or Ed25519 key that TLS knows".to_owned())?;
    Ok((label, key))
}

fn labelled_key(text: &str) -> Result<(&'static str, PrivateKeyDer<'static>), String> {
    match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
        _ if ENCRYPTED.iter().any(|mark| text.contains(mark)) => {
            Err("it is encrypted, and nobody is asked for the passphrase; decrypt it with `openssl pkey`"
                .to_owned())
        }
        Ok(key @ PrivateKeyDer::Pkcs1(_)) => Ok(("RSA PRIVATE KEY", key)),
        Ok(key @ PrivateKeyDer::Sec1(_)) => Ok(("EC PRIVATE KEY", key)),
        Ok(key) => Ok(("PRIVATE KEY", key)),
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

fn section(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

#[cfg(test)]
mod tests;
