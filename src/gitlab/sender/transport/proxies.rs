//! Failures of proxies, recognized by the errors of the HTTP client and the responses of the proxy.

use std::error::Error as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::{Failure, root_cause, tls_error};
use crate::gitlab::sender::base_url::BaseUrl;
use crate::gitlab::sender::config::ConfigError;
use crate::gitlab::sender::error::ProxyProblem;
use crate::gitlab::sender::message;
use crate::gitlab::sender::proxy::Proxy;
use crate::gitlab::sender::secrets::Secrets;
use crate::gitlab::sender::tls;

/// The prefixes of the HTTP client's errors about proxies, whose types are private.
const TUNNEL: &str = "tunnel error: ";
const SOCKS: &str = "SOCKS error: ";

/// The status of an HTTP proxy that requires credentials.
const STATUS_407: &str = "407 Proxy Authentication Required";

/// The message for a SOCKS proxy that doesn't accept credentials.
const NO_CREDENTIALS: &str = "it doesn't accept a user name and password";

/// The timeout and the maximum number of bytes of a second response.
const MAX_RESPONSE: (Duration, u64) = (Duration::from_secs(5), 512);

/// Returns the failure if the proxy is its cause: it can't be reached, or doesn't connect to the
/// server.
pub(super) fn failure(
    error: &reqwest::Error,
    proxy: &Proxy,
    base_url: &BaseUrl,
) -> Option<Failure> {
    if !error.is_connect() {
        return None;
    }
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let message = causes.map(ToString::to_string).find_map(|text| {
        let reason = text.strip_prefix(TUNNEL).or_else(|| text.strip_prefix(SOCKS))?;
        Some(reason.to_owned())
    });
    let cause = Some(root_cause(error));
    let untrusted = || {
        tls_error(error)
            .map(tls::problem_of)
            .map(|(problem, message)| (ProxyProblem::Tls(problem), message))
    };
    let (problem, cause) = match message.as_deref() {
        Some("failed to create underlying connection") if tls_error(error).is_some() => {
            untrusted()?
        }
        // For SOCKS, the client drops the cause.
        Some("failed to create underlying connection") => {
            (ProxyProblem::Unreachable, cause.filter(|cause| !cause.starts_with(SOCKS)))
        }
        Some("proxy authorization required") => {
            (ProxyProblem::Credentials, Some(STATUS_407.to_owned()))
        }
        // If it has credentials, the client offers no other method.
        Some(
            "server does not support user/pass authentication"
            | "server implements authentication incorrectly",
        ) if proxy.has_credentials() => (ProxyProblem::Refused, Some(NO_CREDENTIALS.to_owned())),
        Some(
            "credentials not accepted"
            | "server does not support user/pass authentication"
            | "server implements authentication incorrectly",
        ) => (ProxyProblem::Credentials, None),
        Some("failed parsing server response") => (ProxyProblem::NotSocks, None),
        Some("io error during SOCKS handshake") => {
            (ProxyProblem::Refused, Some("it closed the connection".to_owned()))
        }
        Some("unsuccessful") => (ProxyProblem::Refused, None),
        Some(reason) => (ProxyProblem::Refused, message::line(reason)),
        // TLS to the server starts after the proxy has connected to it.
        None if tls_error(error).is_some() => match proxy.forwards(base_url) {
            true => untrusted()?,
            false => return None,
        },
        None => (ProxyProblem::Unreachable, cause),
    };
    Some(of_proxy(proxy, problem, cause))
}

/// Returns the failure of a proxy that requires credentials.
pub(super) fn wants_credentials(proxy: &Proxy) -> Failure {
    of_proxy(proxy, ProxyProblem::Credentials, Some(STATUS_407.to_owned()))
}

fn of_proxy(proxy: &Proxy, problem: ProxyProblem, cause: Option<String>) -> Failure {
    Failure::Proxy { address: proxy.to_string(), variable: proxy.variable(), problem, cause }
}

