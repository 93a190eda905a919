//! The command line. Without arguments, as Terraform and OpenTofu run it, the process serves the
//! host that started it.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Parser, Subcommand};
use terraform_provider_gitlab_job_token::address::REGISTRIES;
use terraform_provider_gitlab_job_token::framework::{self, CallTracker, InvalidSchema, Session};
use terraform_provider_gitlab_job_token::install::{self, InstallError};
use terraform_provider_gitlab_job_token::plugin::{
    self, HostGone, Launch, LaunchError, MAX_MESSAGE_BYTES, ServeError, StopReason,
};
use terraform_provider_gitlab_job_token::provider::{Connection, GitlabJobToken};
use tokio::runtime::{Builder, Runtime};
use tonic::service::Routes;

/// Number of worker threads. RPCs mostly wait for GitLab; the second thread keeps the connection to
/// the host responsive.
const WORKER_THREADS: usize = 2;

/// Maximum time for requests in flight to finish if the host requested the shutdown. It kills the
/// process two seconds after its request, and serving may have used one of them.
const DRAIN_LIMIT_REQUESTED: Duration = Duration::from_millis(500);

/// Maximum time for requests in flight to finish if the host has disconnected and doesn't wait.
/// Most responses take less.
const DRAIN_LIMIT_DISCONNECTED: Duration = Duration::from_secs(10);

/// Maximum time for requests in flight to finish if the host process has exited, so that no state
/// can be stored.
const DRAIN_LIMIT_ORPHANED: Duration = Duration::from_secs(1);

/// Delay before a process exits that failed to start. The host must read the reason first,
/// otherwise it only reports that the process has exited. After reading, it kills the process.
const START_FAILURE_DELAY: Duration = Duration::from_millis(250);

/// The program name and version in reports of a failed start or a panic.
const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// The message for a person who runs the binary by hand.
const GREETING: &str = concat!(
    "This is terraform-provider-gitlab-job-token ",
    env!("CARGO_PKG_VERSION"),
    ", a provider for Terraform and OpenTofu.\n",
    "They start it. To install it where `terraform init` and `tofu init` find it:\n",
    "\n",
    "  terraform-provider-gitlab-job-token install\n",
    "\n",
    "Then add it to a configuration, and run one of the two commands there:\n",
    "\n",
    "  terraform {\n",
    "    required_providers {\n",
    "      gitlab = { source = \"aff15f21/gitlab-job-token\" }\n",
    "    }\n",
    "  }\n",
    "\n",
    "For more information, use --help.\n",
);

// Help texts are wrapped by hand to fit a terminal of 80 columns.
const AFTER_HELP: &str = "Without arguments it serves the Terraform or OpenTofu that started it.";
const AFTER_INSTALL_HELP: &str =
    "Prints what to write in a configuration. Needs no registry and no network.";

