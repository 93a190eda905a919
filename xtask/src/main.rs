//! Chores of the project: `cargo xtask COMMAND`. Each command is a module of its own; here they are only told apart.

mod dist;
mod docs;
mod notes;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Makes what the project publishes beside the program itself.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes docs/ anew from the schemas, examples/ and templates/.
    Docs,
    /// Makes a package of the release build, as registries and packed mirrors want it, with its checksum.
    Dist(dist::Options),
    /// Sums up the packages that several machines made of a release, and fails when one is missing.
    Checksums {
        /// The folder that they were brought together in
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Prints what the changelog says of the release that a tag names, and fails when the tag is another's.
    Notes {
        /// The tag, such as v1.2.3
        tag: String,
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

/// What a command returns is for its standard output.
fn run(command: Command) -> Result<String, Box<dyn Error>> {
    match command {
        Command::Docs => docs::write(project()).map(|()| String::new()),
        Command::Dist(options) => Ok(dist::package(project(), &options)?),
        Command::Checksums { folder } => Ok(dist::sum_up(project(), &folder)?),
        Command::Notes { tag } => Ok(notes::of_release(project(), &tag)?),
    }
}

/// The folder of the project. Chores are run from its sources, so it is where they were built.
fn project() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}
