//! The gRPC services other than the provider.

use std::time::Duration;

use plugin_host::Host;
use tokio::time::timeout;

use crate::{LIMIT, launch};

/// The health protocol's code for a working service.
const SERVING: i32 = 1;
/// Long enough to notice a stream that ends early.
const PAUSE: Duration = Duration::from_millis(200);

#[tokio::test]
async fn only_the_plugin_service_is_healthy() {
    let host = Host::start(&launch()).await.unwrap();
    assert_eq!(host.health("plugin").await.unwrap(), SERVING);
    assert_eq!(host.health("another").await.unwrap_err().code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn stdio_and_broker_streams_stay_open_until_the_end() {
    let mut host = Host::start(&launch()).await.unwrap();
    assert!(timeout(PAUSE, host.connection.stdio.message()).await.is_err(), "it spoke or ended");
    assert!(timeout(PAUSE, host.connection.broker.message()).await.is_err(), "it spoke or ended");

    host.shutdown().await.unwrap();
    let stdio = timeout(LIMIT, host.connection.stdio.message()).await.unwrap();
    let broker = timeout(LIMIT, host.connection.broker.message()).await.unwrap();
    assert_eq!(stdio.unwrap(), None);
    assert_eq!(broker.unwrap(), None);
}