/// Terraform and OpenTofu provider for GitLab's CI/CD job token allowlists
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
struct CommandLine {
    /// Serve hosts that attach, until interrupted (for debuggers)
    #[arg(long)]
    debug: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Put this binary where `terraform init` and `tofu init` find it
    #[command(after_help = AFTER_INSTALL_HELP)]
    Install {
        /// The filesystem mirror to use, instead of the user's own
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Remove what install added, and empty directories
    Uninstall {
        /// The filesystem mirror that was passed to install
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Also remove other versions
        #[arg(long)]
        all_versions: bool,
    },
}

fn main() -> ExitCode {
    match CommandLine::parse() {
        CommandLine { command: Some(Command::Install { dir }), .. } => print_report(
            install::install(dir.as_deref())
                .map(|installed| (installed.to_string(), installed.warnings())),
        ),
        CommandLine { command: Some(Command::Uninstall { dir, all_versions }), .. } => {
            print_report(
                install::uninstall(dir.as_deref(), all_versions)
                    .map(|removed| (removed.to_string(), Vec::new())),
            )
        }
        CommandLine { debug: true, .. } => match Launch::for_debug() {
            Ok(launch) => exit_code(serve_debug(&launch), "error:"),
            Err(error) => fail(&format_args!("error: {error}\n")),
        },
        CommandLine { .. } => match Launch::from_environment() {
            // Hosts log lines with this beginning as errors.
            Ok(launch) => match serve(&launch) {
                Err(failure) if failure.precedes_handshake() => fail_to_start(&failure),
                served => exit_code(served, "[ERROR]"),
            },
            Err(LaunchError::NoHost) => fail(&GREETING),
            Err(error) => fail_to_start(&error),
        },
    }
}

/// Serves the host that started this process.
fn serve(launch: &Launch) -> Result<(), Failure> {
    plugin::log::install();
    run(async |provider| plugin::serve(launch, provider, io::stdout()).await)
}

/// Serves hosts that attach to this process.
fn serve_debug(launch: &Launch) -> Result<(), Failure> {
    plugin::log::install_plain();
    let addresses = REGISTRIES.map(|registry| registry.address());
    run(async |provider| {
        plugin::serve_debug::<Session<Connection>>(launch, &addresses, provider, io::stdout()).await
    })
}

fn run(serve: impl AsyncFnOnce(Routes) -> Result<StopReason, ServeError>) -> Result<(), Failure> {
    plugin::panic::install(PROGRAM, framework::is_in_call);
    let runtime = runtime().map_err(Failure::Runtime)?;
    let calls = CallTracker::default();
    let provider = GitlabJobToken::from_process_environment();
    let provider = framework::service(provider, calls.clone(), MAX_MESSAGE_BYTES)?;
    let served = runtime.block_on(async {
        let served = serve(Routes::new(provider)).await;
        let limit = match served {
            Ok(StopReason::Requested) | Err(_) => DRAIN_LIMIT_REQUESTED,
            Ok(StopReason::HostGone(HostGone::ParentExited)) => DRAIN_LIMIT_ORPHANED,
            Ok(StopReason::HostGone(_) | StopReason::Interrupted) => DRAIN_LIMIT_DISCONNECTED,
        };
        // After the limit, a write is aborted; the next plan shows whether it was made.
        drop(tokio::time::timeout(limit, calls.shut_down()).await);
        served
    });
    // The host must not wait for tasks that still run.
    runtime.shutdown_background();
    served?;
    Ok(())
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(WORKER_THREADS).enable_all().build()
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("starting the runtime failed: {0}")]
    Runtime(io::Error),
    #[error(transparent)]
    Schema(#[from] InvalidSchema),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl Failure {
    /// Returns whether the host is still waiting for the handshake.
    fn precedes_handshake(&self) -> bool {
        match self {
            Self::Runtime(_) | Self::Schema(_) => true,
            Self::Serve(error) => error.precedes_handshake(),
        }
    }
}

/// Prints the report of a command to standard output, and its warnings to standard error.
fn print_report(result: Result<(String, Vec<String>), InstallError>) -> ExitCode {
    let (report, warnings) = match result {
        Ok(report) => report,
        Err(error) => return fail(&format_args!("error: {error}.\n")),
    };
    if let Err(error) = io::stdout().write_all(report.as_bytes()) {
        return fail(&format_args!(
            "error: the command succeeded, but writing its output failed: {error}\n"
        ));
    }
    for warning in warnings {
        drop(write!(io::stderr(), "\nWarning: {warning}"));
    }
    ExitCode::SUCCESS
}

fn exit_code(result: Result<(), Failure>, prefix: &str) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&format_args!("{prefix} {failure}\n")),
    }
}

/// Reports the reason to the host that is waiting for the handshake.
fn fail_to_start(reason: &impl Display) -> ExitCode {
    let code = fail(&format_args!("[ERROR] {reason}\n"));
    // If this fails, the reason is still in the log of the host.
    drop(plugin::announce_failure(PROGRAM, reason, io::stdout()));
    thread::sleep(START_FAILURE_DELAY);
    code
}

fn fail(message: &dyn Display) -> ExitCode {
    // If standard error is closed, the exit code still shows the failure.
    drop(write!(io::stderr(), "{message}"));
    ExitCode::FAILURE
}
