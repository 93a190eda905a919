//! Proxies from environment variables. The client's unit tests cover which URL uses which.

use std::ffi::OsStr;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, SystemTime};

use gitlab_simulator::Simulator;
use plugin_host::{Diagnostic, Launch};
use rcgen::{BasicConstraints, CertificateParams, IsCa};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::kit::{
    Certificate, Files, Gateway, address, configure, launch, only_error, only_warning,
};

/// A name that can't be resolved: only a proxy can reach it.
const UNRESOLVABLE: &str = "gitlab.invalid";

#[track_caller]
fn only_warns_of_plain_http(diagnostics: &[Diagnostic]) {
    assert_eq!(only_warning(diagnostics).summary, "Token is sent without encryption");
}

/// A GitLab behind TLS with a name that only proxies know.
struct HiddenGitlab {
    gitlab: Simulator,
    tls: Gateway,
    block: Value,
    _files: Files,
}

impl HiddenGitlab {
    async fn start() -> Self {
        let (gitlab, certificate, files) =
            (Simulator::start(), Certificate::of(UNRESOLVABLE), Files::new());
        let tls = Gateway::tls(certificate.server(), address(&gitlab)).await;
        let block = json!({
            "base_url": format!("https://{UNRESOLVABLE}"),
            "token": gitlab.token(),
            "cacert_file": files.write("ca.pem", certificate.pem()),
        });
        Self { gitlab, tls, block, _files: files }
    }
}

fn plain() -> Value {
    json!({"base_url": format!("http://{UNRESOLVABLE}"), "token": "glpat-x"})
}

fn encrypted() -> Value {
    json!({"base_url": format!("https://{UNRESOLVABLE}"), "token": "glpat-x"})
}

/// Returns the detail of the only error, with `PROXY` for the proxy's host and port. It must have
/// no password and no attribute.
async fn detail(launch: &Launch, block: Value, proxy: SocketAddr) -> String {
    let diagnostics = configure(&launch.clone().env("TF_LOG", "TRACE"), block).await;
    let is_error =
        |diagnostic: &&Diagnostic| diagnostic.summary != "Token is sent without encryption";
    let errors: Vec<Diagnostic> = diagnostics.iter().filter(is_error).cloned().collect();
    let error = only_error(&errors);
    assert!(!format!("{error:?}").contains("hunter2"), "{error:#?}");
    assert_eq!(error.attribute, None, "{error:#?}");
    error.detail.replace(&proxy.to_string(), "PROXY")
}

/// Returns the end of each message about a proxy.
fn advice(variable: &str, remedy: &str) -> String {
    format!(
        "\n\nThe proxy is set in the `{variable}` environment variable. {remedy} If GitLab can be \
         reached without a proxy, add the host of `base_url` to `NO_PROXY`."
    )
}

#[tokio::test]
async fn https_is_tunneled_through_the_proxy() {
    let there = HiddenGitlab::start().await;
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        let proxy = Gateway::proxy(there.tls.address()).await;
        let launch = launch().env(variable, proxy.url());
        assert_eq!(configure(&launch, there.block.clone()).await, [], "{variable}");
        assert_eq!(proxy.request_lines(), [format!("CONNECT {UNRESOLVABLE}:443 HTTP/1.1")]);
        assert!(!proxy.seen()[0].contains(there.gitlab.token()));
    }
    assert_eq!(there.gitlab.requests().len(), 2);
}

#[tokio::test]
async fn http_is_sent_through_the_proxy() {
    let gitlab = Simulator::start();
    let block = json!({"base_url": format!("http://{UNRESOLVABLE}"), "token": gitlab.token()});
    for variable in ["HTTP_PROXY", "http_proxy"] {
        let proxy = Gateway::proxy(address(&gitlab)).await;
        // Terraform takes an address without a scheme, too.
        let launch = launch().env(variable, proxy.address().to_string());
        let diagnostics = configure(&launch, block.clone()).await;
        only_warns_of_plain_http(&diagnostics);
        assert_eq!(
            proxy.request_lines(),
            [format!("GET http://{UNRESOLVABLE}/api/v4/user HTTP/1.1")]
        );
    }
}

#[tokio::test]
async fn all_proxy_is_not_read() {
    let there = HiddenGitlab::start().await;
    let proxy = Gateway::proxy(there.tls.address()).await;
    let launch = launch().env("ALL_PROXY", proxy.url()).env("all_proxy", proxy.url());
    only_error(&configure(&launch, there.block.clone()).await);
    assert_eq!(proxy.request_lines(), [""; 0]);
}

