//! Terraform or OpenTofu as the manager, with `main.tf` itself.

use std::error::Error;
use std::io;
use std::path::Path;

use terraform_cli::{Cli, Program, Workspace};

use super::report::Report;
use super::steps::Manager;
use super::world::World;

/// The status of `plan -detailed-exitcode` for a plan with changes.
const CHANGES: i32 = 2;

/// A directory with the configuration, in which the program runs.
pub(crate) struct WithCli {
    cli: Cli,
    workspace: Workspace,
    name: &'static str,
}

impl WithCli {
    pub(crate) fn new(cli: &Cli, provider: &Path, world: &World) -> io::Result<Self> {
        let mut workspace = Workspace::new(cli, provider)?;
        workspace.set_env("GITLAB_BASE_URL", &world.gitlab.api_url());
        workspace.set_env("GITLAB_TOKEN", world.gitlab.token());
        workspace.file("versions.tf", include_str!("versions.tf"));
        workspace.file("main.tf", include_str!("main.tf"));
        let name = match cli.release().program {
            Program::Terraform => "terraform",
            Program::OpenTofu => "tofu",
        };
        Ok(Self { cli: cli.clone(), workspace, name })
    }

    fn run(
        &self,
        arguments: &[&str],
        expected: i32,
        report: &mut Report<'_>,
    ) -> Result<(), Box<dyn Error>> {
        let command = format!("{} {}", self.name, arguments.join(" "));
        report.line(&format!("$ {command}"))?;
        let run = self.workspace.run(&[arguments, &["-no-color", "-input=false"]].concat());
        report.line(without_override_notice(run.stdout()).trim())?;
        report.gap()?;
        if run.status() == Some(expected) {
            return Ok(());
        }
        Err(format!("`{command}` should have ended with {expected}:\n{run}").into())
    }
}

impl Manager for WithCli {
    fn introduce(&self, report: &mut Report<'_>) -> Result<(), Box<dyn Error>> {
        let run = self.workspace.run(&["version"]);
        // Such as `Terraform v1.15.5`.
        let version = run.stdout().lines().next().ok_or_else(|| format!("no version:\n{run}"))?;
        report.heading(&format!("{version} runs the provider"))?;
        report.text(&format!("Its path is {}", self.cli.path().display()))?;
        Ok(())
    }

    fn plan(
        &mut self,
        expects_changes: bool,
        report: &mut Report<'_>,
    ) -> Result<(), Box<dyn Error>> {
        self.run(&["plan", "-detailed-exitcode"], if expects_changes { CHANGES } else { 0 }, report)
    }

    fn apply(&mut self, report: &mut Report<'_>) -> Result<(), Box<dyn Error>> {
        self.run(&["apply", "-auto-approve"], 0, report)
    }

    fn destroy(&mut self, report: &mut Report<'_>) -> Result<(), Box<dyn Error>> {
        self.run(&["destroy", "-auto-approve"], 0, report)
    }

    fn advice(&self) -> Option<&'static str> {
        None
    }
}

/// Removes the notice that a provider runs from a build directory, which here is intended.
fn without_override_notice(output: &str) -> &str {
    const END_OF_NOTICE: &str = "published\nreleases.\n";
    output.split_once(END_OF_NOTICE).map_or(output, |(_, rest)| rest)
}
