//! What a person meets who runs the binary by hand, and what becomes of an environment that makes no sense.

use plugin_host::Launch;
use tokio::process::Command;

use crate::{BINARY, launch};

async fn refusal(launch: Launch) -> String {
    let finished = launch.run().await.unwrap();
    assert_eq!(finished.status.code(), Some(1));
    assert_eq!(finished.stdout, "", "a host would take it for a handshake");
    finished.stderr
}

#[tokio::test]
async fn without_the_cookie_it_says_what_it_is_and_what_to_run_instead() {
    for launch in [launch().cookie(None), launch().cookie(Some("")), launch().cookie(Some("wrong"))] {
        let message = refusal(launch).await;
        assert!(message.starts_with("This is terraform-provider-gitlab-job-token "), "{message}");
        assert!(message.contains("terraform init"), "{message}");
        assert!(message.contains(r#"gitlab = { source = "aff15f21/gitlab-job-token" }"#), "{message}");
    }
}

#[tokio::test]
async fn the_version_is_that_of_the_package() {
    let output = Command::new(BINARY).arg("--version").env_clear().output().await.unwrap();
    let expected = format!("terraform-provider-gitlab-job-token {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(output.status.success());
}

#[tokio::test]
async fn a_port_that_is_none_is_named_with_its_variable() {
    let message = refusal(launch().env("PLUGIN_MIN_PORT", "many")).await;
    assert!(message.contains(r#"PLUGIN_MIN_PORT is "many", but must be a port number"#), "{message}");
}

#[tokio::test]
async fn a_certificate_that_is_none_is_an_error_that_hosts_show() {
    let message = refusal(launch().without_tls().env("PLUGIN_CLIENT_CERT", "nonsense")).await;
    assert_eq!(message, "[ERROR] PLUGIN_CLIENT_CERT must hold exactly one certificate, but holds 0\n");
}

#[tokio::test]
async fn a_temporary_directory_that_is_missing_is_named() {
    let message = refusal(launch().env("TMPDIR", "/no/such/directory")).await;
    assert!(
        message.starts_with("[ERROR] making a socket for the host in /no/such/directory failed: "),
        "{message}"
    );
}
