//! Hosts that attach to a process started with `--debug`.

use std::process::Stdio;
use std::time::Duration;

use gitlab_simulator::{Fault, Injection, Simulator};
use plugin_host::{Connection, Handshake, Plan, Shape};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::simulated::with_nulls;
use crate::{BINARY, LIMIT, eventually, is_empty};

/// Longer than it takes to end without a call in flight, and less than a call may take then.
const HOLD_UP: Duration = Duration::from_secs(1);

/// A process that waits for hosts, and its output.
struct Waiting {
    child: Child,
    reattach: Value,
    temporary: TempDir,
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Waiting {
    /// Starts it with further variables, but without the magic cookie.
    async fn start(variables: &[(&str, &str)]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = Command::new(BINARY);
        command
            .arg("--debug")
            .env_clear()
            .env("TMPDIR", temporary.path())
            .envs(variables.iter().copied());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = loop {
            let line =
                timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().expect("it ended early");
            if let Some((_, assignment)) = line.split_once("TF_REATTACH_PROVIDERS=") {
                break assignment.trim_matches('\'').to_owned();
            }
            assert!(!line.starts_with("1|"), "that is for a host that started it: {line}");
        };
        let reattach: Value = serde_json::from_str(&line).unwrap();
        let reattach = reattach["registry.terraform.io/aff15f21/gitlab-job-token"].clone();
        Self { child, reattach, temporary, _stdout: lines }
    }

    fn address(&self) -> &str {
        self.reattach["Addr"]["String"].as_str().unwrap()
    }

    /// Attaches a host in plaintext, as the output says.
    async fn attach(&self) -> Connection {
        let network = self.reattach["Addr"]["Network"].as_str().unwrap();
        let line = format!("1|6|{network}|{}|grpc|", self.address());
        Connection::open(&Handshake::parse(&line).unwrap(), None).await.unwrap()
    }

    /// Sends a signal, and waits for the end.
    async fn end_with(&mut self, signal: &str) -> Option<i32> {
        let kill = format!("kill -s {signal} {}", self.child.id().unwrap());
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
        timeout(LIMIT, self.child.wait()).await.expect("it does not end").unwrap().code()
    }
}

async fn configure(host: &Connection, gitlab: &Simulator) {
    let schema = host.schema().await.unwrap().provider.unwrap();
    let block = json!({ "base_url": gitlab.api_url(), "token": gitlab.token() });
    let diagnostics = host.configure(Shape::of(&schema).complete(block)).await.unwrap();
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
}

#[tokio::test]
async fn many_hosts_connect_and_configure_it_in_turn() {
    let (one, other) = (Simulator::start(), Simulator::start());
    let waiting = Waiting::start(&[]).await;
    // Hosts try the address before they use it.
    drop(UnixStream::connect(waiting.address()).await.unwrap());

    let first = waiting.attach().await;
    configure(&first, &one).await;
    let second = waiting.attach().await;
    configure(&second, &other).await;
    drop(first);
    drop(second);

    let third = waiting.attach().await;
    configure(&third, &one).await;
    assert_eq!(one.requests().len(), 2);
    assert_eq!(other.requests().len(), 1);
}

#[tokio::test]
async fn signals_end_it_while_a_host_is_connected() {
    for signal in ["INT", "TERM"] {
        let mut waiting = Waiting::start(&[]).await;
        let host = waiting.attach().await;
        host.health("plugin").await.unwrap();
        assert!(!is_empty(waiting.temporary.path()));

        assert_eq!(waiting.end_with(signal).await, Some(0), "{signal}");

        assert!(is_empty(waiting.temporary.path()), "{signal} leaves the socket behind");
    }
}

#[tokio::test]
async fn write_in_flight_is_finished_before_the_end() {
    let gitlab = Simulator::start();
    let app = gitlab.add_project("acme/app");
    gitlab.set_inbound_enabled(app, false);
    let mut waiting = Waiting::start(&[]).await;
    let host = waiting.attach().await;
    configure(&host, &gitlab).await;
    const TYPE: &str = "gitlab_job_token_scope";
    let unset = [
        "inbound_enabled",
        "push_repository_for_job_token_allowed",
        "cross_project_push_for_job_token_allowed",
        "outbound_enabled",
        "project_id",
        "id",
    ];
    let config = with_nulls(json!({ "project": app.to_string() }), &unset);
    let plan = Plan { proposed: config.clone(), config, prior: Value::Null, ..Plan::default() };
    let planned = host.plan(TYPE, &plan).await.unwrap();
    gitlab.inject(Injection::from(Fault::StallsTheRequest(HOLD_UP)).writes_only());
    let applying = tokio::spawn(async move { host.apply(TYPE, &plan, &planned).await });
    eventually("a write is on the wire", || gitlab.requests().writes().len() == 1).await;

    assert_eq!(waiting.end_with("INT").await, Some(0));

    let applied = applying.await.unwrap().unwrap();
    assert!(applied.diagnostics.is_empty(), "{:?}", applied.diagnostics);
    assert!(gitlab.inbound_enabled(app));
}

#[tokio::test]
async fn socket_is_private_to_its_owner_in_any_environment() {
    use std::os::unix::fs::PermissionsExt as _;

    let elsewhere = tempfile::tempdir().unwrap();
    let directory = elsewhere.path().to_str().unwrap();
    let hosts = [("PLUGIN_UNIX_SOCKET_DIR", directory), ("PLUGIN_UNIX_SOCKET_GROUP", "0")];
    let waiting = Waiting::start(&hosts).await;

    let socket = std::path::Path::new(waiting.address());
    assert!(socket.starts_with(waiting.temporary.path()));
    let mode = socket.parent().unwrap().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(is_empty(elsewhere.path()));
}

#[tokio::test]
async fn loopback_port_is_used_without_unix_sockets() {
    let mut waiting = Waiting::start(&[("GITLAB_JOB_TOKEN_PLUGIN_NETWORK", "tcp")]).await;
    assert_eq!(waiting.reattach["Addr"]["Network"], "tcp");
    assert!(waiting.address().starts_with("127.0.0.1:"));
    waiting.attach().await.health("plugin").await.unwrap();
    assert_eq!(waiting.end_with("INT").await, Some(0));
}

#[tokio::test]
async fn output_has_all_that_a_host_needs_to_attach() {
    let waiting = Waiting::start(&[]).await;
    let expected = json!({
        "Protocol": "grpc", "ProtocolVersion": 6, "Test": true, "Pid": waiting.child.id().unwrap(),
        "Addr": { "Network": "unix", "String": waiting.address() },
    });
    assert_eq!(waiting.reattach, expected);
}
