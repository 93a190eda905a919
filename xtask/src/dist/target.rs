//! Build targets: Rust's target triple, and the platform name of registries, which follows from the
//! compiler's configuration.

use std::process::{Command, Output};

use terraform_provider_gitlab_job_token::install::Platform;

use super::DistError;

/// The targets of every release. On Linux it is musl, which is linked statically: a package must
/// run on a host of any distribution, however old its C library.
const OF_RELEASES: [&str; 8] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "x86_64-unknown-freebsd",
    "aarch64-unknown-freebsd",
];

/// The systems whose packages are added to a release later, if at all: they need virtual machines
/// and emulators, which a release doesn't wait for.
pub(super) const LATER: [&str; 1] = ["freebsd"];

/// A target of the compiler.
#[derive(Debug)]
pub(super) struct Target {
    triple: String,
    platform: Platform,
}

/// Returns the targets of a release.
pub(super) fn of_releases() -> Result<Vec<Target>, DistError> {
    OF_RELEASES.into_iter().map(Target::named).collect()
}

impl Target {
    /// Returns the target of this machine.
    pub(super) fn of_this_machine() -> Result<Self, DistError> {
        let output = run_rustc(&["--version", "--verbose"])?;
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        let triple = output.lines().find_map(|line| line.strip_prefix("host: "));
        Self::named(triple.unwrap_or_default())
    }

    /// Returns the target with this Rust target triple.
    pub(super) fn named(triple: &str) -> Result<Self, DistError> {
        let output = run_rustc(&["--print", "cfg", "--target", triple])?;
        if !output.status.success() {
            return Err(DistError::UnknownTarget(triple.to_owned()));
        }
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        let value = |name: &str| {
            let value =
                output.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("=\""));
            value.unwrap_or_default().trim_end_matches('"')
        };
        let is_little_endian = value("target_endian") == "little";
        Platform::of(value("target_os"), value("target_arch"), is_little_endian)
            .map(|platform| Self { triple: triple.to_owned(), platform })
            .ok_or_else(|| DistError::NoPlatform(triple.to_owned()))
    }

    pub(super) fn triple(&self) -> &str {
        &self.triple
    }

    pub(super) fn platform(&self) -> Platform {
        self.platform
    }

    /// Returns whether a release is complete without a package for this target.
    pub(super) fn is_later(&self) -> bool {
        LATER.contains(&self.platform.system())
    }
}

/// Returns the version of the compiler, such as `1.95.0`.
pub(super) fn compiler_version() -> Result<String, DistError> {
    let output = run_rustc(&["--version", "--verbose"])?;
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(output
        .lines()
        .find_map(|line| line.strip_prefix("release: "))
        .unwrap_or_default()
        .to_owned())
}

/// Runs the compiler that cargo would use.
pub(super) fn run_rustc(arguments: &[&str]) -> Result<Output, DistError> {
    let program = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(&program).args(arguments).output();
    output.map_err(|source| DistError::NotStarted { program, source })
}
