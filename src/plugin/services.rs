//! The services that a go-plugin host expects beside the provider: health, shutdown, and two side
//! channels that stay open in silence. None of them does any work.

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

/// The name under which hosts ask for our health.
const HEALTH_SERVICE: &str = "plugin";

/// Adds the services to those of the provider.
pub(super) async fn beside(provider: Routes, shutdown: &Shutdown) -> Routes {
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
        tracing::debug!("the host asks us to end");
        self.0.request();
        Ok(Response::new(Empty {}))
    }
}

/// A stream that yields nothing.
type Silence<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn silence_until<T: Send + 'static>(end: impl Future<Output = ()> + Send + 'static) -> Silence<T> {
    Box::pin(stream::once(end).flat_map(|()| stream::empty()))
}

/// Our logs go to standard error itself, which hosts read too.
struct Stdio(Shutdown);

#[tonic::async_trait]
impl GrpcStdio for Stdio {
    type StreamStdioStream = Silence<StdioData>;

    async fn stream_stdio(
        &self,
        _: Request<()>,
    ) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(Response::new(silence_until(self.0.requested())))
    }
}

struct Broker(Shutdown);

#[tonic::async_trait]
impl GrpcBroker for Broker {
    type StartStreamStream = Silence<ConnInfo>;

    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        let shutdown = self.0.requested();
        let host = request.into_inner();
        Ok(Response::new(silence_until(async move {
            tokio::select! {
                () = shutdown => {}
                () = end_of(host) => {}
            }
        })))
    }
}

async fn end_of(mut stream: Streaming<ConnInfo>) {
    while let Ok(Some(_)) = stream.message().await {}
}
