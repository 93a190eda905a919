//! Calls in flight when the host asks for the end: they may finish, but not hold it up for long.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use plugin_host::tfplugin6::get_metadata;
use plugin_host::{Connection, Handshake as HostsView};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{Request, Response};
use tonic::server::NamedService;
use tonic::{Code, Status};

use super::*;
use crate::plugin::environment::Network;

/// A provider whose calls begin and then wait for leave to end, with an error that can be told from
/// all others.
#[derive(Clone, Default)]
struct Slow {
    begun: Arc<Notify>,
    leave: Arc<Notify>,
}

impl NamedService for Slow {
    const NAME: &'static str = "tfplugin6.Provider";
}

impl Service<Request<Body>> for Slow {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let Self { begun, leave } = self.clone();
        Box::pin(async move {
            begun.notify_one();
            leave.notified().await;
            Ok(Status::data_loss("finished").into_http())
        })
    }
}

/// Serves `provider` while `host` acts, which gets the connection, and returns how serving ended.
async fn serve_while<F: Future<Output = ()>>(
    provider: Slow,
    host: impl FnOnce(Connection) -> F,
) -> End {
    let launch = Launch {
        protocol_versions: vec![PROTOCOL_VERSION],
        ports: 0..=0,
        client_certificate: None,
        asks_for_multiplexing: false,
        socket_dir: None,
        temporary_dirs: Vec::new(),
        socket_group: None,
        network: Some(Network::Tcp),
    };
    let mut listener = Listener::bind(&launch, Hosts::One).await.unwrap();
    let line =
        Handshake { address: listener.address(), certificate: None, answers_multiplexing: false };
    let seen_by_host = HostsView::parse(&line.to_string()).unwrap();
    let shutdown = Shutdown::default();
    let routes = services::beside(Routes::new(provider), &shutdown).await;
    let acting = async { host(Connection::open(&seen_by_host, None).await.unwrap()).await };
    let connections = Connections::default();
    let host_gone = host_gone(Parent::now(), &connections);
    let serving = serve_until_end::<()>(
        &mut listener,
        None,
        routes,
        &connections,
        &shutdown,
        host_gone,
        DRAIN_LIMIT,
    );
    let (end, ()) = tokio::join!(serving, acting);
    end.unwrap()
}

async fn call(host: &Connection) -> Code {
    host.provider().get_metadata(get_metadata::Request {}).await.unwrap_err().code()
}

#[tokio::test]
async fn a_call_that_finishes_soon_is_still_answered() {
    let slow = Slow::default();
    let end = serve_while(slow.clone(), async |host| {
        let ending = async {
            slow.begun.notified().await;
            host.shutdown().await.unwrap();
            slow.leave.notify_one();
        };
        let (code, ()) = tokio::join!(call(&host), ending);
        assert_eq!(code, Code::DataLoss);
    });
    assert_eq!(end.await, End::Asked);
}

#[tokio::test]
async fn unfinished_call_delays_the_end_only_briefly() {
    let slow = Slow::default();
    let begun = Arc::clone(&slow.begun);
    let start = Instant::now();
    let end = serve_while(slow, async move |host| {
        let mut provider = host.provider();
        tokio::spawn(async move { provider.get_metadata(get_metadata::Request {}).await });
        begun.notified().await;
        host.shutdown().await.unwrap();
    });
    assert_eq!(timeout(DRAIN_LIMIT * 20, end).await.expect("it ends"), End::Asked);
    assert!(start.elapsed() >= DRAIN_LIMIT, "the call was given no time");
}
