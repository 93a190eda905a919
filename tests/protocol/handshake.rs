//! The handshake line on standard output.

use plugin_host::{Host, Network};

use crate::launch;

#[tokio::test]
async fn line_has_the_format_that_hosts_expect() {
    let plugin = launch().start().await.unwrap();
    let handshake = plugin.handshake();
    assert_eq!(handshake.core_version, 1);
    assert_eq!(handshake.protocol_version, 6);
    assert!(matches!(&handshake.network, Network::Unix(path) if path.is_absolute()));
    assert_eq!(handshake.kind, "grpc");
    assert_eq!(handshake.multiplexed, None);
    // Hosts ignore a certificate of fifty characters or fewer.
    let (rest, certificate) = plugin.handshake_line().rsplit_once('|').unwrap();
    assert!(certificate.len() > 50 && !certificate.contains('='), "{certificate}");
    assert_eq!(rest.matches('|').count(), 4, "{rest}");
}

#[tokio::test]
async fn nothing_follows_the_line_on_standard_output() {
    let mut host = Host::start(&launch().env("TF_LOG", "TRACE")).await.unwrap();
    host.shutdown().await.unwrap();
    host.plugin.wait().await.unwrap();
    assert_eq!(host.plugin.stdout(), [""; 0]);
}

#[tokio::test]
async fn multiplexing_is_declined_in_a_seventh_segment() {
    let plugin = launch().env("PLUGIN_MULTIPLEX_GRPC", "true").start().await.unwrap();
    assert_eq!(plugin.handshake().multiplexed.as_deref(), Some("false"));
    plugin.connect().await.unwrap();
}

#[tokio::test]
async fn order_of_the_versions_does_not_matter() {
    let plugin = launch().env("PLUGIN_PROTOCOL_VERSIONS", "6,5").start().await.unwrap();
    assert_eq!(plugin.handshake().protocol_version, 6);
}

#[tokio::test]
async fn unsupported_protocol_is_explained_in_the_log() {
    let launch = launch().env("PLUGIN_PROTOCOL_VERSIONS", "5").env("TF_LOG", "ERROR");
    let host = Host::start(&launch).await.unwrap();
    assert_eq!(host.plugin.handshake().protocol_version, 6);
    host.shutdown().await.unwrap();
    let lines = host.plugin.wait_for_stderr().await.unwrap();
    assert!(lines[0].contains("the host does not support protocol 6"), "{lines:?}");
}
