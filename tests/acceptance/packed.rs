//! A release package in a packed mirror, which `init` unpacks. `xtask` tests the content of
//! packages.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gitlab_simulator::Simulator;
use xtask::dist::{Options, package};

use crate::kit::{PROVIDER, workspace_without_provider};
use crate::needs::LOCK_OF_ANOTHER_BUILD;
use crate::worlds::{APP, APP_ONLY};

/// A closed port, so requests to a registry fail.
const UNREACHABLE: &str = "http://127.0.0.1:9";

const REGISTRIES: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

const CONFIG: &str = r#"
resource "gitlab_job_token_scope" "app" {
  project = "acme/app"
}
"#;

/// Makes the package of the built provider, and puts it where a packed mirror for either program
/// holds it.
fn packed_mirror(directory: &Path) -> PathBuf {
    let (out, mirror) = (directory.join("dist"), directory.join("mirror"));
    let options = Options { target: None, binary: Some(PROVIDER.into()), out: Some(out.clone()) };
    package(xtask::project(), &options).unwrap();
    let paths = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path());
    let zip = paths
        .into_iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "zip"))
        .unwrap();
    for registry in REGISTRIES {
        let provider = mirror.join(registry).join("aff15f21/gitlab-job-token");
        fs::create_dir_all(&provider).unwrap();
        fs::copy(&zip, provider.join(zip.file_name().unwrap())).unwrap();
    }
    mirror
}

#[test]
fn init_takes_a_package_from_a_packed_mirror_and_it_applies() {
    let gitlab = APP_ONLY.start();
    gitlab.set_inbound_enabled(APP, false);
    let mut tf = workspace_without_provider(&gitlab);
    tf.set_env("HTTPS_PROXY", UNREACHABLE);
    tf.config(CONFIG);
    let mirror = packed_mirror(&tf.home());
    let plugin_dir = format!("-plugin-dir={}", mirror.display());

    tf.run(&["init", "-no-color", &plugin_dir]).succeeds();

    let lock = fs::read_to_string(tf.directory().join(".terraform.lock.hcl")).unwrap();
    assert_eq!(lock.matches("\"h1:").count(), 1, "{lock}");
    tf.apply().succeeds();
    assert!(gitlab.inbound_enabled(APP));
    tf.plan().changes_nothing();
}

/// A package has the license, too, and the checksum in a lock file covers all files.
#[test]
fn lock_file_rejects_the_installed_files_until_recorded() {
    LOCK_OF_ANOTHER_BUILD.require();
    let gitlab = Simulator::start();
    let mut tf = workspace_without_provider(&gitlab);
    tf.set_env("HTTPS_PROXY", UNREACHABLE);
    let (packed, installed) = (packed_mirror(&tf.home()), tf.home().join("installed"));
    let ran = Command::new(PROVIDER).args(["install", "--dir"]).arg(&installed).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let [from_packed, from_installed] =
        [&packed, &installed].map(|mirror| format!("-plugin-dir={}", mirror.display()));
    tf.run(&["init", "-no-color", &from_packed]).succeeds();

    // What is unpacked there already would be used as it is.
    let unpacked = tf.directory().join(".terraform");
    fs::remove_dir_all(&unpacked).unwrap();
    let refused = tf.run(&["init", "-no-color", &from_installed]);

    assert!(refused.fails().stderr().contains("checksums previously recorded"), "{refused}");
    let mirror = format!("-fs-mirror={}", installed.display());
    tf.run(&["providers", "lock", "-no-color", &mirror, "aff15f21/gitlab-job-token"]).succeeds();
    for either in [&from_installed, &from_packed] {
        drop(fs::remove_dir_all(&unpacked));
        tf.run(&["init", "-no-color", either]).succeeds();
    }
}
