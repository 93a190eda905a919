//! The simulator run by hand: seeds a small world, prints where it is, and serves it until interrupted.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use gitlab_simulator::{Enforcement, Simulator, Target, Version};

/// An in-memory GitLab on loopback, with the job token scope API and a small world to try it on
#[derive(Debug, Parser)]
#[command(name = "gitlab-simulator", version)]
struct Options {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Delay of every request, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    latency: u64,
    /// How many library projects the demo world holds beside acme/app
    #[arg(long, default_value_t = 3, value_name = "N")]
    projects: usize,
    /// Path below which everything is served, such as /gitlab
    #[arg(long, default_value = "", value_name = "PATH")]
    relative_url_root: String,
    /// Version of GitLab, which decides what the instance knows and how it answers
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
    /// As GitLab 18.0 to 18.7: turning it off answers 204 and changes nothing
    Silent,
    /// As GitLab 18.8 and later: turning it off answers 400
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
        "  curl -H \"PRIVATE-TOKEN: $GITLAB_TOKEN\" $GITLAB_BASE_URL/projects/1/job_token_scope/allowlist\n"
    );
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot wait for an interrupt: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One project whose allowlist holds the first library and one group, some more libraries, and another company.
fn seed(gitlab: &Simulator, libraries: usize) {
    let app = gitlab.add_project("acme/app");
    println!("project {app:>4}  acme/app");
    for n in 1..=libraries {
        let path = format!("acme/libs/lib-{n}");
        let id = gitlab.add_project(&path);
        println!("project {id:>4}  {path}");
        if n == 1 {
            gitlab.allow(app, Target::Project(id));
        }
    }
    let partners = gitlab.add_group("partners/builders");
    gitlab.allow(app, Target::Group(partners));
    for path in ["acme", "acme/libs", "partners", "partners/builders"] {
        if let Some(id) = gitlab.group_id(path) {
            println!("group   {id:>4}  {path}");
        }
    }
}
