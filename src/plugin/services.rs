//! The gRPC services that go-plugin hosts expect besides the provider: health, controller, stdio
//! and broker. The streams of stdio and broker stay open without messages.

use std::pin::Pin;

use futures_util::{Stream, StreamExt as _, stream};
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use tonic_health::ServingStatus;

use super::shutdown::Shutdown;
use crate::bindings::go_plugin::grpc_broker_server::{GrpcBroker, GrpcBrokerServer};
use crate::bindings::go_plugin::grpc_controller_server::{GrpcController, GrpcControllerServer};
use crate::bindings::go_plugin::grpc_stdio_server::{GrpcStdio, GrpcStdioServer};
use crate::bindings::go_plugin::{ConnInfo, Empty, StdioData};

/// The service name in health checks of hosts.
const HEALTH_SERVICE: &str = "plugin";

/// Adds the go-plugin services to the provider.
pub(super) async fn with_plugin_services(provider: Routes, shutdown: &Shutdown) -> Routes {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(HEALTH_SERVICE, ServingStatus::Serving).await;
    provider
        .add_service(health)
        .add_service(GrpcControllerServer::new(Controller(shutdown.clone())))
        .add_service(GrpcStdioServer::new(Stdio(shutdown.clone())))
        .add_service(GrpcBrokerServer::new(Broker(shutdown.clone())))
}

struct Controller(Shutdown);

#[tonic::async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        tracing::debug!("the host requested the shutdown");
        self.0.request();
        Ok(Response::new(Empty {}))
    }
}

/// A stream that yields nothing.
type IdleStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Returns a stream without messages that ends when `end` completes.
fn idle_until<T: Send + 'static>(end: impl Future<Output = ()> + Send + 'static) -> IdleStream<T> {
    Box::pin(stream::once(end).flat_map(|()| stream::empty()))
}

/// Sends no output: logs are written to standard error, which hosts read as well.
struct Stdio(Shutdown);

#[tonic::async_trait]
impl GrpcStdio for Stdio {
    type StreamStdioStream = IdleStream<StdioData>;

    async fn stream_stdio(
        &self,
        _: Request<()>,
    ) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(Response::new(idle_until(self.0.requested())))
    }
}

struct Broker(Shutdown);

#[tonic::async_trait]
impl GrpcBroker for Broker {
    type StartStreamStream = IdleStream<ConnInfo>;

    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        let shutdown = self.0.requested();
        let host = request.into_inner();
        Ok(Response::new(idle_until(async move {
            tokio::select! {
                () = shutdown => {}
                () = closed(host) => {}
            }
        })))
    }
}

/// Waits until the host closes its stream.
async fn closed(mut stream: Streaming<ConnInfo>) {
    while let Ok(Some(_)) = stream.message().await {}
}
