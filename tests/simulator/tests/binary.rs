//! The simulator as a program.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Ends the program, also when an assertion fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn printed_url_and_token_work() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gitlab-simulator"));
    command
        .args([
            "--projects",
            "2",
            "--relative-url-root",
            "/gitlab",
            "--gitlab-version",
            "19.4.1-ee",
        ])
        .stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut exported = |name: &str| {
        let line = lines.find(|line| line.contains(name)).unwrap();
        line.split_once('=').unwrap().1.to_owned()
    };
    let (base_url, token) = (exported("export GITLAB_BASE_URL"), exported("export GITLAB_TOKEN"));
    assert!(base_url.ends_with("/gitlab/api/v4"));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let version = http.get(format!("{base_url}/version")).header("PRIVATE-TOKEN", &token);
    let version: serde_json::Value = version.send().await.unwrap().json().await.unwrap();
    assert_eq!(version["version"], "19.4.1-ee");
    let list = http
        .get(format!("{base_url}/projects/1/job_token_scope/allowlist"))
        .header("PRIVATE-TOKEN", token);
    let list: Vec<serde_json::Value> = list.send().await.unwrap().json().await.unwrap();
    assert_eq!(list.len(), 2);
}
