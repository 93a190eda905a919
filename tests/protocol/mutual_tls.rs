//! Mutual TLS: only the host that started the process can connect.

use plugin_host::{ClientCertificate, Launch, Plugin};

use crate::{eventually, launch};

fn logging() -> Launch {
    launch().env("TF_LOG", "WARN")
}

async fn assert_refusal_was_logged(plugin: &Plugin, reason: &str) {
    eventually(reason, || {
        plugin
            .stderr()
            .iter()
            .any(|line| line.contains("refused a connection") && line.contains(reason))
    })
    .await;
}

/// Panics unless the host can connect, which a rejected connection must not prevent.
async fn assert_host_connects(plugin: &Plugin) {
    assert_eq!(plugin.connect().await.unwrap().health("plugin").await.unwrap(), 1);
}

#[tokio::test]
async fn certificate_of_the_host_is_accepted() {
    for launch in [launch(), launch().tcp()] {
        assert_host_connects(&launch.start().await.unwrap()).await;
    }
}

#[tokio::test]
async fn client_without_a_certificate_is_rejected() {
    let plugin = logging().start().await.unwrap();
    plugin.connect_with(None).await.unwrap_err();
    assert_refusal_was_logged(&plugin, "peer sent no certificates").await;
    assert_host_connects(&plugin).await;
}

#[tokio::test]
async fn client_with_another_similar_certificate_is_rejected() {
    let plugin = logging().start().await.unwrap();
    let another = ClientCertificate::fresh().unwrap();
    plugin.connect_with(Some(&another)).await.unwrap_err();
    assert_refusal_was_logged(&plugin, "invalid peer certificate").await;
    assert_host_connects(&plugin).await;
}

#[tokio::test]
async fn client_without_the_key_of_the_certificate_is_rejected() {
    let host = ClientCertificate::fresh().unwrap();
    let forged = ClientCertificate::forge(&host).unwrap();
    let plugin = logging().certificate(host).start().await.unwrap();
    plugin.connect_with(Some(&forged)).await.unwrap_err();
    assert_refusal_was_logged(&plugin, "BadSignature").await;
    assert_host_connects(&plugin).await;
}

#[tokio::test]
async fn host_with_an_expired_certificate_is_rejected() {
    let plugin =
        logging().certificate(ClientCertificate::expired().unwrap()).start().await.unwrap();
    plugin.connect().await.unwrap_err();
    assert_refusal_was_logged(&plugin, "expired").await;
}

#[tokio::test]
async fn client_without_tls_is_rejected() {
    let plugin = logging().start().await.unwrap();
    plugin.connect_plaintext().await.unwrap_err();
    assert_refusal_was_logged(&plugin, "corrupt message").await;
    assert_host_connects(&plugin).await;
}

#[tokio::test]
async fn host_with_tls_disabled_is_served_without_tls() {
    let plugin = launch().without_tls().start().await.unwrap();
    assert_eq!(plugin.handshake().certificate, None);
    assert_host_connects(&plugin).await;
}
