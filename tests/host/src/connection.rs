//! A host's connection to a plugin, with the two streams that hosts open at once.

use std::io;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Request, Status, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::go_plugin::grpc_broker_client::GrpcBrokerClient;
use crate::go_plugin::grpc_controller_client::GrpcControllerClient;
use crate::go_plugin::grpc_stdio_client::GrpcStdioClient;
use crate::go_plugin::{ConnInfo, Empty, StdioData};
use crate::tfplugin6::DynamicValue;
use crate::tfplugin6::provider_client::ProviderClient;
use crate::{ClientCertificate, Error, Handshake, Network};

/// The server name that hosts expect in the certificate of a plugin.
const SERVER_NAME: &str = "localhost";
/// Hosts accept responses of almost any size.
const MAX_MESSAGE_BYTES: usize = 1 << 31;
/// Never used: the connector has the address.
const PLACEHOLDER: &str = "http://plugin";

/// An open connection. It closes when it and the clients taken from it are dropped.
#[derive(Debug)]
pub struct Connection {
    channel: Channel,
    /// True if this host allows deferral of plans, reads and imports. Few do.
    pub deferral_allowed: bool,
    /// True if this host passes the private data of the first plan to the plan of the apply walk,
    /// as newer hosts do.
    pub stores_planned_private: bool,
    /// The stream of the plugin's standard output and error.
    pub stdio: Streaming<StdioData>,
    /// The stream of connection information from the broker.
    pub broker: Streaming<ConnInfo>,
    _broker: mpsc::Sender<ConnInfo>,
}

impl Connection {
    /// Connects to a plugin with this handshake, over TLS if it has a certificate, and presents
    /// `certificate`.
    ///
    /// # Errors
    ///
    /// Fails if the plugin can't be reached or rejects the connection.
    pub async fn open(
        handshake: &Handshake,
        certificate: Option<&ClientCertificate>,
    ) -> Result<Self, Error> {
        let channel = channel(handshake, certificate).await?;
        let stdio = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await?.into_inner();
        let (to_broker, messages) = mpsc::channel(1);
        let broker = GrpcBrokerClient::new(channel.clone())
            .start_stream(ReceiverStream::new(messages))
            .await?;
        Ok(Self {
            channel,
            deferral_allowed: false,
            stores_planned_private: false,
            stdio,
            broker: broker.into_inner(),
            _broker: to_broker,
        })
    }

    /// Returns the generated client for the calls of protocol 6.
    #[must_use]
    pub fn provider(&self) -> ProviderClient<Channel> {
        ProviderClient::new(self.channel.clone())
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// Calls a provider's method, such as `ReadResource`, with these bytes in place of the first
    /// text of its request. The response is ignored.
    ///
    /// # Errors
    ///
    /// The plugin's status.
    pub async fn call_with_bytes(&self, method: &str, bytes: &[u8]) -> Result<(), Status> {
        let path = PathAndQuery::try_from(format!("/tfplugin6.Provider/{method}"))
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        // On the wire, bytes and strings in a first field are the same.
        let request = DynamicValue { msgpack: bytes.to_vec(), json: Vec::new() };
        grpc.unary(Request::new(request), path, ProstCodec::<DynamicValue, ()>::default()).await?;
        Ok(())
    }

    /// Returns the health of a service as its number in the health protocol, where 1 is serving.
    ///
    /// # Errors
    ///
    /// The plugin's status, `NOT_FOUND` for a service that it does not know.
    pub async fn health(&self, service: &str) -> Result<i32, Status> {
        let request = HealthCheckRequest { service: service.to_owned() };
        Ok(HealthClient::new(self.channel.clone()).check(request).await?.into_inner().status)
    }

    /// Requests the shutdown of the plugin.
    ///
    /// # Errors
    ///
    /// The plugin's status. Hosts ignore it.
    pub async fn shutdown(&self) -> Result<(), Status> {
        GrpcControllerClient::new(self.channel.clone()).shutdown(Empty {}).await?;
        Ok(())
    }
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

async fn channel(
    handshake: &Handshake,
    certificate: Option<&ClientCertificate>,
) -> Result<Channel, Error> {
    let network = handshake.network.clone();
    let tls = handshake.certificate.as_ref().map(|server| tls(server, certificate)).transpose()?;
    let connect = service_fn(move |_: Uri| {
        let (network, tls) = (network.clone(), tls.clone());
        async move { dial(&network, tls).await.map(TokioIo::new) }
    });
    Ok(Endpoint::from_static(PLACEHOLDER).connect_with_connector(connect).await?)
}

async fn dial(network: &Network, tls: Option<TlsConnector>) -> io::Result<Box<dyn Io>> {
    let stream: Box<dyn Io> = match network {
        #[cfg(unix)]
        Network::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
        #[cfg(not(unix))]
        Network::Unix(_) => return Err(io::Error::from(io::ErrorKind::Unsupported)),
        Network::Tcp(address) => Box::new(TcpStream::connect(address).await?),
    };
    let Some(tls) = tls else { return Ok(stream) };
    let name = ServerName::try_from(SERVER_NAME).map_err(io::Error::other)?;
    let stream = tls.connect(name, stream).await?;
    // Newer hosts require it.
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(io::Error::other("the plugin did not select h2"));
    }
    Ok(Box::new(stream))
}

fn tls(server: &[u8], certificate: Option<&ClientCertificate>) -> Result<TlsConnector, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(server.to_vec()))?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match certificate {
        Some(certificate) => config.with_client_cert_resolver(Arc::new(unchecked(certificate)?)),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Presents the certificate without checking its key, so that a forged one reaches the plugin.
fn unchecked(certificate: &ClientCertificate) -> Result<SingleCertAndKey, Error> {
    let key = PrivatePkcs8KeyDer::from(certificate.key_der()).into();
    let key = aws_lc_rs::default_provider().key_provider.load_private_key(key)?;
    Ok(SingleCertAndKey::from(CertifiedKey::new(vec![certificate.der()], key)))
}
