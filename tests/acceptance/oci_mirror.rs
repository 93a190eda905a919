//! The image layout of a release in an OCI registry: OpenTofu's `init` installs the provider from
//! there, and it works.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gitlab_simulator::Simulator;
use serde_json::{Value, json};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};
use xtask::dist::{Options, package};

use crate::kit::{PROVIDER, workspace_without_provider};
use crate::needs::OCI_MIRROR;

const REPOSITORY: &str = "mirror/aff15f21/gitlab-job-token";

/// Makes the image layout of the built provider. Returns its files by path.
fn image_layout(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let options =
        Options { target: None, binary: Some(PROVIDER.into()), out: Some(directory.to_owned()) };
    package(xtask::project(), &options).unwrap();
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let packed =
        paths.into_iter().find(|path| path.to_string_lossy().ends_with("_oci.tar")).unwrap();
    let mut archive = tar::Archive::new(fs::File::open(packed).unwrap());
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let (path, mut content) =
            (entry.path().unwrap().to_string_lossy().into_owned(), Vec::new());
        entry.read_to_end(&mut content).unwrap();
        (path, content)
    });
    files.collect()
}

/// A registry that serves one image layout over TLS, limited to the pulls of the OCI distribution
/// specification.
struct Registry {
    layout: BTreeMap<String, Vec<u8>>,
    tls: Arc<ServerConfig>,
}

impl Registry {
    /// Starts it. Returns its address, and its certificate in PEM.
    fn start(layout: BTreeMap<String, Vec<u8>>) -> (SocketAddr, String) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let registry = Arc::new(Self { layout, tls: Arc::new(tls) });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let registry = Arc::clone(&registry);
                std::thread::spawn(move || registry.serve(connection));
            }
        });
        let body = STANDARD.encode(made.cert.der());
        (address, format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"))
    }

    /// Responds to one request.
    fn serve(&self, connection: TcpStream) -> io::Result<()> {
        let tls = ServerConnection::new(Arc::clone(&self.tls)).map_err(io::Error::other)?;
        let mut stream = BufReader::new(StreamOwned::new(tls, connection));
        let (mut request, mut line) = (String::new(), String::new());
        stream.read_line(&mut request)?;
        while stream.read_line(&mut line)? > 2 {
            line.clear();
        }
        let (method, path) = request.split_once(' ').unwrap_or_default();
        let path = path.split(' ').next().unwrap_or_default();
        let found = self.content(path);
        let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
        let Content { kind, digest, content } = found.unwrap_or_default();
        let stream = stream.get_mut();
        let length = content.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n"
        )?;
        if let Some(digest) = digest {
            write!(stream, "Docker-Content-Digest: {digest}\r\n")?;
        }
        write!(stream, "Connection: close\r\n\r\n")?;
        if method == "GET" {
            stream.write_all(&content)?;
        }
        stream.conn.send_close_notify();
        stream.flush()
    }

    /// Returns what a path names.
    fn content(&self, path: &str) -> Option<Content> {
        if path == "/v2/" {
            return Some(Content::json(&json!({})));
        }
        let index: Value = serde_json::from_slice(&self.layout["index.json"]).ok()?;
        let manifests = index["manifests"].as_array()?;
        let tag = |manifest: &Value| {
            manifest["annotations"]["org.opencontainers.image.ref.name"].as_str().map(str::to_owned)
        };
        let path = path.strip_prefix("/v2/")?.strip_prefix(REPOSITORY)?;
        if path.starts_with("/tags/list") {
            let tags: Vec<_> = manifests.iter().filter_map(tag).collect();
            return Some(Content::json(&json!({ "name": REPOSITORY, "tags": tags })));
        }
        let name = path.strip_prefix("/manifests/").or_else(|| path.strip_prefix("/blobs/"))?;
        let tagged = manifests.iter().find(|manifest| tag(manifest).as_deref() == Some(name));
        let digest = tagged.map_or(Some(name), |manifest| manifest["digest"].as_str())?.to_owned();
        let content = self.layout.get(&format!("blobs/{}", digest.replace(':', "/")))?.clone();
        let kind = match path.starts_with("/manifests/") {
            true => {
                serde_json::from_slice::<Value>(&content).ok()?["mediaType"].as_str()?.to_owned()
            }
            false => "application/octet-stream".to_owned(),
        };
        Some(Content { kind, digest: Some(digest), content })
    }
}

/// The content of a response, with its media type.
#[derive(Default)]
struct Content {
    kind: String,
    digest: Option<String>,
    content: Vec<u8>,
}

impl Content {
    fn json(value: &Value) -> Self {
        Self {
            kind: "application/json".to_owned(),
            digest: None,
            content: value.to_string().into_bytes(),
        }
    }
}

#[test]
fn init_installs_from_an_oci_registry() {
    OCI_MIRROR.require();
    let gitlab = Simulator::start();
    let app = gitlab.add_project("acme/app");
    gitlab.set_inbound_enabled(app, false);
    let mut tf = workspace_without_provider(&gitlab);
    let (registry, certificate) = Registry::start(image_layout(&tf.home().join("dist")));
    let trusted = tf.file("registry.pem", &certificate);
    tf.set_env("SSL_CERT_FILE", &trusted.to_string_lossy());
    tf.cli_config(&format!(
        r#"
        provider_installation {{
          oci_mirror {{
            repository_template = "{registry}/mirror/${{namespace}}/${{type}}"
            include             = ["registry.opentofu.org/aff15f21/*"]
          }}
        }}
        "#
    ));
    tf.config("resource \"gitlab_job_token_scope\" \"app\" {\n  project = \"acme/app\"\n}\n");

    tf.run(&["init", "-no-color"]).succeeds();

    tf.apply().succeeds();
    assert!(gitlab.inbound_enabled(app));
    tf.plan().changes_nothing();
}
