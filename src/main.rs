//! The command line. It only wires the parts together: without arguments the process serves the
//! host that started it, which is all that Terraform and OpenTofu ever do.

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
    self, End, Gone, Launch, LaunchError, MAX_MESSAGE_BYTES, ServeError,
};
use terraform_provider_gitlab_job_token::provider::{Connection, GitlabJobToken};
use tokio::runtime::{Builder, Runtime};
use tonic::service::Routes;

/// Calls mostly wait for GitLab; a second worker keeps the host's channel responsive meanwhile.
const WORKERS: usize = 2;

/// Maximum time for writes on the wire to finish after a host that was served to the end has hung
/// up. It kills us two seconds after it asked for the end, of which serving may have used one.
const KEPT_WAITING: Duration = Duration::from_millis(500);

/// The same when the host has hung up, so that nobody waits for us: most answers take less.
const ALONE: Duration = Duration::from_secs(10);

/// The same when the host has ended. Nobody is left to keep a state, and nobody wants an orphan.
const ORPHANED: Duration = Duration::from_secs(1);

/// The time that a process stays that can't start, so that its host reads the reason before it
/// finds the process ended, of which it would say no more than that. It kills the process as soon
/// as it has read the line.
const READING: Duration = Duration::from_millis(250);

/// The program, with its version, that reports of a failed start or a panic name.
const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// For a person who runs the binary by hand.
const GREETING: &str = concat!(
    "This is terraform-provider-gitlab-job-token ",
    env!("CARGO_PKG_VERSION"),
    ", a provider for Terraform and OpenTofu.\n",
    "It is started by them. To put it where `terraform init` and `tofu init` find it:\n",
    "\n",
    "  terraform-provider-gitlab-job-token install\n",
    "\n",
    "Then name it in a configuration, and run one of the two there:\n",
    "\n",
    "  terraform {\n",
    "    required_providers {\n",
    "      gitlab = { source = \"aff15f21/gitlab-job-token\" }\n",
    "    }\n",
    "  }\n",
    "\n",
    "--help tells the rest.\n",
);

/// Lines of help are broken by hand, so that they fit a terminal of 80 columns.
const WITHOUT_ARGUMENTS: &str =
    "Without arguments it serves the Terraform or OpenTofu that started it.";
const NEEDS_NOTHING: &str =
    "Prints what to write in a configuration. Needs no registry and no network.";

/// Terraform and OpenTofu provider for GitLab's CI/CD job token allowlists
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = WITHOUT_ARGUMENTS)]
struct CommandLine {
    /// Serve programs that attach, until interrupted: for debuggers
    #[arg(long)]
    debug: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Put this binary where `terraform init` and `tofu init` find it
    #[command(after_help = NEEDS_NOTHING)]
    Install {
        /// The filesystem mirror to use, in place of the user's own
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Remove what install has put there, and folders left empty
    Uninstall {
        /// The filesystem mirror that was named to install
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Remove other versions than this one, too
        #[arg(long)]
        all_versions: bool,
    },
}

fn main() -> ExitCode {
    match CommandLine::parse() {
        CommandLine { command: Some(Command::Install { dir }), .. } => tell(
            install::install(dir.as_deref())
                .map(|installed| (installed.to_string(), installed.warnings())),
        ),
        CommandLine { command: Some(Command::Uninstall { dir, all_versions }), .. } => tell(
            install::uninstall(dir.as_deref(), all_versions)
                .map(|removed| (removed.to_string(), Vec::new())),
        ),
        CommandLine { debug: true, .. } => match Launch::to_attach() {
            Ok(launch) => report(serve_attached(&launch), "error:"),
            Err(error) => fail(&format_args!("error: {error}\n")),
        },
        CommandLine { .. } => match Launch::from_environment() {
            // Hosts log lines with this beginning as errors.
            Ok(launch) => match serve(&launch) {
                Err(failure) if failure.precedes_handshake() => fail_to_start(&failure),
                served => report(served, "[ERROR]"),
            },
            Err(LaunchError::NoHost) => fail(&GREETING),
            Err(error) => fail_to_start(&error),
        },
    }
}

/// For the host that started this process.
fn serve(launch: &Launch) -> Result<(), Failure> {
    plugin::log::install();
    run(async |provider| plugin::serve(launch, provider, io::stdout()).await)
}

/// For hosts that attach, and the person who has them do so.
fn serve_attached(launch: &Launch) -> Result<(), Failure> {
    plugin::log::install_readable();
    let addresses = REGISTRIES.map(|registry| registry.address());
    run(async |provider| {
        plugin::serve_attached::<Session<Connection>>(launch, &addresses, provider, io::stdout())
            .await
    })
}

fn run(serve: impl AsyncFnOnce(Routes) -> Result<End, ServeError>) -> Result<(), Failure> {
    plugin::panic::install(PROGRAM, framework::is_in_call);
    let runtime = runtime().map_err(Failure::Runtime)?;
    let calls = CallTracker::default();
    let provider = GitlabJobToken::from_process_environment();
    let provider = framework::service(provider, calls.clone(), MAX_MESSAGE_BYTES)?;
    let served = runtime.block_on(async {
        let served = serve(Routes::new(provider)).await;
        let limit = match served {
            Ok(End::Asked) | Err(_) => KEPT_WAITING,
            Ok(End::HostGone(Gone::ParentEnded)) => ORPHANED,
            Ok(End::HostGone(_) | End::Interrupted) => ALONE,
        };
        // Beyond the limit a write is cut off; the next plan shows what came of it.
        drop(tokio::time::timeout(limit, calls.shut_down()).await);
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
    Schema(#[from] InvalidSchema),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl Failure {
    /// Checks whether the host is still waiting for the handshake.
    fn precedes_handshake(&self) -> bool {
        match self {
            Self::Runtime(_) | Self::Schema(_) => true,
            Self::Serve(error) => error.precedes_handshake(),
        }
    }
}

/// Says what was done on standard output, and what to beware of on standard error.
fn tell(done: Result<(String, Vec<String>), InstallError>) -> ExitCode {
    let (report, warnings) = match done {
        Ok(done) => done,
        Err(error) => return fail(&format_args!("error: {error}.\n")),
    };
    if let Err(error) = io::stdout().write_all(report.as_bytes()) {
        return fail(&format_args!("error: it is done, but could not be reported: {error}\n"));
    }
    for warning in warnings {
        drop(write!(io::stderr(), "\nWarning: {warning}"));
    }
    ExitCode::SUCCESS
}

fn report(result: Result<(), Failure>, prefix: &str) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&format_args!("{prefix} {failure}\n")),
    }
}

/// Tells the host that is waiting for the handshake why there is none.
fn fail_to_start(reason: &impl Display) -> ExitCode {
    let code = fail(&format_args!("[ERROR] {reason}\n"));
    // A host that doesn't read it has the reason in its log.
    drop(plugin::announce_failure(PROGRAM, reason, io::stdout()));
    thread::sleep(READING);
    code
}

fn fail(message: &dyn Display) -> ExitCode {
    // Nobody can be told when standard error is closed; the status still says it.
    drop(write!(io::stderr(), "{message}"));
    ExitCode::FAILURE
}
