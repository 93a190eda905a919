//! Tests of TLS with a server that has a self-signed certificate.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::gitlab::testing::{MockServer, ReceivedRequest, Reply, client, json, project};
use crate::gitlab::{BaseUrl, Config, Error, ErrorKind, TlsProblem};

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap()
}

fn der(
    certificate: &CertifiedKey<KeyPair>,
) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let key = certificate.signing_key.serialize_der();
    (vec![certificate.cert.der().clone()], PrivateKeyDer::try_from(key).unwrap())
}

fn cert_pem(certificate: &CertifiedKey<KeyPair>) -> String {
    pem("CERTIFICATE", certificate.cert.der())
}

fn key_pem(certificate: &CertifiedKey<KeyPair>) -> String {
    pem("PRIVATE KEY", certificate.signing_key.serialized_der())
}

fn pem(label: &str, der: &[u8]) -> String {
    let lines = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

fn settings(_: &ReceivedRequest) -> Reply {
    json(200, &json!({"inbound_enabled": true, "outbound_enabled": false}))
}

async fn read(config: &Config) -> Result<(), Error> {
    client(config).scope(&project(1).into()).await.map(drop)
}

#[tokio::test]
async fn server_needs_a_trusted_issuer_or_insecure() {
    let own = certificate();
    let (chain, key) = der(&own);
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let server = MockServer::behind_tls(tls, settings).await;

    let error = read(&server.config()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (&ErrorKind::Tls(TlsProblem::UnknownIssuer), 1));
    assert!(!error.maybe_carried_out());
    assert_eq!(server.count(), 0);

    let other = Config { cacert_pem: Some(cert_pem(&certificate())), ..server.config() };
    let other = read(&other).await.unwrap_err();
    assert_eq!(*other.kind(), ErrorKind::Tls(TlsProblem::Other), "the names are the same");
    read(&Config { cacert_pem: Some(cert_pem(&own)), ..server.config() }).await.unwrap();
    read(&Config { insecure: true, ..server.config() }).await.unwrap();
}

#[tokio::test]
async fn client_sends_its_certificate() {
    let (own, ours) = (certificate(), certificate());
    let (chain, key) = der(&own);
    let mut roots = RootCertStore::empty();
    roots.add(ours.cert.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let tls = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let server = MockServer::behind_tls(tls, settings).await;

    let without_certificate =
        Config { cacert_pem: Some(cert_pem(&own)), retries: 0, ..server.config() };
    let error = read(&without_certificate).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Tls(TlsProblem::ClientCertificate));
    assert_eq!(server.count(), 0);
    let known = Config {
        client_cert_pem: Some(cert_pem(&ours)),
        client_key_pem: Some(key_pem(&ours).into()),
        ..without_certificate
    };
    read(&known).await.unwrap();
}

/// Starts an HTTP/2 server that responds to one request per connection, and then closes the
/// connection gracefully.
async fn one_request_per_connection(certificate: &CertifiedKey<KeyPair>) -> String {
    let (chain, key) = der(certificate);
    let mut tls =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.ok()?;
                let one_at_a_time =
                    h2::server::Builder::new().max_concurrent_streams(1).handshake(stream);
                let mut connection: h2::server::Connection<_, &[u8]> = one_at_a_time.await.ok()?;
                let mut responded = 0;
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    // Other requests arrive in the meantime, which this connection doesn't process.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    let mut body = respond
                        .send_response(tonic::codegen::http::Response::new(()), false)
                        .ok()?;
                    body.send_data(br#"{"inbound_enabled":true}"#, true).ok()?;
                    responded += 1;
                    if responded == 1 {
                        connection.graceful_shutdown();
                    }
                }
                Some(())
            });
        }
    });
    origin
}

#[tokio::test]
async fn request_that_was_never_sent_is_not_an_attempt() {
    let own = certificate();
    let origin = one_request_per_connection(&own).await;
    let template = MockServer::replying(vec![]).await.config();
    let config = Config {
        base_url: BaseUrl::parse(&origin).unwrap(),
        cacert_pem: Some(cert_pem(&own)),
        retries: 0,
        ..template
    };
    let client = client(&config);
    let reads = (0..10).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.scope(&project(1).into()).await.map(drop) })
    });
    for read in reads.collect::<Vec<_>>() {
        read.await.unwrap().unwrap();
    }
}

/// Starts an HTTP/2 server that accepts only the certificate `client`, or that requests any
/// certificate and then closes the connection.
async fn with_client_certificates(
    own: &CertifiedKey<KeyPair>,
    client: &CertifiedKey<KeyPair>,
    hangs_up: bool,
) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(client.cert.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots));
    let verifier = if hangs_up { verifier.allow_unauthenticated() } else { verifier };
    let (chain, key) = der(own);
    let tls = ServerConfig::builder().with_client_cert_verifier(verifier.build().unwrap());
    let mut tls = tls.with_single_cert(chain, key).unwrap();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(acceptor.accept(stream).await);
        }
    });
    origin
}

#[tokio::test]
async fn client_certificate_required_over_http2_is_reported() {
    let (own, ours, other) = (certificate(), certificate(), certificate());
    for hangs_up in [false, true] {
        let origin = with_client_certificates(&own, &ours, hangs_up).await;
        let without_certificate = Config {
            base_url: BaseUrl::parse(&origin).unwrap(),
            cacert_pem: Some(cert_pem(&own)),
            retries: 0,
            ..MockServer::replying(vec![]).await.config()
        };
        let with_other_certificate = Config {
            client_cert_pem: Some(cert_pem(&other)),
            client_key_pem: Some(key_pem(&other).into()),
            ..without_certificate.clone()
        };
        let shown = if hangs_up {
            vec![without_certificate]
        } else {
            vec![without_certificate, with_other_certificate]
        };
        for config in shown {
            let error = read(&config).await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Tls(TlsProblem::ClientCertificate), "{error}");
        }
    }
}
