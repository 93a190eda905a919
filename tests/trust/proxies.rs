//! The proxies that the environment names.

use gitlab_simulator::Simulator;
use plugin_host::Diagnostic;
use serde_json::json;

use crate::kit::{Certificate, Files, Gateway, address, configure, launch, only_error, only_warning};

/// A name that no resolver knows: only a proxy can get there.
const NOWHERE: &str = "gitlab.invalid";

#[track_caller]
fn only_warns_of_plain_http(diagnostics: &[Diagnostic]) {
    assert_eq!(only_warning(diagnostics).summary, "Token is sent without encryption");
}

#[tokio::test]
async fn https_goes_through_the_proxy_which_can_not_read_it() {
    let (gitlab, certificate, files) = (Simulator::start(), Certificate::of(NOWHERE), Files::new());
    let tls = Gateway::tls(certificate.server(), address(&gitlab)).await;
    let block = json!({
        "base_url": format!("https://{NOWHERE}"),
        "token": gitlab.token(),
        "cacert_file": files.write("ca.pem", certificate.pem()),
    });
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let proxy = Gateway::proxy(tls.address()).await;
        assert_eq!(configure(&launch().env(variable, proxy.url()), block.clone()).await, [], "{variable}");
        assert_eq!(proxy.asked_for(), [format!("CONNECT {NOWHERE}:443 HTTP/1.1")]);
        assert!(!proxy.seen()[0].contains(gitlab.token()));
    }
    assert_eq!(gitlab.requests().len(), 3);
}

#[tokio::test]
async fn http_goes_through_the_proxy() {
    let gitlab = Simulator::start();
    let block = json!({"base_url": format!("http://{NOWHERE}"), "token": gitlab.token()});
    for variable in ["HTTP_PROXY", "http_proxy"] {
        let proxy = Gateway::proxy(address(&gitlab)).await;
        let diagnostics = configure(&launch().env(variable, proxy.url()), block.clone()).await;
        only_warns_of_plain_http(&diagnostics);
        assert_eq!(proxy.asked_for(), [format!("GET http://{NOWHERE}/api/v4/user HTTP/1.1")]);
    }
}

/// The unspecified address leads to this machine without being its loopback address.
#[tokio::test]
async fn what_needs_no_proxy_goes_straight() {
    let gitlab = Simulator::start();
    let proxy = Gateway::proxy(address(&gitlab)).await;
    let block = |host: &str| json!({"base_url": format!("http://{host}:{}", address(&gitlab).port()), "token": gitlab.token()});
    let through = launch().env("HTTP_PROXY", proxy.url());
    only_warns_of_plain_http(&configure(&through.clone().env("NO_PROXY", "0.0.0.0"), block("0.0.0.0")).await);
    assert_eq!(configure(&through, block("127.0.0.1")).await, []);
    assert_eq!(proxy.asked_for(), [""; 0]);

    only_warns_of_plain_http(&configure(&through, block("0.0.0.0")).await);
    assert_eq!(proxy.asked_for().len(), 1);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_of_without_the_password_for_it() {
    let proxy = Gateway::refusing_proxy().await;
    let with_password = proxy.url().replace("http://", "http://ann:hunter2@");
    let launch = launch().env("HTTPS_PROXY", with_password).env("TF_LOG", "TRACE");
    let diagnostics =
        configure(&launch, json!({"base_url": format!("https://{NOWHERE}"), "token": "glpat-x"})).await;
    let error = only_error(&diagnostics);
    assert_eq!(error.attribute.as_deref(), Some("base_url"));
    assert!(!format!("{error:?}").contains("hunter2"), "{error:#?}");
    assert!(proxy.seen()[0].to_lowercase().contains("proxy-authorization: basic"), "{:?}", proxy.seen());
}
