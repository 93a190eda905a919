//! Messages for a user who runs the binary directly.

use plugin_host::Launch;
use tokio::process::Command;

use crate::{BINARY, launch};

async fn refusal(launch: Launch) -> String {
    let finished = launch.run().await.unwrap();
    assert_eq!(finished.status.code(), Some(1));
    assert_eq!(finished.stdout, "");
    finished.stderr
}

#[tokio::test]
async fn without_the_cookie_it_explains_what_to_run_instead() {
    for launch in [launch().cookie(None), launch().cookie(Some("")), launch().cookie(Some("wrong"))]
    {
        let message = refusal(launch).await;
        assert!(message.starts_with("This is terraform-provider-gitlab-job-token "), "{message}");
        assert!(message.contains("terraform init"), "{message}");
        assert!(
            message.contains(r#"gitlab = { source = "aff15f21/gitlab-job-token" }"#),
            "{message}"
        );
    }
}

#[tokio::test]
async fn version_is_that_of_the_package() {
    let output = Command::new(BINARY).arg("--version").env_clear().output().await.unwrap();
    let expected = format!("terraform-provider-gitlab-job-token {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(output.status.success());
}