#[tokio::test]
async fn credentials_are_sent_only_to_the_proxy() {
    let there = HiddenGitlab::start().await;
    let (https, http) =
        (Gateway::proxy(there.tls.address()).await, Gateway::proxy(address(&there.gitlab)).await);
    let with_credentials = |proxy: &Gateway| proxy.url().replace("http://", "http://ann:p%40ss@");
    let launch = launch()
        .env("HTTPS_PROXY", with_credentials(&https))
        .env("HTTP_PROXY", with_credentials(&http));
    assert_eq!(configure(&launch, there.block.clone()).await, []);
    let mut plain = there.block.clone();
    plain["base_url"] = format!("http://{UNRESOLVABLE}").into();
    only_warns_of_plain_http(&configure(&launch, plain).await);
    for proxy in [&https, &http] {
        // `ann:p@ss`
        let header = "proxy-authorization: basic yw5uonbac3m=";
        assert!(proxy.seen()[0].to_lowercase().contains(header), "{:?}", proxy.seen());
    }
    assert!(!format!("{:?}", there.gitlab.requests()).to_lowercase().contains("ann:p"));
}

#[tokio::test]
async fn socks_proxies_resolve_the_name() {
    let there = HiddenGitlab::start().await;
    for scheme in ["socks5", "socks5h"] {
        let open = Gateway::socks(None, there.tls.address()).await;
        let guarded = Gateway::socks(Some("ann:p@ss"), there.tls.address()).await;
        for (proxy, credentials) in [(open, ""), (guarded, "ann:p%40ss@")] {
            let url = format!("{scheme}://{credentials}{}", proxy.address());
            let diagnostics =
                configure(&launch().env("HTTPS_PROXY", url), there.block.clone()).await;
            assert_eq!(diagnostics, []);
            assert_eq!(proxy.seen(), [format!("{UNRESOLVABLE}:443")]);
        }
    }
    let plain = Gateway::socks(None, address(&there.gitlab)).await;
    let launch = launch().env("HTTP_PROXY", format!("socks5://{}", plain.address()));
    let block =
        json!({"base_url": format!("http://{UNRESOLVABLE}:8080"), "token": there.gitlab.token()});
    only_warns_of_plain_http(&configure(&launch, block).await);
    assert_eq!(plain.seen(), [format!("{UNRESOLVABLE}:8080")]);
}

/// The unspecified address reaches this machine, but isn't its loopback address.
#[tokio::test]
async fn no_proxy_hosts_are_reached_directly() {
    let gitlab = Simulator::start();
    let port = address(&gitlab).port();
    let proxy = Gateway::proxy(address(&gitlab)).await;
    let block =
        |host: &str| json!({"base_url": format!("http://{host}:{port}"), "token": gitlab.token()});
    let through = launch().env("HTTP_PROXY", proxy.url());
    for exception in ["0.0.0.0", "0.0.0.0/8", "*", &format!("other.test, 0.0.0.0:{port}")] {
        for variable in ["NO_PROXY", "no_proxy"] {
            let launch = through.clone().env(variable, exception);
            only_warns_of_plain_http(&configure(&launch, block("0.0.0.0")).await);
        }
    }
    assert_eq!(configure(&through, block("127.0.0.1")).await, []);
    assert_eq!(proxy.request_lines(), [""; 0]);

    for exception in ["", "0.0.0.0:1", "other.test"] {
        let launch = through.clone().env("NO_PROXY", exception);
        only_warns_of_plain_http(&configure(&launch, block("0.0.0.0")).await);
    }
    assert_eq!(proxy.request_lines().len(), 3);
}

#[tokio::test]
async fn unreachable_proxy_is_named() {
    let down = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let remedy = "Check the address, and that the proxy is running.";
    for (scheme, cause) in [("http", ": Connection refused"), ("socks5", "")] {
        let url = format!("{scheme}://ann:hunter2@{down}");
        let launch = launch().env("HTTPS_PROXY", &url).env("HTTP_PROXY", &url);
        for (block, variable) in [(encrypted(), "HTTPS_PROXY"), (plain(), "HTTP_PROXY")] {
            let detail = detail(&launch, block, down).await;
            let expected = format!("GET /user: the proxy {scheme}://PROXY can't be reached{cause}");
            assert!(detail.starts_with(&expected), "{detail}");
            assert!(detail.ends_with(&advice(variable, remedy)), "{detail}");
        }
    }
}

