//! Runs the real Terraform or OpenTofu with a built provider, isolated from its environment, for
//! tests, benches and examples. It starts the CLI and reads its output; it knows nothing about
//! GitLab.
//!
//! ```no_run
//! use terraform_cli::{Action, Cli, Workspace};
//!
//! let cli = Cli::find().expect("a CLI");
//! let provider = "target/debug/terraform-provider-gitlab-job-token".as_ref();
//! let tf = Workspace::new(&cli, provider).expect("a directory");
//! tf.config(r#"resource "gitlab_job_token_scope" "app" { project = "acme/app" }"#);
//! assert_eq!(tf.plan().actions(), [("gitlab_job_token_scope.app".to_owned(), Action::Create)]);
//! tf.apply().succeeds();
//! tf.plan().changes_nothing();
//! ```

mod cli;
mod command;
mod diagnostic;
pub mod fetch;
mod plan;
mod run;
mod running;
mod state;
mod workspace;

pub use cli::{Cli, NoCli, NotACli, PATH_VARIABLE, Program, Release};
pub use diagnostic::{Diagnostic, Severity};
pub use plan::{Action, Change, Plan};
pub use run::Run;
pub use running::{Running, is_process_running, kill_process, signal_process};
pub use state::State;
pub use workspace::{PROVIDER_SOURCE, Workspace, provider_overrides};
