//! The servers that the token is sent to.

use std::time::{Duration, SystemTime};

use gitlab_simulator::Simulator;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa};
use serde_json::{Value, json};

use crate::kit::{
    Certificate, Files, Gateway, address, configure, launch, only_error, only_warning,
};

const HERE: &str = "127.0.0.1";
/// A file without a certificate.
const NOTHING: &str = "/dev/null";

/// Starts a GitLab behind TLS.
async fn behind_tls(certificate: &Certificate) -> (Simulator, Gateway) {
    let gitlab = Simulator::start();
    let tls = Gateway::tls(certificate.server(), address(&gitlab)).await;
    (gitlab, tls)
}

fn block(gitlab: &Simulator, tls: &Gateway) -> Value {
    json!({"base_url": format!("https://{}", tls.address()), "token": gitlab.token()})
}

/// Panics unless the connection fails before the token is sent.
#[track_caller]
fn assert_untrusted(gitlab: &Simulator, diagnostics: &[plugin_host::Diagnostic]) {
    let error = only_error(diagnostics);
    assert!(error.detail.contains("certificate"), "{error:#?}");
    assert!(!format!("{error:?}").contains(gitlab.token()));
    assert_eq!(gitlab.requests().to_string(), "");
}

#[tokio::test]
async fn untrusted_server_does_not_get_the_token() {
    let (gitlab, tls) = behind_tls(&Certificate::of(HERE)).await;
    assert_untrusted(&gitlab, &configure(&launch(), block(&gitlab, &tls)).await);
}

/// On other systems, tests can't replace the authorities.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn system_authorities_are_trusted() {
    let (files, certificate) = (Files::new(), Certificate::of(HERE));
    let (gitlab, tls) = behind_tls(&certificate).await;
    let system = launch().env("SSL_CERT_FILE", files.write("system.pem", certificate.pem()));
    assert_eq!(configure(&system, block(&gitlab, &tls)).await, []);
    assert_eq!(gitlab.requests().len(), 1);
}

/// As in Go, even if the certificate is marked as an authority, as `openssl req -x509` does.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn certificate_in_the_system_store_is_trusted() {
    let authority = |params: &mut CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    let (files, certificate) = (Files::new(), Certificate::with(HERE, authority));
    let (gitlab, tls) = behind_tls(&certificate).await;
    let system = launch().env("SSL_CERT_FILE", files.write("system.pem", certificate.pem()));
    assert_eq!(configure(&system, block(&gitlab, &tls)).await, []);
    assert_eq!(gitlab.requests().len(), 1);

    let for_others = |params: &mut CertificateParams| {
        authority(params);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    for certificate in
        [Certificate::with("gitlab.test", authority), Certificate::with(HERE, for_others)]
    {
        let (gitlab, tls) = behind_tls(&certificate).await;
        let system = launch().env("SSL_CERT_FILE", files.write("system.pem", certificate.pem()));
        assert_untrusted(&gitlab, &configure(&system, block(&gitlab, &tls)).await);
    }
}

#[tokio::test]
async fn cacert_file_adds_to_or_replaces_the_systems_authorities() {
    let (files, certificate) = (Files::new(), Certificate::of(HERE));
    let (gitlab, tls) = behind_tls(&certificate).await;
    let several = format!("# ours\r\n{}{}", Certificate::of("other").pem(), certificate.pem());
    let mut block = block(&gitlab, &tls);
    block["cacert_file"] = files.write("ca.pem", several.replace('\n', "\r\n")).to_str().into();
    assert_eq!(configure(&launch(), block.clone()).await, []);

    assert_eq!(configure(&launch().env("SSL_CERT_FILE", NOTHING), block).await, []);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn error_without_system_authorities_has_advice() {
    let (gitlab, tls) = behind_tls(&Certificate::of(HERE)).await;
    let bare = launch().env("SSL_CERT_FILE", NOTHING);
    let diagnostics = configure(&bare, block(&gitlab, &tls)).await;
    let error = only_error(&diagnostics);
    assert!(
        error.detail.contains("This system doesn't have certificates of authorities"),
        "{error:?}"
    );
    assert_eq!(error.attribute.as_deref(), Some("cacert_file"));

    // Without encryption, there is no certificate to verify.
    let here = json!({"base_url": gitlab.url(), "token": gitlab.token()});
    assert_eq!(configure(&bare, here).await, []);
}

#[tokio::test]
async fn authorities_of_another_file_are_not_trusted() {
    let files = Files::new();
    let (gitlab, tls) = behind_tls(&Certificate::of(HERE)).await;
    let mut block = block(&gitlab, &tls);
    block["cacert_file"] = files.write("ca.pem", Certificate::of(HERE).pem()).to_str().into();
    assert_untrusted(&gitlab, &configure(&launch(), block).await);
}

#[tokio::test]
async fn certificate_of_another_name_or_time_is_always_rejected() {
    let expired = |params: &mut rcgen::CertificateParams| {
        let day = Duration::from_secs(24 * 60 * 60);
        params.not_before = (SystemTime::now() - 2 * day).into();
        params.not_after = (SystemTime::now() - day).into();
    };
    for certificate in [Certificate::of("gitlab.test"), Certificate::with(HERE, expired)] {
        let files = Files::new();
        let (gitlab, tls) = behind_tls(&certificate).await;
        let mut block = block(&gitlab, &tls);
        block["cacert_file"] = files.write("ca.pem", certificate.pem()).to_str().into();
        assert_untrusted(&gitlab, &configure(&launch(), block).await);
    }
}

#[tokio::test]
async fn insecure_trusts_any_server_with_a_warning() {
    let (gitlab, tls) = behind_tls(&Certificate::of("gitlab.test")).await;
    let mut block = block(&gitlab, &tls);
    block["insecure"] = true.into();
    let diagnostics = configure(&launch(), block).await;
    let warning = only_warning(&diagnostics);
    assert_eq!(warning.summary, "Server certificate isn't verified");
    assert_eq!(warning.attribute.as_deref(), Some("insecure"));
    assert_eq!(gitlab.requests().len(), 1);
}

/// The unspecified address reaches this machine, but isn't its loopback address.
#[tokio::test]
async fn plain_http_to_another_host_warns() {
    let gitlab = Simulator::start();
    let there = format!("http://0.0.0.0:{}", address(&gitlab).port());
    let diagnostics =
        configure(&launch(), json!({"base_url": there, "token": gitlab.token()})).await;
    let warning = only_warning(&diagnostics);
    assert_eq!(warning.summary, "Token is sent without encryption");
    assert_eq!(warning.attribute.as_deref(), Some("base_url"));
    assert!(
        warning.detail.starts_with(&format!("Connections to {there} aren't encrypted")),
        "{warning:?}"
    );

    let here = json!({"base_url": gitlab.url(), "token": gitlab.token()});
    assert_eq!(configure(&launch(), here).await, []);
}
