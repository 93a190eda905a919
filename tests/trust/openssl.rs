//! Certificates made by `openssl` with its defaults.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use gitlab_simulator::Simulator;
use rcgen::{BasicConstraints, CertificateParams, IsCa};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme, client::danger::HandshakeSignatureValid,
};

use crate::kit::{Certificate, Files, Gateway, address, configure, launch, only_error, pem};

const HERE: &str = "127.0.0.1";

/// Says why a test is skipped, past the test runner, which would hide the output of tests that
/// pass.
fn skip(reason: &str) {
    drop(std::io::stderr().write_all(format!("\nSKIPPED: {reason}.\n\n").as_bytes()));
}

/// Runs `openssl` for each line, in the directory. Returns `false`, and says so, where a test must
/// be skipped for want of it.
fn openssl(files: &Files, lines: &[&str]) -> bool {
    for line in lines {
        let made = Command::new("openssl").args(line.split(' ')).current_dir(files.path()).output();
        let Ok(made) = made else {
            skip("there is no `openssl` on this machine");
            return false;
        };
        assert!(made.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&made.stderr));
    }
    true
}

/// Returns the command for a self-signed certificate, as in the manual page of `openssl req`.
fn self_signed(name: &str) -> String {
    format!(
        "req -x509 -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.pem -days 30 -subj \
         /CN={HERE} -addext subjectAltName=IP:{HERE}"
    )
}

/// The command for a certificate authority's certificate.
const AUTHORITY: &str =
    "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=authority";

/// Makes `leaf.pem`, signed by the authority in `ca.pem`. Returns `false` if there is no `openssl`.
fn signed_leaf(files: &Files, constraints: &str) -> bool {
    let names = format!("subjectAltName=IP:{HERE}\nbasicConstraints={constraints}\n");
    files.write("names.cnf", names);
    let request = "req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf";
    let sign = "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names.cnf \
        -out leaf.pem";
    openssl(files, &[AUTHORITY, request, sign])
}

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

fn server(files: &Files, name: &str) -> ServerConfig {
    let chain = vec![certificate(&files.path().join(format!("{name}.pem")))];
    let key = PrivateKeyDer::from_pem_file(files.path().join(format!("{name}.key"))).unwrap();
    ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap()
}

/// Starts a GitLab behind TLS, and returns a provider block that trusts this file.
async fn trusting(tls: ServerConfig, trusted: &Path) -> (Simulator, Gateway, Value) {
    let gitlab = Simulator::start();
    let tls = Gateway::tls(tls, address(&gitlab)).await;
    let base_url = format!("https://{}", tls.address());
    let block = json!({"base_url": base_url, "token": gitlab.token(), "cacert_file": trusted});
    (gitlab, tls, block)
}

async fn assert_rejected(tls: ServerConfig, trusted: &Path, reason: &str) {
    let (gitlab, _tls, block) = trusting(tls, trusted).await;
    let diagnostics = configure(&launch(), block).await;
    let error = only_error(&diagnostics);
    assert!(error.detail.contains(reason), "{reason}: {error:#?}");
    assert_eq!(gitlab.requests().to_string(), "");
}

#[tokio::test]
async fn self_signed_certificate_in_the_file_is_trusted() {
    let files = Files::new();
    if !openssl(&files, &[&self_signed("ours"), &self_signed("other")]) {
        return;
    }
    let path = |name: &str| files.path().join(format!("{name}.pem"));
    let (gitlab, _tls, block) = trusting(server(&files, "ours"), &path("ours")).await;
    assert_eq!(configure(&launch(), block).await, []);
    assert_eq!(gitlab.requests().len(), 1);

    assert_rejected(server(&files, "ours"), &path("other"), "certificate").await;
}

#[tokio::test]
async fn signed_certificate_in_the_file_needs_no_ca() {
    let files = Files::new();
    if !signed_leaf(&files, "CA:FALSE") {
        return;
    }
    let leaf = files.path().join("leaf.pem");
    let (_gitlab, _tls, block) = trusting(server(&files, "leaf"), &leaf).await;
    assert_eq!(configure(&launch(), block).await, []);
}

