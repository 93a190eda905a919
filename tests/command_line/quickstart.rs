//! The quickstart's arguments, and the quickstart where neither Terraform nor OpenTofu is
//! installed.

use std::collections::BTreeSet;
use std::path::Path;

use insta::assert_snapshot;

use crate::kit::BINARY;

#[path = "../../examples/quickstart/arguments.rs"]
mod arguments;
#[path = "../../examples/quickstart/configuration.rs"]
mod configuration;
#[path = "../../examples/quickstart/report.rs"]
mod report;
#[path = "../../examples/quickstart/steps.rs"]
mod steps;
#[path = "../../examples/quickstart/with_host.rs"]
mod with_host;
#[path = "../../examples/quickstart/world.rs"]
mod world;

const MAIN_TF: &str = include_str!("../../examples/quickstart/main.tf");

#[test]
fn quickstart_runs_without_a_cli() {
    let mut printed = Vec::new();
    let mut report = report::Report::new(&mut printed);
    let world = world::World::start();
    let mut host = with_host::WithHost::new(Path::new(BINARY), &world).unwrap();
    steps::run(&mut host, &world, &mut report).unwrap();

    let printed = String::from_utf8(printed).unwrap();
    let (printed, rest) = printed.split_once("\n=== Summary\n\n").unwrap();
    let (summary, next) = rest.split_once("\n\n=== Next\n\n").unwrap();
    let plans = printed.split_once("\n=== Creating").unwrap().1.lines();
    let is_plan = |line: &&str| {
        ["===", "  +", "  ~", "  -", "Plan:", "No changes."]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let plans: Vec<_> = plans.filter(is_plan).collect();
    assert_snapshot!(plans.join("\n"), @r#"
      + gitlab_job_token_allowlist_entry.tool["platform/tools/release-bot"]
      + gitlab_job_token_allowlist_entry.tool["security/scanner"]
      + gitlab_job_token_allowlist_entry.apps
      + gitlab_job_token_scope.deploy
    Plan: 4 to add, 0 to change, 0 to destroy.
    === Planning again
    No changes.
    === Somebody removes security/scanner from the allowlist, and the plan shows it
      + gitlab_job_token_allowlist_entry.tool["security/scanner"]
    Plan: 1 to add, 0 to change, 0 to destroy.
    === Repairing it
      + gitlab_job_token_allowlist_entry.tool["security/scanner"]
    Plan: 1 to add, 0 to change, 0 to destroy.
    === Destroying the resources
      - gitlab_job_token_allowlist_entry.tool["platform/tools/release-bot"]
      - gitlab_job_token_allowlist_entry.tool["security/scanner"]
      - gitlab_job_token_allowlist_entry.apps
      - gitlab_job_token_scope.deploy
    Plan: 0 to add, 0 to change, 4 to destroy.
    "#);
    assert!(printed.contains("  Warning: Project platform/deploy (1) "), "{printed}");
    assert!(printed.contains("Neither terraform nor tofu is on PATH"), "{printed}");
    assert!(next.starts_with("Install Terraform or OpenTofu."), "{next}");
    assert_eq!(summary.lines().count(), 5, "{summary}");
}

#[test]
fn host_has_the_configuration_of_main_tf() {
    let code = || MAIN_TF.lines().filter(|line| !line.trim_start().starts_with('#'));
    let quoted = code().flat_map(|line| line.split('"').skip(1).step_by(2));
    let names = code().filter_map(|line| Some(line.split_once(" = ")?.0.trim()));
    let here: BTreeSet<_> = quoted.chain(names).map(str::to_owned).collect();

    let mut there = BTreeSet::from(["depends_on", "for_each", "gitlab"].map(str::to_owned));
    for (address, wanted) in configuration::resources() {
        there.insert(wanted.type_name.to_owned());
        there.extend(address.split(['.', '[']).nth(1).map(str::to_owned));
        for (name, value) in wanted.config.as_object().unwrap() {
            there.extend([name.clone(), value.as_str().unwrap().to_owned()]);
        }
    }
    assert_eq!(here, there);
}

#[test]
fn quickstart_prints_its_usage() {
    let parse = |arguments: &[&str]| arguments::parse(arguments.iter().map(Into::into));
    assert_eq!(parse(&[]), Ok(None));
    for help in ["-h", "--help"] {
        assert_eq!(parse(&[help]), Ok(Some(arguments::USAGE)));
    }
    assert!(arguments::USAGE.lines().all(|line| line.len() <= 80));
}

#[test]
fn unknown_arguments_are_an_error() {
    for arguments in [&["--version"][..], &["--help", "main.tf"], &["main.tf", "--help"]] {
        let error = arguments::parse(arguments.iter().map(Into::into)).unwrap_err();
        assert!(error.starts_with("unexpected argument \""), "{error}");
        assert!(error.ends_with(arguments::USAGE), "{error}");
    }
}
