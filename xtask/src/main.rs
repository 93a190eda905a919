//! The command line of `cargo xtask COMMAND`. The commands are in the library.

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use terraform_cli::fetch;
use xtask::{dist, docs, notes, project};

/// Developer tasks
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Regenerates docs/ from the schemas, examples/ and docs-src/
    Docs,
    /// Builds a release package with its SBOM, OCI image layout and checksums
    Dist(dist::Options),
    /// Writes the checksums of a release's packages; fails if one is missing
    Checksums(dist::Parts),
    /// Prints the changelog of the release with this tag; fails if it isn't this version's
    Notes {
        /// The tag, such as v1.2.3
        tag: String,
    },
    /// Fetches a Terraform release and prints its path, for TF_ACC_TERRAFORM_PATH
    Terraform {
        /// The version, such as 1.11.4
        version: String,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command and returns its standard output.
fn run(command: Command) -> Result<String, Box<dyn Error>> {
    match command {
        Command::Docs => docs::write(project()).map(|()| String::new()),
        Command::Dist(options) => Ok(dist::package(project(), &options)?),
        Command::Checksums(parts) => Ok(dist::write_checksums(project(), &parts)?),
        Command::Notes { tag } => Ok(notes::of_release(project(), &tag)?),
        Command::Terraform { version } => {
            Ok(format!("{}\n", fetch::terraform(&version)?.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files that mention commands.
    const WRITTEN: [&str; 4] = [
        ".github/workflows/release.yml",
        ".github/workflows/publish.yml",
        ".gitlab-ci.yml",
        "CONTRIBUTING.md",
    ];

    /// Returns the commands in a text, without what a shell or a page appends.
    fn commands(text: &str) -> impl Iterator<Item = &str> {
        text.split("cargo xtask ")
            .skip(1)
            .filter_map(|rest| rest.split(['\n', '`', '>', '|', '#', ')']).next())
    }

    #[test]
    fn every_documented_command_exists() {
        for file in WRITTEN {
            let text = std::fs::read_to_string(project().join(file)).unwrap();
            let mut count = 0;
            for command in commands(&text) {
                count += 1;
                let words = ["cargo xtask"].into_iter().chain(command.split_whitespace());
                let parsed = Arguments::try_parse_from(words).map(drop);
                assert!(parsed.is_ok(), "{file}: cargo xtask {command}\n{}", parsed.unwrap_err());
            }
            assert!(count > 2, "{file} has only {count} commands");
        }
    }
}
