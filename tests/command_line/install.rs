//! The `install` command: the files that it writes, and its output.

use std::fs;
use std::path::Path;

use crate::kit::{BINARY, HOSTS, Home, VERSION, executable};

/// Installs into a mirror that the test chooses, independent of the system.
fn install_into(home: &Home, mirror: &Path) -> crate::kit::Printed {
    home.run(&["install", "--dir", mirror.to_str().unwrap()])
}

fn assert_whole(mirror: &Path) {
    for host in HOSTS {
        let executable = executable(mirror, host, VERSION);
        assert!(
            fs::read(&executable).unwrap() == fs::read(BINARY).unwrap(),
            "{executable:?} is another file"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(executable.metadata().unwrap().permissions().mode() & 0o500, 0o500);
        }
        let alone = executable.parent().unwrap().read_dir().unwrap().count();
        assert_eq!(alone, 1, "a checksum would count the other files");
    }
    assert_eq!(mirror.read_dir().unwrap().count(), HOSTS.len(), "something was left behind");
}

// Each system has its own place for a user's data.
#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn user_mirror_is_filled_for_both_programs() {
    let home = Home::new();

    let printed = home.run(&["install"]);

    assert_eq!((printed.status, printed.stderr.as_str()), (Some(0), ""));
    assert_whole(&home.path().join(".local/share/terraform/plugins"));
    insta::assert_snapshot!(printed.stdout, @r#"
    Installed: terraform-provider-gitlab-job-token VERSION (PLATFORM)

      HOME/.local/share/terraform/plugins/registry.terraform.io/aff15f21/gitlab-job-token/VERSION/PLATFORM/terraform-provider-gitlab-job-token_vVERSION
      HOME/.local/share/terraform/plugins/registry.opentofu.org/aff15f21/gitlab-job-token/VERSION/PLATFORM/terraform-provider-gitlab-job-token_vVERSION

    Terraform and OpenTofu look there by themselves. As long as a version is there,
    none is taken from a registry.

    Name the provider in a configuration:

      terraform {
        required_providers {
          gitlab = {
            source  = "aff15f21/gitlab-job-token"
            version = "VERSION"
          }
        }
      }

    Then run, in the directory of that configuration:

      terraform init   # or: tofu init

    To remove it again: terraform-provider-gitlab-job-token uninstall
    "#);
}

#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn data_directory_of_the_environment_is_used() {
    let (home, data) = (Home::new(), Home::new());

    let ran =
        home.command(BINARY, &["install"]).env("XDG_DATA_HOME", data.path()).output().unwrap();

    assert!(ran.status.success());
    assert_whole(&data.path().join("terraform/plugins"));
    assert_eq!(home.content(), [""; 0]);
}

