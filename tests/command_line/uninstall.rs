//! The `uninstall` command.

use std::fs;
use std::path::Path;

use crate::kit::{HOSTS, Home, VERSION, executable};

const OTHER: &str = "0.0.1";

fn put(mirror: &Path, host: &str, version: &str) {
    let executable = executable(mirror, host, version);
    fs::create_dir_all(executable.parent().unwrap()).unwrap();
    fs::write(executable, "a provider").unwrap();
}

#[test]
fn home_is_restored() {
    let home = Home::new();
    home.run(&["install"]);
    assert!(!home.content().is_empty());

    let printed = home.run(&["uninstall"]);

    assert_eq!((printed.status, printed.stderr.as_str()), (Some(0), ""));
    #[cfg(all(unix, not(target_os = "macos")))]
    insta::assert_snapshot!(printed.stdout, @"
    Removed:

      HOME/.local/share/terraform/plugins/registry.terraform.io/aff15f21/gitlab-job-token/VERSION/PLATFORM/terraform-provider-gitlab-job-token_vVERSION
      HOME/.local/share/terraform/plugins/registry.opentofu.org/aff15f21/gitlab-job-token/VERSION/PLATFORM/terraform-provider-gitlab-job-token_vVERSION

    Configurations that use it need another `init` before their next plan.
    ");
    assert_eq!(home.content(), [""; 0]);
}

#[test]
fn files_of_others_stay() {
    let home = Home::new();
    let mirror = home.path().join("mirror");
    let arguments = |command| [command, "--dir", "mirror"];
    let sibling = mirror.join(HOSTS[0]).join("hashicorp");
    let beside = executable(&mirror, HOSTS[1], VERSION).with_file_name("README");
    fs::create_dir_all(&sibling).unwrap();
    home.run(&arguments("install"));
    fs::write(&beside, "by hand").unwrap();

    assert_eq!(home.run(&arguments("uninstall")).status, Some(0));

    assert!(sibling.exists() && beside.exists());
    assert!(HOSTS.iter().all(|host| !executable(&mirror, host, VERSION).exists()));
    assert!(!sibling.with_file_name("aff15f21").exists(), "an empty directory is left");
}

#[test]
fn named_mirror_stays_when_empty() {
    let home = Home::new();
    home.run(&["install", "--dir", "mirror"]);

    home.run(&["uninstall", "--dir", "mirror"]);

    assert_eq!(home.content(), ["mirror"]);
}

#[test]
fn other_versions_stay_unless_all_are_selected() {
    let home = Home::new();
    let mirror = home.path().join("mirror");
    put(&mirror, HOSTS[0], OTHER);
    home.run(&["install", "--dir", "mirror"]);

    let printed = home.run(&["uninstall", "--dir", "mirror"]);

    assert!(
        printed.stdout.contains("Other versions are still there: 0.0.1."),
        "{}",
        printed.stdout
    );
    assert!(executable(&mirror, HOSTS[0], OTHER).exists());
    let printed = home.run(&["uninstall", "--dir", "mirror", "--all-versions"]);
    assert!(printed.stdout.starts_with("Removed:\n"), "{}", printed.stdout);
    assert_eq!(home.content(), ["mirror"]);
}

#[test]
fn uninstall_without_an_installation_does_nothing() {
    let home = Home::new();

    let printed = home.run(&["uninstall", "--dir", "mirror"]);

    assert_eq!((printed.status, printed.stderr.as_str()), (Some(0), ""));
    assert!(printed.stdout.starts_with("Nothing to remove: "), "{}", printed.stdout);
    assert_eq!(home.content(), [""; 0]);
}
