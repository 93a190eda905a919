//! The main job from end to end: builds the provider, starts an in-memory GitLab on loopback, and has the real
//! Terraform or OpenTofu manage a project's job token scope and allowlist with the configuration beside this file.
//!
//! `cargo run --example quickstart`

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use gitlab_simulator::{Simulator, Target};
use terraform_cli::{Cli, Run, Workspace};

const PROVIDER: &str = "terraform-provider-gitlab-job-token";

/// What `plan -detailed-exitcode` ends with when there is something to do.
const CHANGES: i32 = 2;

fn main() -> ExitCode {
    match quickstart() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn quickstart() -> Result<(), Box<dyn Error>> {
    let cli = Cli::find()?;
    let provider = build_provider()?;

    let gitlab = Simulator::start();
    let deploy = gitlab.add_project("platform/deploy");
    let shop = gitlab.add_project("apps/shop");
    gitlab.add_project("apps/search");
    gitlab.add_group("release-managers");
    gitlab.set_inbound_enabled(deploy, false);
    step(&format!("An in-memory GitLab runs at {}", gitlab.url()));
    show_allowlist(&gitlab, deploy);

    let mut tf = Workspace::new(&cli, &provider)?;
    tf.set_env("GITLAB_BASE_URL", &gitlab.api_url());
    tf.set_env("GITLAB_TOKEN", gitlab.token());
    tf.file("versions.tf", include_str!("versions.tf"));
    tf.file("main.tf", include_str!("main.tf"));

    step("Applying examples/quickstart/main.tf");
    run(&tf, &["apply", "-auto-approve"], 0)?;
    show_allowlist(&gitlab, deploy);

    step("Planning again: nothing is left to do");
    run(&tf, &["plan", "-detailed-exitcode"], 0)?;

    step("Someone removes apps/shop behind Terraform's back, and the plan shows it");
    gitlab.revoke(deploy, Target::Project(shop));
    show_allowlist(&gitlab, deploy);
    println!();
    run(&tf, &["plan", "-detailed-exitcode"], CHANGES)?;

    step("Applying again repairs it");
    run(&tf, &["apply", "-auto-approve"], 0)?;
    show_allowlist(&gitlab, deploy);

    step("Cleaning up");
    run(&tf, &["destroy", "-auto-approve"], 0)?;
    show_allowlist(&gitlab, deploy);
    Ok(())
}

/// Builds the provider in the profile of this example, and tells where it is.
fn build_provider() -> Result<PathBuf, Box<dyn Error>> {
    let example = env::current_exe()?;
    let directory =
        example.parent().and_then(Path::parent).ok_or("this example is not where cargo puts it")?;
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args([
        "build",
        "--bin",
        PROVIDER,
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    ]);
    if directory.ends_with("release") {
        build.arg("--release");
    }
    if !build.status()?.success() {
        return Err("the provider does not build".into());
    }
    Ok(directory.join(format!("{PROVIDER}{}", env::consts::EXE_SUFFIX)))
}

fn step(title: &str) {
    println!("\n=== {title}\n");
}

fn run(tf: &Workspace, arguments: &[&str], expected: i32) -> Result<(), Box<dyn Error>> {
    let plain = [arguments, &["-no-color", "-input=false"]].concat();
    let run: Run = tf.run(&plain);
    println!("$ terraform {}\n{}\n", arguments.join(" "), without_override_notice(run.stdout()).trim());
    if run.status() == Some(expected) {
        return Ok(());
    }
    Err(format!("`{}` should have ended with {expected}:\n{run}", arguments.join(" ")).into())
}

/// Terraform says each time that it runs a provider from a build directory, which here is the point.
fn without_override_notice(output: &str) -> &str {
    const END_OF_NOTICE: &str = "published\nreleases.\n";
    output.split_once(END_OF_NOTICE).map_or(output, |(_, rest)| rest)
}

/// The server's own view, as a table.
fn show_allowlist(gitlab: &Simulator, owner: u64) {
    let list = gitlab.allowlist(owner);
    let projects = list.projects.iter().map(|id| Target::Project(*id));
    let groups = list.groups.iter().map(|id| Target::Group(*id));
    let access =
        if gitlab.inbound_enabled(owner) { "limited to the allowlist" } else { "open to all projects" };
    let path = |target| gitlab.full_path(target).unwrap_or_default();
    println!("{} (project {owner}): {access}", path(Target::Project(owner)));
    println!("  kind     number  full path");
    for target in projects.chain(groups) {
        println!("  {:<8} {:>6}  {}", target.kind(), target.id(), path(target));
    }
}
