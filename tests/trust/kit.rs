//! Servers between the provider and GitLab: a TLS server, or a proxy that records its requests.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gitlab_simulator::Simulator;
use plugin_host::{Diagnostic, Host, Launch, Severity, Shape};
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
    copy_bidirectional,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};

const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-gitlab-job-token");

/// The only trusted authority of the system, which signed nothing, so that tests don't depend on
/// the machine's authorities.
static UNRELATED_CA: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut file = tempfile::NamedTempFile::new_in(directory).unwrap();
    file.write_all(Certificate::of("stranger").pem().as_bytes()).unwrap();
    // Atomically, since another run of the tests may be reading it.
    let path = directory.join("stranger.pem");
    file.persist(&path).unwrap();
    path
});

pub(crate) fn launch() -> Launch {
    Launch::new(BINARY).env("SSL_CERT_FILE", &*UNRELATED_CA)
}

/// Configures the provider, which verifies the token, and returns the diagnostics.
pub(crate) async fn configure(launch: &Launch, mut block: Value) -> Vec<Diagnostic> {
    let host = Host::start(launch).await.unwrap();
    let schema = host.schema().await.unwrap();
    block["retries"] = 0.into();
    host.configure(Shape::of(&schema.provider.unwrap()).complete(block)).await.unwrap()
}

/// Returns the only diagnostic, which must be an error.
#[track_caller]
pub(crate) fn only_error(diagnostics: &[Diagnostic]) -> &Diagnostic {
    let [error] = diagnostics else { panic!("not one: {diagnostics:#?}") };
    assert_eq!(error.severity, Severity::Error);
    error
}

/// Returns the only diagnostic, which must be a warning.
#[track_caller]
pub(crate) fn only_warning(diagnostics: &[Diagnostic]) -> &Diagnostic {
    let [warning] = diagnostics else { panic!("not one: {diagnostics:#?}") };
    assert_eq!(warning.severity, Severity::Warning);
    warning
}

pub(crate) fn address(gitlab: &Simulator) -> SocketAddr {
    gitlab.url().strip_prefix("http://").unwrap().parse().unwrap()
}

/// Temporary files of a test.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

/// A self-signed certificate, with its key.
pub(crate) struct Certificate {
    pub(crate) der: CertificateDer<'static>,
    key: KeyPair,
}

impl Certificate {
    pub(crate) fn of(name: &str) -> Self {
        Self::with(name, |_| ())
    }

