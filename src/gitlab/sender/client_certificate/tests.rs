//! Tests each kind of private key against a server that accepts only its certificate.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_ECDSA_P521_SHA512, PKCS_ED25519, PKCS_RSA_SHA256,
};
use serde_json::json;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::gitlab::testing::{MockServer, client, json, project};
use crate::gitlab::{BaseUrl, Client, Config, ConfigError};

/// The tag of the octet string in PKCS#8 that contains the key in its older form, after the
/// algorithm.
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

struct Pair {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Pair {
    fn of(key: KeyPair) -> Self {
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        Self { certificate: params.self_signed(&key).unwrap().der().clone(), key }
    }

    fn certificate(&self) -> String {
        section("CERTIFICATE", &self.certificate)
    }

    fn pkcs8(&self) -> String {
        section("PRIVATE KEY", self.key.serialized_der())
    }

    /// Returns the key without its PKCS#8 wrapper, as a PEM section with this label.
    fn older(&self, label: &str) -> String {
        section(label, unwrapped(self.key.serialized_der()))
    }
}

/// Returns the tag and content of a DER element, and the bytes that follow it.
fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, start) = match der[1] {
        short @ 0..=0x7f => (usize::from(short), 2),
        0x81 => (usize::from(der[2]), 3),
        _ => (usize::from(u16::from_be_bytes([der[2], der[3]])), 4),
    };
    (der[0], &der[start..start + length], &der[start + length..])
}

fn unwrapped(pkcs8: &[u8]) -> &[u8] {
    let (tag, content, _) = element(pkcs8);
    assert_eq!(tag, SEQUENCE);
    let (_, _, after_version) = element(content);
    let (_, _, after_algorithm) = element(after_version);
    let (tag, key, _) = element(after_algorithm);
    assert_eq!(tag, OCTETS);
    key
}

fn section(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

async fn assert_accepted(pair: &Pair, certificate: String, key: String) {
    let own = Pair::of(KeyPair::generate().unwrap());
    let mut roots = RootCertStore::empty();
    roots.add(pair.certificate.clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let own_key = own.key.serialize_der().try_into().unwrap();
    let tls = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![own.certificate.clone()], own_key)
        .unwrap();
    let settings = |_: &_| json(200, &json!({"inbound_enabled": true, "outbound_enabled": false}));
    let server = MockServer::behind_tls(tls, settings).await;
    let config = Config {
        cacert_pem: Some(own.certificate()),
        client_cert_pem: Some(certificate),
        client_key_pem: Some(key.into()),
        ..server.config()
    };
    client(&config).scope(&project(1).into()).await.unwrap();
}

#[tokio::test]
async fn every_kind_of_key_is_accepted() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ECDSA_P521_SHA512] {
        let pair = Pair::of(KeyPair::generate_for(algorithm).unwrap());
        assert_accepted(&pair, pair.certificate(), pair.pkcs8()).await;
        assert_accepted(&pair, pair.certificate(), pair.older("EC PRIVATE KEY")).await;
    }
    let rsa = Pair::of(KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap());
    assert_accepted(&rsa, rsa.certificate(), rsa.pkcs8()).await;
    assert_accepted(&rsa, rsa.certificate(), rsa.older("RSA PRIVATE KEY")).await;
    let ed25519 = Pair::of(KeyPair::generate_for(&PKCS_ED25519).unwrap());
    assert_accepted(&ed25519, ed25519.certificate(), ed25519.pkcs8()).await;
}

#[tokio::test]
async fn certificate_and_key_may_share_a_file_with_other_text() {
    let pair = Pair::of(KeyPair::generate().unwrap());
    let (certificate, key) = (pair.certificate(), pair.pkcs8());
    let parameters = section("EC PARAMETERS", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
    let attributes = "Bag Attributes\n    friendlyName: ours\nsubject=CN = ours\n";
    for both in [
        format!("{certificate}{key}"),
        format!("{key}{certificate}"),
        crlf(&format!("{certificate}{key}")),
        format!("{attributes}{certificate}{attributes}{key}"),
        format!("\u{feff}{attributes}{parameters}{key}\n\n{certificate}"),
        format!("{parameters}{}{certificate}", pair.older("EC PRIVATE KEY")),
        format!("{certificate}{key}").replace('\n', "\t\n"),
        format!("# M\u{fffd}ller\n{certificate}{key}-----BEGIN CERTIFICATE-----\nAAAA"),
    ] {
        assert_accepted(&pair, both.clone(), both).await;
    }
}

fn refusal(certificate: String, key: String) -> ConfigError {
    let mut config = Config::new(
        BaseUrl::parse("https://gitlab.com").unwrap(),
        Some("glpat-x".into()),
        "tests".into(),
    );
    config.client_cert_pem = Some(certificate);
    config.client_key_pem = Some(key.into());
    Client::new(&config, Default::default()).unwrap_err()
}

#[test]
fn unusable_key_has_a_reason() {
    let pair = Pair::of(KeyPair::generate().unwrap());
    let encrypted = "it is encrypted; decrypt it with `openssl pkey`";
    let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: \
                 AES-256-CBC,00\n\nAAAA\n\
                 -----END RSA PRIVATE KEY-----\n\
                 ";
    for (key, reason) in [
        (section("ENCRYPTED PRIVATE KEY", b"x"), encrypted),
        (older.to_owned(), encrypted),
        (crlf(older), encrypted),
        (section("OPENSSH PRIVATE KEY", b"x"), "it is an SSH key, which TLS doesn't support"),
        (pair.certificate(), "it doesn't have a private key in PEM form"),
        (String::new(), "it doesn't have a private key in PEM form"),
        (
            section("PRIVATE KEY", b"no key"),
            "it isn't an RSA, ECDSA or Ed25519 key that TLS supports",
        ),
        (pair.pkcs8().replace("-----END", "-----"), "one of its sections doesn't have an end"),
        (pair.pkcs8().replace("-----\n", "-----\n!"), "it isn't valid PEM"),
    ] {
        let error = refusal(pair.certificate(), key);
        assert_eq!(error, ConfigError::ClientKey(reason.to_owned()));
        assert_eq!(error.to_string(), format!("the client key can't be used: {reason}"));
    }
}

#[test]
fn invalid_certificate_has_a_reason() {
    let pair = Pair::of(KeyPair::generate().unwrap());
    for certificate in [String::new(), pair.pkcs8(), "no certificate".to_owned()] {
        let reason = "it doesn't have a certificate in PEM form".to_owned();
        assert_eq!(refusal(certificate, pair.pkcs8()), ConfigError::ClientCertificate(reason));
    }
    let reason = "its certificate 1 isn't an X.509 certificate".to_owned();
    let other = section("CERTIFICATE", b"no certificate");
    assert_eq!(refusal(other, pair.pkcs8()), ConfigError::ClientCertificate(reason));
}

#[test]
fn key_of_another_certificate_is_rejected() {
    let (ours, other) =
        (Pair::of(KeyPair::generate().unwrap()), Pair::of(KeyPair::generate().unwrap()));
    let error = refusal(ours.certificate(), other.pkcs8());
    assert_eq!(
        error,
        ConfigError::ClientKeyPair("the key doesn't match the certificate".to_owned())
    );
}
