//! The help of the binary.

use insta::assert_snapshot;

use crate::kit::Home;

const COLUMNS: usize = 80;

fn help(arguments: &[&str]) -> String {
    let printed = Home::new().run(arguments);
    assert_eq!((printed.status, printed.stderr.as_str()), (Some(0), ""));
    for line in printed.stdout.lines() {
        assert!(line.chars().count() <= COLUMNS, "too long: {line}");
    }
    printed.stdout
}

#[test]
fn help_lists_the_commands() {
    assert_snapshot!(help(&["--help"]), @"
    Terraform and OpenTofu provider for GitLab's CI/CD job token allowlists

    Usage: terraform-provider-gitlab-job-token [OPTIONS]
           terraform-provider-gitlab-job-token <COMMAND>

    Commands:
      install    Put this binary where `terraform init` and `tofu init` find it
      uninstall  Remove what install added, and empty directories
      help       Print this message or the help of the given subcommand(s)

    Options:
          --debug    Serve hosts that attach, until interrupted (for debuggers)
      -h, --help     Print help
      -V, --version  Print version

    Without arguments it serves the Terraform or OpenTofu that started it.
    ");
    assert_eq!(help(&["-h"]), help(&["--help"]));
}

#[test]
fn each_command_explains_its_options() {
    assert_snapshot!(help(&["install", "--help"]), @"
    Put this binary where `terraform init` and `tofu init` find it

    Usage: terraform-provider-gitlab-job-token install [OPTIONS]

    Options:
          --dir <DIR>  The filesystem mirror to use, instead of the user's own
      -h, --help       Print help

    Prints what to write in a configuration. Needs no registry and no network.
    ");
    assert_snapshot!(help(&["uninstall", "--help"]), @"
    Remove what install added, and empty directories

    Usage: terraform-provider-gitlab-job-token uninstall [OPTIONS]

    Options:
          --dir <DIR>     The filesystem mirror that was passed to install
          --all-versions  Also remove other versions
      -h, --help          Print help
    ");
}

#[test]
fn unknown_command_is_named_with_a_suggestion() {
    let printed = Home::new().run(&["instal"]);
    assert_eq!((printed.status, printed.stdout.as_str()), (Some(2), ""));
    assert!(
        printed.stderr.contains("'instal'") && printed.stderr.contains("'install'"),
        "{}",
        printed.stderr
    );
}

#[test]
fn debug_flag_conflicts_with_commands() {
    let printed = Home::new().run(&["--debug", "install"]);
    assert_eq!((printed.status, printed.stdout.as_str()), (Some(2), ""));
}