#[tokio::test]
async fn proxy_that_requires_credentials_is_named() {
    let proxy = Gateway::refusing_proxy("407 Proxy Authentication Required").await;
    let guarded = Gateway::socks(Some("ann:other"), proxy.address()).await;
    let remedy = |scheme| {
        format!(
            "Set the proxy's user name and password in it, percent-encoded: \
             `{scheme}://USER:PASSWORD@PROXY`."
        )
    };
    for credentials in ["", "ann:hunter2@"] {
        let url = format!("http://{credentials}{}", proxy.address());
        let launch = launch().env("HTTPS_PROXY", &url).env("HTTP_PROXY", &url);
        let says = "GET /user: the proxy http://PROXY requires valid credentials: 407 Proxy \
            Authentication Required.";
        for (block, variable) in [(encrypted(), "HTTPS_PROXY"), (plain(), "HTTP_PROXY")] {
            let detail = detail(&launch, block, proxy.address()).await;
            assert_eq!(detail, format!("{says}{}", advice(variable, &remedy("http"))));
        }
        let socks =
            launch.env("HTTPS_PROXY", format!("socks5://{credentials}{}", guarded.address()));
        let detail = detail(&socks, encrypted(), guarded.address()).await;
        let says = "GET /user: the proxy socks5://PROXY requires valid credentials.";
        assert_eq!(detail, format!("{says}{}", advice("HTTPS_PROXY", &remedy("socks5"))));
    }
    assert!(proxy.seen().last().unwrap().to_lowercase().contains("proxy-authorization: basic"));
}

#[tokio::test]
async fn socks_proxy_that_is_an_http_server_is_named() {
    let there = HiddenGitlab::start().await;
    let server = address(&there.gitlab);
    let launch = launch().env("HTTPS_PROXY", format!("socks5://{server}"));
    let detail = detail(&launch, encrypted(), server).await;
    let says = "GET /user: the proxy socks5://PROXY isn't a SOCKS proxy.";
    let remedy = "Check the port, or use `http://` in the address if it is an HTTP proxy.";
    assert_eq!(detail, format!("{says}{}", advice("HTTPS_PROXY", remedy)));
}

#[tokio::test]
async fn proxy_that_rejects_the_connection_is_named() {
    let proxy = Gateway::refusing_proxy("403 Forbidden").await;
    let launch = launch().env("HTTPS_PROXY", proxy.url());
    let detail = detail(&launch, encrypted(), proxy.address()).await;
    let says = "GET /user: the proxy http://PROXY refused the connection: 403 Forbidden.";
    let remedy =
        "Check that the proxy allows connections to the host of the provider's `base_url`.";
    assert_eq!(detail, format!("{says}{}", advice("HTTPS_PROXY", remedy)));
}

#[tokio::test]
async fn proxy_without_a_route_to_the_server_is_named() {
    for (response, says, remedy) in [
        (
            "503 Service Unavailable",
            "can't reach GitLab: 503 Service Unavailable.",
            "The proxy works, but can't connect",
        ),
        (
            "302 Found",
            "refused the connection: 302 Found.",
            "Check that the proxy allows connections",
        ),
        (
            "403 ann:hunter2 is out",
            "refused the connection: 403 [redacted] is out.",
            "Check that the proxy allows connections",
        ),
    ] {
        let proxy = Gateway::refusing_proxy(response).await;
        let launch = launch().env("HTTPS_PROXY", format!("http://ann:hunter2@{}", proxy.address()));
        let detail = detail(&launch, encrypted(), proxy.address()).await;
        assert!(
            detail.starts_with(&format!("GET /user: the proxy http://PROXY {says}")),
            "{detail}"
        );
        assert!(detail.contains(remedy), "{detail}");
        let basic = "proxy-authorization: basic yw5uomh1bnrlcji=";
        assert!(
            proxy.seen().iter().all(|head| head.to_lowercase().contains(basic)),
            "{:?}",
            proxy.seen()
        );
    }
}

/// Go offers to do without, and leaves the choice to the proxy.
#[tokio::test]
async fn socks_proxies_work_without_credentials() {
    let there = HiddenGitlab::start().await;
    let open = Gateway::socks(None, there.tls.address()).await;
    let launch = launch().env("HTTPS_PROXY", format!("socks5://ann:hunter2@{}", open.address()));
    assert_eq!(configure(&launch, there.block.clone()).await, []);
    assert_eq!(open.seen(), [format!("{UNRESOLVABLE}:443")]);
    assert_eq!(there.gitlab.requests().len(), 1);
}

fn authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

fn expired(params: &mut CertificateParams) {
    let day = Duration::from_secs(24 * 60 * 60);
    params.not_before = (SystemTime::now() - 2 * day).into();
    params.not_after = (SystemTime::now() - day).into();
}

