//! The build of the provider.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::report::Report;

const PROVIDER: &str = "terraform-provider-gitlab-job-token";

/// Builds the provider in the profile of this example, and returns its path.
pub(crate) fn build(report: &mut Report<'_>) -> Result<PathBuf, Box<dyn Error>> {
    let example = env::current_exe()?;
    let directory = example
        .parent()
        .and_then(Path::parent)
        .ok_or("this example isn't in cargo's target directory")?;
    // Naming the example selects the features that the dependencies were built with already.
    let mut arguments = vec!["build", "--bin", PROVIDER, "--example", "quickstart"];
    if directory.ends_with("release") {
        arguments.push("--release");
    }
    report.line(&format!("$ cargo {}", arguments.join(" ")))?;
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build
        .args(arguments)
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    let status = build
        .status()
        .map_err(|error| format!("{:?} can't be started: {error}", build.get_program()))?;
    if !status.success() {
        return Err("the provider can't be built".into());
    }
    let provider = directory.join(format!("{PROVIDER}{}", env::consts::EXE_SUFFIX));
    report.text(&format!("The provider is {}", provider.display()))?;
    Ok(provider)
}
