//! The command line. It only wires the parts together: without arguments the process serves the host that started
//! it, which is all that Terraform and OpenTofu ever do.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use terraform_provider_gitlab_job_token::framework::{self, Calls};
use terraform_provider_gitlab_job_token::plugin::{
    self, End, Launch, LaunchError, MAX_MESSAGE_BYTES, ServeError,
};
use terraform_provider_gitlab_job_token::provider::GitlabJobToken;
use tokio::runtime::{Builder, Runtime};
use tonic::service::Routes;

/// Calls mostly wait for GitLab; a second worker keeps the host's channel responsive meanwhile.
const WORKERS: usize = 2;

/// How long writes on the wire may take to finish after a host that was served to the end has hung up. It kills us two
/// seconds after it asked for the end, of which serving may have used one.
const KEPT_WAITING: Duration = Duration::from_millis(500);

/// The same when the host is gone, so that nobody waits for us: most answers take less, and nobody wants an orphan.
const ALONE: Duration = Duration::from_secs(10);

/// For a person who runs the binary by hand.
const GREETING: &str = concat!(
    "This is terraform-provider-gitlab-job-token ",
    env!("CARGO_PKG_VERSION"),
    ", a provider for Terraform and OpenTofu.\n",
    "It is started by them and is of no use by itself. Name it in a configuration and run `terraform init`\n",
    "(or `tofu init`) there:\n",
    "\n",
    "  terraform {\n",
    "    required_providers {\n",
    "      gitlab = { source = \"aff15f21/gitlab-job-token\" }\n",
    "    }\n",
    "  }\n",
);

/// Terraform and OpenTofu provider for GitLab's CI/CD job token scope and allowlists.
///
/// Without arguments it serves the program that started it, and is of no use otherwise.
#[derive(Parser)]
#[command(version)]
struct CommandLine {}

fn main() -> ExitCode {
    let CommandLine {} = CommandLine::parse();
    match Launch::from_environment() {
        Ok(launch) => report(serve(&launch)),
        Err(LaunchError::NoHost) => fail(&GREETING),
        Err(error) => fail(&format_args!("{error}\n")),
    }
}

fn serve(launch: &Launch) -> Result<(), Failure> {
    plugin::log::install();
    plugin::panic::install(framework::is_in_call);
    let runtime = runtime().map_err(Failure::Runtime)?;
    let calls = Calls::default();
    let provider = GitlabJobToken::from_process_environment();
    let provider = framework::service(provider, calls.clone(), MAX_MESSAGE_BYTES);
    let served = runtime.block_on(async {
        let served = plugin::serve(launch, Routes::new(provider), io::stdout()).await;
        let limit = if matches!(served, Ok(End::HostGone(_))) { ALONE } else { KEPT_WAITING };
        // Beyond the limit a write is cut off; the next plan shows what came of it.
        drop(tokio::time::timeout(limit, calls.end()).await);
        served
    });
    // Whatever still runs must not keep the host waiting.
    runtime.shutdown_background();
    served?;
    Ok(())
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("starting the runtime failed: {0}")]
    Runtime(io::Error),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

fn report(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Hosts show lines with this beginning as errors.
        Err(failure) => fail(&format_args!("[ERROR] {failure}\n")),
    }
}

fn fail(message: &dyn std::fmt::Display) -> ExitCode {
    // Nobody can be told when standard error is closed; the status still says it.
    drop(write!(io::stderr(), "{message}"));
    ExitCode::FAILURE
}
