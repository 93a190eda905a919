//! The client certificate. The client's unit tests cover the kinds of keys.

use gitlab_simulator::Simulator;
use serde_json::{Value, json};

use crate::kit::{Certificate, Files, Gateway, address, configure, launch, only_error, pem};

/// A GitLab that accepts one client certificate, and a provider block that trusts it.
struct Guarded {
    gitlab: Simulator,
    _tls: Gateway,
    files: Files,
    block: Value,
}

impl Guarded {
    async fn by(client: &Certificate) -> Self {
        let (gitlab, server, files) =
            (Simulator::start(), Certificate::of("127.0.0.1"), Files::new());
        let tls = Gateway::tls(server.server_for(client), address(&gitlab)).await;
        let block = json!({
            "base_url": format!("https://{}", tls.address()),
            "token": gitlab.token(),
            "cacert_file": files.write("ca.pem", server.pem()),
        });
        Self { gitlab, _tls: tls, files, block }
    }

    /// Returns the provider block with these files.
    fn block_with(&self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Value {
        let mut block = self.block.clone();
        block["client_cert"] = self.files.write("client.pem", certificate).to_str().into();
        block["client_key"] = self.files.write("client.key", key).to_str().into();
        block
    }
}

#[tokio::test]
async fn only_the_right_client_certificate_is_accepted() {
    let ours = Certificate::of("ours");
    let guarded = Guarded::by(&ours).await;
    let stranger = Certificate::of("stranger");
    for block in [guarded.block.clone(), guarded.block_with(stranger.pem(), stranger.key_pem())] {
        let diagnostics = configure(&launch(), block).await;
        assert!(only_error(&diagnostics).detail.contains("`client_cert`"), "{diagnostics:#?}");
    }
    assert_eq!(guarded.gitlab.requests().to_string(), "");

    assert_eq!(configure(&launch(), guarded.block_with(ours.pem(), ours.key_pem())).await, []);
    let both = format!("Bag Attributes\r\n{}{}", ours.pem(), ours.key_pem());
    assert_eq!(configure(&launch(), guarded.block_with(&both, &both)).await, []);
}

#[tokio::test]
async fn unusable_file_is_named() {
    let ours = Certificate::of("ours");
    let guarded = Guarded::by(&ours).await;
    let (certificate, key) = (ours.pem().into_bytes(), ours.key_pem().into_bytes());
    let encrypted = pem("ENCRYPTED PRIVATE KEY", b"x").into_bytes();
    let another = Certificate::of("another").key_pem().into_bytes();
    let cases = [
        (&certificate, &encrypted, "client_key", "it is encrypted"),
        (&certificate, &certificate, "client_key", "it doesn't have a private key in PEM form"),
        (&certificate, &another, "client_key", "the key doesn't match the certificate"),
        (&key, &key, "client_cert", "it doesn't have a certificate in PEM form"),
        (&ours.der.to_vec(), &key, "client_cert", "it isn't a PEM file"),
    ];
    for (certificate, key, attribute, reason) in cases {
        let diagnostics = configure(&launch(), guarded.block_with(certificate, key)).await;
        let error = only_error(&diagnostics);
        assert_eq!(error.attribute.as_deref(), Some(attribute), "{error:#?}");
        assert!(error.detail.contains(reason), "{error:#?}");
    }
}