#[test]
fn other_mirror_is_filled_and_its_configuration_printed() {
    let home = Home::new();
    let mirror = home.path().join("to be made").join("mirror");

    let printed = install_into(&home, &mirror);

    assert_eq!((printed.status, printed.stderr.as_str()), (Some(0), ""));
    assert_whole(&mirror);
    #[cfg(windows)]
    {
        let paths: Vec<&str> =
            printed.stdout.lines().filter(|line| line.starts_with("  HOME")).collect();
        assert_eq!(paths.len(), HOSTS.len(), "{}", printed.stdout);
        assert!(paths.iter().all(|path| !path.contains('/')), "two kinds of slash: {paths:?}");
    }
    #[cfg(unix)]
    insta::assert_snapshot!(printed.stdout, @r#"
    Installed: terraform-provider-gitlab-job-token VERSION (PLATFORM)

      HOME/to be made/mirror/registry.terraform.io/aff15f21/gitlab-job-token/VERSION/PLATFORM/terraform-provider-gitlab-job-token_vVERSION
      HOME/to be made/mirror/registry.opentofu.org/aff15f21/gitlab-job-token/VERSION/PLATFORM/terraform-provider-gitlab-job-token_vVERSION

    Terraform and OpenTofu look there when their CLI configuration says so:

      provider_installation {
        filesystem_mirror {
          path    = "HOME/to be made/mirror"
          include = ["aff15f21/gitlab-job-token"]
        }
        direct {
          exclude = ["aff15f21/gitlab-job-token"]
        }
      }

    Name the provider in a configuration:

      terraform {
        required_providers {
          gitlab = {
            source  = "aff15f21/gitlab-job-token"
            version = "VERSION"
          }
        }
      }

    Then run, in the directory of that configuration:

      terraform init   # or: tofu init

    To remove it again: terraform-provider-gitlab-job-token uninstall --dir "HOME/to be made/mirror"
    "#);
}

#[test]
fn relative_mirror_is_shown_by_its_full_path() {
    let home = Home::new();

    let printed = home.run(&["install", "--dir", "mirror"]);

    assert_whole(&home.path().join("mirror"));
    let full = home.path().canonicalize().unwrap().join("mirror");
    let full = full.to_string_lossy().replace(&*home.path().to_string_lossy(), "HOME");
    assert!(printed.stdout.contains(&format!("path    = {full:?}")), "{}", printed.stdout);
}

#[test]
fn second_install_changes_nothing() {
    let home = Home::new();
    let mirror = home.path().join("mirror");
    install_into(&home, &mirror);
    let modified =
        || executable(&mirror, HOSTS[0], VERSION).metadata().unwrap().modified().unwrap();
    let before = modified();

    let printed = install_into(&home, &mirror);

    assert_eq!((printed.status, printed.stderr.as_str()), (Some(0), ""));
    assert!(printed.stdout.starts_with("Installed already: "), "{}", printed.stdout);
    assert_eq!(modified(), before);
    assert_whole(&mirror);
}

#[test]
fn other_build_of_the_version_is_replaced_with_a_warning() {
    let home = Home::new();
    let mirror = home.path().join("mirror");
    install_into(&home, &mirror);
    fs::write(executable(&mirror, HOSTS[1], VERSION), "another build").unwrap();

    let printed = install_into(&home, &mirror);

    assert_eq!(printed.status, Some(0));
    assert!(printed.stdout.starts_with("Replaced: "), "{}", printed.stdout);
    #[cfg(unix)]
    insta::assert_snapshot!(printed.stderr, @r#"

    Warning: this is another build than the one that was version VERSION before

    Configurations whose lock file recorded the other one refuse this one, with
    `init -upgrade` too, until it is recorded as well. In the directory of each, with
    terraform or tofu:

      terraform providers lock -fs-mirror="HOME/mirror" aff15f21/gitlab-job-token
      terraform init
    "#);
    assert_whole(&mirror);
}

#[cfg(unix)]
#[test]
fn missing_execute_permission_is_restored() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new();
    let mirror = home.path().join("mirror");
    install_into(&home, &mirror);
    let executable = executable(&mirror, HOSTS[0], VERSION);
    fs::set_permissions(&executable, fs::Permissions::from_mode(0o644)).unwrap();

    assert_eq!(install_into(&home, &mirror).status, Some(0));

    assert_whole(&mirror);
}

#[test]
fn installed_binary_can_install_itself() {
    let home = Home::new();
    let mirror = home.path().join("mirror");
    install_into(&home, &mirror);
    let installed = executable(&mirror, HOSTS[0], VERSION);

    let ran =
        home.command(installed, &["install", "--dir", mirror.to_str().unwrap()]).output().unwrap();

    assert!(home.printed(ran).stdout.starts_with("Installed already: "));
    assert_whole(&mirror);
}

#[cfg(unix)]
#[test]
fn cli_configuration_that_hides_the_mirror_is_a_warning() {
    let home = Home::new();
    fs::write(home.path().join(".terraformrc"), "provider_installation {\n  direct {}\n}\n")
        .unwrap();
    fs::write(home.path().join(".tofurc"), "# provider_installation {}\n").unwrap();
    let data = home.path().join("data");

    let ran = home.command(BINARY, &["install"]).env("XDG_DATA_HOME", &data).output().unwrap();

    let printed = home.printed(ran);
    assert_eq!(printed.status, Some(0));
    #[cfg(not(target_os = "macos"))]
    insta::assert_snapshot!(printed.stderr, @r#"

    Warning: a configuration of the CLI may keep it from looking there

    HOME/.terraformrc
    seems to hold a provider_installation block. A program that reads this file
    looks only where the block says. Add this method to it, and the `exclude` to
    each of its other methods:

      provider_installation {
        filesystem_mirror {
          path    = "HOME/data/terraform/plugins"
          include = ["aff15f21/gitlab-job-token"]
        }
        direct {
          exclude = ["aff15f21/gitlab-job-token"]
        }
      }
    "#);
    // The mirror is named there anyway.
    assert_eq!(install_into(&home, &home.path().join("mirror")).stderr, "");
}

#[test]
fn configuration_directory_is_read_unless_a_file_is_named() {
    let home = Home::new();
    let directory = home.path().join(if cfg!(windows) { "terraform.d" } else { ".terraform.d" });
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("work.tfrc"), "provider_installation {}\n").unwrap();
    assert!(
        home.run(&["install"])
            .stderr
            .contains("work.tfrc\nseems to hold a provider_installation block")
    );

    let mut named = home.command(BINARY, &["install"]);
    let ran = named.env("TF_CLI_CONFIG_FILE", home.path().join("none.tfrc")).output().unwrap();
    assert_eq!(home.printed(ran).stderr, "");
}

#[test]
fn mirror_searched_earlier_with_the_provider_is_a_warning() {
    let home = Home::new();
    let earlier = home
        .path()
        .join(if cfg!(windows) { "terraform.d" } else { ".terraform.d" })
        .join("plugins");
    fs::create_dir_all(executable(&earlier, HOSTS[0], "0.0.1").parent().unwrap()).unwrap();

    let printed = home.run(&["install"]);

    assert_eq!(printed.status, Some(0));
    #[cfg(unix)]
    insta::assert_snapshot!(printed.stderr, @"

    Warning: another mirror holds this provider, too

    HOME/.terraform.d/plugins
    is searched first, so a package of the same version is taken from there. Remove
    it there if that is not what you want.
    ");
    assert_eq!(install_into(&home, &home.path().join("mirror")).stderr, "");
}

#[test]
fn package_directory_with_other_files_is_not_changed() {
    let home = Home::new();
    let mirror = home.path().join("mirror");
    let directory = executable(&mirror, HOSTS[0], VERSION).parent().unwrap().to_owned();
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("terraform-provider-gitlab-job-token"), "by hand").unwrap();
    let before = home.content();

    let printed = install_into(&home, &mirror);

    assert_eq!((printed.status, printed.stdout.as_str()), (Some(1), ""));
    assert!(printed.stderr.starts_with("error: "), "{}", printed.stderr);
    assert!(
        printed.stderr.contains("it holds terraform-provider-gitlab-job-token."),
        "{}",
        printed.stderr
    );
    assert_eq!(home.content(), before);
}

#[test]
fn unwritable_mirror_is_named() {
    let home = Home::new();
    let file = home.path().join("file");
    fs::write(&file, "in the way").unwrap();

    let printed = install_into(&home, &file);

    assert_eq!((printed.status, printed.stdout.as_str()), (Some(1), ""));
    assert!(
        printed.stderr.starts_with("error: ") && printed.stderr.contains("HOME"),
        "{}",
        printed.stderr
    );
    assert_eq!(home.content(), ["file"]);
}

#[test]
fn error_without_a_home_has_advice() {
    let home = Home::new();
    let mut command = home.command(BINARY, &["install"]);
    let ran = command.env_remove("HOME").env_remove("APPDATA").output().unwrap();

    let printed = home.printed(ran);
    assert_eq!((printed.status, printed.stdout.as_str()), (Some(1), ""));
    assert!(printed.stderr.contains("pass a mirror with --dir"), "{}", printed.stderr);
}

/// A file without a name can still be run here, by its ID.
#[cfg(target_os = "linux")]
#[test]
fn missing_binary_is_an_error() {
    let home = Home::new();
    // A copy by this process could still be open for writing, in a child of another test.
    let script = "cp \"$0\" copy && exec 3<copy && rm copy && /proc/self/fd/3 install";

    let ran = home
        .command("/bin/sh", &["-c", script, BINARY])
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();

    let printed = home.printed(ran);
    assert_eq!((printed.status, printed.stdout.as_str()), (Some(1), ""));
    assert!(
        printed.stderr.starts_with("error: reading the running binary at HOME/copy"),
        "{}",
        printed.stderr
    );
    assert_eq!(home.content(), [""; 0]);
}