#[tokio::test]
async fn proxy_can_be_reached_over_tls() {
    let there = HiddenGitlab::start().await;
    let proxy = Gateway::proxy(there.tls.address()).await;
    let certificate = Certificate::of("127.0.0.1");
    let front = Gateway::tls(certificate.server(), proxy.address()).await;
    let launch = launch().env("HTTPS_PROXY", format!("https://{}", front.address()));
    let refusal = detail(&launch, there.block.clone(), front.address()).await;
    let says = "GET /user: the proxy https://PROXY failed to establish a TLS connection: a \
        signature is invalid";
    assert!(refusal.starts_with(says), "{refusal}");
    let remedy = "If the proxy uses plain HTTP, use `http://` in the address. If it requires a \
                  client certificate, set `client_cert` and `client_key`.";
    assert!(refusal.ends_with(&advice("HTTPS_PROXY", remedy)), "{refusal}");

    for (certificate, says, remedy) in [
        (
            Certificate::with("127.0.0.1", authority),
            "has a certificate from an unknown authority: it is self-signed.",
            "`cacert_file`",
        ),
        (
            Certificate::with("127.0.0.1", expired),
            "has an expired certificate: it was valid until",
            "must renew",
        ),
    ] {
        let front = Gateway::tls(certificate.server(), proxy.address()).await;
        let launch = launch.clone().env("HTTPS_PROXY", format!("https://{}", front.address()));
        let refusal = detail(&launch, there.block.clone(), front.address()).await;
        assert!(
            refusal.starts_with(&format!("GET /user: the proxy https://PROXY {says}")),
            "{refusal}"
        );
        assert!(refusal.contains(remedy), "{refusal}");
    }
    let plain = address(&there.gitlab);
    let launch_plain = launch.clone().env("HTTPS_PROXY", format!("https://{plain}"));
    let refusal = detail(&launch_plain, there.block.clone(), plain).await;
    assert!(
        refusal.starts_with("GET /user: the proxy https://PROXY doesn't use TLS."),
        "{refusal}"
    );
    assert!(refusal.contains("Use `http://`"), "{refusal}");

    let mut block = there.block.clone();
    let both = std::fs::read_to_string(block["cacert_file"].as_str().unwrap()).unwrap()
        + &certificate.pem();
    let files = Files::new();
    block["cacert_file"] = json!(files.write("both.pem", both));
    assert_eq!(configure(&launch, block).await, []);
}

/// Intercepting proxies present their own certificate.
#[tokio::test]
async fn untrusted_certificate_behind_a_proxy_names_the_proxy() {
    let there = HiddenGitlab::start().await;
    let proxy = Gateway::proxy(there.tls.address()).await;
    let diagnostics = configure(&launch().env("HTTPS_PROXY", proxy.url()), encrypted()).await;
    let error = only_error(&diagnostics);
    assert_eq!(error.attribute.as_deref(), Some("base_url"));
    let says = format!(", through the proxy {}.", proxy.url());
    assert!(error.detail.contains("a signature is invalid"), "{error:#?}");
    assert!(error.detail.contains(&says), "{error:#?}");
}

#[tokio::test]
async fn invalid_proxy_variable_is_an_error() {
    let address = "isn't the address of a proxy, such as `http://proxy.example.com:3128`. Special \
         characters in its user name and password must be percent-encoded.";
    let scheme = "must start with `http://`, `https://`, `socks5://` or `socks5h://`.";
    let nowhere = Gateway::proxy(([127, 0, 0, 1], 0).into()).await.address();
    for (value, reason) in [
        (OsStr::new("http://ann:hunter2/x@proxy:3128"), address),
        (OsStr::new("ftp://ann:hunter2@proxy"), scheme),
        #[cfg(unix)]
        (OsStr::from_bytes(b"http://pro\xffxy"), address),
    ] {
        let launch = launch().env("HTTPS_PROXY", value);
        let detail = detail(&launch, encrypted(), nowhere).await;
        let rest = format!(
            "To connect to https://{UNRESOLVABLE} without a proxy, add its host to `NO_PROXY`."
        );
        assert_eq!(detail, format!("`HTTPS_PROXY` {reason} {rest}"));
    }
}

#[tokio::test]
async fn http_proxy_is_not_used_in_a_cgi_program() {
    let gitlab = Simulator::start();
    let proxy = Gateway::proxy(address(&gitlab)).await;
    let launch = launch().env("HTTP_PROXY", proxy.url()).env("REQUEST_METHOD", "GET");
    let detail = detail(&launch, plain(), proxy.address()).await;
    assert!(
        detail.starts_with("`HTTP_PROXY` isn't used while `REQUEST_METHOD` is set"),
        "{detail}"
    );
    assert_eq!(proxy.request_lines(), [""; 0]);
}
