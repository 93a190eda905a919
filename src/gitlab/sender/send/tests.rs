use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::gitlab::testing::{
    HEADER, MockServer, Reply, TOKEN, USER_AGENT, client, empty, json, list, project,
    project_target, refusal, stoppable, text,
};
use crate::gitlab::{Allowed, BaseUrl, Client, Config, ConfigError, ErrorKind};

fn settings() -> Reply {
    json(200, &json!({"inbound_enabled": true, "outbound_enabled": false, "new_key": {}}))
}

#[tokio::test]
async fn request_has_the_token_and_the_headers() {
    let server = MockServer::replying(vec![settings()]).await;
    assert!(server.client().scope(&"a/b".parse().unwrap()).await.unwrap().inbound_enabled);
    let seen = &server.seen()[0];
    assert_eq!(seen.line(), "GET /projects/a%2Fb/job_token_scope");
    let headers = seen.headers.to_ascii_lowercase();
    assert!(headers.contains(&format!("authorization: bearer {TOKEN}\r\n")), "{headers}");
    assert!(headers.contains(&format!("x-proxy-credentials: {HEADER}\r\n")), "{headers}");
    assert!(headers.contains(&format!("user-agent: {USER_AGENT}\r\n")), "{headers}");
}

#[tokio::test]
async fn transient_failures_are_retried() {
    let bad = [Reply::Lost, refusal(502, ""), refusal(503, ""), refusal(504, ""), Reply::CutOff];
    let server = MockServer::replying([&bad[..], &[settings()]].concat()).await;
    assert!(server.client().scope(&project(1).into()).await.is_ok());
    assert_eq!(server.count(), 6);
}

#[tokio::test]
async fn attempts_end_after_the_retries() {
    let server = MockServer::replying(vec![refusal(502, "no")]).await;
    let error = server.client().scope(&project(1).into()).await.unwrap_err();
    assert_eq!((server.count(), error.attempts()), (6, 6));
}

#[tokio::test]
async fn status_408_is_an_attempt() {
    let server = MockServer::replying(vec![text(408, "too slow")]).await;
    let mut config = server.config();
    config.retries = 0;
    client(&config).scope(&project(1).into()).await.unwrap_err();
    assert_eq!(server.count(), 1);

    let server =
        MockServer::replying(vec![text(408, "too slow").with("retry-after", 1), settings()]).await;
    let began = std::time::Instant::now();
    server.client().scope(&project(1).into()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn only_reads_are_retried_after_an_internal_error() {
    let server = MockServer::replying(vec![refusal(500, "no")]).await;
    server.client().scope(&project(1).into()).await.unwrap_err();
    assert_eq!(server.count(), 6);
    let server = MockServer::replying(vec![refusal(500, "no")]).await;
    server.client().set_inbound_enabled(project(1), true).await.unwrap_err();
    assert_eq!(server.lines().iter().filter(|line| line.starts_with("PATCH")).count(), 1);
}

#[tokio::test]
async fn change_succeeds_with_an_empty_204() {
    let server = MockServer::replying(vec![empty(204)]).await;
    server.client().set_inbound_enabled(project(1), false).await.unwrap();
    assert_eq!(server.seen()[0].body, json!({"enabled": false}));
}

#[tokio::test]
async fn concurrent_requests_are_limited() {
    let server = MockServer::slow(Duration::from_millis(5), |_| settings()).await;
    let mut config = server.config();
    config.max_concurrent_requests = 3;
    let client = client(&config);
    let reads = (1..=40).map(|number| {
        let client = client.clone();
        async move { client.scope(&project(number).into()).await.map(drop) }
    });
    futures_util::future::try_join_all(reads).await.unwrap();
    assert_eq!((server.count(), server.most_in_flight()), (40, 3));
}

#[tokio::test]
async fn one_rate_limit_pauses_all_requests() {
    let server =
        MockServer::replying(vec![text(429, "Retry later").with("retry-after", 200), settings()])
            .await;
    let client = server.client();
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.scope(&project(1).into()).await }
    });
    while client.sender.shared.pause.is_over() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let second =
        tokio::time::timeout(Duration::from_millis(100), client.scope(&project(2).into())).await;
    assert!(second.is_err() && server.count() == 1, "the second did not wait for the first");
    first.abort();
}

#[tokio::test]
async fn request_is_retried_after_the_requested_wait() {
    let server =
        MockServer::replying(vec![text(429, "Retry later").with("retry-after", 1), settings()])
            .await;
    let began = std::time::Instant::now();
    server.client().scope(&project(1).into()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn exhausted_rate_limit_delays_the_next_request() {
    let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
    let reset = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 100;
    let used_up = settings()
        .with("ratelimit-remaining", 0)
        .with("ratelimit-reset", reset)
        .with("date", httpdate::fmt_http_date(now));
    let server = MockServer::replying(vec![used_up]).await;
    let client = server.client();
    client.scope(&project(1).into()).await.unwrap();
    assert!(!client.sender.shared.pause.is_over());
}

#[tokio::test]
async fn stopped_client_sends_nothing() {
    let server = MockServer::replying(vec![settings()]).await;
    let stop = CancellationToken::new();
    let client = stoppable(&server.config(), stop.clone());
    stop.cancel();
    let error = client.scope(&project(1).into()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), server.count()), (&ErrorKind::Cancelled, 0, 0));
    assert!(client.with_grace_period().scope(&project(1).into()).await.is_ok());
}

#[tokio::test]
async fn stop_ends_a_pause_and_the_wait_for_a_permit() {
    let server = MockServer::replying(vec![text(429, "").with("retry-after", 200)]).await;
    let stop = CancellationToken::new();
    let client = stoppable(&server.config(), stop.clone());
    let waiting: Vec<_> = (1..=20)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { client.scope(&project(number).into()).await })
        })
        .collect();
    server.wait_for_requests(1).await;
    stop.cancel();
    for one in waiting {
        let error = one.await.unwrap().unwrap_err();
        assert!(error.is_cancelled(), "{error}");
    }
}

