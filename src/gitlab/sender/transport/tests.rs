use std::time::Duration;

use serde_json::json;

use crate::gitlab::testing::{MockServer, Reply, client, empty, json, project, shown, text};
use crate::gitlab::{BaseUrl, Config, Error, ErrorKind, Proxy, ProxyProblem};

fn settings() -> Reply {
    json(200, &json!({"inbound_enabled": true, "outbound_enabled": false}))
}

fn moved(to: impl ToString) -> Reply {
    empty(301).with("location", to)
}

fn elsewhere(server: &MockServer) -> ErrorKind {
    ErrorKind::Redirected { to: Some(server.origin.clone()), is_sign_in: false }
}

async fn read(server: &MockServer) -> Result<(), Error> {
    server.client().scope(&project(1).into()).await.map(drop)
}

#[tokio::test]
async fn read_follows_redirects_within_its_origin() {
    let server = MockServer::new(|seen| match seen.path.as_str() {
        "/projects/1/job_token_scope" => moved("/api/v4/elsewhere"),
        _ => settings(),
    })
    .await;
    read(&server).await.unwrap();
    assert_eq!(server.lines(), ["GET /projects/1/job_token_scope", "GET /elsewhere"]);
}

#[tokio::test]
async fn token_is_not_sent_to_another_origin() {
    let other = MockServer::replying(vec![settings()]).await;
    for location in [format!("{}/steal?x=1", other.origin), other.origin.replace("http:", "")] {
        let server = MockServer::replying(vec![moved(location)]).await;
        let error = read(&server).await.unwrap_err();
        assert_eq!(*error.kind(), elsewhere(&other));
        assert_eq!((error.status(), error.attempts()), (Some(301), 1));
        assert!(!shown(&error).contains("steal"));
    }
    assert_eq!(other.count(), 0);
}

#[tokio::test]
async fn write_does_not_follow_a_redirect() {
    let server = MockServer::replying(vec![moved("/api/v4/elsewhere")]).await;
    let error = server.client().set_inbound_enabled(project(1), true).await.unwrap_err();
    assert_eq!(*error.kind(), elsewhere(&server));
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn redirect_loop_is_an_error() {
    let server = MockServer::replying(vec![moved("/api/v4/user")]).await;
    let error = read(&server).await.unwrap_err();
    assert_eq!(*error.kind(), elsewhere(&server));
    assert_eq!(
        error.message(),
        Some("one redirect leads to the next, the last one to /api/v4/user")
    );
    assert_eq!(server.count(), 4);
    for nowhere in [empty(302), moved("javascript:alert(1)"), moved("file:///etc/passwd")] {
        let server = MockServer::replying(vec![nowhere]).await;
        let nowhere = ErrorKind::Redirected { to: None, is_sign_in: false };
        assert_eq!(*read(&server).await.unwrap_err().kind(), nowhere);
    }
}

#[tokio::test]
async fn sign_in_page_is_not_followed() {
    for (location, to) in [
        ("/users/sign_in", None),
        ("https://acme.cloudflareaccess.com/x?kid=hush", Some("https://acme.cloudflareaccess.com")),
    ] {
        let server = MockServer::replying(vec![moved(location)]).await;
        let error = read(&server).await.unwrap_err();
        let to = Some(to.map_or(server.origin.clone(), str::to_owned));
        assert_eq!(*error.kind(), ErrorKind::Redirected { to, is_sign_in: true });
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn endless_response_is_not_read() {
    let large = " ".repeat(super::MAX_BODY + 1);
    let server = MockServer::replying(vec![text(200, &large)]).await;
    let error = read(&server).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (&ErrorKind::InvalidResponse, Some("the response is too large"))
    );
    let server = MockServer::replying(vec![Reply::Endless]).await;
    let error = read(&server).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (&ErrorKind::InvalidResponse, Some("the response is too large"))
    );
}

#[tokio::test]
async fn endless_error_response_is_reported_by_its_status() {
    let large = "x".repeat(super::MAX_REFUSAL * 2);
    let server =
        MockServer::replying(vec![text(403, &format!("{large}\n")), text(502, &large), settings()])
            .await;
    assert_eq!(*read(&server).await.unwrap_err().kind(), ErrorKind::Blocked { by: None });
    read(&server).await.unwrap();
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn overlapping_secrets_are_redacted_whole() {
    let server = MockServer::new(|_| text(403, "who is Basic-header-hush-hush-indeed?")).await;
    let mut config = server.config();
    config.headers.insert("X-Longer".to_owned(), "Basic-header-hush-hush-indeed".into());
    let error = client(&config).scope(&project(1).into()).await.unwrap_err();
    assert_eq!(error.message(), Some("who is [redacted]?"));
}

#[tokio::test]
async fn attempt_that_times_out_is_retried() {
    let server = MockServer::new({
        let first = std::sync::atomic::AtomicBool::new(true);
        move |_| match first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            true => Reply::NoResponse,
            false => settings(),
        }
    })
    .await;
    let mut config = server.config();
    config.request_timeout = Duration::from_millis(300);
    client(&config).scope(&project(1).into()).await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn refused_connection_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = MockServer::replying(vec![settings()]).await;
    let mut config = server.config();
    config.base_url = crate::gitlab::BaseUrl::parse(&origin).unwrap();
    config.retries = 1;
    let error = client(&config).scope(&project(1).into()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (&ErrorKind::Unreachable, 2));
    assert!(!error.maybe_carried_out());
    assert!(error.message().unwrap().to_lowercase().contains("refused"), "{error}");
}

/// Returns the configuration of a client that uses this proxy.
fn through(proxy: &str, template: &Config) -> Config {
    let base_url = BaseUrl::parse("http://gitlab.test").unwrap();
    let environment = |name: &str| (name == "HTTP_PROXY").then(|| proxy.to_owned());
    let proxy = Proxy::from_environment(&base_url, &environment).unwrap();
    Config { base_url, proxy, retries: 2, ..template.clone() }
}

#[tokio::test]
async fn proxy_is_retried_unless_it_requires_credentials() {
    let proxy = MockServer::replying(vec![empty(407)]).await;
    let down = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (address, problem, attempts) in [
        (proxy.origin.clone(), ProxyProblem::Credentials, 1),
        (format!("http://{down}"), ProxyProblem::Unreachable, 3),
        (format!("socks5://{down}"), ProxyProblem::Unreachable, 3),
    ] {
        let config = through(&address, &proxy.config());
        let error = client(&config).scope(&project(1).into()).await.unwrap_err();
        assert_eq!(error.attempts(), attempts);
        assert!(!error.maybe_carried_out());
        assert_eq!(*error.kind(), ErrorKind::Proxy { address, variable: "HTTP_PROXY", problem });
    }
    assert_eq!(proxy.count(), 1);
}