/// Returns whether a SOCKS proxy may work without credentials. The HTTP client doesn't offer both
/// methods, as Go does.
pub(super) fn takes_no_credentials(failure: &Failure) -> bool {
    matches!(failure, Failure::Proxy { cause: Some(cause), .. } if cause == NO_CREDENTIALS)
}

/// Adds the response of a proxy that refused a connection. The HTTP client drops the response, so
/// the request to the proxy is sent again.
pub(super) async fn with_response(
    failure: Failure,
    proxy: &Proxy,
    base_url: &BaseUrl,
    secrets: &Secrets,
) -> Failure {
    let is_unexplained = matches!(
        failure,
        Failure::Proxy { problem: ProxyProblem::Refused, cause: None, .. } if proxy.scheme() == "http"
    );
    if !is_unexplained {
        return failure;
    }
    let response = tokio::time::timeout(MAX_RESPONSE.0, response(proxy, base_url)).await;
    let Ok(Ok(line)) = response else { return failure };
    // Redact before truncation, because a truncated secret can't be recognized.
    match explained(&secrets.redact(line)) {
        Some((problem, message)) => of_proxy(proxy, problem, message),
        None => failure,
    }
}

/// Sends CONNECT to the proxy and returns the first line of its response.
async fn response(proxy: &Proxy, base_url: &BaseUrl) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(proxy.host_and_port()).await?;
    let (host, port) =
        (base_url.host().map(|host| host.to_string()).unwrap_or_default(), base_url.port());
    let credentials = match proxy.credentials() {
        Some(credentials) => {
            format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(credentials))
        }
        None => String::new(),
    };
    let request =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{credentials}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_RESPONSE.1)).read_until(b'\n', &mut line).await?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Returns the problem in a response to CONNECT, or `None` if it is successful or empty.
fn explained(line: &str) -> Option<(ProxyProblem, Option<String>)> {
    let message = message::line_within(line, 80)?;
    let Some((_, status)) = message.split_once(' ').filter(|_| message.starts_with("HTTP/1."))
    else {
        return Some((ProxyProblem::NotHttp, Some(format!("it responds with {message:?}"))));
    };
    let code = status.get(..3).and_then(|code| StatusCode::from_bytes(code.as_bytes()).ok())?;
    let problem = match code {
        StatusCode::OK => return None,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            ProxyProblem::ServerUnreachable
        }
        _ => ProxyProblem::Refused,
    };
    Some((problem, Some(status.to_owned())))
}

/// Converts the proxy for the HTTP client.
pub(super) fn for_client(proxy: &Proxy) -> Result<reqwest::Proxy, ConfigError> {
    // Its error may show the address with the password.
    reqwest::Proxy::all(proxy.address()).map_err(|_| ConfigError::Proxy(proxy.variable()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_to_connect_are_distinguished() {
        for (line, expected) in [
            ("HTTP/1.1 403 Forbidden\r\n", Some((ProxyProblem::Refused, "403 Forbidden"))),
            ("HTTP/1.1 302 Found\r\n", Some((ProxyProblem::Refused, "302 Found"))),
            (
                "HTTP/1.0 503 Service Unavailable\r\n",
                Some((ProxyProblem::ServerUnreachable, "503 Service Unavailable")),
            ),
            ("HTTP/1.1 502\r\n", Some((ProxyProblem::ServerUnreachable, "502"))),
            (
                "SSH-2.0-OpenSSH_9.6\r\n",
                Some((ProxyProblem::NotHttp, "it responds with \"SSH-2.0-OpenSSH_9.6\"")),
            ),
            ("HTTP/1.1 200 OK\r\n", None),
            ("", None),
        ] {
            let expected = expected.map(|(problem, message)| (problem, Some(message.to_owned())));
            assert_eq!(explained(line), expected, "{line:?}");
        }
    }
}
