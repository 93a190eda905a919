//! Builds the program for a release: from the locked dependencies, without traces of the machine.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use terraform_provider_gitlab_job_token::address::EXECUTABLE;

use super::DistError;
use super::target::{Target, run_rustc};

/// Prevents the C part of TLS from linking a library of the machine. Further settings, for all
/// builds, are in `.cargo/config.toml`.
const OWN_TLS_LIBRARY: (&str, &str) = ("AWS_LC_SYS_USE_SYSTEM", "0");

/// Separator of flags in cargo's variable for them, since paths may hold spaces.
const SEPARATOR: &str = "\u{1f}";

/// Builds the program and returns its path. The target is passed even if it is this machine: cargo
/// then doesn't use the flags for build scripts, so the package doesn't depend on the build
/// machine.
pub(super) fn release_binary(project: &Path, target: &Target) -> Result<PathBuf, DistError> {
    let cargo = cargo();
    let built = project.join("target");
    let mut command = Command::new(&cargo);
    command.args(["build", "--release", "--locked", "--package", EXECUTABLE, "--bin", EXECUTABLE]);
    command.args(["--target", target.triple(), "--target-dir"]).arg(&built).current_dir(project);
    command
        .env(OWN_TLS_LIBRARY.0, OWN_TLS_LIBRARY.1)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(project, target)?.join(SEPARATOR));
    let status =
        command.status().map_err(|source| DistError::NotStarted { program: cargo, source })?;
    if !status.success() {
        return Err(DistError::NotBuilt(target.triple().to_owned()));
    }
    let file = format!("{EXECUTABLE}{}", target.platform().executable_suffix());
    Ok(built.join(target.triple()).join("release").join(file))
}

/// Returns the cargo that runs this, or the one on the path.
pub(super) fn cargo() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

fn flags(project: &Path, target: &Target) -> Result<Vec<String>, DistError> {
    let mut flags: Vec<String> = machine_paths(project)?
        .iter()
        .map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()))
        .collect();
    if target.triple().ends_with("-windows-msvc") {
        // The C library is linked statically, because hosts may not have it, and the link time is
        // omitted.
        flags.extend(["-Ctarget-feature=+crt-static".to_owned(), "-Clink-arg=/Brepro".to_owned()]);
    }
    Ok(flags)
}

/// Returns the directories to replace in source locations, which panics print, with their
/// replacements. If two match, the compiler uses the later one.
fn machine_paths(project: &Path) -> Result<[(PathBuf, &'static str); 3], DistError> {
    let sysroot = run_rustc(&["--print", "sysroot"])?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim_end());
    Ok([(project.to_owned(), "/project"), (cargo_home(), "/cargo"), (sysroot, "/rust")])
}

/// Returns the directory in which cargo keeps the sources of dependencies.
fn cargo_home() -> PathBuf {
    let named =
        env::var_os("CARGO_HOME").filter(|home: &OsString| !home.is_empty()).map(PathBuf::from);
    named.unwrap_or_else(|| env::home_dir().unwrap_or_default().join(".cargo"))
}
