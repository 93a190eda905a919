//! Demonstrates the provider: builds it, starts an in-memory GitLab on loopback, and manages the
//! job token scope and the allowlist of a project with the configuration in `main.tf`. Terraform or
//! OpenTofu runs the provider or, where neither is installed, the host of this repository's tests.
//!
//! `cargo run --example quickstart`

mod arguments;
mod configuration;
mod provider;
mod report;
mod steps;
mod with_cli;
mod with_host;
mod world;

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use report::Report;
use terraform_cli::Cli;
use with_cli::WithCli;
use with_host::WithHost;
use world::World;

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
    let mut stdout = io::stdout();
    if let Some(usage) = arguments::parse(env::args_os().skip(1))? {
        stdout.write_all(usage.as_bytes())?;
        return Ok(());
    }
    let cli = Cli::find_installed()?;
    if let Some(cli) = &cli {
        cli.identify()?;
    }
    let mut report = Report::new(&mut stdout);

    report.heading("Building the provider")?;
    let provider = provider::build(&mut report)?;

    let world = World::start();
    match cli {
        Some(cli) => steps::run(&mut WithCli::new(&cli, &provider, &world)?, &world, &mut report),
        None => steps::run(&mut WithHost::new(&provider, &world)?, &world, &mut report),
    }
}
