//! The failures of proxies, from the HTTP client's errors and from what the proxy itself answers.

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

/// The beginnings of the HTTP client's errors about proxies, whose types are private to it.
const TUNNEL: &str = "tunnel error: ";
const SOCKS: &str = "SOCKS error: ";

/// The status of an HTTP proxy that wants credentials.
const STATUS_407: &str = "407 Proxy Authentication Required";

/// The words for a SOCKS proxy that takes no user name and password.
const NO_CREDENTIALS: &str = "it doesn't accept a user name and password";

/// The most time and bytes for an answer to a second question.
const LONGEST_ANSWER: (Duration, u64) = (Duration::from_secs(5), 512);

/// Returns the failure if it is the proxy's: no connection to it, or none from it to the server.
pub(super) fn failure(
    error: &reqwest::Error,
    proxy: &Proxy,
    base_url: &BaseUrl,
) -> Option<Failure> {
    if !error.is_connect() {
        return None;
    }
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let said = causes.map(ToString::to_string).find_map(|text| {
        let reason = text.strip_prefix(TUNNEL).or_else(|| text.strip_prefix(SOCKS))?;
        Some(reason.to_owned())
    });
    let cause = Some(root_cause(error));
    let untrusted = || {
        tls_error(error)
            .map(tls::problem_of)
            .map(|(problem, words)| (ProxyProblem::Untrusted(problem), words))
    };
    let (problem, cause) = match said.as_deref() {
        Some("failed to create underlying connection") if tls_error(error).is_some() => {
            untrusted()?
        }
        // The client drops the cause for SOCKS.
        Some("failed to create underlying connection") => {
            (ProxyProblem::Unreachable, cause.filter(|cause| !cause.starts_with(SOCKS)))
        }
        Some("proxy authorization required") => {
            (ProxyProblem::Credentials, Some(STATUS_407.to_owned()))
        }
        // With credentials, the client offers nothing else.
        Some(
            "server does not support user/pass authentication"
            | "server implements authentication incorrectly",
        ) if proxy.has_credentials() => (ProxyProblem::Refused, Some(NO_CREDENTIALS.to_owned())),
        Some(
            "credentials not accepted"
            | "server does not support user/pass authentication"
            | "server implements authentication incorrectly",
        ) => (ProxyProblem::Credentials, None),
        Some("unsuccessful") => (ProxyProblem::Refused, None),
        Some(reason) => (ProxyProblem::Refused, message::line(reason)),
        // TLS to the server begins only once the proxy has connected to it.
        None if tls_error(error).is_some() => match proxy.forwards(base_url) {
            true => untrusted()?,
            false => return None,
        },
        None => (ProxyProblem::Unreachable, cause),
    };
    Some(of_proxy(proxy, problem, cause))
}

/// Returns the failure of a proxy that wants credentials.
pub(super) fn wants_credentials(proxy: &Proxy) -> Failure {
    of_proxy(proxy, ProxyProblem::Credentials, Some(STATUS_407.to_owned()))
}

fn of_proxy(proxy: &Proxy, problem: ProxyProblem, cause: Option<String>) -> Failure {
    Failure::Proxy { address: proxy.to_string(), variable: proxy.variable(), problem, cause }
}

/// Checks whether a SOCKS proxy may be used without credentials. The HTTP client offers either no
/// credentials or nothing else, where Go leaves the choice to the proxy.
pub(super) fn takes_no_credentials(failure: &Failure) -> bool {
    matches!(failure, Failure::Proxy { cause: Some(cause), .. } if cause == NO_CREDENTIALS)
}

/// Returns the failure with the answer of the proxy, if it has refused a connection. The HTTP
/// client drops the answer, so the proxy is asked again.
pub(super) async fn with_answer(
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
    let answer = tokio::time::timeout(LONGEST_ANSWER.0, answer(proxy, base_url)).await;
    let Ok(Ok(line)) = answer else { return failure };
    // Before it is cut, since a part of a secret wouldn't be recognized.
    match explained(&secrets.hidden_in(line)) {
        Some((problem, words)) => of_proxy(proxy, problem, words),
        None => failure,
    }
}

/// Asks the proxy for a connection, and returns the first line of what it answers.
async fn answer(proxy: &Proxy, base_url: &BaseUrl) -> std::io::Result<String> {
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
    BufReader::new(stream.take(LONGEST_ANSWER.1)).read_until(b'\n', &mut line).await?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Returns what an answer to CONNECT says, or `None` if it is a success or nothing.
fn explained(line: &str) -> Option<(ProxyProblem, Option<String>)> {
    let words = message::line_within(line, 80)?;
    let Some((_, status)) = words.split_once(' ').filter(|_| words.starts_with("HTTP/1.")) else {
        return Some((ProxyProblem::NotHttp, Some(format!("it answers {words:?}"))));
    };
    let code = status.get(..3).and_then(|code| StatusCode::from_bytes(code.as_bytes()).ok())?;
    let problem = match code {
        StatusCode::OK => return None,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            ProxyProblem::NoWay
        }
        _ => ProxyProblem::Refused,
    };
    Some((problem, Some(status.to_owned())))
}

/// Returns the proxy as the HTTP client takes it.
pub(super) fn for_client(proxy: &Proxy) -> Result<reqwest::Proxy, ConfigError> {
    // Its error may show the address with the password.
    reqwest::Proxy::all(proxy.address()).map_err(|_| ConfigError::Proxy(proxy.variable()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_to_connect_are_told_apart() {
        for (line, expected) in [
            ("HTTP/1.1 403 Forbidden\r\n", Some((ProxyProblem::Refused, "403 Forbidden"))),
            ("HTTP/1.1 302 Found\r\n", Some((ProxyProblem::Refused, "302 Found"))),
            (
                "HTTP/1.0 503 Service Unavailable\r\n",
                Some((ProxyProblem::NoWay, "503 Service Unavailable")),
            ),
            ("HTTP/1.1 502\r\n", Some((ProxyProblem::NoWay, "502"))),
            (
                "SSH-2.0-OpenSSH_9.6\r\n",
                Some((ProxyProblem::NotHttp, "it answers \"SSH-2.0-OpenSSH_9.6\"")),
            ),
            ("HTTP/1.1 200 OK\r\n", None),
            ("", None),
        ] {
            let expected = expected.map(|(problem, words)| (problem, Some(words.to_owned())));
            assert_eq!(explained(line), expected, "{line:?}");
        }
    }
}
