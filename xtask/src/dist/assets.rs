//! The names of what a release consists of. Registries and packed mirrors know files by these alone.

use terraform_provider_gitlab_job_token::address::EXECUTABLE;
use terraform_provider_gitlab_job_token::install::Platform;

const VERSION: &str = env!("CARGO_PKG_VERSION");

const PACKAGE_ENDING: &str = ".zip";

/// The package for a platform.
pub(super) fn package(platform: Platform) -> String {
    asset(&format!("{platform}{PACKAGE_ENDING}"))
}

/// Whether a file of this name is a package of this version, for whatever platform.
pub(super) fn is_package(name: &str) -> bool {
    name.starts_with(&asset("")) && name.ends_with(PACKAGE_ENDING)
}

/// What tells registries which protocol the provider speaks.
pub(super) fn manifest() -> String {
    asset("manifest.json")
}

/// The checksums of all the others.
pub(super) fn checksums() -> String {
    asset("SHA256SUMS")
}

/// The program inside a package.
pub(super) fn executable(platform: Platform) -> String {
    format!("{EXECUTABLE}_v{VERSION}{}", platform.executable_suffix())
}

fn asset(what: &str) -> String {
    format!("{EXECUTABLE}_{VERSION}_{what}")
}
