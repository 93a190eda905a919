//! A mock GitLab server for the tests of this module, over HTTP on loopback. It returns scripted
//! responses, records requests, and can break connections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;

use super::sender::{Backoff, Sender};
use super::{BaseUrl, Client, Config, Error, ProjectId, Target};

/// The token of all tests. No message may contain it.
pub(super) const TOKEN: &str = "glpat-hush-hush-20-chars";

/// The secret value of a header that all tests send.
pub(super) const HEADER: &str = "header-hush-hush";

/// The `User-Agent` of all tests.
pub(super) const USER_AGENT: &str = "tests/1.0";

/// A received request.
#[derive(Debug, Clone)]
pub(super) struct ReceivedRequest {
    pub(super) method: String,
    /// The path below `/api/v4`, without the query.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: String,
    pub(super) body: Value,
}

impl ReceivedRequest {
    /// Returns method and path, such as `POST /projects/1/…`.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Returns the number of the requested page.
    pub(super) fn page(&self) -> u64 {
        let page = self.query.split('&').find_map(|pair| pair.strip_prefix("page="));
        page.map_or(1, |page| page.parse().unwrap())
    }
}

/// A response of the script.
#[derive(Clone)]
pub(super) enum Reply {
    /// A complete response.
    ApiResponse { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// Closes the connection after reading the request.
    Lost,
    /// Closes the connection before the end of the body.
    CutOff,
    /// A body without an end.
    Endless,
    /// No response.
    NoResponse,
}

pub(super) fn json(status: u16, body: &Value) -> Reply {
    text(status, &body.to_string()).with("content-type", "application/json")
}

pub(super) fn text(status: u16, body: &str) -> Reply {
    Reply::ApiResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

/// Returns a response with only a status.
pub(super) fn empty(status: u16) -> Reply {
    text(status, "")
}

/// Returns an error response in GitLab's format.
pub(super) fn refusal(status: u16, message: &str) -> Reply {
    json(status, &json!({ "message": message }))
}

impl Reply {
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::ApiResponse { headers, .. } = &mut self {
            headers.push((name, value.to_string()));
        }
        self
    }
}

/// Returns a page of a list, with GitLab's headers.
pub(super) fn page(elements: &[Value], number: u64, pages: u64, total: usize) -> Reply {
    let next = if number < pages { (number + 1).to_string() } else { String::new() };
    json(200, &Value::from(elements))
        .with("x-next-page", next)
        .with("x-page", number)
        .with("x-total-pages", pages)
        .with("x-total", total)
}

/// Returns the requested page of a list of elements with these IDs.
pub(super) fn list(ids: &[u64], seen: &ReceivedRequest) -> Reply {
    let elements: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    let pages: Vec<_> = elements.chunks(100).collect();
    let number = seen.page();
    let part = usize::try_from(number - 1)
        .ok()
        .and_then(|index| pages.get(index))
        .copied()
        .unwrap_or_default();
    page(part, number, pages.len().max(1) as u64, ids.len())
}

type Script = dyn Fn(&ReceivedRequest) -> Reply + Send + Sync;

/// A mock server.
pub(super) struct MockServer {
    pub(super) origin: String,
    shared: Arc<Shared>,
}

struct Shared {
    script: Box<Script>,
    latency: Duration,
    seen: Mutex<Vec<ReceivedRequest>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl MockServer {
    /// Starts a server that returns the responses of the script.
    pub(super) async fn new(
        script: impl Fn(&ReceivedRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::slow(Duration::ZERO, script).await
    }

    /// Starts a server that delays each response.
    pub(super) async fn slow(
        latency: Duration,
        script: impl Fn(&ReceivedRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(latency, None, script).await
    }

    /// Starts a server with TLS.
    pub(super) async fn behind_tls(
        tls: ServerConfig,
        script: impl Fn(&ReceivedRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(Duration::ZERO, Some(TlsAcceptor::from(Arc::new(tls))), script).await
    }

    async fn start(
        latency: Duration,
        tls: Option<TlsAcceptor>,
        script: impl Fn(&ReceivedRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            script: Box::new(script),
            latency,
            seen: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        });
        tokio::spawn(accept(listener, tls, Arc::clone(&shared)));
        Self { origin, shared }
    }

    /// Starts a server that returns these responses in order, and repeats the last one.
    pub(super) async fn replying(replies: Vec<Reply>) -> Self {
        let next = AtomicUsize::new(0);
        Self::new(move |_| {
            replies[next.fetch_add(1, Ordering::SeqCst).min(replies.len() - 1)].clone()
        })
        .await
    }

    pub(super) fn config(&self) -> Config {
        let mut config = Config::new(
            BaseUrl::parse(&self.origin).unwrap(),
            Some(TOKEN.into()),
            USER_AGENT.into(),
        );
        config.headers.insert("X-Proxy-Credentials".to_owned(), HEADER.into());
        config
    }

    pub(super) fn client(&self) -> Client {
        client(&self.config())
    }

    /// Returns method and path of all requests so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(ReceivedRequest::line).collect()
    }

    pub(super) fn seen(&self) -> Vec<ReceivedRequest> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub(super) fn count(&self) -> usize {
        self.shared.seen.lock().unwrap().len()
    }

    pub(super) fn most_in_flight(&self) -> usize {
        self.shared.most_in_flight.load(Ordering::SeqCst)
    }

    /// Waits until this many requests have arrived.
    pub(super) async fn wait_for_requests(&self, count: usize) {
        while self.count() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Creates a client without delays between attempts.
pub(super) fn client(config: &Config) -> Client {
    stoppable(config, CancellationToken::new())
}

/// Creates a client without delays between attempts that can be stopped.
pub(super) fn stoppable(config: &Config, stop: CancellationToken) -> Client {
    Client::over(Sender::with_backoff(config, stop, Backoff::negligible()).unwrap())
}

pub(super) fn project(number: u64) -> ProjectId {
    number.try_into().unwrap()
}

pub(super) fn project_target(number: u64) -> Target {
    Target::Project(project(number))
}

pub(super) fn group_target(number: u64) -> Target {
    Target::Group(number.try_into().unwrap())
}

/// Returns the message of the error. Panics if it or the `Debug` form contains a secret.
#[track_caller]
pub(super) fn shown(error: &Error) -> String {
    let (line, debug) = (error.to_string(), format!("{error:?}"));
    for secret in [TOKEN, HEADER] {
        assert!(!line.contains(secret) && !debug.contains(secret), "a secret is shown: {debug}");
    }
    assert!(!line.contains('\n'), "more than a line: {line}");
    line
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        match tls.clone() {
            None => drop(tokio::spawn(serve(stream, shared))),
            Some(tls) => drop(tokio::spawn(async move {
                if let Ok(stream) = tls.accept(stream).await {
                    serve(stream, shared).await;
                }
            })),
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = receive(&mut stream).await {
        shared.seen.lock().unwrap().push(seen.clone());
        let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_in_flight.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(shared.latency).await;
        let reply = (shared.script)(&seen);
        shared.in_flight.fetch_sub(1, Ordering::SeqCst);
        if !response(stream.get_mut(), reply).await {
            return;
        }
    }
}

async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> Option<ReceivedRequest> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let (first, headers) = head.split_once("\r\n").unwrap();
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut body = vec![0; content_length(headers)];
    stream.read_exact(&mut body).await.ok()?;
    Some(ReceivedRequest {
        method: method.to_owned(),
        path: path.strip_prefix("/api/v4").unwrap_or(path).to_owned(),
        query: query.to_owned(),
        headers: headers.to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

fn content_length(headers: &str) -> usize {
    let lower = headers.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.map_or(0, |length| length.trim().parse().unwrap())
}

/// Sends the reply. Returns whether the connection stays open.
async fn response(stream: &mut (impl AsyncWrite + Unpin), reply: Reply) -> bool {
    match reply {
        Reply::Lost => false,
        Reply::NoResponse => std::future::pending().await,
        Reply::Endless => {
            let head =
                stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            let chunk = [b"100000\r\n", &[b' '; 0x10_0000][..], b"\r\n"].concat();
            while head.is_ok() && stream.write_all(&chunk).await.is_ok() {}
            false
        }
        Reply::CutOff => {
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n[{\"id\":").await;
            false
        }
        Reply::ApiResponse { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} MockServer\r\n");
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            if status != 204 {
                head.push_str(&format!("content-length: {}\r\n", body.len()));
            }
            head.push_str("\r\n");
            stream.write_all(&[head.as_bytes(), &body].concat()).await.is_ok()
                && stream.flush().await.is_ok()
        }
    }
}
