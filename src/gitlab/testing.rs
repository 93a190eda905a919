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

/// The token of all tests: nothing that a person reads may contain it.
pub(super) const TOKEN: &str = "glpat-hush-hush-20-chars";

/// The value of a header that all tests send; secret as well.
pub(super) const HEADER: &str = "header-hush-hush";

/// The name of the program that all tests are.
pub(super) const USER_AGENT: &str = "tests/1.0";

/// A request that has arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    /// Below `/api/v4`, without query.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: String,
    pub(super) body: Value,
}

impl Seen {
    /// `POST /projects/1/…`
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The number of the page that is asked for.
    pub(super) fn page(&self) -> u64 {
        let page = self.query.split('&').find_map(|pair| pair.strip_prefix("page="));
        page.map_or(1, |page| page.parse().unwrap())
    }
}

/// A response of the script.
#[derive(Clone)]
pub(super) enum Reply {
    /// An answer as it should be.
    ApiResponse { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// The connection closes once the request was read.
    Lost,
    /// The answer promises more body than comes before the connection closes.
    CutOff,
    /// A good beginning that never ends.
    Endless,
    /// Nothing, for longer than any test waits.
    Silence,
}

pub(super) fn json(status: u16, body: &Value) -> Reply {
    text(status, &body.to_string()).with("content-type", "application/json")
}

pub(super) fn text(status: u16, body: &str) -> Reply {
    Reply::ApiResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

/// An answer with that status and nothing else.
pub(super) fn empty(status: u16) -> Reply {
    text(status, "")
}

/// A refusal in GitLab's words.
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

/// A page of a list, with GitLab's headers.
pub(super) fn page(elements: &[Value], number: u64, pages: u64, total: usize) -> Reply {
    let next = if number < pages { (number + 1).to_string() } else { String::new() };
    json(200, &Value::from(elements))
        .with("x-next-page", next)
        .with("x-page", number)
        .with("x-total-pages", pages)
        .with("x-total", total)
}

/// A whole list of elements with these ids, cut into pages as asked.
pub(super) fn list(ids: &[u64], seen: &Seen) -> Reply {
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

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

/// The server.
pub(super) struct Scripted {
    pub(super) origin: String,
    shared: Arc<Shared>,
}

struct Shared {
    script: Box<Script>,
    latency: Duration,
    seen: Mutex<Vec<Seen>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Scripted {
    /// Starts a server that answers by the script.
    pub(super) async fn new(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::slow(Duration::ZERO, script).await
    }

    /// A server that thinks for a while before each answer.
    pub(super) async fn slow(
        latency: Duration,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(latency, None, script).await
    }

    /// A server behind TLS.
    pub(super) async fn behind_tls(
        tls: ServerConfig,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(Duration::ZERO, Some(TlsAcceptor::from(Arc::new(tls))), script).await
    }

    async fn start(
        latency: Duration,
        tls: Option<TlsAcceptor>,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
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

    /// A server that answers in this order, and the last answer for ever.
    pub(super) async fn answers(replies: Vec<Reply>) -> Self {
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

    /// All requests so far, as method and path.
    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub(super) fn count(&self) -> usize {
        self.shared.seen.lock().unwrap().len()
    }

    pub(super) fn most_in_flight(&self) -> usize {
        self.shared.most_in_flight.load(Ordering::SeqCst)
    }

    /// Waits until that many requests have arrived.
    pub(super) async fn has_seen(&self, count: usize) {
        while self.count() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A client that no one stops and that does not wait between attempts.
pub(super) fn client(config: &Config) -> Client {
    stoppable(config, CancellationToken::new())
}

/// A client that does not wait between attempts.
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

/// The error's line for a reader, after a look for secrets in both its forms.
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
        if !answer(stream.get_mut(), reply).await {
            return;
        }
    }
}

async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
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
    Some(Seen {
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

/// Sends the reply; false when the connection is to be closed.
async fn answer(stream: &mut (impl AsyncWrite + Unpin), reply: Reply) -> bool {
    match reply {
        Reply::Lost => false,
        Reply::Silence => std::future::pending().await,
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
            let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
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