    pub(crate) fn with(name: &str, adjust: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        adjust(&mut params);
        let key = KeyPair::generate().unwrap();
        Self { der: params.self_signed(&key).unwrap().der().clone(), key }
    }

    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    pub(crate) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", self.key.serialized_der())
    }

    /// Returns the settings of a server with this certificate that doesn't request a client
    /// certificate.
    pub(crate) fn server(&self) -> ServerConfig {
        let chain = vec![self.der.clone()];
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, self.key()).unwrap()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.serialize_der().try_into().unwrap()
    }

    /// Returns the settings of a server that has the certificate, but not its key.
    pub(crate) fn server_with_key_of(&self, other: &Self) -> ServerConfig {
        let key = any_supported_type(&other.key()).unwrap();
        let stolen = SingleCertAndKey::from(CertifiedKey::new(vec![self.der.clone()], key));
        ServerConfig::builder().with_no_client_auth().with_cert_resolver(Arc::new(stolen))
    }

    /// Returns the settings of a server with this certificate that accepts only this client
    /// certificate.
    pub(crate) fn server_for(&self, client: &Self) -> ServerConfig {
        use tokio_rustls::rustls::RootCertStore;
        use tokio_rustls::rustls::server::WebPkiClientVerifier;

        let mut roots = RootCertStore::empty();
        roots.add(client.der.clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
        let chain = vec![self.der.clone()];
        let server = ServerConfig::builder().with_client_cert_verifier(verifier);
        server.with_single_cert(chain, self.key()).unwrap()
    }
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// A server on loopback that runs until it is dropped.
pub(crate) struct Gateway {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How a gateway treats a connection.
#[derive(Clone)]
enum Mode {
    Tls(TlsAcceptor),
    Proxy,
    /// A proxy that responds to everything with this status.
    RefusingProxy(&'static str),
    /// A SOCKS5 proxy that requires these credentials, if any.
    Socks(Option<&'static str>),
}

impl Gateway {
    /// Terminates TLS in front of a plaintext server.
    pub(crate) async fn tls(config: ServerConfig, to: SocketAddr) -> Self {
        Self::start(Mode::Tls(TlsAcceptor::from(Arc::new(config))), to).await
    }

    /// Starts a proxy that forwards every request to one address, whatever its destination.
    pub(crate) async fn proxy(to: SocketAddr) -> Self {
        Self::start(Mode::Proxy, to).await
    }

    /// Starts a proxy that responds to everything with this status, such as `403 Forbidden`.
    pub(crate) async fn refusing_proxy(status: &'static str) -> Self {
        Self::start(Mode::RefusingProxy(status), (Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Starts a SOCKS5 proxy that forwards every request to one address, and requires
    /// `user:password` if it is set.
    pub(crate) async fn socks(credentials: Option<&'static str>, to: SocketAddr) -> Self {
        Self::start(Mode::Socks(credentials), to).await
    }

    async fn start(mode: Mode, to: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let notes = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mode, notes) = (mode.clone(), Arc::clone(&notes));
                // An aborted connection affects only its client.
                tokio::spawn(async move { drop(pass(mode, stream, to, &notes).await) });
            }
        });
        Self { address, seen, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address as an environment variable has it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the head of each request that opened a connection to a proxy.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns the first line of each request.
    pub(crate) fn request_lines(&self) -> Vec<String> {
        self.seen().iter().map(|head| head.lines().next().unwrap().to_owned()).collect()
    }
}

async fn pass(
    mode: Mode,
    mut stream: TcpStream,
    to: SocketAddr,
    notes: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    if let Mode::Tls(acceptor) = mode {
        return forward(acceptor.accept(stream).await?, to, &[]).await;
    }
    if let Mode::Socks(credentials) = mode {
        let Some(request_lines) = socks(&mut stream, credentials).await? else { return Ok(()) };
        notes.lock().unwrap().push(request_lines);
        return forward(stream, to, &[]).await;
    }
    let head = head(&mut stream).await?;
    notes.lock().unwrap().push(head.clone());
    match mode {
        Mode::RefusingProxy(status) => {
            let response = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(response.as_bytes()).await
        }
        _ if head.starts_with("CONNECT ") => {
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            forward(stream, to, &[]).await
        }
        _ => forward(stream, to, head.as_bytes()).await,
    }
}

/// Speaks the server's part of SOCKS5 (RFC 1928, RFC 1929). Returns the host and port that the
/// client requests, or none if its credentials are wrong.
async fn socks(
    stream: &mut TcpStream,
    credentials: Option<&str>,
) -> std::io::Result<Option<String>> {
    async fn field(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; stream.read_u8().await?.into()];
        stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    }
    assert_eq!(stream.read_u8().await?, 5);
    let (offered, wanted) = (field(stream).await?, if credentials.is_some() { 2 } else { 0 });
    let chosen = if offered.contains(&wanted) { wanted } else { 0xff };
    stream.write_all(&[5, chosen]).await?;
    if chosen == 2 {
        assert_eq!(stream.read_u8().await?, 1);
        let given = [field(stream).await?, field(stream).await?].join(&b':');
        let is_right = Some(&given[..]) == credentials.map(str::as_bytes);
        stream.write_all(&[1, u8::from(!is_right)]).await?;
        if !is_right {
            return Ok(None);
        }
    } else if chosen != 0 {
        return Ok(None);
    }
    let mut request = [0; 4];
    stream.read_exact(&mut request).await?;
    let host = match request {
        [5, 1, 0, 1] => Ipv4Addr::from(stream.read_u32().await?).to_string(),
        [5, 1, 0, 3] => String::from_utf8(field(stream).await?).unwrap(),
        other => panic!("{other:?}"),
    };
    let port = stream.read_u16().await?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    Ok(Some(format!("{host}:{port}")))
}

/// Reads a request up to the empty line. No request of these tests has a body.
async fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut head, mut reader) = (String::new(), BufReader::new(stream));
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

async fn forward(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    to: SocketAddr,
    first: &[u8],
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(to).await?;
    server.write_all(first).await?;
    copy_bidirectional(&mut stream, &mut server).await.map(drop)
}
