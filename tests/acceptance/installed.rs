//! An installed provider: `init` finds it without a registry, the lock file records it, and
//! `uninstall` removes it. The CLI can reach only the simulator.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gitlab_simulator::Simulator;
use terraform_cli::Workspace;

use crate::kit::{PROVIDER, replaced, workspace_without_provider};
use crate::needs::LOCK_OF_ANOTHER_BUILD;
use crate::worlds::{APP, APP_ONLY};

const VERSION: &str = env!("CARGO_PKG_VERSION");

const CONFIG: &str = r#"
terraform {
  required_providers {
    gitlab = {
      source  = "aff15f21/gitlab-job-token"
      version = "VERSION"
    }
  }
}

resource "gitlab_job_token_scope" "app" {
  project = "acme/app"
}
"#;

/// A closed port, so requests to a registry fail.
const UNREACHABLE: &str = "http://127.0.0.1:9";

struct Installing {
    gitlab: Simulator,
    tf: Workspace,
}

impl Installing {
    fn new() -> Self {
        let gitlab = APP_ONLY.start();
        gitlab.set_inbound_enabled(APP, false);
        let mut tf = workspace_without_provider(&gitlab);
        tf.set_env("HTTPS_PROXY", UNREACHABLE);
        fs::remove_file(tf.directory().join("versions.tf")).unwrap();
        tf.config(&replaced(CONFIG, "VERSION", VERSION));
        Self { gitlab, tf }
    }

    /// Runs the binary in the home directory of the CLI, and returns its output.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        self.run_with_cli_config(arguments, &self.tf.home().join("none.tfrc"))
    }

    /// Runs the provider's own command with this CLI configuration.
    #[track_caller]
    fn run_with_cli_config(&self, arguments: &[&str], cli_config: &Path) -> String {
        let mut command = Command::new(PROVIDER);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.tf.home())
            .env("APPDATA", self.tf.home());
        let ran = command.env("TF_CLI_CONFIG_FILE", cli_config).output().unwrap();
        let printed =
            [ran.stdout, ran.stderr].map(|printed| String::from_utf8(printed).unwrap()).concat();
        assert!(ran.status.success(), "{printed}");
        printed
    }

    fn lock_file(&self) -> String {
        fs::read_to_string(self.tf.directory().join(".terraform.lock.hcl")).unwrap()
    }

    /// Returns the provider's address as the CLI shows it.
    fn address(&self) -> String {
        format!("{}/aff15f21/gitlab-job-token", self.tf.registry())
    }

    #[track_caller]
    fn assert_applies(&self) {
        self.gitlab.set_inbound_enabled(APP, false);
        self.tf.apply().succeeds();
        assert!(self.gitlab.inbound_enabled(APP));
    }

    fn is_home_empty(&self) -> bool {
        // The program may keep what it needs for itself.
        let names = fs::read_dir(self.tf.home()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name != ".terraform.d").count() == 0
    }
}

/// Returns the block for the CLI configuration in the output. It ends at the first line with the
/// same indentation.
fn block_in(printed: &str) -> String {
    let lines = printed.lines().skip_while(|line| !line.starts_with("  provider_installation {"));
    let mut block = lines.take_while(|line| *line != "  }").collect::<Vec<_>>().join("\n");
    block.push_str("\n}\n");
    block
}

/// Returns the executables of all versions and platforms in a mirror.
fn executables(mirror: &Path) -> Vec<PathBuf> {
    let (mut found, mut directories) = (Vec::new(), vec![mirror.to_owned()]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { directories.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn init_needs_no_registry_and_records_the_checksum() {
    let installing = Installing::new();
    let tf = &installing.tf;
    tf.run(&["init", "-no-color"]).fails();

    installing.run(&["install"]);
    tf.run(&["init", "-no-color"]).succeeds();

    let lock = installing.lock_file();
    assert!(lock.contains(&format!("provider {:?} {{", installing.address())), "{lock}");
    assert!(lock.contains(&format!("version     = {VERSION:?}")), "{lock}");
    assert_eq!(lock.matches("\"h1:").count(), 1, "{lock}");
    installing.assert_applies();
    tf.plan().changes_nothing();
}

#[test]
fn second_install_keeps_the_lock_file_valid() {
    let installing = Installing::new();
    installing.run(&["install"]);
    installing.tf.run(&["init", "-no-color"]).succeeds();
    let lock = installing.lock_file();

    installing.run(&["install"]);

    installing.tf.run(&["init", "-no-color"]).succeeds();
    assert_eq!(installing.lock_file(), lock);
    installing.assert_applies();
}

#[test]
fn other_mirror_works_with_the_printed_cli_configuration() {
    let installing = Installing::new();
    let tf = &installing.tf;
    let mirror = tf.home().join("a mirror");

    let shown = installing.run(&["install", "--dir", mirror.to_str().unwrap()]);

    tf.run(&["init", "-no-color"]).fails();
    tf.cli_config(&block_in(&shown));
    tf.run(&["init", "-no-color"]).succeeds();
    installing.assert_applies();
}

#[test]
fn advice_of_the_warning_fixes_the_cli_configuration() {
    let installing = Installing::new();
    let tf = &installing.tf;
    let cli_config = tf.cli_config("provider_installation {\n  direct {}\n}\n");

    let printed = installing.run_with_cli_config(&["install"], &cli_config);

    tf.run(&["init", "-no-color"]).fails();
    let (_, warning) = printed.split_once("Warning: ").expect("a warning");
    tf.cli_config(&block_in(warning));
    tf.run(&["init", "-no-color"]).succeeds();
    installing.assert_applies();
}

/// The messages to a user who replaces a build under the same version, command by command.
#[test]
fn lock_file_rejects_another_build_until_recorded() {
    LOCK_OF_ANOTHER_BUILD.require();
    let installing = Installing::new();
    let tf = &installing.tf;
    let mirror = tf.home().join("mirror");
    let directory = mirror.to_str().unwrap();
    installing.run(&["install", "--dir", directory]);
    for executable in executables(&mirror) {
        // Systems ignore what follows the end of an executable, but the checksum differs.
        let mut content = fs::read(&executable).unwrap();
        content.push(b'\n');
        fs::write(&executable, content).unwrap();
    }
    let plugin_dir = format!("-plugin-dir={directory}");
    tf.run(&["init", "-no-color", &plugin_dir]).succeeds();

    installing.run(&["install", "--dir", directory]);

    for upgrade in [&[][..], &["-upgrade"]] {
        let refused = tf.run(&[&["init", "-no-color", &plugin_dir], upgrade].concat());
        assert!(refused.fails().stderr().contains("checksums previously recorded"), "{refused}");
    }
    let mirrored = format!("-fs-mirror={directory}");
    tf.run(&["providers", "lock", "-no-color", &mirrored, "aff15f21/gitlab-job-token"]).succeeds();
    tf.run(&["init", "-no-color", &plugin_dir]).succeeds();
    assert_eq!(installing.lock_file().matches("\"h1:").count(), 2);
    installing.assert_applies();
}

#[test]
fn uninstall_restores_the_home_and_init_fails_again() {
    let installing = Installing::new();
    installing.run(&["install"]);
    installing.tf.run(&["init", "-no-color"]).succeeds();
    assert!(!installing.is_home_empty());

    installing.run(&["uninstall"]);

    assert!(installing.is_home_empty());
    installing.tf.run(&["init", "-no-color"]).fails();
}
