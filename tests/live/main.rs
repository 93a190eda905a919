//! Checks this project's statements about GitLab, and the life cycle of each resource, on a real
//! instance. It runs if `GITLAB_BASE_URL` and `GITLAB_TOKEN` are set, and creates its own group,
//! projects and users, which it removes. Otherwise every check is shown as ignored. See
//! `contributing/live.md`.

mod api;
mod check;
mod deletion;
mod environment;
mod harness;
mod life_cycles;
mod report;
mod secrets;
mod site;
mod statements;
mod version;

use std::process::ExitCode;
use std::sync::Arc;
use std::{fs, io};

use check::{Check, Problem};
use libtest_mimic::{Arguments, Trial};
use report::Findings;
use site::Site;
use terraform_cli::Cli;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let connection = match environment::connection() {
        Ok(connection) if !args.list => connection,
        other => return libtest_mimic::run(&args, unconnected(other.err().as_deref())).exit_code(),
    };
    match Site::connect(&connection, Cli::find().ok()) {
        Ok(site) => run(&args, site),
        Err(Problem::Differs { seen: why, .. } | Problem::Setup(why)) => {
            eprintln!("error: the test can't make its own group and project:\n{why}");
            ExitCode::FAILURE
        }
    }
}

fn checks() -> Vec<Check> {
    [statements::all(), life_cycles::all()].concat()
}

/// Makes a test of each check that can only be listed, or shown as ignored with what it lacks.
fn unconnected(lack: Option<&str>) -> Vec<Trial> {
    let trial = |check: Check| {
        let why = lack.unwrap_or("there is no GitLab").to_owned();
        harness::ignored(Trial::test(check.name, move || Err(why.into())), lack.map(str::to_owned))
    };
    checks().into_iter().map(trial).collect()
}

fn run(args: &Arguments, site: Site) -> ExitCode {
    harness::silence_panics();
    let (site, findings) = (Arc::new(site), Arc::new(Findings::default()));
    println!(
        "GitLab {} at {}, in the group {}",
        site.version,
        site.api.base_url(),
        site.group.path
    );
    let conclusion = libtest_mimic::run(args, harness::trials(&site, &findings, "", checks()));
    let left = site.clean_up();
    if !left.is_empty() {
        println!("Not removed, so please do: {}", left.join(", "));
    }
    if let Err(error) = write(findings.render(&site.version.to_string())) {
        println!("The report can't be written: {error}");
    }
    conclusion.exit_code()
}

/// Writes the report, or removes the one of an earlier run.
fn write(report: Option<String>) -> io::Result<()> {
    let path = environment::report();
    let Some(report) = report else {
        return match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    };
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(&path, report)?;
    println!("What differs is in {}, as an issue to be filed", path.display());
    Ok(())
}