#[tokio::test]
async fn stop_ends_a_backoff() {
    let server = MockServer::replying(vec![refusal(502, "down")]).await;
    let stop = CancellationToken::new();
    let mut config = server.config();
    config.retries = 1000;
    let client = Client::new(&config, stop.clone()).unwrap();
    let reading = tokio::spawn(async move { client.scope(&project(1).into()).await });
    server.wait_for_requests(2).await;
    stop.cancel();
    let error = reading.await.unwrap().unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(error.message(), Some("down"), "the reason for the wait is not lost");
}

#[tokio::test]
async fn running_write_finishes_after_a_stop() {
    let response = |_: &_| json(201, &json!({"source_project_id": 1, "target_project_id": 2}));
    let server = MockServer::slow(Duration::from_millis(100), response).await;
    let stop = CancellationToken::new();
    let client = stoppable(&server.config(), stop.clone());
    let writing = tokio::spawn(async move { client.allow(project(1), project_target(2)).await });
    server.wait_for_requests(1).await;
    stop.cancel();
    assert_eq!(writing.await.unwrap().unwrap(), Allowed::Added);
}

#[tokio::test]
async fn outcome_of_a_write_is_read_despite_the_stop() {
    let stop = CancellationToken::new();
    let server = MockServer::new({
        let stop = stop.clone();
        move |seen| {
            if seen.method == "POST" {
                stop.cancel();
                return Reply::Lost;
            }
            list(&[1, 2], seen)
        }
    })
    .await;
    let client = stoppable(&server.config(), stop);
    assert_eq!(client.allow(project(1), project_target(2)).await.unwrap(), Allowed::Added);
}

#[test]
fn invalid_settings_are_an_error() {
    let made = |change: fn(&mut Config)| {
        let mut config = Config::new(
            BaseUrl::parse("https://gitlab.com").unwrap(),
            Some(TOKEN.into()),
            USER_AGENT.into(),
        );
        config.cacert_pem = None;
        change(&mut config);
        Client::new(&config, CancellationToken::new()).map(drop).unwrap_err()
    };
    let header = |reason| ConfigError::Header { name: String::new(), reason };
    assert_eq!(made(|config| config.token = Some("".into())), ConfigError::TokenEmpty);
    assert_eq!(
        made(|config| config.token = Some("glpat-a\n".into())),
        ConfigError::TokenNotSendable
    );
    assert_eq!(made(|config| config.token = Some("glpat-ü".into())), ConfigError::TokenNotSendable);
    assert_eq!(made(|config| config.max_concurrent_requests = 0), ConfigError::NoConcurrency);
    assert_eq!(made(|config| config.request_timeout = Duration::ZERO), ConfigError::NoTime);
    assert_eq!(made(|config| config.user_agent = "\n".into()), ConfigError::UserAgent);
    let no_certificate = ConfigError::CaCertificate("it doesn't have a readable PEM certificate");
    assert_eq!(made(|config| config.cacert_pem = Some("no PEM".into())), no_certificate);
    assert_eq!(
        made(|config| config.client_cert_pem = Some("x".into())),
        ConfigError::IncompleteClientCertificate
    );
    assert_eq!(
        made(|config| config.client_key_pem = Some("x".into())),
        ConfigError::IncompleteClientCertificate
    );
    assert_eq!(
        made(|config| drop(config.headers.insert(String::new(), "x".into()))),
        header("it isn't a valid header name")
    );
}

#[test]
fn invalid_header_is_named_without_its_value() {
    for name in ["X-Line", "Authorization"] {
        let mut config = Config::new(
            BaseUrl::parse("https://gitlab.com").unwrap(),
            Some(TOKEN.into()),
            USER_AGENT.into(),
        );
        config.headers.insert(name.to_owned(), format!("{HEADER}\n").into());
        let error = Client::new(&config, CancellationToken::new()).unwrap_err();
        assert!(
            error.to_string().contains(name) && !format!("{error} {error:?}").contains(HEADER),
            "{error}"
        );
    }
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let server = MockServer::replying(vec![settings()]).await;
    let shown = format!("{:?} {:?}", server.config(), server.client());
    assert!(!shown.contains(TOKEN) && !shown.contains(HEADER), "{shown}");
    assert!(shown.contains(&server.origin));
}

/// Records the fields of all events.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }
}

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.lock().unwrap().push_str(&format!("{field}={value:?} "));
    }
}

#[tokio::test]
async fn log_has_each_attempt_and_no_secret() {
    let log = Log::default();
    let echo = format!("who is {TOKEN} with {HEADER}?");
    let server = MockServer::replying(vec![refusal(502, &echo), Reply::Lost, settings()]).await;
    let client = server.client();
    // With a single subscriber, `tracing` caches the interest of the thread that first reaches an
    // event. With a second one it asks all subscribers, so that tests on other threads can't
    // disable our events.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    // Dependencies log as well, so all levels and targets are recorded.
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
    client.scope(&project(1).into()).await.unwrap();
    drop(guard);
    let log = log.0.lock().unwrap().clone();
    for expected in [
        "method=\"GET\" path=\"/projects/1/job_token_scope\" status=502 attempt=1",
        "reason=\"who is [redacted] with [redacted]?\" status=502 wait_ms=0",
        "path=\"/projects/1/job_token_scope\" attempt=2",
        "status=200 attempt=3",
    ] {
        assert!(log.contains(expected), "{expected} is not in\n{log}");
    }
    assert!(!log.contains(TOKEN) && !log.contains(HEADER), "{log}");
}
