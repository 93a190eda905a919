//! RPCs in flight at a shutdown request: they may finish, but delay the shutdown only briefly.

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

/// A provider whose RPCs wait for `finish`, and then fail with an error that nothing else returns.
#[derive(Clone, Default)]
struct Slow {
    started: Arc<Notify>,
    finish: Arc<Notify>,
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
        let Self { started, finish } = self.clone();
        Box::pin(async move {
            started.notify_one();
            finish.notified().await;
            Ok(Status::data_loss("finished").into_http())
        })
    }
}

/// Serves `provider` while `host` uses the connection, and returns why the server stopped.
async fn serve_while<F: Future<Output = ()>>(
    provider: Slow,
    host: impl FnOnce(Connection) -> F,
) -> StopReason {
    let launch = Launch {
        protocol_versions: vec![PROTOCOL_VERSION],
        ports: 0..=0,
        client_certificate: None,
        multiplexing_requested: false,
        socket_dir: None,
        temporary_dirs: Vec::new(),
        socket_group: None,
        network: Some(Network::Tcp),
    };
    let mut listener = Listener::bind(&launch, HostLimit::One).await.unwrap();
    let line =
        Handshake { address: listener.address(), certificate: None, reports_multiplexing: false };
    let seen_by_host = HostsView::parse(&line.to_string()).unwrap();
    let shutdown = Shutdown::default();
    let routes = services::with_plugin_services(Routes::new(provider), &shutdown).await;
    let acting = async { host(Connection::open(&seen_by_host, None).await.unwrap()).await };
    let connections = ConnectionTracker::default();
    let host_gone = host_gone(Parent::current(), &connections);
    let serving = serve_until_stopped::<()>(
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
async fn call_that_finishes_in_time_gets_its_response() {
    let slow = Slow::default();
    let end = serve_while(slow.clone(), async |host| {
        let ending = async {
            slow.started.notified().await;
            host.shutdown().await.unwrap();
            slow.finish.notify_one();
        };
        let (code, ()) = tokio::join!(call(&host), ending);
        assert_eq!(code, Code::DataLoss);
    });
    assert_eq!(end.await, StopReason::Requested);
}

#[tokio::test]
async fn unfinished_call_delays_the_shutdown_only_briefly() {
    let slow = Slow::default();
    let started = Arc::clone(&slow.started);
    let start = Instant::now();
    let end = serve_while(slow, async move |host| {
        let mut provider = host.provider();
        tokio::spawn(async move { provider.get_metadata(get_metadata::Request {}).await });
        started.notified().await;
        host.shutdown().await.unwrap();
    });
    assert_eq!(timeout(DRAIN_LIMIT * 20, end).await.expect("it ends"), StopReason::Requested);
    assert!(start.elapsed() >= DRAIN_LIMIT, "the call was given no time");
}
