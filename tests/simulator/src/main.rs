//! Runs the simulator: adds the projects of the documentation, prints its URL, and serves until
//! interrupted.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use gitlab_simulator::{Enforcement, Simulator, Target, Version};

/// An in-memory GitLab on loopback, with the job token scope API and some projects to try it on
#[derive(Debug, Parser)]
#[command(name = "gitlab-simulator", version)]
struct Options {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Delay of every request, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    latency: u64,
    /// Number of projects in the group platform/apps
    #[arg(long, default_value_t = 3, value_name = "N")]
    projects: usize,
    /// Path below which everything is served, such as /gitlab
    #[arg(long, default_value = "", value_name = "PATH")]
    relative_url_root: String,
    /// Version of GitLab, which decides what the instance knows and how it responds
    #[arg(long, default_value_t, value_name = "VERSION")]
    gitlab_version: Version,
    /// Whether the instance enforces the allowlist
    #[arg(long, value_enum, default_value_t = EnforcementOption::Off)]
    enforcement: EnforcementOption,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EnforcementOption {
    /// Every project decides for itself
    Off,
    /// As GitLab 18.0 to 18.7: turning it off returns 204 and changes nothing
    Silent,
    /// As GitLab 18.8 and later: turning it off returns 400
    Refusing,
}

impl From<EnforcementOption> for Enforcement {
    fn from(option: EnforcementOption) -> Self {
        match option {
            EnforcementOption::Off => Self::Off,
            EnforcementOption::Silent => Self::Silent,
            EnforcementOption::Refusing => Self::Refusing,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let builder = Simulator::builder()
        .port(options.port)
        .latency(Duration::from_millis(options.latency))
        .relative_url_root(&options.relative_url_root)
        .version(&options.gitlab_version.to_string())
        .enforcement(options.enforcement.into());
    let gitlab = match builder.try_start() {
        Ok(gitlab) => gitlab,
        Err(error) => {
            eprintln!("error: cannot listen on 127.0.0.1:{}: {error}", options.port);
            return ExitCode::FAILURE;
        }
    };
    seed(&gitlab, options.projects);
    println!("\nServing until interrupted. In another shell:\n");
    println!("  export GITLAB_BASE_URL={}", gitlab.api_url());
    println!("  export GITLAB_TOKEN={}", gitlab.token());
    println!(
        "  curl -H \"PRIVATE-TOKEN: $GITLAB_TOKEN\" \
         $GITLAB_BASE_URL/projects/1/job_token_scope/allowlist\n\
         "
    );
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot wait for an interrupt: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Adds platform/deploy, with one project and one group on its allowlist, and others that aren't.
fn seed(gitlab: &Simulator, apps: usize) {
    let project = |path: &str| (Target::Project(gitlab.add_project(path)), path.to_owned());
    let group = |path: &str| (Target::Group(gitlab.add_group(path)), path.to_owned());
    let (deploy, scanner) = (project("platform/deploy"), project("security/scanner"));
    let (release_bot, group) = (project("platform/tools/release-bot"), group("platform/apps"));
    gitlab.allow(deploy.0.id(), scanner.0);
    gitlab.allow(deploy.0.id(), group.0);
    let apps = (1..=apps).map(|n| project(&format!("platform/apps/app-{n}")));
    println!("  kind       ID  full path");
    for (target, path) in [deploy, scanner, release_bot].into_iter().chain(apps).chain([group]) {
        println!("  {:<7}  {:>4}  {path}", target.kind(), target.id());
    }
    println!(
        "\nplatform/deploy is restricted to the allowlist: security/scanner and the group \
         platform/apps."
    );
}
