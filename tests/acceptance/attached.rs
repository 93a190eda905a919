//! A provider that the CLI attaches to, as with a debugger.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use gitlab_simulator::{Simulator, Target};
use tempfile::TempDir;
use terraform_cli::is_process_running;

use crate::kit::{PROVIDER, wait_until, workspace_without_provider};
use crate::worlds::{APP, APP_ONLY};

const CONFIG: &str = r#"
resource "gitlab_job_token_scope" "app" {
  project = "acme/app"
}
"#;

/// A process with `--debug`, and the file that it writes to.
struct Debugged {
    child: Child,
    files: TempDir,
}

impl Debugged {
    /// The provider reads variables such as `GITLAB_TOKEN` from its own environment, not from that
    /// of the CLI.
    fn start(gitlab: &Simulator) -> Self {
        let files = tempfile::tempdir().unwrap();
        fs::create_dir(files.path().join("temporary")).unwrap();
        let create = |name| File::create(files.path().join(name)).unwrap();
        let mut command = Command::new(PROVIDER);
        command
            .arg("--debug")
            .env_clear()
            .env("TF_LOG", "TRACE")
            .env("TMPDIR", files.path().join("temporary"));
        command.env("GITLAB_BASE_URL", gitlab.api_url()).env("GITLAB_TOKEN", gitlab.token());
        command.stdin(Stdio::null()).stdout(create("stdout")).stderr(create("stderr"));
        let child = command.spawn().unwrap();
        let debugged = Self { child, files };
        wait_until(|| debugged.read("stdout").ends_with("Press Ctrl-C to stop.\n"));
        debugged
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.files.path().join(name)).unwrap()
    }

    /// Returns the value that a shell would give the variable.
    fn value(&self) -> String {
        let stdout = self.read("stdout");
        let line = stdout.lines().find(|line| line.contains("TF_REATTACH_PROVIDERS=")).unwrap();
        let script = format!("{line}\nprintf %s \"$TF_REATTACH_PROVIDERS\"");
        let printed = Command::new("/bin/sh").args(["-c", &script]).env_clear().output().unwrap();
        String::from_utf8(printed.stdout).unwrap()
    }

    fn sockets(&self) -> usize {
        let temporary: &Path = &self.files.path().join("temporary");
        temporary.read_dir().unwrap().count()
    }

    fn interrupt(&mut self) -> ExitStatus {
        let kill = format!("kill -s INT {}", self.child.id());
        assert!(Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Debugged {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn one_process_serves_all_runs_until_interrupted() {
    let gitlab = APP_ONLY.start();
    let mut tf = workspace_without_provider(&gitlab);
    let mut debugged = Debugged::start(&gitlab);
    tf.set_env("TF_REATTACH_PROVIDERS", &debugged.value());
    tf.config(CONFIG);

    for _ in 0..2 {
        gitlab.set_inbound_enabled(APP, false);
        assert!(!tf.plan().actions().is_empty());
        tf.apply().succeeds();
        assert!(gitlab.inbound_enabled(APP));
        tf.plan().changes_nothing();
    }

    assert!(is_process_running(debugged.child.id()));
    assert_eq!(debugged.sockets(), 1);
    assert_eq!(debugged.interrupt().code(), Some(0));
    assert_eq!(debugged.sockets(), 0);
}

#[test]
fn each_provider_block_uses_its_own_gitlab() {
    let (first, second) = (Simulator::start(), Simulator::start());
    for gitlab in [&first, &second] {
        let app = gitlab.add_project("acme/app");
        let lib = gitlab.add_project("acme/lib");
        gitlab.allow(app, Target::Project(lib));
    }
    let mut tf = workspace_without_provider(&first);
    let debugged = Debugged::start(&first);
    tf.set_env("TF_REATTACH_PROVIDERS", &debugged.value());
    tf.config(&format!(
        r#"
        provider "gitlab" {{
          base_url = {:?}
          token    = {:?}
        }}
        provider "gitlab" {{
          alias    = "second"
          base_url = {:?}
          token    = {:?}
        }}
        resource "gitlab_job_token_allowlist_exclusive" "emptied" {{
          project         = "acme/app"
          target_projects = []
        }}
        resource "gitlab_job_token_allowlist_exclusive" "kept" {{
          provider        = gitlab.second
          project         = "acme/app"
          target_projects = ["acme/lib"]
        }}
        "#,
        first.api_url(),
        first.token(),
        second.api_url(),
        second.token(),
    ));

    tf.plan().succeeds();
    tf.apply_saved().succeeds();

    assert_eq!(first.allowlist(1).projects, [].into());
    assert_eq!(second.allowlist(1).projects, [2].into());
    assert_eq!(second.requests().writes().to_string(), "");
    tf.plan().changes_nothing();
}

#[test]
fn log_is_human_readable_and_has_no_secrets() {
    let gitlab = APP_ONLY.start();
    let mut tf = workspace_without_provider(&gitlab);
    let mut debugged = Debugged::start(&gitlab);
    tf.set_env("TF_REATTACH_PROVIDERS", &debugged.value());
    tf.config(CONFIG);

    tf.apply().succeeds();
    debugged.interrupt();

    let log = debugged.read("stderr");
    assert!(log.contains(" [DEBUG] provider."), "{log}");
    assert!(!log.contains("@level") && !log.contains(gitlab.token()), "{log}");
}

#[test]
fn provider_is_found_at_both_registries() {
    let debugged = Debugged::start(&Simulator::start());
    let value: serde_json::Value = serde_json::from_str(&debugged.value()).unwrap();
    let names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let source = "aff15f21/gitlab-job-token";
    assert_eq!(
        names,
        [format!("registry.opentofu.org/{source}"), format!("registry.terraform.io/{source}")]
    );
    assert!(
        value.as_object().unwrap().values().all(|provider| provider["Pid"] == debugged.child.id())
    );
}