/// Go accepts it by its issuer; here the file must have the certificate itself, as the message
/// says.
#[tokio::test]
async fn ca_certificate_of_a_server_is_not_called_self_signed() {
    let files = Files::new();
    if !signed_leaf(&files, "CA:TRUE") {
        return;
    }
    let path = |name: &str| files.path().join(name);
    assert_rejected(
        server(&files, "leaf"),
        &path("ca.pem"),
        "it is the certificate of an authority",
    )
    .await;

    let leaf = std::fs::read(path("leaf.pem")).unwrap();
    let broken = b"# M\xfcller\t\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let trusted = files.write("both.pem", [&broken[..], &leaf].concat());
    let (_gitlab, _tls, block) = trusting(server(&files, "leaf"), &trusted).await;
    assert_eq!(configure(&launch(), block).await, []);
}

#[tokio::test]
async fn name_and_dates_of_a_certificate_are_verified() {
    let authority = |params: &mut CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    let between = |from: i64, to: i64| {
        move |params: &mut CertificateParams| {
            authority(params);
            params.not_before = OffsetDateTime::now_utc() + Duration::days(from);
            params.not_after = OffsetDateTime::now_utc() + Duration::days(to);
        }
    };
    for (certificate, reason) in [
        (
            Certificate::with("gitlab.test", authority),
            "for another name: it is valid for gitlab.test",
        ),
        (Certificate::with(HERE, between(-2, -1)), "has expired: it was valid until"),
        (Certificate::with(HERE, between(1, 2)), "valid yet: it is valid from"),
    ] {
        let files = Files::new();
        assert_rejected(certificate.server(), &files.write("ca.pem", certificate.pem()), reason)
            .await;
    }
    let (files, certificate) = (Files::new(), Certificate::with(HERE, between(-1, 1)));
    let (_gitlab, _tls, block) =
        trusting(certificate.server(), &files.write("ca.pem", certificate.pem())).await;
    assert_eq!(configure(&launch(), block).await, []);
}

/// The key must match the certificate, whichever client has it.
#[tokio::test]
async fn certificate_without_its_key_is_rejected() {
    let authority = |params: &mut CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    let (ours, other) = (Certificate::with(HERE, authority), Certificate::of(HERE));
    let files = Files::new();
    let (gitlab, _tls, block) =
        trusting(ours.server_with_key_of(&other), &files.write("ca.pem", ours.pem())).await;
    let diagnostics = configure(&launch(), block).await;
    assert!(only_error(&diagnostics).detail.contains("a signature is invalid"), "{diagnostics:#?}");
    assert_eq!(gitlab.requests().to_string(), "");
}

/// Accepts one client certificate of any version.
#[derive(Debug)]
struct OnlyClient(CertificateDer<'static>);

impl ClientCertVerifier for OnlyClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match *end_entity == self.0 {
            true => Ok(ClientCertVerified::assertion()),
            false => Err(CertificateError::UnknownIssuer.into()),
        }
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

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn client_certificate_of_version_1_is_sent() {
    let files = Files::new();
    let request = |name: &str| {
        format!("req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}")
    };
    let sign = "x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out client.pem";
    if !openssl(&files, &[AUTHORITY, &request("client"), sign, &request("other")]) {
        return;
    }
    let (path, server) = (|name: &str| files.path().join(name), Certificate::of(HERE));
    let client = certificate(&path("client.pem"));
    // Newer releases of openssl may add extensions by themselves, and so make version 3.
    let mut print = Command::new("openssl");
    let text =
        print.args(["x509", "-noout", "-text", "-in"]).arg(path("client.pem")).output().unwrap();
    if !String::from_utf8_lossy(&text.stdout).contains("Version: 1 ") {
        return skip("this `openssl` makes no certificates of version 1");
    }
    let tls = ServerConfig::builder()
        .with_client_cert_verifier(Arc::new(OnlyClient(client)))
        .with_single_cert(vec![server.der.clone()], server.key())
        .unwrap();
    let trusted = files.write("server.pem", pem("CERTIFICATE", &server.der));
    let (gitlab, _tls, mut block) = trusting(tls, &trusted).await;
    assert!(!configure(&launch(), block.clone()).await.is_empty());
    block["client_cert"] = json!(path("client.pem"));
    block["client_key"] = json!(path("client.key"));
    assert_eq!(configure(&launch(), block.clone()).await, []);
    assert_eq!(gitlab.requests().len(), 1);

    block["client_key"] = json!(path("other.key"));
    let diagnostics = configure(&launch(), block).await;
    let error = only_error(&diagnostics);
    assert!(error.detail.contains("the key doesn't match the certificate"), "{error:#?}");
}
